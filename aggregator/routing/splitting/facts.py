"""What the metadata of a collection say of the data cubes that are loaded from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aggregator.documents import (
    JsonObject,
    array,
    is_number,
    is_text,
    mapping,
    members,
    number,
    text,
    texts,
)
from aggregator.documents import objects as objects_in
from aggregator.routing.extents import (
    Box,
    Interval,
    published_boxes,
    published_intervals,
    read_instant,
)
from aggregator.routing.splitting.cubes import Grid

DAY = 86_400.0
_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
# Months are counted short, so that there are rather too many dates than too few.
_SECONDS = (365 * DAY, 28 * DAY, 7 * DAY, DAY, 3600.0, 60.0, 1.0)
_DEGREES = ("4326", "epsg:4326", "ogc:crs84")


@dataclass(frozen=True)
class CollectionFacts:
    """What is known of a collection; what is None or empty is not known.

    `dimensions` maps names to types (`spatial`, `temporal`, `bands` or anything else), `resolution`
    is in metres by name of band, `step` in seconds from one date to the next, `dates` in seconds
    since 1970 if they are listed.
    """

    dimensions: Mapping[str, str] | None = None
    boxes: tuple[Box, ...] = ()
    intervals: tuple[Interval, ...] = ()
    bands: tuple[str, ...] = ()
    grid: Grid | None = None
    resolution: Mapping[str, float] = field(default_factory=dict)
    step: float | None = None
    dates: tuple[float, ...] | None = None

    def grid_of(self, bands: tuple[str, ...] | None) -> Grid | None:
        """The grid on which these bands come (all if None): the finest that one of them has."""
        if self.grid is not None:
            return self.grid
        wanted = self.resolution.keys() if bands is None else bands
        known = [self.resolution[band] for band in wanted if band in self.resolution]
        finest = min(known or self.resolution.values(), default=None)
        return None if finest is None else Grid(finest, finest)


def facts_of(collection: JsonObject) -> CollectionFacts:
    """What a collection's document tells; whatever cannot be understood is not known."""
    dimensions = dict(members(collection, "cube:dimensions"))
    extent = mapping(collection, "extent")
    temporal = [d for d in dimensions.values() if d.get("type") == "temporal"]
    return CollectionFacts(
        dimensions={name: text(d, "type") for name, d in dimensions.items()} or None,
        boxes=published_boxes(array(mapping(extent, "spatial"), "bbox")),
        intervals=published_intervals(array(mapping(extent, "temporal"), "interval")),
        bands=_bands(dimensions),
        grid=_grid(dimensions),
        resolution=dict(_resolutions(collection)),
        step=_seconds(temporal[0].get("step")) if len(temporal) == 1 else None,
        dates=_dates(temporal[0]) if len(temporal) == 1 else None,
    )


def _bands(dimensions: Mapping[str, JsonObject]) -> tuple[str, ...]:
    found = [d for d in dimensions.values() if d.get("type") == "bands"]
    return texts(found[0], "values") if len(found) == 1 else ()


def _grid(dimensions: Mapping[str, JsonObject]) -> Grid | None:
    axes = {text(d, "axis"): d for d in dimensions.values() if d.get("type") == "spatial"}
    x, y = (number(axes.get(axis), "step") for axis in ("x", "y"))
    if x is None or y is None or x <= 0 or y <= 0:
        return None
    system = axes["x"].get("reference_system", 4326)
    return Grid(float(x), float(y), degrees=str(system).casefold() in _DEGREES)


def _resolutions(collection: JsonObject) -> Iterator[tuple[str, float]]:
    """The ground sample distance of each band, in metres; under an empty name that of all."""
    summaries = mapping(collection, "summaries")
    for distance in array(summaries, "gsd"):
        if is_number(distance) and distance > 0:
            yield "", float(distance)
            break
    for source in (summaries, collection):
        for key in ("bands", "eo:bands", "raster:bands", "sar:bands"):
            for band in objects_in(source, key):
                distance = number(band, "gsd") or number(band, "spatial_resolution")
                if is_text(band.get("name")) and distance is not None and distance > 0:
                    yield band["name"], float(distance)


def _dates(dimension: JsonObject) -> tuple[float, ...] | None:
    listed = array(dimension, "values")
    found = [at for value in listed if (at := read_instant(value)) is not None]
    return tuple(found) if listed and len(found) == len(listed) else None


def _seconds(step: object) -> float | None:
    """The seconds of a duration as ISO 8601 writes it, such as P5D."""
    match = _DURATION.fullmatch(step) if isinstance(step, str) and len(step) < 40 else None
    if match is None:
        return None
    amounts = [float(amount or 0) for amount in match.groups()]
    seconds = sum(a * unit for a, unit in zip(amounts, _SECONDS, strict=True))
    return seconds or None
