"""Tiling: one process over a large area, as the same process on each of many small ones.

`tiled` divides the area that a process names by a grid, or into the areas of a vector, and gives
the process of each part. Joining the results is the same as running the whole: what looks beyond
its own pixel gets a margin, and what depends on the area as a whole is refused, with the reason.

Pure and deterministic; the time taken is linear in the size of the process and the number of tiles.

::

    asking        how a request asks for tiles
    grids         an area cut along lines that are the same wherever it lies
    areas         areas of a vector, each a part by itself
    projection    which zone of UTM an area lies in, and where there
    locality      which processes look no further than their pixel, and how far others do
    cutting       the process of one tile
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from aggregator.documents import JsonObject
from aggregator.routing.graphs import Node, Scope, valid_graph
from aggregator.routing.reading import declared_parameters
from aggregator.routing.splitting.obstacles import SAID, Obstacle
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.routing.tiling.areas import areas_of
from aggregator.routing.tiling.asking import Wanted, tiles_wanted
from aggregator.routing.tiling.cutting import Places, places_of, process_of, saved
from aggregator.routing.tiling.grids import Grid, Tile, tiles_of
from aggregator.routing.tiling.locality import (
    NEARLY,
    date_obstacles,
    dimension_obstacles,
    margins,
)

MOST = 1000
"""How many tiles there are at most."""

__all__ = [
    "MOST",
    "Grid",
    "Obstacle",
    "Tile",
    "Tiling",
    "Untileable",
    "Wanted",
    "tiled",
    "tiles_wanted",
]


@dataclass(frozen=True)
class Tiling:
    """The parts of an area, and the process of each.

    `margin` is how far around each is loaded, in pixels; `nearly` are the nodes whose values may
    differ a little from those of the whole.
    """

    tiles: tuple[Tile, ...]
    margin: float
    whole: JsonObject
    places: Places
    nearly: tuple[str, ...] = ()

    def process(self, tile: Tile) -> dict[str, Any]:
        """The process of one of the tiles, in the names of the federation."""
        return process_of(self.whole, self.places, tile)

    def explain(self) -> str:
        """The tiling in a sentence."""
        count = len(self.tiles)
        around = f", each loaded with a margin of {self.margin:g} pixels" if self.margin else ""
        near = enumerated([f"'{shortened(node, 50)}'" for node in self.nearly], " and ")
        close = f"; what {near} resamples may differ a little from the whole" if near else ""
        return f"The area is divided into {count} part{'s' * (count != 1)}{around}{close}."


@dataclass(frozen=True)
class Untileable:
    """The process cannot be run in tiles, and why."""

    obstacles: tuple[Obstacle, ...]

    def sentence(self) -> str:
        """All reasons in one sentence."""
        said = "; ".join(obstacle.text for obstacle in self.obstacles[:SAID])
        beyond = len(self.obstacles) - SAID
        more = f"; and {beyond} more reason{'s' * (beyond != 1)}" if beyond > 0 else ""
        return f"The area cannot be divided: {shortened(said, 2000)}{more}."


def tiled(
    process: JsonObject,
    by: Grid | JsonObject,
    *,
    most: int = MOST,
    exact: bool = True,
) -> Tiling | Untileable:
    """The process in parts, by a grid or by the features of a GeoJSON FeatureCollection.

    `most` is how many parts there may be; if it is not to be `exact`, resampling onto another cube
    is divided too. Calls of user-defined processes must have been written out. Raises like
    `read_requirements` for a process that is not valid.
    """
    outermost, *nested = valid_graph(process)
    places = places_of(outermost, declared_parameters(process))
    if isinstance(places, Obstacle):
        return Untileable((places,))
    nodes = [Node(outermost, node_id) for node_id in outermost.graph]
    looks = {node.id: margins(node, exact=exact) for node in nodes}
    obstacles = [look for look in looks.values() if isinstance(look, Obstacle)]
    obstacles += _callbacks(outermost, nested)
    # Margins add up along a way through the graph, so that their sum is enough.
    margin = sum(look for look in looks.values() if isinstance(look, int | float))
    if margin:
        obstacles += saved(outermost)
    if obstacles:
        return Untileable(tuple(obstacles))
    found = _parts(places, by, margin, most)
    if isinstance(found, Obstacle):
        return Untileable((found,))
    nearly = tuple(node.id for node in nodes if node.process_id in NEARLY)
    return Tiling(found, margin, process, places, nearly)


def _callbacks(outermost: Scope, nested: Collection[Scope]) -> Iterator[Obstacle]:
    for node_id in outermost.graph:
        yield from dimension_obstacles(Node(outermost, node_id))
    for scope in nested:
        if not scope.chooses:
            yield from date_obstacles(scope, Node(outermost, str(scope.keys[1])))


def _parts(
    places: Places, by: Grid | JsonObject, margin: float, most: int
) -> tuple[Tile, ...] | Obstacle:
    if not isinstance(by, Grid):
        if margin:
            return Obstacle("margin", _NO_MARGIN.format("areas of a vector"))
        return areas_of(by, most=most)
    if margin and by.pixel is None:
        return Obstacle("margin", _NO_MARGIN.format("tiles whose size of a pixel is not known"))
    return tiles_of(places.area, by, most=most, margin=margin * (by.pixel or 0.0))


_NO_MARGIN = "it looks at pixels around each one, and {} have no margin"
