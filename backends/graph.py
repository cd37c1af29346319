"""Reads process graphs with openeo-pg-parser-networkx, in linear time and without loss.

The parser's own reading takes exponential time on shared nodes, loses nodes of long chains
and leaves that do not lead to the result, and turns literals into objects of its own. Here
its nodes and references are made directly and once each; its graph is then built by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import networkx
from openeo_pg_parser_networkx.graph import EvalEnv, OpenEOProcessGraph
from openeo_pg_parser_networkx.pg_schema import (
    ParameterReference,
    ProcessGraph,
    ProcessNode,
    ResultReference,
)

from backends.errors import OpenEOError

__all__ = ["Node", "ParameterReference", "ParsedGraph", "ProcessGraph", "ResultReference"]


@dataclass(frozen=True)
class Node:
    """One node: its key in the whole graph, its id as the user wrote it, what it calls.

    `arguments` hold literals as written, `ResultReference`, `ParameterReference` and
    `ProcessGraph` objects (callbacks) at any depth.
    """

    key: str
    id: str
    process_id: str
    arguments: Mapping[str, Any]


class Reference(ResultReference):  # type: ignore[misc]  # the parser is untyped
    """A reference to a node that shows only its name: a full one grows with the graph."""

    def __repr__(self) -> str:
        return f"Reference({self.from_node!r})"

    __str__ = __repr__


class ParsedGraph(OpenEOProcessGraph):  # type: ignore[misc]  # the parser is untyped
    """The parser's graph (`G`, networkx) of a checked process graph.

    All nodes of the top level are in it, shared ones once; child graphs hold the nodes
    that their results need. Raises OpenEOError `ProcessGraphInvalid` for cycles.
    """

    def __init__(self, process_graph: Mapping[str, Any]) -> None:
        self._queue: list[EvalEnv] = []
        self._walking = False
        super().__init__(pg_data={"process_graph": process_graph})
        for name, node in self.nested_graph.process_graph.items():
            self._EVAL_ENV = EvalEnv(None, node, name, self.nested_graph.uid)
            self._walk_node()
        self._EVAL_ENV = None
        self._order = self._sort()

    def order(self, uid: UUID) -> list[Node]:
        """The nodes of one process graph so that each comes after those that it needs."""
        return self._order[uid]

    def result_key(self, graph: ProcessGraph) -> str:
        """The key of a graph's result node."""
        name = next(name for name, node in graph.process_graph.items() if node.result)
        return node_key(name, graph.uid)

    def _sort(self) -> dict[UUID, list[Node]]:
        try:
            keys = list(networkx.topological_sort(self.G))
        except networkx.NetworkXUnfeasible:
            raise OpenEOError("ProcessGraphInvalid", "A process graph has no cycles.") from None
        order: dict[UUID, list[Node]] = {}
        for key in reversed(keys):
            data = self.G.nodes[key]
            node = Node(key, data["node_name"], data["process_id"], data["resolved_kwargs"])
            order.setdefault(data["process_graph_uid"], []).append(node)
        return order

    # What follows replaces steps of the parser and is called by it.

    def _unflatten_raw_process_graph(self, pg_data: Mapping[str, Any]) -> Mapping[str, Any]:
        return pg_data

    def _parse_datamodel(self, pg_data: Mapping[str, Any]) -> ProcessGraph:
        return _build(pg_data["process_graph"])

    def _walk_node(self) -> None:
        # The parser recurses along chains and again into shared nodes: a list of nodes
        # still to be walked keeps the depth constant and each node single.
        self._queue.append(self._EVAL_ENV)
        if self._walking:
            return
        self._walking = True
        while self._queue:
            self._EVAL_ENV = self._queue.pop()
            if "process_id" not in self.G.nodes.get(self._EVAL_ENV.node_uid, {}):
                super()._walk_node()
        self._walking = False

    def _parse_argument(self, arg: Any, arg_name: str, access_func: Callable[..., Any]) -> None:
        # The parser keeps a single callback per argument; filters by property have several.
        if isinstance(arg, ProcessGraph):
            access_func(new_value=arg, set_bool=True)
            self._parse_process_graph(arg, arg_name=arg_name)
        elif isinstance(arg, dict | list) and not refers(arg):
            access_func(new_value=arg, set_bool=True)
        else:
            super()._parse_argument(arg, arg_name, access_func)


def node_key(node_id: str, uid: UUID) -> str:
    """The key that the parser gives to a node of a process graph."""
    return f"{node_id}-{uid}"


def refers(value: Any) -> bool:
    """Whether a literal holds references or callbacks."""
    if isinstance(value, dict):
        return any(refers(item) for item in value.values())
    if isinstance(value, list):
        return any(refers(item) for item in value)
    return isinstance(value, ResultReference | ParameterReference | ProcessGraph)


def _build(flat: Mapping[str, Any]) -> ProcessGraph:
    """A process graph of the parser's data model, each node made once."""
    nodes = {
        name: ProcessNode.model_construct(
            process_id=node["process_id"],
            namespace=node.get("namespace"),
            result=bool(node.get("result", False)),
            description=node.get("description"),
            arguments={},
        )
        for name, node in flat.items()
    }
    for name, node in flat.items():
        for argument, value in node["arguments"].items():
            nodes[name].arguments[argument] = _value(value, nodes)
    return ProcessGraph.model_construct(process_graph=nodes, uid=uuid4())


def _value(value: Any, nodes: Mapping[str, ProcessNode]) -> Any:
    """An argument with its references made; all else as the user wrote it."""
    if isinstance(value, list | tuple):
        return [_value(item, nodes) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "from_node" in value:
        target = value["from_node"]
        return Reference.model_construct(from_node=target, node=nodes[target])
    if "from_parameter" in value:
        return ParameterReference.model_construct(from_parameter=value["from_parameter"])
    if "process_graph" in value:
        return _build(value["process_graph"])
    return {key: _value(item, nodes) for key, item in value.items()}
