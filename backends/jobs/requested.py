"""What the loading nodes of a process ask for, as far as its graph alone tells."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from backends.acquisitions import visits
from backends.errors import OpenEOError
from backends.intervals import days_of, fewest_dates, read_interval
from backends.jobs.budgets import box_of
from backends.loading import LoadRequest, check_size
from backends.products import METRES_PER_DEGREE, Product, product
from backends.profile import CollectionSpec, Profile

Box = tuple[float, float, float, float]

_LOADING: Final = ("load_collection", "load_stac")
_WIDE: Final = 20.0
"""Degrees of longitude up to which a projected box is hardly narrower than on the Earth."""


@dataclass(frozen=True)
class _Load:
    """One node that loads; `spec` is the collection, if it is one of this backend."""

    node: str
    arguments: Mapping[str, Any]
    spec: CollectionSpec | None

    @property
    def product(self) -> Product | None:
        """What the collection is generated from, if it is."""
        if self.spec is None or self.spec.kind != "world":
            return None
        return product(self.spec.product, self.spec.options)


def requested_bbox(process: Mapping[str, Any], profile: Profile) -> list[float] | None:
    """West, south, east and north (WGS84) of all that is asked for; None if nobody says."""
    boxes = [box for load in _loads(process, profile) if (box := _degrees(load)) is not None]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]


def requested_interval(process: Mapping[str, Any], profile: Profile) -> list[str] | None:
    """First and last moment (RFC 3339) of all that is asked for; None if nobody says.

    Open ends are those of the collection.
    """
    found = [span for load in _loads(process, profile) if (span := _interval(load)) is not None]
    return [min(start for start, _ in found), max(end for _, end in found)] if found else None


def check_sizes(process: Mapping[str, Any], profile: Profile, samples: int) -> None:
    """Raise ``ProcessGraphComplexity`` where loading is bound to exceed that many samples.

    A lower limit: what can be told only with the data at hand is left to the loading,
    which counts exactly.
    """
    left = samples
    for load in _loads(process, profile):
        if (offered := load.product) is None:
            continue
        try:
            size = _least(load.arguments, offered, left)
        except OpenEOError as error:
            if error.code != "ProcessGraphComplexity":
                continue
            where = f"(process 'load_collection' at node '{load.node}')."
            raise OpenEOError(error.code, f"{error.message.rstrip('.')} {where}") from None
        left -= size


def _loads(process: Mapping[str, Any], profile: Profile) -> Iterator[_Load]:
    """The nodes of the top level that load; those in callbacks may never run."""
    graph = process.get("process_graph")
    for name, node in graph.items() if isinstance(graph, Mapping) else ():
        arguments = node.get("arguments") if isinstance(node, Mapping) else None
        if isinstance(arguments, Mapping) and node.get("process_id") in _LOADING:
            wanted = arguments.get("id")
            found = profile.collection(wanted) if isinstance(wanted, str) else None
            yield _Load(name, arguments, found)


def _degrees(load: _Load) -> Box | None:
    whole = load.product.bbox if load.product else None
    box = _box(load.arguments.get("spatial_extent"), whole)
    return _common(box, whole) if box and whole else box


def _box(extent: object, whole: Box | None) -> Box | None:
    """The extent as a box in degrees, `whole` where it says nothing that can be read."""
    try:
        *sides, degrees = box_of(extent)
    except OpenEOError:
        return whole
    west, south, east, north = sides
    return (west, south, east, north) if degrees else whole


def _common(one: Box, other: Box) -> Box | None:
    west, south = max(one[0], other[0]), max(one[1], other[1])
    east, north = min(one[2], other[2]), min(one[3], other[3])
    return (west, south, east, north) if west <= east and south <= north else None


def _interval(load: _Load) -> tuple[str, str] | None:
    known: tuple[str | None, str | None] = load.product.interval if load.product else (None, None)
    extent = load.arguments.get("temporal_extent")
    try:
        asked = read_interval(extent if isinstance(extent, list) else None)
    except OpenEOError:
        asked = None, None
    moments = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None for moment in asked]
    start, end = moments[0] or known[0], moments[1] or known[1]
    return (start, end) if start and end else None


def _least(arguments: Mapping[str, Any], offered: Product, left: int) -> int:
    """How many samples a node loads at least; raises where these are more than are left."""
    if any(_refers(arguments.get(name)) for name in ("spatial_extent", "temporal_extent", "bands")):
        return 0
    extent, bands = arguments.get("spatial_extent"), arguments.get("bands")
    box = offered.bbox if extent is None else _literal_box(extent)
    common = None if box is None else _common(box, offered.bbox)
    if common is None:
        return 0
    request = LoadRequest(temporal_extent=arguments.get("temporal_extent"), max_samples=left)
    count = len(set(bands)) if isinstance(bands, list) else len(offered.bands)
    width, height = _pixels(common, offered)
    dates = 1
    if offered.dates:
        days = days_of(offered, request)
        dates = fewest_dates(offered, days)
        check_size(request, count, dates, width, height)
        if not arguments.get("properties"):
            dates = len(visits(offered, days, common, {}))
    check_size(request, count, dates, width, height)
    return count * dates * width * height


def _literal_box(extent: object) -> Box | None:
    *sides, degrees = box_of(extent)
    west, south, east, north = sides
    return (west, south, east, north) if degrees else None


def _refers(value: object) -> bool:
    """Whether a value, or one right inside of it, is told only when the process runs."""
    inner = list(value.values()) if isinstance(value, dict) else value
    within = [value, *(inner if isinstance(inner, list) else [])]
    return any(
        isinstance(one, dict) and ("from_parameter" in one or "from_node" in one) for one in within
    )


def _pixels(box: Box, offered: Product) -> tuple[int, int]:
    """The fewest columns and rows that a box in degrees can have on the collection's grid."""
    width, height = box[2] - box[0], box[3] - box[1]
    if not offered.utm:
        return _whole(width / offered.degrees), _whole(height / offered.degrees)
    # The Earth is flattened and projected with a scale of 0.9996 or more. Far from the
    # middle of its zone a parallel bends, and what is east and west of it comes nearer.
    bent = 0.95 if width <= _WIDE else 0.5
    across = width * METRES_PER_DEGREE * math.cos(math.radians(min(abs(box[1]), abs(box[3]))))
    down = height * METRES_PER_DEGREE * (0.99 if width <= _WIDE else 0.5)
    return _whole(bent * across / offered.metres), _whole(down / offered.metres)


def _whole(pixels: float) -> int:
    return max(1, int(pixels) - 1)
