"""Puts stored processes in the place of the nodes that call them, parameters filled in.

Pure: the result is a process of predefined processes only, which any evaluation
can run. The node that called keeps its id, so that whatever refers to it stays;
the other nodes of the stored process come as ``<calling node>/<their own id>``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from backends.arguments import callback_parameters
from backends.checking import references
from backends.errors import OpenEOError

MAX_CALLS: Final = 32
"""How deep stored processes may call one another."""
MAX_VALUES: Final = 1_000_000
"""How many values all arguments of the resolved process may hold."""

JsonObject: TypeAlias = Mapping[str, Any]
_Calls: TypeAlias = tuple[str, ...]
Find: TypeAlias = Callable[[str], JsonObject | None]
"""Gives the user's stored process of an id."""


def resolve(
    process: JsonObject, find: Find, predefined: Mapping[str, JsonObject], *, max_nodes: int
) -> dict[str, Any]:
    """The process with all calls of stored processes resolved; the input stays as it is.

    A node without a namespace means the user's process if there is one, else
    the predefined one (openEO API 1.3.0, process_namespace). Raises
    ``ProcessUnsupported`` for a stored process that is not there,
    ``ProcessGraphInvalid`` for processes that call themselves,
    ``ProcessParameterRequired``, and ``ProcessGraphComplexity``.
    """
    graph = process.get("process_graph")
    if not isinstance(graph, Mapping):
        return dict(process)
    resolution = _Resolution(find, predefined, max_nodes)
    try:
        return {**process, "process_graph": resolution.graph(graph, _Scope())}
    except RecursionError:
        # Each process is shallow enough; only processes within processes get here.
        raise _too_complex("its processes are nested too deep") from None


def called(node: JsonObject, find: Find) -> JsonObject | None:
    """The stored process that a node calls, None where it calls a predefined one."""
    process_id, namespace = node.get("process_id"), node.get("namespace")
    if not isinstance(process_id, str) or namespace not in (None, "", "user"):
        return None
    found = find(process_id)
    if found is None and namespace == "user":
        raise OpenEOError(
            "ProcessUnsupported",
            f"You have no stored process '{process_id}'. GET /process_graphs lists yours.",
        )
    return found


