"""When what is recorded: swaths, days, scenes and the properties of scenes.

The Earth is cut into tiles of 2.5 degrees, a scene per tile and day. The column of
tiles (swath) decides the days, so that a pixel's dates never depend on the request.
Light: the HTTP side lists scenes as STAC items, the workers load their pixels.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from backends.chance import mixed, share
from backends.errors import OpenEOError, parameter_invalid
from backends.products import Product

TILES_AROUND: Final = 144
TILE_DEGREES: Final = 360 / TILES_AROUND
TILE_EAST: Final = 1.1
TILE_SOUTH: Final = 2.1
"""Degrees that the first tile begins east of the date line and south of the pole: away
from round numbers, so that the boxes that people try seldom lie across a border."""

Tile = tuple[int, int]
"""Column eastwards, row northwards."""

Properties = Mapping[str, Any]
"""STAC properties of a scene."""

Filters = Mapping[str, Callable[[Any], bool]]

EPOCH: Final = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Orbits:
    """How the satellites of a family come back.

    A swath is recorded on the days that lie `offsets` after the first of each `period`;
    `seed` spreads the swaths over the days. `properties` are those of a scene, given the
    tile, the day, and which of the offsets it is.
    """

    period: int
    offsets: tuple[int, ...]
    seed: int
    properties: Callable[[Tile, int, int], Properties]

    def passing(self, column: int, day: int) -> int | None:
        """Which of the offsets a day is for a swath; None where it is not recorded."""
        since = (day - int(share(self.seed, column) * self.period)) % self.period
        return self.offsets.index(since) if since in self.offsets else None

    def scene(self, tile: Tile, day: int) -> Properties | None:
        """STAC properties of the scene of a tile on a day, if there is one."""
        passing = self.passing(tile[0], day)
        return None if passing is None else self.properties(tile, day, passing)


def cloud_cover(tile: Tile, day: int) -> float:
    """Percentage of a scene that clouds hide; a quarter of the scenes is almost clear."""
    clouds = min(1.0, max(0.0, share(2, *tile, day) * 1.3 - 0.2))
    return float(round(100 * clouds**1.6, 2))


def _optical_scene(tile: Tile, day: int, _passing: int) -> Properties:
    return {
        "eo:cloud_cover": cloud_cover(tile, day),
        "platform": "sentinel-2a" if (day // 5) % 2 else "sentinel-2b",
        "sat:relative_orbit": 1 + mixed(4, tile[0]) % 143,
    }


def _radar_scene(tile: Tile, day: int, passing: int) -> Properties:
    return {
        "sat:orbit_state": ("ascending", "descending")[passing],
        "platform": "sentinel-1a" if (day // 6) % 2 else "sentinel-1b",
        "sat:relative_orbit": 1 + mixed(5, tile[0], passing) % 175,
        "sar:instrument_mode": "IW",
    }


def _ocean_scene(tile: Tile, day: int, passing: int) -> Properties:
    return {
        "eo:cloud_cover": cloud_cover(tile, day),
        "platform": ("sentinel-3a", "sentinel-3b")[passing],
        "sat:relative_orbit": 1 + mixed(6, tile[0], passing) % 385,
    }


ORBITS: Final[Mapping[str, Orbits]] = MappingProxyType(
    {
        "optical": Orbits(5, (0,), 1, _optical_scene),
        "radar": Orbits(6, (0, 3), 3, _radar_scene),
        "ocean": Orbits(3, (0, 1), 7, _ocean_scene),
    }
)
"""The families of products that are recorded in scenes; all others cover the whole Earth."""


@dataclass(frozen=True)
class Visit:
    """One date: the day (since 1970-01-01) and the tiles wanted of it, None for all."""

    day: int
    wanted: frozenset[Tile] | None = None

    @property
    def date(self) -> dt.date:
        """The day of the calendar."""
        return date_of(self.day)

    def scene(self, family: str, tile: Tile) -> Properties | None:
        """STAC properties of the scene of a tile on this day, if there is one."""
        if self.wanted is not None and tile not in self.wanted:
            return None
        return ORBITS[family].scene(tile, self.day)


def date_of(day: int) -> dt.date:
    """The day of the calendar that lies so many days after 1970-01-01."""
    return EPOCH + dt.timedelta(days=day)


def tiles_in(box: tuple[float, float, float, float]) -> list[Tile]:
    """The tiles that a box of longitudes and latitudes touches."""
    west, south, east, north = box
    columns = range(_tile(west + 180 - TILE_EAST), _tile(east + 180 - TILE_EAST) + 1)
    rows = range(_tile(south + 90 + TILE_SOUTH), _tile(north + 90 + TILE_SOUTH) + 1)
    return list(dict.fromkeys((column % TILES_AROUND, row) for column in columns for row in rows))


def _tile(degrees: float) -> int:
    return int(degrees // TILE_DEGREES)


def visits(
    product: Product, days: range, box: tuple[float, float, float, float], filters: Filters
) -> list[Visit]:
    """The dates of a product among `days` at a place, with the scenes that pass.

    Raises `ProcessParameterInvalid` for a filter on a property that scenes lack, and
    `NoDataAvailable` where there are dates but no scene passes.
    """
    _check_filters(product, filters)
    if product.family not in ORBITS:
        return [Visit(day) for day in regular_days(product, days)]
    tiles = tiles_in(box)
    columns = {tile[0] for tile in tiles}
    passing = ORBITS[product.family].passing
    recorded = [day for day in days if any(passing(c, day) is not None for c in columns)]
    if not filters:
        return [Visit(day) for day in recorded]
    return _selected(product, recorded, tiles, filters)


def _check_filters(product: Product, filters: Filters) -> None:
    unknown = [name for name in filters if name not in product.properties]
    if unknown:
        known = ", ".join(product.properties) or "none"
        raise parameter_invalid(
            "load_collection",
            "properties",
            f"data cannot be selected by {', '.join(unknown)}; possible here: {known}.",
        )


def regular_days(product: Product, days: range) -> Iterator[int]:
    """The dates among `days` of a product that covers the whole Earth at each."""
    for day in days:
        date = date_of(day)
        if product.calendar == "years" and (date.month, date.day) != (1, 1):
            continue
        if product.calendar == "dekads" and date.day not in {1, 11, 21}:
            continue
        yield day


def _selected(
    product: Product, days: list[int], tiles: list[Tile], filters: Filters
) -> list[Visit]:
    """The visits of which a scene passes all filters."""
    record = ORBITS[product.family].scene
    found: list[Visit] = []
    seen: list[Properties] = []
    for day in days:
        scenes = {tile: scene for tile in tiles if (scene := record(tile, day)) is not None}
        wanted = frozenset(tile for tile, scene in scenes.items() if _passes(scene, filters))
        found += [Visit(day, wanted)] if wanted else []
        seen += scenes.values()
    if seen and not found:
        raise _nothing_passes(seen, filters)
    return found


def _passes(scene: Properties, filters: Filters) -> bool:
    return all(wanted(scene[name]) for name, wanted in filters.items())


def _nothing_passes(scenes: list[Properties], filters: Filters) -> OpenEOError:
    shown = []
    for name in filters:
        values = {scene[name] for scene in scenes}
        numbers = all(isinstance(value, int | float) for value in values)
        text = f"{min(values)} to {max(values)}" if numbers else ", ".join(sorted(values))
        shown.append(f"{name} is {text}")
    return OpenEOError(
        "NoDataAvailable",
        f"None of the {len(scenes)} scenes there passes the filters of 'properties': "
        f"{'; '.join(shown)}.",
    )
