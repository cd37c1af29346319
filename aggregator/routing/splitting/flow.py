"""The nodes of the outermost graph, and how their results flow from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aggregator.documents import JsonObject
from aggregator.routing.topology import sort_out


@dataclass(frozen=True)
class Flow:
    """Where each node's data come from and where its result goes.

    `order` has each node after its sources. `last` are the nodes that nothing may follow: the
    result of the whole, whatever nobody reads the result of, and what depends on these.
    """

    graph: Mapping[str, JsonObject]
    sources: Mapping[str, tuple[str, ...]]
    users: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]
    last: frozenset[str]


def flow_of(graph: Mapping[str, JsonObject]) -> Flow:
    """The flow in a graph that was found valid. Linear in its size."""
    sources = {node_id: _sources(content["arguments"]) for node_id, content in graph.items()}
    users: dict[str, list[str]] = {node_id: [] for node_id in graph}
    for node_id, found in sources.items():
        for source in found:
            users[source].append(node_id)
    order = tuple(sort_out(sources)[0])
    last = {
        node_id for node_id, content in graph.items() if content.get("result") or not users[node_id]
    }
    for node_id in order:
        if not last.isdisjoint(sources[node_id]):
            last.add(node_id)
    return Flow(
        graph=graph,
        sources=sources,
        users={node_id: tuple(found) for node_id, found in users.items()},
        order=order,
        last=frozenset(last),
    )


def source_in(value: Any) -> str | None:
    """The node whose result an argument is, if it is one's result as a whole."""
    found = value.get("from_node") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _sources(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The nodes referred to, each once; callbacks refer to nodes of their own."""
    found: dict[str, None] = {}
    pending: list[Any] = list(arguments.values())[::-1]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += reversed(value)
        elif isinstance(value, dict):
            source = source_in(value)
            if source is not None:
                found[source] = None
            elif "from_parameter" not in value and "process_graph" not in value:
                pending += reversed(list(value.values()))
    return tuple(found)
