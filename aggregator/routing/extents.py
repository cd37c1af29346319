"""Where and when: boxes and intervals, read leniently, and whether they are apart.

What cannot be understood (a box in another reference system, a reference to a parameter) reads as
None and restricts nothing. Boxes are in degrees of WGS 84, instants in seconds since 1970 (UTC).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from math import inf, isfinite
from typing import Any, NamedTuple, TypeGuard

_DAY = 86_400.0
_WGS84 = frozenset({"4326", "epsg:4326", "urn:ogc:def:crs:ogc:1.3:crs84", "ogc:crs84"})


class Box(NamedTuple):
    """A bounding box in degrees; west is greater than east if it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def meets(self, other: Box) -> bool:
        """Whether the two have a point in common, their edges included."""
        if self.south > other.north or other.south > self.north:
            return False
        if _is_plain(self) and _is_plain(other):
            return self.west <= other.east and other.west <= self.east
        return any(
            a[0] <= b[1] and b[0] <= a[1]
            for a in _longitudes(self.west, self.east)
            for b in _longitudes(other.west, other.east)
        )


class Interval(NamedTuple):
    """From `start` up to `end`, without it; infinite where it is open."""

    start: float
    end: float

    def meets(self, other: Interval) -> bool:
        """Whether the two have an instant in common; an empty interval is taken as its start."""
        starts_before = self.start < other.end or self.start == other.start
        return starts_before and (other.start < self.end or self.start == other.start)


def read_box(value: object) -> Box | None:
    """The box of a `spatial_extent`: an openEO bounding box or any GeoJSON."""
    if not isinstance(value, dict) or not _is_wgs84(value.get("crs")):
        return None
    if "type" in value:
        return _around(_positions(value))
    return _box([value.get(side) for side in ("west", "south", "east", "north")])


def read_interval(value: object) -> Interval | None:
    """The interval of a `temporal_extent`, a list of two texts or nulls."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    start = -inf if value[0] is None else read_instant(value[0])
    end = inf if value[1] is None else read_instant(value[1])
    return None if start is None or end is None or start > end else Interval(start, end)


def read_instant(value: object) -> float | None:
    """Seconds since 1970 of a date-time, date, month or year as RFC 3339 and openEO write them."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    padded = value + {4: "-01-01", 7: "-01"}.get(len(value), "")
    try:
        moment = datetime.fromisoformat(padded)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def published_boxes(bboxes: Iterable[Any]) -> tuple[Box, ...]:
    """The boxes of a collection's `extent.spatial.bbox`; none if any cannot be understood."""
    boxes = []
    for bbox in bboxes:
        sides = list(bbox) if isinstance(bbox, list | tuple) else []
        box = _box([sides[i] for i in (0, 1, 3, 4)] if len(sides) == 6 else sides)
        if box is None:
            return ()
        boxes.append(box)
    return tuple(boxes)


def published_intervals(intervals: Iterable[Any]) -> tuple[Interval, ...]:
    """The intervals of a collection's `extent.temporal.interval`; none if any is not understood.

    A last instant at midnight names the day, as backends publish it, so its whole day is counted.
    """
    read = [read_interval(list(i) if isinstance(i, tuple) else i) for i in intervals]
    known = [interval for interval in read if interval is not None]
    if len(known) < len(read):
        return ()
    return tuple(Interval(i.start, _end_of_day(i.end)) for i in known)


def _end_of_day(instant: float) -> float:
    return instant + (_DAY if instant % _DAY == 0 else 1.0) if isfinite(instant) else instant


def _is_wgs84(crs: object) -> bool:
    return crs is None or (
        isinstance(crs, str | int) and not isinstance(crs, bool) and str(crs).lower() in _WGS84
    )


def _box(sides: Sequence[object]) -> Box | None:
    numbers = [float(side) for side in sides if _is_number(side)]
    return Box(*numbers) if len(sides) == len(numbers) == 4 else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _is_plain(box: Box) -> bool:
    return -180 <= box.west <= box.east <= 180


def _longitudes(west: float, east: float) -> Sequence[tuple[float, float]]:
    if west < -180 or east > 180:  # counted from 0 to 360, or beyond the edge: taken as anywhere
        return ((-180.0, 180.0),)
    return ((west, 180.0), (-180.0, east)) if west > east else ((west, east),)


def _positions(geojson: dict[str, Any]) -> Iterator[Sequence[float]]:
    """Every position in GeoJSON of any type, in no particular order."""
    pending: list[Any] = [geojson]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += [value.get(k) for k in ("coordinates", "geometry", "geometries", "features")]
        elif isinstance(value, list):
            if len(value) >= 2 and _is_number(value[0]) and _is_number(value[1]):
                yield value
            else:
                pending += value


def _around(positions: Iterable[Sequence[float]]) -> Box | None:
    west, south, east, north = inf, inf, -inf, -inf
    for position in positions:
        x, y = position[0], position[1]
        west, east = min(west, x), max(east, x)
        south, north = min(south, y), max(north, y)
    return Box(west, south, east, north) if west <= east else None
