"""Sentinel-2 like reflectance, scene classification and angles.

Digital numbers are reflectance times 10000, rounded, at least 1, as in the files of
the real mission before its offset of 2022; no data is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from backends.acquisitions import ORBITS, Tile, Visit
from backends.scenes import ground as kinds
from backends.scenes.grid import NODE_METRES, Doubles
from backends.scenes.ground import Covers, Ground
from backends.scenes.lazy import Lazy, lazily
from backends.scenes.noise import Floats, looked_up
from backends.scenes.weather import Clouds, cloud_threshold, clouds, season, temperature

_ORDER: Final = (
    *("B01", "B02", "B03", "B04", "B05", "B06", "B07"),
    *("B08", "B8A", "B09", "B10", "B11", "B12"),
)

_SPECTRA: Final = {
    "water": (350, 330, 280, 180, 140, 110, 100, 80, 70, 50, 5, 30, 20),
    "soil": (700, 850, 1150, 1450, 1600, 1700, 1800, 1900, 2000, 2000, 20, 2800, 2400),
    "rock": (1300, 1500, 1900, 2300, 2450, 2550, 2650, 2750, 2850, 2850, 30, 3500, 3200),
    "litter": (450, 550, 750, 950, 1150, 1350, 1450, 1550, 1650, 1650, 15, 2200, 1600),
    "mud": (500, 600, 800, 900, 950, 1000, 1000, 1000, 1000, 900, 10, 900, 700),
    "straw": (600, 800, 1200, 1500, 1800, 2200, 2400, 2600, 2700, 2700, 20, 3200, 2300),
    "street": (1200, 1350, 1500, 1600, 1700, 1800, 1850, 1950, 2000, 2000, 20, 2200, 2050),
    "garden": (900, 1000, 1150, 1250, 1350, 1450, 1500, 1550, 1650, 1650, 20, 1900, 1700),
    "snow": (8800, 9000, 8900, 8700, 8500, 8300, 8100, 7900, 7600, 6500, 100, 900, 700),
    "cloud": (6500, 6600, 6500, 6500, 6500, 6600, 6600, 6700, 6600, 4500, 800, 4500, 3500),
    "leaves": (200, 230, 480, 230, 750, 2700, 3500, 3800, 4000, 3900, 10, 1700, 750),
    "needles": (150, 180, 330, 180, 450, 1500, 1900, 2100, 2200, 2200, 10, 850, 380),
    "grass": (250, 350, 750, 380, 1100, 3000, 3700, 4100, 4200, 4100, 10, 2000, 1000),
    "crop": (230, 320, 700, 300, 1000, 3400, 4400, 4700, 4800, 4700, 10, 1800, 800),
}
"""Digital numbers at the surface, in the order of `_ORDER`."""


class Phenology(NamedTuple):
    """Spectra of the ground and of its leaves, least and greatest share of leaves, and
    the day of the northern year on which there are most."""

    ground: str
    leaves: str
    least: float
    most: float
    peak: float


_COVER: Final[tuple[Phenology, ...]] = (
    Phenology("water", "water", 0.0, 0.0, 200),
    Phenology("litter", "leaves", 0.10, 0.98, 195),
    Phenology("litter", "needles", 0.86, 0.98, 195),
    Phenology("straw", "grass", 0.20, 0.65, 170),
    Phenology("straw", "grass", 0.30, 0.90, 165),
    Phenology("soil", "crop", 0.05, 0.95, 138),
    Phenology("soil", "crop", 0.05, 0.95, 190),
    Phenology("soil", "crop", 0.02, 0.98, 222),
    Phenology("garden", "grass", 0.25, 0.50, 175),
    Phenology("street", "grass", 0.03, 0.12, 175),
    Phenology("rock", "grass", 0.00, 0.08, 175),
    Phenology("snow", "snow", 0.0, 0.0, 200),
    Phenology("mud", "grass", 0.25, 0.85, 185),
)
"""One row for each kind of cover."""

_HAZE: Final = (1100, 800, 480, 280, 220, 160, 130, 100, 90, 40, 8, 15, 5)
_CLEARNESS: Final = (
    *(0.78, 0.82, 0.87, 0.90, 0.92, 0.93, 0.94),
    *(0.94, 0.95, 0.40, 0.02, 0.95, 0.95),
)
"""What haze adds to digital numbers and what it lets through, in the order of `_ORDER`."""

_WAVELENGTHS: Final = (
    *(0.443, 0.49, 0.56, 0.665, 0.704, 0.74, 0.783),
    *(0.842, 0.865, 0.945, 1.3735, 1.61, 2.19),
)
"""Micrometres, in the order of `_ORDER`."""

_ABSORBED: Final = ("B09", "B10")
"""Bands whose spectra show water vapour rather than the ground."""

CLEAR: Final = 2.0
"""A cloud threshold above all clouds."""


class Response(NamedTuple):
    """What one band sees: digital numbers of each spectrum, and how the air changes them."""

    spectra: Mapping[str, float]
    clearness: float
    haze: float


_RESPONSES: Final = {
    name: Response(
        {key: values[number] for key, values in _SPECTRA.items()}, _CLEARNESS[number], _HAZE[number]
    )
    for number, name in enumerate(_ORDER)
}


def response_at(wavelength: float, absorbed: float = 0.0) -> Response:
    """The response of a narrow band (micrometres) between those of the table.

    `absorbed`: the share of the light that gases take on its way.
    """
    kept = [number for number, name in enumerate(_ORDER) if name not in _ABSORBED]
    places = [_WAVELENGTHS[number] for number in kept]

    def at(row: Sequence[float]) -> float:
        return float(np.interp(wavelength, places, [row[number] for number in kept]))

    spectra = {key: at(values) for key, values in _SPECTRA.items()}
    return Response(spectra, at(_CLEARNESS) * (1 - absorbed), at(_HAZE))


@dataclass(frozen=True)
class Surface(Lazy):
    """What a satellite sees in a window at one date, before it is split into bands."""

    ground: Ground
    visit: Visit
    top_of_atmosphere: bool
    family: str = "optical"
    """Whose scenes and clouds are seen; no clouds at all where it has no scenes."""

    @lazily
    def threshold(self) -> Floats | float:
        """Cloud threshold of the scene that holds each pixel, NaN outside all scenes."""
        if self.family not in ORBITS:
            return CLEAR
        return self.ground.by_tile(self._tile_threshold)

    def _tile_threshold(self, tile: Tile) -> float | None:
        scene = self.visit.scene(self.family, tile)
        return None if scene is None else cloud_threshold(scene["eo:cloud_cover"])

    @lazily
    def cover(self) -> Covers:
        """Kind of cover in the year of the visit."""
        return self.ground.cover(self.visit.date.year)

    @lazily
    def clouds(self) -> Clouds | None:
        """Clouds and shadows; None where the sky is clear all over."""
        if np.all(np.asarray(self.threshold) > 1):
            return None
        return clouds(self.ground, self.visit.day, self.threshold)

    @lazily
    def snow(self) -> npt.NDArray[np.bool_]:
        """Where snow lies: where it freezes, more or less by texture, and on ice."""
        kelvin = temperature(self.ground, self.visit.day)
        kelvin += self.ground.texture * np.float32(3)
        frozen = (kelvin < np.float32(272.5)) & (self.cover != kinds.WATER)
        snow: npt.NDArray[np.bool_] = frozen | (self.cover == kinds.ICE)
        return snow

    @lazily
    def leaves(self) -> Floats:
        """Share of each pixel that green leaves cover, by kind, season and parcel.

        Seasons are strong away from the tropics and turned round in the south.
        """
        least = np.array([row.least for row in _COVER], np.float32)
        span = np.array([row.most for row in _COVER], np.float32) - least
        swing = np.array([season(self.visit.day, row.peak) for row in _COVER], np.float32) * span
        strength = np.clip(self.ground.latitude * np.float32(1 / 40), -1, 1)
        share = looked_up(least + span * np.float32(0.75), self.cover)
        share -= np.abs(strength) * looked_up(span * np.float32(0.25), self.cover)
        share += strength * looked_up(swing * np.float32(0.5), self.cover)
        return np.clip(share, np.float32(0), np.float32(1))

    def band(self, name: str) -> Floats:
        """One band: digital numbers, classes or degrees."""
        if name == "SCL":
            values = self._classes()
        elif name in _ORDER:
            values = self.reflectance(_RESPONSES[name])
        else:
            values = angle(self.ground, self.visit.day, name)
        return self.within_scenes(values)

    def within_scenes(self, values: Floats) -> Floats:
        """The values, NaN outside all scenes."""
        if np.isnan(self.threshold).any():
            return np.where(np.isnan(self.threshold), np.float32(np.nan), values)
        return values

    def reflectance(self, response: Response) -> Floats:
        """Digital numbers of a band, whole numbers from 1 to 16000."""
        bare = np.array([response.spectra[row.ground] for row in _COVER], np.float32)
        green = np.array([response.spectra[row.leaves] for row in _COVER], np.float32)
        seen = looked_up(green - bare, self.cover)
        seen *= self.leaves
        seen += looked_up(bare, self.cover)
        seen *= self.ground.tone
        if self.snow.any():
            white = np.float32(response.spectra["snow"] * 0.92)
            np.copyto(seen, white * self.ground.tone, where=self.snow)
        self._through_clouds(seen, response.spectra["cloud"])
        if self.top_of_atmosphere:
            seen *= np.float32(response.clearness)
            seen += np.float32(response.haze)
        return np.clip(np.rint(seen, out=seen), 1, 16000, out=seen)

    def _through_clouds(self, seen: Floats, cloud: float) -> None:
        if self.clouds is None:
            return
        seen *= np.float32(1) - self.clouds.shadow * np.float32(0.6)
        seen += (np.float32(cloud) - seen) * self._opacity

    @lazily
    def _opacity(self) -> Floats:
        return self.clouds.opacity if self.clouds else np.zeros((1, 1), np.float32)

    def _classes(self) -> Floats:
        classes = np.where(self.leaves > np.float32(0.35), np.float32(4), np.float32(5))
        classes[self.cover == kinds.WATER] = 6
        classes[self.snow] = 11
        if self.clouds is not None:
            classes[self.clouds.shadow > np.float32(0.15)] = 3
            for least, label in ((0.0, 10), (0.012, 8), (0.03, 9)):
                classes[self.clouds.depth > np.float32(least)] = label
        return classes


def angle(ground: Ground, day: int, name: str) -> Floats:
    """Degrees: zenith from the vertical, azimuth clockwise from north."""
    if "view" in name.lower():
        return _view(ground.within_tile, name)
    cell = ground.window.cell(NODE_METRES)
    _, latitude = ground.window.nodes(cell)
    zenith, azimuth = sun(latitude - 90.0, day)
    angle = azimuth if name == "sunAzimuthAngles" else zenith
    return ground.window.spread32(angle.astype(np.float32), cell)


def _view(across: Floats, name: str) -> Floats:
    zenith: Floats = np.abs(across - np.float32(0.5)) * np.float32(20.6)
    if name == "viewZenithMean":
        return zenith
    side = np.where(across < 0.5, np.float32(104), np.float32(286))
    azimuth: Floats = side + across * np.float32(4)
    return azimuth


def sun(latitude: Doubles, day: int) -> tuple[Doubles, Doubles]:
    """Zenith and azimuth (degrees) of the sun at 10:30 local solar time."""
    declination = np.radians(-23.44 * np.cos(2 * np.pi * ((day % 365.2425) + 10) / 365.2425))
    hour, place = np.radians(-22.5), np.radians(latitude)
    east = -np.cos(declination) * np.sin(hour)
    north = np.sin(declination) * np.cos(place) - np.cos(declination) * np.sin(place) * np.cos(hour)
    up = np.sin(declination) * np.sin(place) + np.cos(declination) * np.cos(place) * np.cos(hour)
    return np.degrees(np.arccos(up)), np.degrees(np.arctan2(east, north)) % 360.0
