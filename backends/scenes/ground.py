"""The ground of the imaginary Earth: what covers it, how high it lies, where it is.

All products look at this one ground, so that water in the land cover map is dark in
the near infrared, smooth for the radar and at height 0. Everything here depends on the
place alone, except that towns grow (`Ground.cover` takes the year).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backends.acquisitions import TILE_EAST, TILE_SOUTH, TILES_AROUND, Tile
from backends.scenes.grid import Window
from backends.scenes.lazy import Lazy, lazily
from backends.scenes.noise import (
    Angles,
    Floats,
    Place,
    fixed_angle,
    fractal,
    parcels,
    ramp,
    value_noise,
)

Covers = npt.NDArray[np.uint8]

(
    WATER,
    BROADLEAF,
    CONIFER,
    SHRUB,
    GRASS,
    WINTER_CROP,
    SUMMER_CROP,
    LATE_CROP,
    SUBURB,
    TOWN,
    BARE,
    ICE,
    WETLAND,
) = range(13)
"""Kinds of cover, finer than the classes of the land cover map."""

MAP_CLASSES = np.array([80, 10, 10, 20, 30, 40, 40, 40, 50, 50, 60, 70, 90], np.uint8)
"""Class of the land cover map for each kind of cover."""

_NEVER = 9999


def _fixed(degrees: float) -> np.uint32:
    return np.uint32(fixed_angle(np.array(degrees)))


@dataclass(frozen=True)
class Ground(Lazy):
    """The ground in a window; each field is computed when it is first asked for."""

    window: Window

    @lazily
    def place(self) -> Place:
        """Where each pixel lies."""
        return self.window.place()

    @lazily
    def latitude(self) -> Floats:
        """Degrees north of the equator."""
        degrees = self.place.y.astype(np.float64) * (360.0 / 2.0**32) - 90.0
        return degrees.astype(np.float32)

    @lazily
    def mountains(self) -> Floats:
        """0 in the plains to 1 in mountain ranges, about a sixth of the land."""
        return ramp(fractal(self.place, 6, 3, 11), 0.58, 0.78)

    @lazily
    def basins(self) -> Floats:
        """Below 0 where water stands, in river beds and in lakes; above 0 on land."""
        lakes = fractal(self.place, 12, 4, 12)
        lakes -= np.float32(0.36)
        lakes += self.mountains * np.float32(0.5)
        rivers = np.abs(fractal(self.place, 11, 3, 13) - np.float32(0.5))
        rivers -= np.float32(0.004)
        rivers += self.mountains
        basins: Floats = np.minimum(lakes, rivers)
        return basins

    @lazily
    def elevation(self) -> Floats:
        """Metres above the sea; 0 on water, rising from its shores."""
        rough = fractal(self.place, 11, 5, 14)
        ridges = np.float32(1) - np.abs(rough * np.float32(2) - np.float32(1))
        height = ridges * ridges * self.mountains * np.float32(3200)
        height += rough * rough * np.float32(240)
        height += value_noise(self.place, 8, 15) * np.float32(180)
        height *= ramp(self.basins, -0.001, 0.12)
        return np.where(self.basins < 0, np.float32(0), np.maximum(height, np.float32(0.5)))

    @lazily
    def texture(self) -> Floats:
        """0 to 1, changing every few tens of metres."""
        return value_noise(self.place, 20, 16)

    @lazily
    def parcel(self) -> npt.NDArray[np.uint32]:
        """Random bits that are equal all over a parcel of farmland (200 to 300 m)."""
        return parcels(self.place, 17, 17)

    @lazily
    def tone(self) -> Floats:
        """About 1: how bright the ground is within its kind, by parcel and texture."""
        parcel = (self.parcel >> np.uint32(24)).astype(np.float32) * np.float32(0.14 / 255)
        tone = self.texture * np.float32(0.16)
        tone += parcel
        tone += np.float32(0.85)
        return tone

    @lazily
    def town_since(self) -> npt.NDArray[np.int16]:
        """The year since which a place is built-up; far away where it never is."""
        score = fractal(self.place, 13, 3, 18)
        score += value_noise(self.place, 16, 19) * np.float32(0.06)
        score -= self.elevation * np.float32(0.0001)
        year = np.float32(2000) + (np.float32(0.735) - score) * np.float32(1200)
        never = (score < np.float32(0.70)) | (self.natural == WATER) | (self.natural == ICE)
        return np.where(never, np.float32(_NEVER), year).astype(np.int16)

    @lazily
    def natural(self) -> Covers:
        """Kind of cover where nobody builds."""
        moisture = fractal(self.place, 13, 5, 20)
        away = np.abs(self.latitude)
        cover = self._farmland()
        dry = ramp(np.abs(away - np.float32(24)), 12, 3) * np.float32(0.22)
        trees = moisture - dry
        cover[trees > np.float32(0.535)] = BROADLEAF
        needles = self.elevation * np.float32(0.0006) + away * np.float32(0.011)
        cover[(trees > np.float32(0.535)) & (moisture * 0.5 + needles > 0.9)] = CONIFER
        cover[(trees > np.float32(0.515)) & (trees <= np.float32(0.535))] = SHRUB
        cover[trees < np.float32(0.16)] = BARE
        self._by_height(cover, away)
        marsh = (self.basins < np.float32(0.006)) & (self.texture > np.float32(0.45))
        cover[marsh & (cover != ICE)] = WETLAND
        cover[self.basins < 0] = WATER
        return cover

    def _farmland(self) -> Covers:
        """Fields and pastures, parcel by parcel."""
        kinds = np.array(
            [WINTER_CROP, WINTER_CROP, SUMMER_CROP, LATE_CROP, GRASS, GRASS, GRASS, SUMMER_CROP],
            np.uint8,
        )
        fields: Covers = kinds[self.parcel & np.uint32(7)]
        return fields

    def _by_height(self, cover: Covers, away: Floats) -> None:
        """Above the tree line grass, then rock, then ice; all lower nearer to the poles."""
        line = np.float32(4300) - np.maximum(away - np.float32(10), 0) * np.float32(62)
        above = self.elevation - line + self.texture * np.float32(120)
        farmed = (cover >= GRASS) & (cover <= LATE_CROP)
        cover[farmed & (above > -900)] = GRASS
        cover[above > 0] = GRASS
        cover[above > 350] = BARE
        cover[above > 950] = ICE

    @lazily
    def tiles(self) -> npt.NDArray[np.int64]:
        """Number of the tile (see `acquisitions`) that holds each pixel:
        column * TILES_AROUND + row."""
        column, row = (
            (angle.astype(np.uint64) * np.uint64(TILES_AROUND)) >> np.uint64(32)
            for angle in (self._swath_angle, self.place.y + _fixed(TILE_SOUTH))
        )
        return (column * np.uint64(TILES_AROUND) + row).astype(np.int64)

    @property
    def _swath_angle(self) -> Angles:
        """Angle east of the first swath."""
        return self.place.x - _fixed(TILE_EAST)

    @lazily
    def _tiles_present(self) -> list[int]:
        first = int(self.tiles.flat[0])
        if (self.tiles == first).all():
            return [first]
        return [int(number) for number in np.unique(self.tiles)]

    @lazily
    def within_tile(self) -> Floats:
        """How far east each pixel lies in its swath, 0 to 1."""
        part = self._swath_angle * np.uint32(TILES_AROUND)
        return part.astype(np.float32) * np.float32(2.0**-32)

    def by_tile(self, value: Callable[[Tile], float | None]) -> Floats | float:
        """The value of the tile that holds each pixel, NaN for tiles without one.

        A single number where one tile holds the whole window.
        """
        present = self._tiles_present
        values = {tile: value(divmod(tile, TILES_AROUND)) for tile in present}
        if len(present) == 1:
            only = values[present[0]]
            return float("nan") if only is None else only
        table = np.full(TILES_AROUND * TILES_AROUND, np.nan, np.float32)
        for tile, known in values.items():
            table[tile] = np.nan if known is None else known
        found: Floats = table[self.tiles]
        return found

    def cover(self, year: int) -> Covers:
        """Kind of cover in a year: the natural one, or town where it has reached."""
        since = self.town_since
        built = np.where(since <= 1996 + (year - 2000) // 2, np.uint8(TOWN), np.uint8(SUBURB))
        green = (self.parcel & np.uint32(0x1F00)) == 0
        return np.where((since <= year) & ~green, built, self.natural)
