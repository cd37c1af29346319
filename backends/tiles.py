"""Map tiles in Web Mercator: which part of the world each one shows. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

EPSG: Final = 3857
HALF_WORLD: Final = math.pi * 6378137.0
MAX_ZOOM: Final = 22


@dataclass(frozen=True)
class Tile:
    """One tile as it is to be drawn: ``size`` pixels wide and high; the values ``minimum``
    and ``maximum`` become black and white.
    """

    z: int
    x: int
    y: int
    size: int = 256
    minimum: float = 0.0
    maximum: float = 255.0

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Tile":
        """The tile that a task was given."""
        return cls(**document)

    @property
    def exists(self) -> bool:
        """Whether there is such a tile in the world."""
        count = 1 << self.z if 0 <= self.z <= MAX_ZOOM else 0
        return 0 <= self.x < count and 0 <= self.y < count

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres of EPSG:3857."""
        width = 2 * HALF_WORLD / (1 << self.z)
        west, north = self.x * width - HALF_WORLD, HALF_WORLD - self.y * width
        return west, north - width, west + width, north

    @property
    def resolution(self) -> float:
        """The width of a pixel in metres of EPSG:3857."""
        return 2 * HALF_WORLD / (1 << self.z) / self.size

    @property
    def extent(self) -> dict[str, Any]:
        """The bounds as a bounding box of openEO."""
        west, south, east, north = self.bounds
        return {"west": west, "south": south, "east": east, "north": north, "crs": EPSG}
