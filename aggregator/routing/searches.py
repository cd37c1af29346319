"""What a search for items (scenes) asks for, where it may be found, and whether an item is it.

Source: STAC API 1.0.0, Item Search.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

from aggregator.documents import JsonObject, array, is_object, mapping
from aggregator.routing.abilities import CollectionAbility
from aggregator.routing.extents import Box, Interval, published_boxes, read_instant

POSITIONS = 10_000
"""The most positions that the geometry of a search may have."""

_GEOMETRIES = frozenset(
    {
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    }
)
_DAY = 86_399.999


class FootprintError(ValueError):
    """Something is no geometry to search with; the text continues "it must be ..."."""


class Footprint:
    """A geometry in longitude and latitude, and which items touch it.

    Raises FootprintError for what is no GeoJSON geometry, is empty or is too large.
    """

    def __init__(self, geometry: JsonObject) -> None:
        if geometry.get("type") not in _GEOMETRIES:
            known = ", ".join(sorted(_GEOMETRIES))
            raise FootprintError(f"a GeoJSON geometry; its 'type' must be one of {known}")
        if sum(1 for _ in _positions(geometry)) > POSITIONS:
            raise FootprintError(f"a geometry of at most {POSITIONS} positions")
        self._shape = _shape(geometry)
        if self._shape is None:
            raise FootprintError("a GeoJSON geometry with valid coordinates, and not empty")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        west, south, east, north = map(float, self._shape.bounds)
        return west, south, east, north

    def meets(self, item: JsonObject) -> bool:
        """Whether the two have a point in common; an item without a usable geometry has none."""
        geometry = item.get("geometry")
        if not is_object(geometry) or geometry.get("type") not in _GEOMETRIES:
            return False
        shape = _shape(geometry)
        return shape is not None and bool(self._shape.intersects(shape))


@dataclass(frozen=True)
class Search:
    """A search for items; what is empty or None asks for nothing.

    `bbox` has four or six numbers, `datetime` an instant or an interval as OGC API Features writes
    them; both have been checked. `ids` and `collections` are those of the federation.
    """

    collections: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    bbox: tuple[float, ...] = ()
    datetime: str = ""
    footprint: Footprint | None = None

    @property
    def filters(self) -> dict[str, str]:
        """The query for the items of one collection; of a geometry the box around it."""
        sides = self.footprint.bounds if self.footprint else self.bbox
        box = {"bbox": ",".join(f"{side:.12g}" for side in sides)} if sides else {}
        return box | ({"datetime": self.datetime} if self.datetime else {})

    def may_be_in(self, collection: CollectionAbility) -> bool:
        """Whether the published extents leave room for such an item."""
        box, period = self.box, self.period
        if box and collection.boxes and not any(box.meets(part) for part in collection.boxes):
            return False
        return not (
            period
            and collection.intervals
            and not any(period.meets(part) for part in collection.intervals)
        )

    def wants(self, item: JsonObject, *, filtered: bool) -> bool:
        """Whether an item lies where and when it is asked for.

        `filtered`: its backend has chosen it by the `filters`, so that only what these cannot say
        is looked at.
        """
        if self.footprint is not None and not self.footprint.meets(item):
            return False
        return filtered or (self._is_there(item) and self._is_then(item))

    @cached_property
    def box(self) -> Box | None:
        """Where it asks for."""
        sides = self.footprint.bounds if self.footprint else self.bbox
        boxes = published_boxes([list(sides)]) if sides else ()
        return boxes[0] if boxes else None

    @cached_property
    def period(self) -> Interval | None:
        """When it asks for; a day's end is its last instant."""
        if not self.datetime or self.datetime == "..":
            return None
        first, _, last = self.datetime.partition("/")
        start, end = _instant(first, -inf), _instant(last if "/" in self.datetime else first, inf)
        ends_with_a_day = "T" not in (last or first).upper() and end != inf
        return Interval(start, end + (_DAY if ends_with_a_day else 0.0))

    def _is_there(self, item: JsonObject) -> bool:
        if self.box is None:
            return True
        boxes = published_boxes([array(item, "bbox")])
        return any(self.box.meets(box) for box in boxes)

    def _is_then(self, item: JsonObject) -> bool:
        if self.period is None:
            return True
        properties = mapping(item, "properties")
        moment = read_instant(properties.get("datetime"))
        start = read_instant(properties.get("start_datetime")) if moment is None else moment
        end = read_instant(properties.get("end_datetime")) if moment is None else moment
        if start is None or end is None:
            return False
        return start <= self.period.end and self.period.start <= end


def _instant(value: str, otherwise: float) -> float:
    found = (
        read_instant(value.strip().replace(" ", "T")) if value.strip() not in ("", "..") else None
    )
    return otherwise if found is None else found


def _shape(geometry: JsonObject) -> Any:
    """The geometry as shapely knows it, repaired if need be; None if it cannot be read."""
    import shapely  # with numpy it takes long and much memory, for few requests

    try:
        found = shapely.from_geojson(json.dumps(dict(geometry)))
        repaired = found if found.is_valid else shapely.make_valid(found)
    except (shapely.errors.ShapelyError, ValueError, TypeError):
        return None
    return None if repaired.is_empty else repaired


def _positions(geometry: JsonObject) -> Iterator[Any]:
    waiting: list[Any] = [geometry]
    while waiting:
        value = waiting.pop()
        if is_object(value):
            waiting += [value.get("coordinates"), value.get("geometries")]
        elif isinstance(value, list):
            if value and not isinstance(value[0], list | dict):
                yield value
            else:
                waiting += value