@dataclass(frozen=True)
class _Scope:
    """What references mean where an argument stands.

    ``values`` are those of the stored process' parameters; ``calls`` the ids of
    the stored processes around; ``names`` new ids of the nodes of this graph,
    ``result`` the one of them that is the result of the graph around; ``own``
    the parameters of the callbacks around, None where they are unknown.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    calls: _Calls = ()
    names: Mapping[str, str] = field(default_factory=dict)
    result: str | None = None
    own: frozenset[str] | None = frozenset()
    callback: bool = False

    def within(self, own: frozenset[str] | None) -> "_Scope":
        """The scope of a callback that is handed the parameters ``own``."""
        both = None if own is None or self.own is None else own | self.own
        values = {name: value for name, value in self.values.items() if name not in (own or ())}
        return _Scope(values, self.calls, own=both, callback=True)

    def value(self, name: str, reference: JsonObject) -> Any:
        """What a parameter stands for: a value, or still a parameter."""
        if name in self.values:
            value = self.values[name]
            if self.callback:
                self._check_captures(name, value)
            return value
        if self.calls and self.own is not None and name not in self.own:
            raise OpenEOError(
                "ProcessParameterRequired",
                f"The stored process '{self.calls[-1]}' refers to a parameter '{name}' that has "
                "no value.",
            )
        return reference

    def _check_captures(self, name: str, value: Any) -> None:
        found = references(value)
        if found.nodes or any(inner in (self.own or ()) for inner in found.parameters):
            raise OpenEOError(
                "FeatureUnsupported",
                f"The stored process '{self.calls[-1]}' uses its parameter '{name}' inside a "
                "callback; there only literal values can be passed for it, not results of nodes.",
            )


@dataclass
class _Level:
    """One graph that is being written; ``used`` are the ids that its nodes have or will have."""

    used: set[str]
    written: dict[str, Any] = field(default_factory=dict)


class _Resolution:
    """One pass over a process; counts what it writes."""

    def __init__(self, find: Find, predefined: Mapping[str, JsonObject], max_nodes: int) -> None:
        self._find = find
        self._predefined = predefined
        self._nodes_left = max_nodes
        self._values_left = MAX_VALUES

    def graph(self, graph: JsonObject, scope: _Scope) -> dict[str, Any]:
        """A whole graph, resolved."""
        level = _Level(set(graph))
        self._write(level, graph, scope)
        return level.written

    def _write(self, level: _Level, graph: JsonObject, scope: _Scope) -> None:
        for node_id, node in graph.items():
            self._nodes_left -= 1
            if self._nodes_left < 0:
                raise _too_complex("with the stored processes in it, it has too many nodes")
            new_id = scope.names.get(node_id, node_id)
            if isinstance(node, Mapping) and isinstance(node.get("arguments"), Mapping):
                self._write_node(level, new_id, node, scope)
            else:
                level.written[new_id] = node

    def _write_node(self, level: _Level, new_id: str, node: JsonObject, scope: _Scope) -> None:
        stored = called(node, self._find)
        definition = stored or self._predefined.get(node.get("process_id", ""), {})
        arguments = {
            name: self._argument(value, definition, name, scope)
            for name, value in node["arguments"].items()
        }
        new = {**node, "arguments": arguments}
        if scope.names:
            # What is the result here is that of the graph around only if the call was.
            new.pop("result", None)
            new |= {"result": True} if scope.result == new_id else {}
        if stored is None:
            level.written[new_id] = new
        else:
            self._call(level, new_id, new, stored, scope.calls)

    def _argument(self, value: Any, definition: JsonObject, name: str, scope: _Scope) -> Any:
        if isinstance(value, Mapping):
            if isinstance(target := value.get("from_node"), str):
                return {**value, "from_node": scope.names.get(target, target)}
            if isinstance(parameter := value.get("from_parameter"), str):
                found = scope.value(parameter, value)
                self._weigh(found)
                return found
            if isinstance(graph := value.get("process_graph"), Mapping):
                own = callback_parameters(definition, name) if definition else None
                return {**value, "process_graph": self.graph(graph, scope.within(own))}
            return {
                key: self._argument(item, definition, name, scope) for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._argument(item, definition, name, scope) for item in value]
        return value

    def _call(
        self, level: _Level, new_id: str, node: JsonObject, stored: JsonObject, calls: _Calls
    ) -> None:
        identifier = node["process_id"]
        if identifier in calls or len(calls) >= MAX_CALLS:
            ring = " -> ".join((*calls, identifier))
            message = f"Stored processes must not call themselves or too many others: {ring}."
            raise OpenEOError("ProcessGraphInvalid", message)
        graph, result = stored["process_graph"], _result_of(stored, identifier)
        inner = _Scope(
            values=_values(stored, node, identifier),
            calls=(*calls, identifier),
            names=_new_names(graph, result, new_id, level.used),
            result=new_id if node.get("result") is True else None,
        )
        self._write(level, graph, inner)

    def _weigh(self, value: Any) -> None:
        """Count what is put in for a parameter: doubling it over and over must end."""
        waiting = [value]
        while waiting:
            self._values_left -= 1
            if self._values_left < 0:
                raise _too_complex("its arguments are too large")
            current = waiting.pop()
            if isinstance(current, Mapping):
                waiting.extend(current.values())
            elif isinstance(current, list):
                waiting.extend(current)


def _values(stored: JsonObject, node: JsonObject, identifier: str) -> dict[str, Any]:
    """What each parameter of the stored process stands for in this call."""
    values = dict(node["arguments"])
    for parameter in stored.get("parameters") or ():
        name = parameter["name"]
        if name in values:
            continue
        if "default" not in parameter and not parameter.get("optional", False):
            raise OpenEOError(
                "ProcessParameterRequired",
                f"The stored process '{identifier}' needs the parameter '{name}'.",
            )
        values[name] = parameter.get("default")
    return values


def _result_of(stored: JsonObject, identifier: str) -> str:
    for node_id, node in stored["process_graph"].items():
        if node.get("result") is True:
            return str(node_id)
    message = f"The stored process '{identifier}' has no result node."
    raise OpenEOError("ProcessGraphInvalid", message)


def _new_names(graph: JsonObject, result: str, new_id: str, used: set[str]) -> dict[str, str]:
    """Ids for the nodes of a stored process that nothing else in the graph has."""
    names = {result: new_id}
    for node_id in graph:
        if node_id != result:
            name = f"{new_id}/{node_id}"
            while name in used:
                name += "_"
            used.add(name)
            names[node_id] = name
    return names


def _too_complex(reason: str) -> OpenEOError:
    return OpenEOError("ProcessGraphComplexity", f"The process is too complex: {reason}.")
