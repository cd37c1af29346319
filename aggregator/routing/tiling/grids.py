"""Tiles of a grid: an area cut along lines that are the same wherever the area lies.

The lines are at multiples of the size, so that tiles of neighbouring areas fit together. Edges are
reckoned exactly and written once: what is the east of one tile is the west of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Any, Literal

from aggregator.documents import JsonObject, is_number
from aggregator.routing.extents import Box, read_box
from aggregator.routing.splitting.obstacles import Obstacle
from aggregator.routing.tiling.projection import utm_box, utm_code

Unit = Literal["degrees", "metres"]
SLIVER = Fraction(1, 100)
"""What is narrower than this part of a tile is given to its neighbour."""
LONGEST = 10**9
NO_WIDTH = "the area is empty: its west is its east"


@dataclass(frozen=True)
class Grid:
    """Squares of `size` in a unit: degrees of WGS 84, or metres in a zone of UTM.

    It must be the reference system of the data: in another one a box means the box around it, and
    neighbours would overlap. `pixel` is the size of the largest pixel that is loaded, in the same
    unit (None: not known).
    Lines between tiles run along edges of pixels if pixels begin at multiples of their size and
    `size` is one too: then no centre of a pixel lies on a line, and each is in one tile.
    """

    size: float
    unit: Unit = "degrees"
    pixel: float | None = None

    def mistake(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if not 0 < self.size < LONGEST:
            return f"tiles must have a size above 0, not {self.size:g}"
        if self.pixel is None:
            return ""
        if not 0 < self.pixel <= self.size:
            return f"a pixel of {self.pixel:g} {self.unit} does not fit into a tile"
        if exact(self.size) % exact(self.pixel):
            return (
                f"tiles of {self.size:g} {self.unit} cut pixels of {self.pixel:g}: the size must "
                "be a multiple of it"
            )
        return ""


@dataclass(frozen=True)
class Tile:
    """One part of an area: the `extent` as an argument of openEO, an openEO bounding box here.

    `loaded` is what must be loaded for it, a margin around it included.
    """

    id: str
    extent: JsonObject
    loaded: JsonObject


@dataclass(frozen=True)
class Rectangle:
    """A part of the plane that a grid divides, with the code of its reference system."""

    west: Fraction
    south: Fraction
    east: Fraction
    north: Fraction
    code: int | None = None

    def extent(self) -> dict[str, Any]:
        """It as an openEO bounding box."""
        sides = {
            "west": float(self.west),
            "south": float(self.south),
            "east": float(self.east),
            "north": float(self.north),
        }
        return sides if self.code is None else {**sides, "crs": self.code}

    def around(self, margin: Fraction, whole: Rectangle) -> Rectangle:
        """It with a margin, as far as that is within the whole."""
        return Rectangle(
            max(self.west - margin, whole.west),
            max(self.south - margin, whole.south),
            min(self.east + margin, whole.east),
            min(self.north + margin, whole.north),
            self.code,
        )


def exact(number: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(repr(float(number)))


def rectangles_of(area: JsonObject, grid: Grid) -> tuple[Rectangle, ...] | Obstacle:
    """The area in the plane of the grid: two parts if it crosses the antimeridian."""
    code = utm_code(area.get("crs"))
    if code is not None:
        return _projected(area, grid, code)
    box = None if "type" in area else read_box(area)
    if box is None:
        said = "the area must be a bounding box in degrees, or in metres in a zone of UTM"
        return Obstacle("area", said)
    if max(abs(box.west), abs(box.east)) > 180 or not -90 <= box.south < box.north <= 90:
        said = "the area is empty, or its longitudes and latitudes are not those of the Earth"
        return Obstacle("area", said)
    if box.west == box.east:
        return Obstacle("area", NO_WIDTH)
    return _in_degrees(box) if grid.unit == "degrees" else _in_metres(box)


def _projected(area: JsonObject, grid: Grid, code: int) -> tuple[Rectangle, ...] | Obstacle:
    if grid.unit == "degrees":
        return Obstacle("grid", f"an area in EPSG:{code} is divided in metres, not in degrees")
    sides = [area.get(side) for side in ("west", "south", "east", "north")]
    known = [exact(side) for side in sides if is_number(side) and abs(side) < LONGEST]
    if len(known) < 4 or known[0] >= known[2] or known[1] >= known[3]:
        return Obstacle("area", "the area is empty, or its sides are no numbers")
    west, south, east, north = known
    return (Rectangle(west, south, east, north, code),)


def _in_degrees(box: Box) -> tuple[Rectangle, ...] | Obstacle:
    south, north = exact(box.south), exact(box.north)
    spans = (
        [(box.west, box.east)] if box.west <= box.east else [(box.west, 180.0), (-180.0, box.east)]
    )
    found = tuple(
        Rectangle(exact(west), south, exact(east), north) for west, east in spans if west < east
    )
    return found or Obstacle("area", NO_WIDTH)


def _in_metres(box: Box) -> tuple[Rectangle, ...] | Obstacle:
    found = utm_box(box)
    if isinstance(found, Obstacle):
        return found
    code, sides = found
    # As a backend would reckon it, whose pixels are those with their centre inside.
    west, south, east, north = map(exact, sides)
    return (Rectangle(west, south, east, north, code),)


def tiles_of(
    area: JsonObject, grid: Grid, *, most: int, margin: float = 0.0
) -> tuple[Tile, ...] | Obstacle:
    """The tiles of an area, in rows from the south, each from the west; together just the area.

    The `margin` around each, in the grid's unit, ends where the area does. An Obstacle if the
    grid or the area is wrong, or if there would be more tiles than `most`.
    """
    if mistake := grid.mistake():
        return Obstacle("grid", mistake)
    rectangles = rectangles_of(area, grid)
    if isinstance(rectangles, Obstacle):
        return rectangles
    if margin and len(rectangles) > 1:
        return Obstacle("margin", "the area crosses the antimeridian, where no margin is loaded")
    size = exact(grid.size)
    rough = sum(
        ((r.east - r.west) / size + 2) * ((r.north - r.south) / size + 2) for r in rectangles
    )
    if rough > 4 * most + 16:
        return _too_many(int(rough), most)
    tiles = tuple(
        tile for rectangle in rectangles for tile in _tiles(rectangle, grid, exact(margin))
    )
    return tiles if len(tiles) <= most else _too_many(len(tiles), most)


def _too_many(count: int, most: int) -> Obstacle:
    text = f"the area has about {count} tiles of that size, and {most} is the most that is accepted"
    return Obstacle("limit", text)


def _tiles(whole: Rectangle, grid: Grid, margin: Fraction) -> Iterator[Tile]:
    rows, columns = (
        edges(low, high, grid)
        for low, high in ((whole.south, whole.north), (whole.west, whole.east))
    )
    for south, north in pairwise(rows):
        for west, east in pairwise(columns):
            part = Rectangle(west, south, east, north, whole.code)
            name = f"x{_number(west, grid)}y{_number(south, grid)}"
            yield Tile(name, part.extent(), part.around(margin, whole).extent())


def _number(edge: Fraction, grid: Grid) -> int:
    """Which square of the grid begins at an edge, or has it inside."""
    return floor(edge / exact(grid.size))


def edges(low: Fraction, high: Fraction, grid: Grid) -> Sequence[Fraction]:
    """The ends of a span and the lines of the grid between them, in order.

    No two are nearer to each other than a pixel, if there is room for two.
    """
    size = exact(grid.size)
    least = exact(grid.pixel) if grid.pixel is not None else size * SLIVER
    lines = (number * size for number in range(floor(low / size) + 1, ceil(high / size)))
    return [low, *(line for line in lines if low + least <= line <= high - least), high]
