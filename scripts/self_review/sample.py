"""A small piece of a collection to compute with."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from scripts.self_review import stac
from scripts.self_review.backend import Backend, Entry, spread
from scripts.self_review.findings import Cause, NotJudgedError, could_not_tell
from scripts.self_review.graphs import Graph, graph, node, of
from scripts.self_review.probe.answer import Answer

ALPS: Final = (11.0, 46.0)
"""Where many archives have data: the lower left corner that is tried first."""
SIZES: Final = ((30, 0.01), (500, 0.1), (math.inf, 1.0))
"""Metres of a pixel up to which an extent is so many degrees wide."""
SUMMER: Final = datetime(2024, 6, 1, tzinfo=UTC)
DAYS: Final = 12
MONTH: Final = 31
YEAR: Final = 400
CANDIDATES: Final = 4
PREFERRED: Final = ("SENTINEL2_L2A", "SENTINEL1_GRD")


@dataclass(frozen=True, slots=True)
class Sample:
    """What of a collection is loaded. Names of its dimensions, `bands` may be empty."""

    collection: str
    west: float
    south: float
    size: float
    start: str
    end: str
    time: str
    bands_dimension: str
    bands: tuple[str, ...]
    common_names: tuple[str, ...] = ()

    @property
    def extent(self) -> dict[str, float]:
        """The spatial extent, in degrees."""
        east, north = self.west + self.size, self.south + self.size
        return {"west": self.west, "south": self.south, "east": east, "north": north}

    def load(self, **changes: Any) -> Graph:
        """The node that loads it."""
        arguments: dict[str, Any] = {
            "id": self.collection,
            "spatial_extent": self.extent,
            "temporal_extent": [self.start, self.end],
        }
        if self.bands:
            arguments["bands"] = list(self.bands)
        return node("load_collection", **{**arguments, **changes})

    def saved(self, form: str, **nodes: Mapping[str, Any]) -> Graph:
        """A process that loads it, does that, and saves it in that format."""
        last = list(nodes)[-1] if nodes else "load"
        save = node("save_result", data=of(last), format=form)
        return graph(load=self.load(), **nodes, save=save)


def sample(backend: Backend) -> Sample:
    """A piece that the backend can load; raises NotJudgedError if none is found."""
    return backend.once("sample of data", lambda: _find(backend))


def _find(backend: Backend) -> Sample:
    tried: list[str] = []
    for one in _candidates(backend):
        answer = loaded(backend, one)
        if answer.ok:
            return one
        tried.append(f"{one.collection}: {answer.status} {answer.beginning[:120]}")
    says = "No small piece of a collection could be loaded"
    said = f"{says}: {'; '.join(tried)}." if tried else f"{says}: none has x, y and t."
    hint = "Say with --collection which one can, or mend POST /result."
    raise NotJudgedError(could_not_tell(said, Cause.UNUSABLE, hint=hint))


def loaded(backend: Backend, one: Sample) -> Answer:
    """What it is answered to load and save the piece; computed once."""
    process = one.saved(raster_format(backend))
    return backend.making.result_once(f"load {one.collection}", process)


def raster_format(backend: Backend) -> str:
    """The format in which rasters are saved here, as it is listed."""
    output = backend.file_formats.get("output")
    names = {str(name).lower(): str(name) for name in output} if isinstance(output, dict) else {}
    found = next((names[one] for one in ("gtiff", "geotiff", "netcdf") if one in names), None)
    if found is None:
        says = "Neither GTiff nor netCDF can be written (judged by api-45)."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE))
    return found


def _candidates(backend: Backend) -> Iterator[Sample]:
    wanted = backend.options.collection
    known = {str(one.get("id")): one for one in backend.full_collections()}
    if wanted is not None:
        order = [wanted]
    else:
        order = [one for one in PREFERRED if one in known]
        order += [key for key, one in known.items() if key not in order and _is_stable(one)]
    found_ = (piece(known[key]) for key in order if key in known)
    found = [one for one in found_ if one is not None]
    yield from found[:CANDIDATES]


def pieces(backend: Backend, most: int = 12) -> list[Sample]:
    """A small piece of each collection that is not experimental, and of not too many."""
    stable = [one for one in backend.full_collections() if _is_stable(one)]
    found = [one for one in map(piece, stable) if one is not None]
    return spread(found, most)


def _is_stable(collection: Entry) -> bool:
    return collection.get("experimental") is not True and collection.get("deprecated") is not True


def piece(collection: Entry) -> Sample | None:
    """A small piece of a collection; None if it has no x, y and t, or does not say its extent."""
    try:
        return _piece(collection)
    except (OverflowError, ValueError):  # of days that no calendar has, and numbers as large
        return None


def _piece(collection: Entry) -> Sample | None:
    dimensions = stac.dimensions(collection)
    times = [key for key, one in dimensions.items() if one.get("type") == "temporal"]
    box, interval = _box(collection), _interval(collection)
    if not {"x", "y"} <= stac.axes(collection) or not times or box is None or interval is None:
        return None
    size = next(width for metres, width in SIZES if _resolution(collection) <= metres)
    west, south = _corner(box, size)
    start, end = _days(*interval, _length(dimensions[times[0]], size))
    bands = [key for key, one in dimensions.items() if one.get("type") == "bands"]
    names = _spectral(collection) if bands else []
    found = Sample(
        str(collection.get("id")), west, south, size, start, end, times[0], "", tuple(names[:2])
    )
    return replace(
        found,
        bands_dimension=bands[0] if bands else "",
        common_names=tuple(_common(collection, names[:2])),
    )


def _spectral(collection: Entry) -> list[str]:
    """Two bands, red and near infrared where there are."""
    labels = stac.band_names(collection)
    good = {
        str(one.get("common_name", one.get("eo:common_name"))): str(one.get("name"))
        for one in stac.bands(collection)
    }
    first = [good[key] for key in ("red", "nir") if good.get(key) in labels]
    return [*first, *(one for one in labels if one not in first)]


def _common(collection: Entry, names: list[str]) -> Iterator[str]:
    for one in stac.bands(collection):
        said = one.get("common_name", one.get("eo:common_name"))
        if one.get("name") in names and isinstance(said, str):
            yield said


def _resolution(collection: Entry) -> float:
    """Metres of a pixel, as far as the metadata say; 10 if they do not."""
    summaries = collection.get("summaries")
    gsd = summaries.get("gsd") if isinstance(summaries, Mapping) else None
    if isinstance(gsd, Mapping):
        gsd = [gsd.get("minimum")]
    numbers = [float(x) for x in gsd or [] if isinstance(x, int | float)] if gsd else []
    if numbers:
        return min(numbers)
    steps = [
        float(one["step"]) * 111_000
        for one in stac.dimensions(collection).values()
        if one.get("axis") == "x" and isinstance(one.get("step"), int | float)
    ]
    return steps[0] if steps else 10.0


def _box(collection: Entry) -> list[float] | None:
    extent = collection.get("extent")
    spatial = extent.get("spatial") if isinstance(extent, Mapping) else None
    boxes = spatial.get("bbox") if isinstance(spatial, Mapping) else None
    first = boxes[0] if isinstance(boxes, list) and boxes else None
    if not isinstance(first, list) or len(first) not in {4, 6}:
        return None
    if not all(isinstance(one, int | float) for one in first):
        return None
    half = len(first) // 2
    return [float(first[i]) for i in (0, 1, half, half + 1)]


def _corner(box: list[float], size: float) -> tuple[float, float]:
    west, south, east, north = box
    x, y = ALPS
    if west <= x <= east - size and south <= y <= north - size:
        return ALPS
    return round((west + east) / 2, 4), round((south + north) / 2, 4)


def _length(time: Entry, size: float) -> int:
    """So many days that at least one time step should be in them."""
    step = str(time.get("step", ""))
    if "Y" in step or (size >= 1 and not step):
        return YEAR
    if re.match(r"P[^T]*M", step):
        return 3 * MONTH
    days = re.match(r"P(\d+)D", step)
    return max(DAYS, 2 * int(days[1])) if days else DAYS


def _interval(collection: Entry) -> tuple[datetime, datetime] | None:
    extent = collection.get("extent")
    temporal = extent.get("temporal") if isinstance(extent, Mapping) else None
    intervals = temporal.get("interval") if isinstance(temporal, Mapping) else None
    first = intervals[0] if isinstance(intervals, list) and intervals else None
    if not isinstance(first, list) or len(first) != 2:
        return None
    now = datetime.now(UTC)
    start = _moment(first[0]) or datetime(1900, 1, 1, tzinfo=UTC)
    return start, min(_moment(first[1]) or now, now)


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _days(start: datetime, end: datetime, days: int) -> tuple[str, str]:
    length = timedelta(days=days)
    begin = SUMMER if start <= SUMMER <= end - length else max(start, end - length)
    return begin.strftime("%Y-%m-%d"), min(begin + length, end).strftime("%Y-%m-%d")
