"""Maps and measurements that cover the whole Earth at each date: land cover, height,
temperature, precipitation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backends.acquisitions import Visit
from backends.scenes.ground import MAP_CLASSES, Ground
from backends.scenes.noise import Floats
from backends.scenes.weather import precipitation, temperature


@dataclass(frozen=True)
class LandCover:
    """The land cover map of a year."""

    ground: Ground
    visit: Visit

    def band(self, name: str) -> Floats:  # noqa: ARG002 - there is one band
        """Class of each pixel."""
        return MAP_CLASSES[self.ground.cover(self.visit.date.year)].astype(np.float32)


@dataclass(frozen=True)
class Elevation:
    """The elevation model, the same at any time."""

    ground: Ground
    visit: Visit

    def band(self, name: str) -> Floats:  # noqa: ARG002 - there is one band
        """Metres above the sea."""
        return self.ground.elevation.copy()


@dataclass(frozen=True)
class Temperature:
    """The temperature of a day."""

    ground: Ground
    visit: Visit

    def band(self, name: str) -> Floats:  # noqa: ARG002 - there is one band
        """Kelvin."""
        return temperature(self.ground, self.visit.day)


@dataclass(frozen=True)
class Precipitation:
    """The precipitation of a day."""

    ground: Ground
    visit: Visit

    def band(self, name: str) -> Floats:  # noqa: ARG002 - there is one band
        """Kilograms per square metre, which are millimetres of water."""
        return precipitation(self.ground, self.visit.day)
