"""Extents of collections: the overall extent first, then the parts (STAC)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from aggregator.documents import identity, is_array, is_number
from aggregator.merging.fields import (
    ABSENT,
    Part,
    Parts,
    Place,
    Rule,
    Shortcut,
    object_of,
    usable,
)
from aggregator.merging.stac import is_at_least
from aggregator.merging.times import moment

Box = Sequence[float]
"""west, south, east, north in degrees; or with heights west, south, lowest, east, north,
highest. West is greater than east where the box crosses the antimeridian."""

Interval = Sequence[str | None]
"""Start and end; None is open."""

EVERYWHERE: Box = (-180, -90, 180, 90)
ALWAYS: Interval = (None, None)

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def _bboxes(parts: Parts, place: Place) -> Any:
    return _overall_and_parts(parts, place, is_box, hull, "an array of bounding boxes")


def _bboxes_since_1_1(parts: Parts, place: Place) -> Any:
    found = _bboxes(parts, place)
    return [found[0], *found] if found is not ABSENT and len(found) == 2 else found


def _intervals(parts: Parts, place: Place) -> Any:
    return _overall_and_parts(parts, place, is_interval, span, "an array of time intervals")


def is_plain_box(value: object) -> bool:
    """Say whether a value is a bounding box that is its own hull."""
    return isinstance(value, list) and is_box(value) and value[0] <= value[len(value) // 2]


def _is_one(value: object, check: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and len(value) == 1 and check(value[0])


bboxes = Shortcut(_bboxes, lambda value: _is_one(value, is_plain_box))
"""Rule for ``extent.spatial.bbox``: the hull of all boxes, then the backends' own."""

bboxes_since_1_1 = Shortcut(_bboxes_since_1_1, bboxes.fits)
"""The same for STAC 1.1, which has no list of two: beside a lone part the hull is a part too."""

intervals = Shortcut(_intervals, lambda value: _is_one(value, is_interval))
"""Rule for ``extent.temporal.interval``: from the first start to the last end, then the
backends' own intervals."""


def extent_as(version: object) -> Rule:
    """Rule for the ``extent`` of a collection; further kinds of extents are kept."""
    boxes = bboxes_since_1_1 if is_at_least(version, "1.1.0") else bboxes
    return object_of(
        {"spatial": object_of({"bbox": boxes}), "temporal": object_of({"interval": intervals})}
    )


def _overall_and_parts(
    parts: Parts,
    place: Place,
    check: Callable[[object], bool],
    unite: Callable[[Sequence[Any]], list[Any]],
    expected: str,
) -> Any:
    extents = []
    for part in usable(parts, place, is_array, expected):
        good = _checked(part, place, check)
        if good:
            extents.append(Part(part.backend, good))
    if not extents:
        return ABSENT
    overall = unite([item for part in extents for item in part.value])
    details = _details(extents, place, unite)
    if len(extents) > 1 and any(identity(p.value[0]) != identity(overall) for p in extents):
        wholes = {part.backend: unite(part.value) for part in extents}
        place.note("extent-differs", wholes, by_backend=wholes)
    if len(details) == 1 and identity(details[0]) == identity(overall):
        return [details[0]]
    return [overall, *details]


def _checked(part: Part, place: Place, check: Callable[[object], bool]) -> list[Any]:
    """The usable extents that a backend lists; one that stands alone is read as a list."""
    items = part.value
    if check(items):
        place.note("value-repaired", (part.backend,), found=items, chosen=[items])
        items = [items]
    good = []
    for item in items:
        if check(item):
            good.append(item)
        else:
            place.unusable(Part(part.backend, item), "an extent")
    return good


def _details(
    extents: Parts, place: Place, unite: Callable[[Sequence[Any]], list[Any]]
) -> list[Any]:
    """The parts: what each backend lists after its overall extent, or that if it is alone."""
    found: dict[object, Any] = {}
    for backend, (whole, *rest) in extents:
        listed = rest or [whole]
        if rest and identity(unite([whole, *rest])) != identity(unite([whole])):
            place.note("overall-extent-missing", (backend,))
            listed = [whole, *rest]
        for item in listed:
            found.setdefault(identity(item), item)
    return list(found.values())


# Space


def is_box(value: object) -> bool:
    """Say whether a value is a bounding box, with or without heights."""
    if not is_array(value) or len(value) not in (4, 6) or not all(map(is_number, value)):
        return False
    half = len(value) // 2
    return all(value[axis] <= value[axis + half] for axis in range(1, half))


def hull(boxes: Sequence[Box]) -> list[float]:
    """The smallest box around boxes; with heights only where all have them.

    Across the antimeridian where that is shorter and one of the boxes crosses it.
    """
    flat = [(box[0], box[1], box[len(box) // 2], box[len(box) // 2 + 1]) for box in boxes]
    west, east = _longitudes([(box[0], box[2]) for box in flat])
    south, north = min(box[1] for box in flat), max(box[3] for box in flat)
    if any(len(box) == 4 for box in boxes):
        return [west, south, east, north]
    return [west, south, min(box[2] for box in boxes), east, north, max(box[5] for box in boxes)]


def _longitudes(arcs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    if all(west <= east for west, east in arcs):
        return min(west for west, _ in arcs), max(east for _, east in arcs)
    islands = _islands(arcs)
    gaps = [(islands[at][0] - islands[at - 1][1], -at) for at in range(1, len(islands))]
    if not gaps:
        return -180, 180
    _, at = max(gaps)
    return islands[-at][0], islands[-at - 1][1]


def _islands(arcs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Unite arcs of longitudes that touch, cut at the antimeridian, from west to east."""
    cut = [arc for arc in arcs if arc[0] <= arc[1]]
    for west, east in (arc for arc in arcs if arc[0] > arc[1]):
        cut += [(west, 180), (-180, east)]
    united: list[tuple[float, float]] = []
    for west, east in sorted(cut):
        if united and west <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], east))
        else:
            united.append((west, east))
    return united


# Time


def is_interval(value: object) -> bool:
    """Say whether a value is a time interval that does not end before it begins."""
    if not is_array(value) or len(value) != 2:
        return False
    if any(end is not None and moment(end) is None for end in value):
        return False
    return _starts(value) <= _ends(value)


def _starts(interval: Interval) -> datetime:
    return moment(interval[0]) or _FIRST


def _ends(interval: Interval) -> datetime:
    return moment(interval[1]) or _LAST


def span(intervals_: Sequence[Interval]) -> list[str | None]:
    """The interval from the earliest start to the latest end; an open end stays open."""
    return [min(intervals_, key=_starts)[0], max(intervals_, key=_ends)[1]]
