"""Sentinel-1 like radar backscatter: sigma nought in linear power, with speckle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import gammaincinv

from backends.acquisitions import Tile, Visit
from backends.chance import mixed
from backends.scenes.ground import Ground
from backends.scenes.lazy import Lazy, lazily
from backends.scenes.noise import Floats, hashed, looked_up
from backends.scenes.weather import season

LOOKS: Final = 4.4
"""Equivalent number of looks of the real product: speckle's variance is 1 / LOOKS."""

_DECIBELS: Final = {
    "VV": (-21.0, -8.5, -8.8, -10.5, -11.5, -11.0, -11.0, -10.5, -5.5, -1.5, -14.0, -13.0, -10.0),
    "VH": (
        -28.5,
        -13.8,
        -14.2,
        -17.0,
        -19.0,
        -18.5,
        -18.0,
        -17.0,
        -13.0,
        -9.5,
        -24.0,
        -20.5,
        -17.5,
    ),
}
"""Mean backscatter of each kind of cover."""

_SEASONAL: Final = (0.0, 0.4, 0.2, 0.5, 0.8, 1.5, 1.8, 2.0, 0.2, 0.0, 0.1, 0.5, 0.8)
"""Decibels that leaves add at their best and take away at their worst."""


_FACTORS: Final = {"ascending": 1.0, "descending": 0.94}


@dataclass(frozen=True)
class Echo(Lazy):
    """What the radar hears from a window at one date."""

    ground: Ground
    visit: Visit

    @lazily
    def orbit(self) -> Floats | float:
        """Factor of the looking direction for each pixel, NaN outside all scenes."""
        return self.ground.by_tile(self._tile_factor)

    def _tile_factor(self, tile: Tile) -> float | None:
        scene = self.visit.scene("radar", tile)
        return None if scene is None else _FACTORS[scene["sat:orbit_state"]]

    def band(self, name: str) -> Floats:
        """Linear power of one polarisation."""
        swing = season(self.visit.day) * np.sign(self.ground.latitude)
        cover = self.ground.cover(self.visit.date.year)
        power = looked_up(_power(name, 0.0), cover)
        power += looked_up(_power(name, 1.0) - _power(name, -1.0), cover) * (
            swing.astype(np.float32) * np.float32(0.5)
        )
        power *= self.ground.tone
        power *= self._speckle(name)
        power *= np.asarray(self.orbit, np.float32)
        return power

    def _speckle(self, name: str) -> Floats:
        """A factor of mean 1 per pixel, date and polarisation."""
        window = self.ground.window
        columns = np.arange(window.left, window.left + window.width)
        rows = np.arange(window.top, window.top + window.height)
        seed = mixed(40, self.visit.day, ord(name[1]), int(window.resolution * 1e6))
        draws = hashed(columns[None, :], rows[:, None], seed) >> np.uint32(20)
        factors: Floats = _speckle_table()[draws]
        return factors


def _power(name: str, swing: float) -> Floats:
    decibels = np.array(_DECIBELS[name]) + np.array(_SEASONAL) * swing
    return np.power(10.0, decibels / 10).astype(np.float32)


@lru_cache(maxsize=1)
def _speckle_table() -> Floats:
    """4096 equally likely values of a gamma distribution of mean 1."""
    shares = (np.arange(4096) + 0.5) / 4096
    values: Floats = (gammaincinv(LOOKS, shares) / LOOKS).astype(np.float32)
    return values
