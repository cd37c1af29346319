"""The weather of the imaginary Earth: daily temperature, clouds and their shadows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from backends.chance import mixed
from backends.scenes.grid import NODE_METRES, Doubles
from backends.scenes.ground import Ground
from backends.scenes.noise import Floats, Place, fixed_angle, fractal, ramp

LAPSE_RATE: Final = 0.0065
"""Kelvin that it gets colder per metre of height."""

_WARMEST_DAY: Final = 200
_WEATHER_DAYS: Final = 4
_CLOUD_METRES: Final = 320.0

_RAIN_ABOVE: Final = 0.571
"""Values of the cloud noise above which it rains: on three days of ten."""

_CLOUD_QUANTILES: Final = (
    *(0.0, 0.294, 0.334, 0.363, 0.387, 0.408, 0.428, 0.447, 0.464, 0.482, 0.499),
    *(0.517, 0.534, 0.552, 0.571, 0.591, 0.612, 0.636, 0.665, 0.706, 0.957),
)
"""Values of the cloud noise that 0, 5, 10 ... 100 percent of the Earth stay below."""


def season(day: int, peak: float = _WARMEST_DAY) -> float:
    """From 1 on the northern `peak` day of the year to -1 half a year away from it.

    `day` counts from 1970-01-01.
    """
    return math.cos(2 * math.pi * ((day % 365.2425) - peak) / 365.2425)


def temperature(ground: Ground, day: int) -> Floats:
    """Mean temperature of a day 2 m above ground, in kelvin."""
    cell = ground.window.cell(NODE_METRES)
    longitude, latitude = ground.window.nodes(cell)
    sine = np.sin(np.radians(latitude - 90.0))
    warmth = 300.15 - 26.0 * sine**2 - 20.0 * sine**8
    warmth += np.sign(sine) * sine**2 * 15.5 * season(day)
    warmth += _weather(Place(fixed_angle(longitude), fixed_angle(latitude)), day)
    kelvin = ground.window.spread32(warmth.astype(np.float32), cell)
    kelvin -= ground.elevation * np.float32(LAPSE_RATE)
    return kelvin


def _weather(place: Place, day: int) -> Floats:
    """Kelvin above or below the season's normal; fronts pass within days."""
    before, part = divmod(day, _WEATHER_DAYS)
    later = ramp(np.array([part / _WEATHER_DAYS], np.float32), 0, 1)
    first, second = (fractal(place, 6, 4, mixed(30, before + step)) for step in (0, 1))
    mean = first + (second - first) * later
    return (mean - np.float32(0.5)) * np.float32(26)


def precipitation(ground: Ground, day: int) -> Floats:
    """What falls from the clouds of a day, in millimetres of water, rounded to tenths.

    Only the thickest clouds rain, so that most places stay dry.
    """
    cell = ground.window.cell(_CLOUD_METRES)
    longitude, latitude = ground.window.nodes(cell)
    water = _cloud_noise(ground, cell, longitude, latitude, day)
    water -= np.float32(_RAIN_ABOVE)
    water *= np.float32(160)
    millimetres: Floats = np.rint(np.maximum(water, np.float32(0)) * np.float32(10))
    millimetres /= np.float32(10)
    return millimetres


@dataclass(frozen=True)
class Clouds:
    """Clouds over a window at one date. `depth`: how far the cloud noise lies above
    the scene's threshold, below 0 where it is clear; `shadow`: 0 to 1."""

    depth: Floats
    shadow: Floats

    @property
    def opacity(self) -> Floats:
        """0 where it is clear to almost 1 where nothing of the ground is seen."""
        return ramp(self.depth, 0.0, 0.05) * np.float32(0.97)


def clouds(ground: Ground, day: int, threshold: Floats | float) -> Clouds:
    """The clouds above and the shadows upon each pixel.

    Shadows fall to the west, away from the morning sun, and towards the pole.
    """
    cell = ground.window.cell(_CLOUD_METRES)
    longitude, latitude = ground.window.nodes(cell)
    limit = np.asarray(threshold, np.float32)
    above = _cloud_noise(ground, cell, longitude, latitude, day)
    sunward = np.where(latitude > 90.0, -0.007, 0.007)
    beside = _cloud_noise(ground, cell, longitude + 0.012, latitude + sunward, day)
    depth = above - limit
    shadow = ramp(beside - limit, 0.01, 0.05)
    shadow[depth > 0] = 0
    return Clouds(depth, shadow)


def _cloud_noise(
    ground: Ground, cell: int, longitude: Doubles, latitude: Doubles, day: int
) -> Floats:
    place = Place(fixed_angle(longitude), fixed_angle(np.clip(latitude, 0.0, 180.0)))
    return ground.window.spread32(fractal(place, 10, 6, mixed(31, day)), cell)


def cloud_threshold(cover: float) -> float:
    """The cloud noise above which there is cloud in a scene with `cover` percent."""
    steps = len(_CLOUD_QUANTILES) - 1
    below = (1.0 - cover / 100.0) * steps
    index = min(int(below), steps - 1)
    low, high = _CLOUD_QUANTILES[index : index + 2]
    return low + (high - low) * (below - index) if cover > 0 else 2.0
