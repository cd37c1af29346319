"""Which backends a user asks for: sets of backends, and the conditions that describe them.

A collection's property `federation:backends` can be filtered like any other, by a process graph
over its value: `load_collection(..., properties={"federation:backends": lambda v: v == "terra"})`.
The federation answers that condition itself. Source: openEO process `load_collection`, parameter
`properties`; Federation Extension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aggregator.errors import ProcessParameterInvalid
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.routing.topology import sort_out

NAMES = 1000


@dataclass(frozen=True)
class BackendSet:
    """The backends named, or all but those."""

    names: frozenset[str]
    excluded: bool = False

    def __contains__(self, backend: object) -> bool:
        return (backend in self.names) is not self.excluded

    def __invert__(self) -> BackendSet:
        return BackendSet(self.names, not self.excluded)

    def __and__(self, other: BackendSet) -> BackendSet:
        if self.excluded and other.excluded:
            return BackendSet(self.names | other.names, True)
        if self.excluded:
            return BackendSet(other.names - self.names)
        return BackendSet(self.names - other.names if other.excluded else self.names & other.names)

    def __or__(self, other: BackendSet) -> BackendSet:
        return ~(~self & ~other)

    def __str__(self) -> str:
        names = enumerated([shortened(f"'{name}'", 50) for name in sorted(self.names)], " or ")
        if self.excluded:
            return f"any backend but {names}" if names else "any backend"
        return f"backend {names}" if names else "no backend at all"


ANY = BackendSet(frozenset(), excluded=True)


class _Value:
    """Stands for the property's own value in a condition."""


_VALUE = _Value()


def read_condition(condition: object, path: str) -> BackendSet:
    """The backends for which a condition on `federation:backends` holds.

    Understands eq, neq, array_contains, any, all, and, or, not; raises ProcessParameterInvalid,
    naming the node, for anything else, since ignoring a choice would be worse. The graph must have
    been found valid before.
    """
    graph = condition.get("process_graph") if isinstance(condition, Mapping) else None
    if not isinstance(graph, dict):
        raise _not_understood(path, "it must be a process graph that compares the value")
    results: dict[str, Any] = {}
    order, _ = sort_out({node_id: _targets(node["arguments"]) for node_id, node in graph.items()})
    for node_id in order:
        results[node_id] = _evaluate(graph[node_id], results, f"{path}/{node_id}")
    chosen = next(results[node_id] for node_id in order if graph[node_id].get("result") is True)
    return _as_set(chosen, path)


def _targets(arguments: Mapping[str, Any]) -> list[str]:
    values = [
        item
        for value in arguments.values()
        for item in (value if isinstance(value, list) else [value])
    ]
    return [v["from_node"] for v in values if isinstance(v, dict) and "from_node" in v]


def _evaluate(node: Mapping[str, Any], results: Mapping[str, Any], path: str) -> BackendSet:
    rule = _CONDITIONS.get(node["process_id"])
    if rule is None:
        known = ", ".join(_CONDITIONS)
        raise _not_understood(path, f"'{shortened(node['process_id'], 50)}' is none of {known}")
    arguments = {name: _resolve(value, results) for name, value in node["arguments"].items()}
    found = rule(arguments, path)
    if len(found.names) > NAMES:
        raise _not_understood(path, f"it names more than {NAMES} backends")
    return found


def _resolve(value: Any, results: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_resolve(item, results) if isinstance(item, dict) else item for item in value]
    if isinstance(value, dict) and "from_node" in value:
        return results.get(value["from_node"])
    if isinstance(value, dict) and value.get("from_parameter") == "value":
        return _VALUE
    return value


def _as_set(value: object, path: str) -> BackendSet:
    if isinstance(value, BackendSet):
        return value
    raise _not_understood(path, "it must put together comparisons of the value")


def _equal(arguments: Mapping[str, Any], path: str) -> BackendSet:
    x, y = arguments.get("x"), arguments.get("y")
    if x is _VALUE and isinstance(y, str):
        return BackendSet(frozenset({y}))
    if y is _VALUE and isinstance(x, str):
        return BackendSet(frozenset({x}))
    raise _not_understood(path, "it must compare the value with the id of a backend")


def _contains(arguments: Mapping[str, Any], path: str) -> BackendSet:
    data, value = arguments.get("data"), arguments.get("value")
    if data is _VALUE and isinstance(value, str):
        return BackendSet(frozenset({value}))
    if value is _VALUE and isinstance(data, list) and all(isinstance(d, str) for d in data):
        return BackendSet(frozenset(data))
    raise _not_understood(path, "it must look for the value in a list of ids of backends")


def _both(arguments: Mapping[str, Any], path: str) -> BackendSet:
    return _as_set(arguments.get("x"), path) & _as_set(arguments.get("y"), path)


def _either(arguments: Mapping[str, Any], path: str) -> BackendSet:
    return _as_set(arguments.get("x"), path) | _as_set(arguments.get("y"), path)


def _every(arguments: Mapping[str, Any], path: str) -> BackendSet:
    found = ANY
    for item in _items(arguments, path):
        found &= _as_set(item, path)
    return found


def _some(arguments: Mapping[str, Any], path: str) -> BackendSet:
    found = ~ANY
    for item in _items(arguments, path):
        found |= _as_set(item, path)
    return found


def _items(arguments: Mapping[str, Any], path: str) -> list[Any]:
    data = arguments.get("data")
    if not isinstance(data, list):
        raise _not_understood(path, "'data' must be a list of comparisons")
    return data


_CONDITIONS: Mapping[str, Callable[[Mapping[str, Any], str], BackendSet]] = {
    "eq": _equal,
    "neq": lambda arguments, path: ~_equal(arguments, path),
    "array_contains": _contains,
    "and": _both,
    "or": _either,
    "not": lambda arguments, path: ~_as_set(arguments.get("x"), path),
    "all": _every,
    "any": _some,
}


def _not_understood(path: str, reason: str) -> ProcessParameterInvalid:
    return ProcessParameterInvalid(
        "properties", "load_collection", f"the condition at '{shortened(path)}': {reason}."
    )
