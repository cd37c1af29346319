"""The scenes of a collection as STAC items, listed page by page.

Light: the HTTP side serves what is made here. The scenes are those of
`backends.acquisitions`, from which the workers load: an item's date, clouds and orbit
are the date that loads and what filters on properties select by.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from backends.acquisitions import (
    EPOCH,
    ORBITS,
    TILE_DEGREES,
    TILE_EAST,
    TILE_SOUTH,
    Tile,
    date_of,
    regular_days,
    tiles_in,
)
from backends.errors import OpenEOError
from backends.products import Product, product
from backends.profile import CollectionSpec
from backends.stac_documents import is_remote, moment, read_source

Box = tuple[float, float, float, float]
Moments = tuple[dt.datetime | None, dt.datetime | None]

_EXTENSIONS: Final = {
    "eo": "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    "sat": "https://stac-extensions.github.io/sat/v1.0.0/schema.json",
    "sar": "https://stac-extensions.github.io/sar/v1.0.0/schema.json",
}


@dataclass(frozen=True)
class Page:
    """Some of the items that were asked for.

    `matched`: how many there are in all; `following`: the offset of the next page, None
    on the last one.
    """

    items: tuple[dict[str, Any], ...]
    matched: int
    following: int | None


def items(
    spec: CollectionSpec,
    *,
    bbox: Box | None = None,
    datetime: str | None = None,
    limit: int = 10,
    offset: int = 0,
) -> Page:
    """The STAC items of a collection by date, then from west to east, south to north.

    `bbox`: west, south, east, north in WGS84; west greater than east crosses the date
    line. `datetime`: a moment or an interval as in OGC API Features, both ends included.
    Items have no links, and no assets where there are no files. Raises `RequestInvalid`
    for a wrong `bbox` or `datetime`.
    """
    boxes, moments = _boxes(bbox), read_datetime(datetime)
    if spec.kind == "stac":
        found = list(_stored(spec, boxes, moments))
        return _page(tuple(found[offset : offset + limit]), len(found), offset)
    offered = product(spec.product, spec.options)
    if offered.family in ORBITS:
        scenes = _Scenes(offered, _tiles(offered, boxes), _days(offered, moments))
        listed = tuple(_scene_item(spec, offered, *one) for one in scenes.part(offset, limit))
        return _page(listed, scenes.count, offset)
    maps = _maps(offered, moments) if _tiles(offered, boxes) else []
    listed = tuple(_map_item(spec, offered, day) for day in maps[offset : offset + limit])
    return _page(listed, len(maps), offset)


def item(spec: CollectionSpec, identifier: str) -> dict[str, Any] | None:
    """The item of that id, None if the collection has no such item."""
    if spec.kind == "stac":
        return next(
            (one for one in _stored(spec, None, (None, None)) if one["id"] == identifier), None
        )
    offered = product(spec.product, spec.options)
    parts = identifier.removeprefix(f"{spec.id}_").split("_")
    try:
        numbers = [int(part) for part in parts[1:]]
        day = (dt.datetime.strptime(parts[0], "%Y%m%d").date() - EPOCH).days  # noqa: DTZ007
    except ValueError:
        return None
    found = _found(spec, offered, day, numbers)
    return found if found is not None and found["id"] == identifier else None


def _found(
    spec: CollectionSpec, offered: Product, day: int, numbers: list[int]
) -> dict[str, Any] | None:
    if offered.family not in ORBITS:
        return _map_item(spec, offered, day) if day in _maps(offered, (None, None)) else None
    tile = (numbers[0], numbers[1]) if len(numbers) == 2 else (-1, -1)
    known = tile in _tiles(offered, None) and day in _days(offered, (None, None))
    scene = ORBITS[offered.family].scene(tile, day) if known else None
    return None if scene is None else _scene_item(spec, offered, day, tile)


def _page(listed: tuple[dict[str, Any], ...], matched: int, offset: int) -> Page:
    end = offset + len(listed)
    return Page(listed, matched, end if listed and end < matched else None)


@dataclass(frozen=True)
class _Scenes:
    """The scenes of some tiles on some days, counted without looking at each."""

    product: Product
    tiles: list[Tile]
    days: range

    @property
    def count(self) -> int:
        """How many scenes there are."""
        phases = self._phases
        whole, rest = divmod(len(self.days), len(phases))
        begun = (phases[(self.days.start + step) % len(phases)] for step in range(rest))
        return whole * sum(map(len, phases)) + sum(map(len, begun))

    @property
    def _phases(self) -> list[list[Tile]]:
        """The tiles that are recorded on each day of the period."""
        orbits = ORBITS[self.product.family]
        columns = {tile[0] for tile in self.tiles}
        recorded = [
            {column for column in columns if orbits.passing(column, day) is not None}
            for day in range(orbits.period)
        ]
        return [[tile for tile in self.tiles if tile[0] in known] for known in recorded]

    def part(self, offset: int, limit: int) -> Iterator[tuple[int, Tile]]:
        """So many scenes after the first `offset` ones; whole days are skipped at once."""
        return islice(self._after(offset), limit)

    def _after(self, offset: int) -> Iterator[tuple[int, Tile]]:
        phases = self._phases
        left = offset
        for day in self.days:
            tiles = phases[day % len(phases)]
            if left >= len(tiles):
                left -= len(tiles)
                continue
            for tile in tiles[left:]:
                yield day, tile
            left = 0


def _tiles(offered: Product, boxes: tuple[Box, ...] | None) -> list[Tile]:
    """The tiles of a product that the boxes touch, in the order of the items."""
    common = [_common(offered.bbox, box) for box in boxes] if boxes else [offered.bbox]
    return sorted({tile for box in common if box is not None for tile in tiles_in(box)})


def _common(one: Box, other: Box) -> Box | None:
    west, south = max(one[0], other[0]), max(one[1], other[1])
    east, north = min(one[2], other[2]), min(one[3], other[3])
    return (west, south, east, north) if west <= east and south <= north else None


def _days(offered: Product, moments: Moments) -> range:
    """Days since 1970-01-01 whose midnight lies in the product's interval and `moments`."""
    first, last = (dt.datetime.fromisoformat(text) for text in offered.interval)
    start, end = moments
    after, until = max(first, start or first), min(last, end or last)
    midnight = dt.datetime.combine(EPOCH, dt.time(), dt.UTC)
    day = dt.timedelta(days=1)
    return range(-((midnight - after) // day), (until - midnight) // day + 1)


def _maps(offered: Product, moments: Moments) -> list[int]:
    if offered.dates:
        return list(regular_days(offered, _days(offered, moments)))
    first, last = (dt.datetime.fromisoformat(text) for text in offered.interval)
    start, end = moments
    outside = (start is not None and start > last) or (end is not None and end < first)
    return [] if outside else [(first.date() - EPOCH).days]


def _scene_item(spec: CollectionSpec, offered: Product, day: int, tile: Tile) -> dict[str, Any]:
    scene = ORBITS[offered.family].scene(tile, day) or {}
    properties = {"datetime": _midnight(day), **_common_properties(offered), **scene}
    name = f"{spec.id}_{date_of(day):%Y%m%d}_{tile[0]:03}_{tile[1]:02}"
    return _item(spec, name, _tile_box(tile, offered.bbox), properties)


def _map_item(spec: CollectionSpec, offered: Product, day: int) -> dict[str, Any]:
    properties: dict[str, Any] = {"datetime": _midnight(day)}
    if not offered.dates:
        start, end = offered.interval
        properties = {"datetime": None, "start_datetime": start, "end_datetime": end}
    name = f"{spec.id}_{date_of(day):%Y%m%d}"
    return _item(spec, name, offered.bbox, {**properties, **_common_properties(offered)})


def _common_properties(offered: Product) -> dict[str, Any]:
    named: dict[str, Any] = {
        "constellation": offered.constellation,
        "instruments": list(offered.instruments),
    }
    found = {key: value for key, value in named.items() if value}
    if offered.family == "radar":
        # The SAR extension demands these of an item.
        found |= {key: offered.summaries[key][0] for key in _RADAR}
        found["sar:polarizations"] = list(offered.band_names)
    return found


_RADAR: Final = ("sar:product_type", "sar:frequency_band", "sar:center_frequency")


def _midnight(day: int) -> str:
    return f"{date_of(day).isoformat()}T00:00:00Z"


def _item(
    spec: CollectionSpec, name: str, box: Box, properties: Mapping[str, Any]
) -> dict[str, Any]:
    used = {key.split(":", maxsplit=1)[0] for key in properties}
    return {
        "type": "Feature",
        "stac_version": str(spec.options.get("stac_version", "1.1.0")),
        "stac_extensions": [url for prefix, url in _EXTENSIONS.items() if prefix in used],
        "id": name,
        "collection": spec.id,
        "bbox": list(box),
        "geometry": _geometry(box),
        "properties": dict(properties),
        "links": [],
        "assets": {},
    }


def _tile_box(tile: Tile, within: Box) -> Box:
    """The part of a tile that lies in a box; west is greater than east across the date line."""
    column, row = tile
    west = column * TILE_DEGREES + TILE_EAST - 180
    south = row * TILE_DEGREES - TILE_SOUTH - 90
    north = south + TILE_DEGREES
    east = west + TILE_DEGREES
    if east > 180 and within[0] <= -180 and within[2] >= 180:
        return _rounded((west, max(south, within[1]), east - 360, min(north, within[3])))
    if east > 180 and within[2] <= west:
        west, east = west - 360, east - 360
    clipped = _common((west, south, east, north), within)
    return _rounded(clipped or (west, south, east, north))


def _rounded(box: Box) -> Box:
    west, south, east, north = (round(value, 6) for value in box)
    return west, south, east, north


def _geometry(box: Box) -> dict[str, Any]:
    west, south, east, north = box
    if west <= east:
        return {"type": "Polygon", "coordinates": _ring(box)}
    halves = ((west, south, 180.0, north), (-180.0, south, east, north))
    return {"type": "MultiPolygon", "coordinates": [_ring(half) for half in halves]}


def _ring(box: Box) -> list[list[list[float]]]:
    west, south, east, north = box
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def _stored(
    spec: CollectionSpec, boxes: tuple[Box, ...] | None, moments: Moments
) -> Iterator[dict[str, Any]]:
    """The items of real data. Assets that lie on this machine are not shown."""
    start, end = moments
    source = read_source(str(spec.options["href"]))
    for found in sorted(source.items, key=lambda one: (moment(one), one.id)):
        when = dt.datetime.fromisoformat(moment(found))
        if (start is not None and when < start) or (end is not None and when > end):
            continue
        box = found.bbox
        if boxes and box and not any(_common((box[0], box[1], box[2], box[3]), b) for b in boxes):
            continue
        document = found.to_dict(include_self_link=False, transform_hrefs=False)
        assets = {key: asset.get_absolute_href() or "" for key, asset in found.assets.items()}
        shown = {
            key: {**document["assets"][key], "href": href}
            for key, href in assets.items()
            if is_remote(href)
        }
        yield {**document, "collection": spec.id, "links": [], "assets": shown}


def _boxes(bbox: Box | None) -> tuple[Box, ...] | None:
    """The box as boxes that do not cross the date line."""
    if bbox is None:
        return None
    west, south, east, north = bbox
    if south > north or not -90 <= south <= north <= 90 or max(abs(west), abs(east)) > 180:
        raise OpenEOError(
            "RequestInvalid",
            f"bbox is west,south,east,north in degrees, south not above north; {bbox} is not.",
        )
    if west <= east:
        return (bbox,)
    return ((west, south, 180.0, north), (-180.0, south, east, north))


def read_datetime(text: str | None) -> Moments:
    """First and last moment of `datetime` as OGC API Features writes it.

    A date without time is its whole day; `..` or nothing is an open end. Raises
    `RequestInvalid`.
    """
    if text is None or not text.strip():
        return None, None
    parts = [part.strip() for part in text.split("/")]
    if len(parts) > 2:
        raise _datetime_error(text)
    start = _moment(parts[0], text, last=False)
    end = _moment(parts[-1], text, last=True)
    if start is not None and end is not None and start > end:
        raise _datetime_error(text)
    return start, end


def _moment(part: str, text: str, *, last: bool) -> dt.datetime | None:
    if part in {"", ".."}:
        return None
    try:
        found = dt.datetime.fromisoformat(part)
    except ValueError as error:
        raise _datetime_error(text) from error
    if last and "T" not in part.upper():
        found += dt.timedelta(days=1, seconds=-1)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def _datetime_error(text: str) -> OpenEOError:
    return OpenEOError(
        "RequestInvalid",
        f"datetime is a moment as 2021-07-01T00:00:00Z or an interval as 2021-07-01/2021-08-01 "
        f"with .. for an open end, the start first; {text!r} is not.",
    )
