"""Small process graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Graph = dict[str, Any]


def node(process_id: str, **arguments: Any) -> Graph:
    """A node; `result` is set by `graph`."""
    return {"process_id": process_id, "arguments": arguments}


def graph(**nodes: Mapping[str, Any]) -> Graph:
    """A process of these nodes; the last one gives its result."""
    last = list(nodes)[-1]
    return {
        "process_graph": {
            name: {**one, "result": True} if name == last else dict(one)
            for name, one in nodes.items()
        }
    }


def of(name: str) -> dict[str, str]:
    """The result of another node."""
    return {"from_node": name}


def parameter(name: str) -> dict[str, str]:
    """The value of a parameter."""
    return {"from_parameter": name}


def callback(process_id: str, **arguments: Any) -> Graph:
    """A graph of one process, as reducers are; `data` is handed on unless given."""
    return graph(it=node(process_id, **(arguments or {"data": parameter("data")})))


def calling(process_id: str, **arguments: Any) -> Graph:
    """A graph that is one call."""
    return graph(call=node(process_id, **arguments))
