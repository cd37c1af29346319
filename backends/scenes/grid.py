"""Pixel grids: which pixels a request means, and where on Earth each lies.

A grid is anchored at the origin of its CRS: column i spans x from i to i + 1
resolutions, row j spans y from -j to -(j + 1). A window is a rectangle of it, so the
same pixel has the same place in every window. Places between the nodes of an absolute
lattice are interpolated; the nodes themselves are transformed exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyproj

from backends.products import METRES_PER_DEGREE
from backends.scenes.noise import Floats, Place, fixed_angle

Doubles = npt.NDArray[np.float64]

NODE_METRES = 4000.0
"""Nodes of exact transformation lie at most so far apart."""


@lru_cache(maxsize=64)
def crs_of(definition: str) -> pyproj.CRS:
    """The CRS of a WKT or authority string."""
    return pyproj.CRS.from_user_input(definition)


@lru_cache(maxsize=64)
def in_degrees(definition: str) -> bool:
    """Whether the CRS counts longitude and latitude; its datum does not matter here."""
    return bool(crs_of(definition).is_geographic)


@lru_cache(maxsize=64)
def unit_in_metres(definition: str) -> float:
    """Length of the CRS's unit in metres, for degrees along the equator."""
    if in_degrees(definition):
        return METRES_PER_DEGREE
    return float(crs_of(definition).axis_info[0].unit_conversion_factor or 1.0)


@lru_cache(maxsize=64)
def _to_degrees(definition: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs_of(definition), "EPSG:4326", always_xy=True)


@dataclass(frozen=True)
class Window:
    """A rectangle of the grid of `resolution` (in units of `crs`, a definition string).

    `left`, `top`: index of the first column and row; `width`, `height` in pixels.
    """

    crs: str
    resolution: float
    left: int
    top: int
    width: int
    height: int

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north: the outer edges of the pixels."""
        return (
            self.left * self.resolution,
            -(self.top + self.height) * self.resolution,
            (self.left + self.width) * self.resolution,
            -self.top * self.resolution,
        )

    @property
    def x(self) -> Doubles:
        """Centres of the columns."""
        columns = np.arange(self.left, self.left + self.width, dtype=np.float64)
        return (columns + 0.5) * self.resolution

    @property
    def y(self) -> Doubles:
        """Centres of the rows, descending."""
        rows = np.arange(self.top, self.top + self.height, dtype=np.float64)
        return (rows + 0.5) * -self.resolution

    def part(self, column: int, row: int, width: int, height: int) -> Window:
        """The rectangle that begins `column` and `row` pixels inside this one."""
        return Window(self.crs, self.resolution, self.left + column, self.top + row, width, height)

    @property
    def metres(self) -> float:
        """Rough size of a pixel in metres."""
        return self.resolution * unit_in_metres(self.crs)

    def cell(self, metres: float) -> int:
        """Pixels between nodes that are about so many metres apart: 1, 2, 4 ... 64."""
        count = 1
        while count < 64 and count * 2 * self.metres <= metres:
            count *= 2
        return count

    def nodes(self, cell: int) -> tuple[Doubles, Doubles]:
        """Longitude and latitude (degrees, counted from the date line and the south
        pole) at the absolute nodes around the window."""
        columns, rows = (
            _node_range(self.left, self.width, cell),
            _node_range(self.top, self.height, cell),
        )
        x, y = np.meshgrid(columns * (cell * self.resolution), rows * (-cell * self.resolution))
        if not in_degrees(self.crs):
            x, y = _to_degrees(self.crs).transform(x, y)
            on_earth = np.isfinite(x) & np.isfinite(y)
            x, y = np.where(on_earth, x, 0.0), np.where(on_earth, y, 0.0)
        return x + 180.0, np.clip(y, -90.0, 90.0) + 90.0

    def spread(self, values: Doubles, cell: int) -> Doubles:
        """Values at the nodes, interpolated to the pixels' centres."""
        column, right = _node_weights(self.left, self.width, cell)
        row, down = _node_weights(self.top, self.height, cell)
        across = values[:, column] * (1 - right) + values[:, column + 1] * right
        below: Doubles = across[row] * (1 - down[:, None])
        below += across[row + 1] * down[:, None]
        return below

    def spread32(self, values: Floats, cell: int) -> Floats:
        """As `spread`, in single precision."""
        column, right = _node_weights(self.left, self.width, cell)
        row, down = _node_weights(self.top, self.height, cell)
        start = values[:, column]
        across = start + (values[:, column + 1] - start) * right.astype(np.float32)
        begin = across[row]
        lower: Floats = across[row + 1]
        lower -= begin
        lower *= down.astype(np.float32)[:, None]
        lower += begin
        return lower

    def place(self) -> Place:
        """Where the centre of each pixel lies."""
        if in_degrees(self.crs):
            longitude, latitude = np.meshgrid(self.x + 180.0, np.clip(self.y, -90, 90) + 90.0)
            return Place(fixed_angle(longitude), fixed_angle(latitude))
        cell = self.cell(NODE_METRES)
        longitude, latitude = self.nodes(cell)
        return Place(
            fixed_angle(self.spread(_unbroken(longitude), cell)),
            fixed_angle(self.spread(latitude, cell)),
        )


def _node_range(first: int, count: int, cell: int) -> npt.NDArray[np.int64]:
    return np.arange(first // cell, (first + count - 1) // cell + 2)


def _node_weights(first: int, count: int, cell: int) -> tuple[npt.NDArray[np.int64], Doubles]:
    """For each pixel the node before it and how far it is towards the next."""
    pixels = np.arange(first, first + count)
    return pixels // cell - first // cell, (pixels % cell + 0.5) / cell


def _unbroken(longitude: Doubles) -> Doubles:
    """Longitudes without the jump at the date line, as interpolation needs them."""
    if longitude.max() - longitude.min() <= 180.0:
        return longitude
    return np.where(longitude < 180.0, longitude + 360.0, longitude)
