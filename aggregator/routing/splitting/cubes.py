"""What is known of a data cube before it is made: its kind, its dimensions, and how large it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, cos, isfinite, radians
from typing import Literal

from aggregator.routing.extents import Box, Interval

BYTES = 4
"""Of one value. Most data are of 16 or 32 bits, and compression is not counted."""

GEOMETRY = 1000
"""Bytes that the outline of one geometry takes, roughly."""

METRES = 111_195.0
"""In one degree of latitude."""

_HIGH = 60.0
"""The latitude that is assumed where none is known: most land lies further to the south."""

CubeKind = Literal["raster", "vector", "other", "unknown"]
Named = Mapping[str, str]
"""Dimensions: names to types."""


@dataclass(frozen=True)
class Area:
    """Metres from west to east and from south to north, and the box in degrees if it is known."""

    width: float
    height: float
    box: Box | None = None

    @classmethod
    def of(cls, box: Box) -> Area:
        """The area of a box; one across the antimeridian is taken around the short way."""
        across = box.east - box.west + (360 if box.east < box.west else 0)
        middle = radians((box.south + box.north) / 2)
        width = across * METRES * max(cos(middle), 0.01)
        return cls(width, abs(box.north - box.south) * METRES, box)

    def within(self, other: Area | None) -> Area:
        """What both have in common, or the smaller one of each side if that is not known."""
        if other is None:
            return self
        if self.box is not None and other.box is not None:
            common = _common(self.box, other.box)
            return self if common is None else Area.of(common)
        smaller = self if self.width * self.height <= other.width * other.height else other
        return Area(min(self.width, other.width), min(self.height, other.height), smaller.box)

    def around(self, other: Area) -> Area:
        """The least that has both in it."""
        if self.box is not None and other.box is not None:
            a, b = self.box, other.box
            if a.west <= a.east and b.west <= b.east:
                return Area.of(
                    Box(
                        min(a.west, b.west),
                        min(a.south, b.south),
                        max(a.east, b.east),
                        max(a.north, b.north),
                    )
                )
        return Area(max(self.width, other.width), max(self.height, other.height))


@dataclass(frozen=True)
class Grid:
    """The size of a pixel, in metres or in degrees."""

    x: float
    y: float
    degrees: bool = False

    def pixels(self, area: Area) -> int:
        """How many there are in an area, whole ones."""
        x, y = self.metres(area) if self.degrees else (self.x, self.y)
        return max(1, ceil(area.width / x - 1e-6)) * max(1, ceil(area.height / y - 1e-6))

    def metres(self, area: Area | None) -> tuple[float, float]:
        """The size of a pixel in metres, in that area."""
        if not self.degrees:
            return self.x, self.y
        box = None if area is None else area.box
        middle = _HIGH if box is None else (box.south + box.north) / 2
        return self.x * METRES * max(cos(radians(middle)), 0.01), self.y * METRES

    def finer(self, other: Grid | None, area: Area | None) -> Grid | None:
        """The finer one of two; None if one is not known."""
        if other is None:
            return None
        mine, others = self.metres(area), other.metres(area)
        return self if mine[0] * mine[1] <= others[0] * others[1] else other


@dataclass(frozen=True)
class Times:
    """How many dates there are (None: not known) and in which interval, if that is known."""

    count: int | None = None
    interval: Interval | None = None

    @property
    def seconds(self) -> float | None:
        """How long it lasts; None if that is not known, or without an end."""
        if self.interval is None:
            return None
        lasting = self.interval.end - self.interval.start
        return lasting if isfinite(lasting) else None

    def every(self, step: float) -> Times:
        """As many dates as fit, that far apart."""
        seconds = self.seconds
        return replace(self, count=None if seconds is None else max(1, ceil(seconds / step)))


@dataclass(frozen=True)
class Cube:
    """A data cube as far as it is known; None: not known.

    `bands` counts bands, `labels` has their names; both count only while there is such a dimension.
    `geometries` counts those of a vector cube.
    """

    kind: CubeKind = "unknown"
    dimensions: Named | None = None
    area: Area | None = None
    grid: Grid | None = None
    bands: int | None = None
    labels: tuple[str, ...] | None = None
    times: Times = Times()
    geometries: int | None = None

    def has(self, of_type: str) -> bool | None:
        """Whether it has a dimension of a type; None if that is not known."""
        return None if self.dimensions is None else of_type in self.dimensions.values()

    @property
    def size(self) -> int | None:
        """The bytes of all its values; None if that is not known."""
        layers = [
            count
            for of_type, count in (("bands", self.bands), ("temporal", self.times.count))
            if self.has(of_type) is not False
        ]
        if self.dimensions is not None and not _USUAL.issuperset(self.dimensions.values()):
            return None
        known = [count for count in layers if count is not None]
        cells = self._cells
        if cells is None or len(known) < len(layers):
            return None
        for count in known:
            cells *= count
        outlines = 0 if self.kind == "raster" else GEOMETRY * (self.geometries or 0)
        return cells * BYTES + outlines

    @property
    def _cells(self) -> int | None:
        if self.kind == "vector":
            return self.geometries
        if self.kind != "raster" or self.area is None or self.grid is None:
            return None
        return self.grid.pixels(self.area)

    def without(self, name: str) -> Cube:
        """The cube with one dimension less; one without pixels is no raster any more."""
        if self.dimensions is None:
            # It is not known what there was, but of a pixel's place there was nothing else.
            return replace(self, kind="other") if name in {"x", "y"} else self
        left = {known: kind for known, kind in self.dimensions.items() if known != name}
        kind = self.kind
        if kind == "raster" and self.dimensions.get(name) == "spatial":
            kind = "other"
        return replace(self, dimensions=left, kind=kind)


UNKNOWN = Cube()
NO_CUBE = Cube("other")
_USUAL = {"spatial", "temporal", "bands", "geometry"}


def _common(a: Box, b: Box) -> Box | None:
    if a.west > a.east or b.west > b.east:
        return None
    west, south = max(a.west, b.west), max(a.south, b.south)
    east, north = min(a.east, b.east), min(a.north, b.north)
    return Box(west, south, east, north) if west <= east and south <= north else None
