"""Items of several collections, searched for together (STAC API 1.0.0, Item Search).

Light, as `backends.items`: the order is that of the collections, then that of their items.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backends.errors import OpenEOError
from backends.items import Box, Page, item, items, read_datetime
from backends.profile import CollectionSpec

POSITIONS: Final = 10_000
"""The most positions that a geometry to search with may have."""
_CHUNK: Final = 200
_MOST_LOOKED_AT: Final = 5000

_GEOMETRIES: Final = (
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
)


@dataclass(frozen=True)
class Found:
    """A page of what was found; `matched` is None where only some were looked at."""

    items: tuple[dict[str, Any], ...]
    matched: int | None
    following: int | None


class Footprint:
    """A GeoJSON geometry to search with. Raises `RequestInvalid` for anything else."""

    def __init__(self, geometry: object) -> None:
        shape = _shape(geometry) if _is_small(geometry) else None
        if shape is None:
            raise OpenEOError(
                "RequestInvalid",
                f"intersects is a GeoJSON geometry of at most {POSITIONS} positions, not empty.",
            )
        self._shape = shape

    @property
    def box(self) -> Box:
        """The box around it, within the world."""
        west, south, east, north = map(float, self._shape.bounds)
        return max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0)

    def meets(self, found: Mapping[str, Any]) -> bool:
        """Whether an item touches it."""
        shape = _shape(found.get("geometry"))
        return shape is not None and bool(self._shape.intersects(shape))


def search(
    specs: Sequence[CollectionSpec],
    *,
    ids: Sequence[str] = (),
    bbox: Box | None = None,
    datetime: str | None = None,
    footprint: Footprint | None = None,
    limit: int = 10,
    offset: int = 0,
) -> Found:
    """The items of these collections that fit all that is asked for.

    `offset` is what a page before gave as `following`. Raises `RequestInvalid` like `items`.
    """
    around = footprint.box if footprint else bbox
    if ids:
        named = [
            one
            for one in _named(specs, ids, around, datetime)
            if footprint is None or footprint.meets(one)
        ]
        taken, end = named[offset : offset + limit], offset + limit
        return Found(tuple(taken), len(named), end if taken and end < len(named) else None)
    if footprint is None:
        return _listed(specs, around, datetime, limit, offset)
    taken = []
    at, looked = offset, 0
    for one in _every(specs, around, datetime, offset):
        if len(taken) == limit or (taken and looked >= _MOST_LOOKED_AT):
            return Found(tuple(taken), None, at)
        at, looked = at + 1, looked + 1
        if footprint.meets(one):
            taken.append(one)
    return Found(tuple(taken), None, None)


def _listed(
    specs: Sequence[CollectionSpec],
    bbox: Box | None,
    datetime: str | None,
    limit: int,
    offset: int,
) -> Found:
    taken: list[dict[str, Any]] = []
    matched = 0
    for spec in specs:
        begin, room = max(offset - matched, 0), limit - len(taken)
        page = items(spec, bbox=bbox, datetime=datetime, limit=room, offset=begin)
        taken += page.items
        matched += page.matched
    end = offset + len(taken)
    return Found(tuple(taken), matched, end if taken and end < matched else None)


def _every(
    specs: Sequence[CollectionSpec], bbox: Box | None, datetime: str | None, offset: int
) -> Iterator[dict[str, Any]]:
    while True:
        page = _listed(specs, bbox, datetime, _CHUNK, offset)
        yield from page.items
        if page.following is None:
            return
        offset = page.following


def _named(
    specs: Sequence[CollectionSpec], ids: Sequence[str], bbox: Box | None, datetime: str | None
) -> Iterator[dict[str, Any]]:
    for spec in specs:
        for identifier in dict.fromkeys(ids):
            found = item(spec, identifier)
            if found is not None and _is_listed(spec, found, bbox, datetime):
                yield found


def _is_listed(
    spec: CollectionSpec, found: Mapping[str, Any], bbox: Box | None, datetime: str | None
) -> bool:
    """Whether the filters leave the item, looked for among those of its own moment."""
    start, end = read_datetime(datetime)
    own = found["properties"].get("datetime")
    if own is not None:
        when = dt.datetime.fromisoformat(own)
        if (start is not None and when < start) or (end is not None and when > end):
            return False
    if bbox is None and own is not None:
        return True
    moment, offset = own or datetime, 0
    while True:
        page: Page = items(spec, bbox=bbox, datetime=moment, limit=1000, offset=offset)
        if any(one["id"] == found["id"] for one in page.items):
            return True
        if page.following is None:
            return False
        offset = page.following


def _is_small(geometry: object) -> bool:
    waiting, count = [geometry], 0
    while waiting and count <= POSITIONS:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [value.get("coordinates"), value.get("geometries")]
        elif isinstance(value, list):
            count += 1
            waiting += [one for one in value if isinstance(one, list | dict)]
    return not waiting


def _shape(geometry: object) -> Any:
    import shapely  # with numpy it takes long, and few ask for it

    if not isinstance(geometry, dict) or geometry.get("type") not in _GEOMETRIES:
        return None
    try:
        found = shapely.from_geojson(json.dumps(geometry))
        repaired = found if found.is_valid else shapely.make_valid(found)
    except (shapely.errors.ShapelyError, ValueError, TypeError):
        return None
    return None if repaired.is_empty else repaired
