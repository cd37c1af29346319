"""The process of one tile: the whole process with the tile's extent where it had the area."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aggregator.documents import JsonObject
from aggregator.routing.graphs import Node, Scope
from aggregator.routing.reading import argument
from aggregator.routing.splitting.obstacles import Obstacle
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.routing.tiling.grids import Tile
from aggregator.routing.tiling.locality import LOADS

CUT = "federation_tile"
"""Id of the node that cuts off the margin, with a number if the graph has one of that name."""


@dataclass(frozen=True)
class Places:
    """Where a process names its area: the area, the nodes that load it and those that cut it."""

    area: JsonObject
    loads: tuple[str, ...]
    cuts: tuple[str, ...]


def places_of(outermost: Scope, declared: Mapping[str, Any]) -> Places | Obstacle:
    """Where the process names its area; an Obstacle if it names none, or different ones.

    A node that loads without an extent is one of them: what it loads is cut to the area later.
    """
    nodes = [Node(outermost, node_id) for node_id in outermost.graph]
    loads = [node for node in nodes if node.process_id in LOADS]
    cuts = [node for node in nodes if node.process_id == "filter_bbox"]
    named: list[tuple[str, JsonObject]] = []
    for node, name in [*((n, "spatial_extent") for n in loads), *((n, "extent") for n in cuts)]:
        given = argument(node, name, declared)
        if isinstance(given, dict) and given:
            named.append((node.id, given))
        elif given is not None or node.arguments.get(name) is not None:
            said = f"the area of '{shortened(node.id, 50)}' is known only when it runs"
            return Obstacle("area", said)
    if not loads or not named:
        return Obstacle("area", "the process names no area that could be divided")
    first, area = named[0]
    others = [node_id for node_id, given in named if given != area]
    if others:
        listed = enumerated([f"'{shortened(n, 50)}'" for n in (first, others[0])], " and ")
        return Obstacle("area", f"{listed} name different areas")
    return Places(area, tuple(node.id for node in loads), tuple(node.id for node in cuts))


def process_of(process: JsonObject, places: Places, tile: Tile) -> dict[str, Any]:
    """The process for one tile; the whole stays as it is, what does not change is shared.

    A margin that was loaded is cut off in the end.
    """
    graph = dict(process["process_graph"])
    for names, key in ((places.loads, "spatial_extent"), (places.cuts, "extent")):
        for node_id in names:
            content = graph[node_id]
            arguments = {**content["arguments"], key: dict(tile.loaded)}
            graph[node_id] = {**content, "arguments": arguments}
    if tile.loaded != tile.extent:
        _cut_margin(graph, tile.extent)
    return {**process, "process_graph": graph}


def _cut_margin(graph: dict[str, Any], extent: JsonObject) -> None:
    saves = [n for n, content in graph.items() if content["process_id"] == "save_result"]
    for node_id in saves:
        content = graph[node_id]
        cut = _free(graph)
        graph[cut] = _filter(content["arguments"].get("data"), extent)
        arguments = {**content["arguments"], "data": {"from_node": cut}}
        graph[node_id] = {**content, "arguments": arguments}
    if not saves:
        (result,) = (n for n, content in graph.items() if content.get("result"))
        cut = _free(graph)
        graph[result] = {key: v for key, v in graph[result].items() if key != "result"}
        graph[cut] = {**_filter({"from_node": result}, extent), "result": True}


def _filter(data: Any, extent: JsonObject) -> dict[str, Any]:
    return {"process_id": "filter_bbox", "arguments": {"data": data, "extent": dict(extent)}}


def _free(graph: Mapping[str, Any]) -> str:
    return next(name for name in _names() if name not in graph)


def _names() -> Iterator[str]:
    yield CUT
    number = 2
    while True:
        yield f"{CUT}_{number}"
        number += 1


def saved(outermost: Scope) -> Sequence[Obstacle]:
    """Why a result could not be cut to a tile: where nothing is saved that is a cube."""
    graph = outermost.graph
    result = next(n for n, content in graph.items() if content.get("result"))
    if graph[result]["process_id"] == "save_result":
        return ()
    saves = [n for n, content in graph.items() if content["process_id"] == "save_result"]
    if saves:
        said = f"'{shortened(result, 50)}' is the result, and '{shortened(saves[0], 50)}' saves"
        return (Obstacle("result", f"{said} another"),)
    return ()
