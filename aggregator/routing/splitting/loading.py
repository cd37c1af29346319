"""How large data cubes are as they are loaded, and a call of a process as effects see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aggregator.documents import JsonObject, is_text
from aggregator.routing.extents import read_interval
from aggregator.routing.splitting.areas import read_area
from aggregator.routing.splitting.cubes import UNKNOWN, Area, Cube, Times
from aggregator.routing.splitting.facts import CollectionFacts

USUAL = {"x": "spatial", "y": "spatial", "t": "temporal", "bands": "bands"}
"""The dimensions of what is read from STAC. Source: openEO process `load_stac`."""

RASTERS = frozenset(
    {"netcdf", "gtiff", "geotiff", "cog", "zarr", "jp2", "jpeg2000", "grib", "grib2", "hdf5", "png"}
)
"""Formats of pixels, in small letters."""

VECTORS = frozenset({"geojson", "parquet", "geoparquet", "flatgeobuf", "gpkg", "shapefile"})
"""Formats of geometries."""


@dataclass(frozen=True)
class Call:
    """A node: its arguments where they are known, and the cubes among them by name."""

    arguments: JsonObject
    cubes: Mapping[str, Cube] = field(default_factory=dict)
    facts: CollectionFacts | None = None

    @property
    def data(self) -> Cube:
        """The cube that most processes work on."""
        return self.cubes.get("data", UNKNOWN)

    def get(self, name: str) -> Any:
        """An argument; None if it is not given or not known."""
        return self.arguments.get(name)

    def has_code(self) -> bool:
        """Whether a callback runs code of the user, which may do anything."""
        pending: list[Any] = list(self.arguments.values())
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                if str(value.get("process_id", "")).startswith("run_udf"):
                    return True
                pending += value.values()
            elif isinstance(value, list):
                pending += value
        return False


def load_collection(call: Call) -> Cube:
    """What `load_collection` gives."""
    facts = call.facts or CollectionFacts()
    named = call.get("bands")
    bands = tuple(b for b in named if is_text(b)) if isinstance(named, list) else None
    labels = bands or facts.bands or None
    boxes = [Area.of(box) for box in facts.boxes[:1]]
    cube = Cube(
        "raster",
        facts.dimensions,
        boxes[0] if boxes else None,
        facts.grid_of(bands),
        None if labels is None else len(labels),
        labels,
        _dates(facts, Times(None, facts.intervals[0] if facts.intervals else None)),
    )
    return cut_in_time(cut(cube, call.get("spatial_extent")), call.get("temporal_extent"), facts)


def _dates(facts: CollectionFacts, times: Times) -> Times:
    interval = times.interval
    if facts.dates is not None:
        within = [
            at for at in facts.dates if interval is None or interval.start <= at < interval.end
        ]
        return replace(times, count=max(1, len(within)))
    return replace(times, count=None) if facts.step is None else times.every(facts.step)


def load_stac(call: Call) -> Cube:
    """What `load_stac` gives; how large it is nobody knows."""
    cube = Cube("raster", USUAL)
    bands = call.get("bands")
    if isinstance(bands, list) and bands:
        cube = replace(cube, bands=len(bands), labels=tuple(map(str, bands)))
    cube = cut(cube, call.get("spatial_extent"))
    return cut_in_time(cube, call.get("temporal_extent"))


def load_file(call: Call) -> Cube:
    """What `load_uploaded_files` and `load_url` give: the format tells the kind, nothing else."""
    name = str(call.get("format")).casefold()
    if name in RASTERS:
        return Cube("raster")
    return Cube("vector") if name in VECTORS else UNKNOWN


def cut(cube: Cube, extent: object) -> Cube:
    """The cube within a place; an extent that is not understood restricts nothing."""
    area = read_area(extent)
    return cube if area is None else replace(cube, area=area.within(cube.area))


def cut_in_time(cube: Cube, extent: object, facts: CollectionFacts | None = None) -> Cube:
    """Likewise within an interval; `facts` are those of its collection, just loaded."""
    wanted, times = read_interval(extent), cube.times
    if wanted is None:
        return cube
    if times.interval is not None:
        start = max(wanted.start, times.interval.start)
        end = min(wanted.end, times.interval.end)
        wanted = type(wanted)(start, end) if start <= end else wanted
    cut = Times(_fewer(times, wanted), wanted)
    return replace(cube, times=_dates(facts, cut) if facts else cut)


def _fewer(times: Times, wanted: Any) -> int | None:
    """How many dates are left, if they are spread evenly; some more, as they seldom are."""
    before, after = times.seconds, Times(None, wanted).seconds
    if times.count is None or not before or after is None:
        return times.count
    return min(times.count, int(times.count * after / before) + 1)
