"""What is derived from the surface below the clouds: vegetation indices and snow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backends.acquisitions import Visit
from backends.scenes import ground as kinds
from backends.scenes.ground import Ground
from backends.scenes.lazy import Lazy, lazily
from backends.scenes.noise import Floats
from backends.scenes.optical import Surface


@dataclass(frozen=True)
class Vegetation(Lazy):
    """The vegetation of a window at one date."""

    ground: Ground
    visit: Visit

    @lazily
    def surface(self) -> Surface:
        """The ground as the optical products see it under a clear sky."""
        return Surface(self.ground, self.visit, top_of_atmosphere=False, family="vegetation")

    @lazily
    def leaves(self) -> Floats:
        """Share of each pixel that green leaves cover; none on water and below snow."""
        hidden = self.surface.snow | (self.surface.cover == kinds.WATER)
        return np.where(hidden, np.float32(0), self.surface.leaves)

    def band(self, name: str) -> Floats:
        """One index.

        FAPAR and LAI follow the share of leaves by Beer's law, with an extinction of 0.5.
        """
        if name == "NDVI":
            red, near = self.surface.band("B04"), self.surface.band("B08")
            return (near - red) / (near + red)
        if name == "FAPAR":
            return self.leaves * np.float32(0.94)
        if name == "LAI":
            area: Floats = np.log1p(self.leaves * np.float32(-0.97)) * np.float32(-2)
            return area
        return self.leaves


@dataclass(frozen=True)
class Snow:
    """The snow of a day."""

    ground: Ground
    visit: Visit

    def band(self, name: str) -> Floats:  # noqa: ARG002 - there is one band
        """1 where snow lies, 0 elsewhere."""
        surface = Surface(self.ground, self.visit, top_of_atmosphere=False, family="snow")
        return surface.snow.astype(np.float32)
