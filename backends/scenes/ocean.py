"""Sentinel-3 OLCI like reflectance: narrow bands of what the optical products see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from backends.acquisitions import Visit
from backends.bands import OLCI
from backends.scenes.ground import Ground
from backends.scenes.lazy import Lazy, lazily
from backends.scenes.noise import Floats
from backends.scenes.optical import Surface, angle, response_at

_ANGLES: Final = {
    "SAA": "sunAzimuthAngles",
    "SZA": "sunZenithAngles",
    "VAA": "viewAzimuthMean",
    "VZA": "viewZenithMean",
}

_ABSORBED: Final = {"B13": 0.75, "B14": 0.45, "B15": 0.3, "B19": 0.35, "B20": 0.6}
"""Shares of the light that oxygen and water vapour take."""

_RESPONSES: Final = {
    band.name: response_at(band.wavelength or 0.0, _ABSORBED.get(band.name, 0.0)) for band in OLCI
}


@dataclass(frozen=True)
class OceanColour(Lazy):
    """What the instrument sees of a window at one date."""

    ground: Ground
    visit: Visit

    @lazily
    def surface(self) -> Surface:
        """The ground and the clouds below."""
        return Surface(self.ground, self.visit, top_of_atmosphere=True, family="ocean")

    def band(self, name: str) -> Floats:
        """Reflectance (a ten thousandth at least), or degrees."""
        if name in _RESPONSES:
            values = self.surface.reflectance(_RESPONSES[name]) / np.float32(10_000)
        else:
            values = angle(self.ground, self.visit.day, _ANGLES[name])
        return self.surface.within_scenes(values)
