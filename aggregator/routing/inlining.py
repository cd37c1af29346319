"""A process graph with the user-defined processes that it calls written out in it.

Every backend can run what comes out, wherever the definitions are kept. Each definition is written
out once, after those that it calls itself, so that the time taken is linear in what comes out, and
what would come out too large is refused before it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aggregator.documents import (
    JsonObject,
    is_array,
    is_nested_within,
    is_object,
    objects,
    text,
)
from aggregator.errors import (
    ProcessGraphComplexity,
    ProcessGraphInvalid,
    ProcessParameterRequired,
    ProcessParameterUnsupported,
)
from aggregator.routing.graphs import valid_graph
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.routing.topology import find_cycle, sort_out

USER = "user:"
NODES = 10_000
VALUES = 1_000_000
NESTING = 200
"""Levels of JSON in JSON of a definition and of what comes out: as many as a request may have."""

_PARTS = ("anyOf", "oneOf", "allOf", "items", "additionalProperties")

Callbacks = Callable[[str, str], frozenset[str]]
"""The names of the parameters that a process (id) passes to a callback in one of its arguments."""


@dataclass(frozen=True)
class Called:
    """A user-defined process, by where it is kept (`user:ID` or an address) and its id there."""

    source: str
    id: str


@dataclass(frozen=True)
class Call:
    """A call of what may be a user-defined process; it must be one unless it is `optional`."""

    called: Called
    optional: bool
    path: str


@dataclass(frozen=True)
class Definition:
    """A user-defined process and in whose name it calls others (`user:ID`, or empty)."""

    process: JsonObject
    owner: str = ""


def source_of(namespace: str | None, owner: str) -> str | None:
    """Where a process of that namespace is kept, if it is not a backend's own."""
    if namespace is None or namespace == "user":
        return owner or None
    return namespace if namespace.startswith((USER, "https://", "http://")) else None


def calls_in(process: JsonObject, owner: str) -> Iterator[Call]:
    """Every call in a process of `owner`, callbacks included, that may be user-defined.

    Raises like `read_requirements` if the process is not valid.
    """
    for scope in valid_graph(process):
        for node_id, node in scope.graph.items():
            namespace = node.get("namespace")
            source = source_of(namespace, owner)
            if source is not None:
                called = Called(source, node["process_id"])
                yield Call(called, namespace is None, scope.path + node_id)


def inline(
    process: JsonObject,
    owner: str,
    definitions: Mapping[Called, Definition],
    callbacks: Callbacks = lambda _process, _argument: frozenset(),
) -> dict[str, Any]:
    """The process with every call of one of the `definitions` written out; it is not changed.

    The result of a definition keeps the id of the node that called it, its other nodes get ids that
    begin with it. Parameters stand for the arguments of the call, or their defaults.

    Raises ProcessGraphInvalid for definitions that call themselves or are not valid, and where an
    argument cannot be known in a callback; ProcessParameterRequired, ProcessParameterUnsupported
    for calls that do not fit; ProcessGraphComplexity for what would be too large or too deep.
    """
    made: dict[Called, _Made] = {}
    for called in in_order(definitions):
        definition = definitions[called]
        writer = _Writer(definition.owner, made, callbacks)
        # Both are walked with recursion, what is written as soon as it is called itself.
        graph = _bounded(writer.graph(_bounded(definition.process["process_graph"])))
        made[called] = _Made(called.id, graph, _result_in(graph, called), definition.process)
    graph = _bounded(_Writer(owner, made, callbacks).graph(process["process_graph"]))
    return {**process, "process_graph": graph}


def _bounded(graph: dict[str, Any]) -> dict[str, Any]:
    if not is_nested_within(graph, NESTING):
        raise ProcessGraphComplexity(
            "With the user-defined processes that it calls, the process is nested more than "
            f"{NESTING} levels deep, which is the most that is accepted."
        )
    return graph


@dataclass(frozen=True)
class _Made:
    """A definition in which all calls are written out already."""

    id: str
    graph: dict[str, Any]
    result: str
    process: JsonObject

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What each parameter stands for in a call."""
        declared = {text(p, "name"): p for p in objects(self.process, "parameters")}
        for name in given:
            if name not in declared:
                there = enumerated([f"'{known}'" for known in declared]) or "none"
                raise ProcessParameterUnsupported(
                    shortened(self.id, 100), shortened(name, 100), f"Its parameters: {there}."
                )
        for name, parameter in declared.items():
            if name not in given and "default" not in parameter and not parameter.get("optional"):
                raise ProcessParameterRequired(shortened(self.id, 100), shortened(name, 100))
        return {name: given.get(name, p.get("default")) for name, p in declared.items()}


def in_order(definitions: Mapping[Called, Definition]) -> list[Called]:
    """The definitions, each after those that it calls.

    Raises ProcessGraphInvalid, naming the ring, if any of them leads back to itself.
    """
    references: dict[Called, list[Called]] = {
        called: [
            call.called
            for call in calls_in(definition.process, definition.owner)
            if call.called in definitions
        ]
        for called, definition in definitions.items()
    }
    names = {called: f"{called.source} {called.id}" for called in definitions}
    by_name = {name: called for called, name in names.items()}
    named = {names[c]: [names[target] for target in found] for c, found in references.items()}
    order, waiting = sort_out(named)
    if waiting:
        ring = [shortened(by_name[name].id, 100) for name in find_cycle(named)]
        raise ProcessGraphInvalid(
            "User-defined processes must not call themselves: " + " → ".join([*ring, ring[0]]) + "."
        )
    return [by_name[name] for name in order]


def _result_in(graph: Mapping[str, Any], called: Called) -> str:
    for node_id, node in graph.items():
        if node.get("result") is True:
            return node_id
    raise ProcessGraphInvalid(f"The process '{shortened(called.id, 100)}' has no result node.")


class _Writer:
    """Writes one process, in which calls of what is `made` become nodes of its own graphs."""

    def __init__(self, owner: str, made: Mapping[Called, _Made], callbacks: Callbacks) -> None:
        self.owner, self.made, self.callbacks = owner, made, callbacks
        self.size = _Size()

    def graph(self, graph: Mapping[str, Any]) -> dict[str, Any]:
        """A graph of the process itself."""
        written: dict[str, Any] = {}
        used = set(graph)
        for node_id, node in graph.items():
            self.size.node()
            process_id = node["process_id"]
            arguments = {
                name: self._value(value, process_id, name)
                for name, value in node["arguments"].items()
            }
            source = source_of(node.get("namespace"), self.owner)
            called = None if source is None else self.made.get(Called(source, process_id))
            if called is None:
                written[node_id] = {**node, "arguments": arguments}
            else:
                flag = {"result": True} if node.get("result") is True else {}
                names = _new_names(called.graph, called.result, node_id, used)
                values = called.arguments(arguments)
                body = _Body(called, names, values, self.callbacks, self.size)
                written |= body.nodes(flag)
        return written

    def _value(self, value: Any, process_id: str, argument: str) -> Any:
        if isinstance(value, dict):
            graph = value.get("process_graph")
            if isinstance(graph, dict) and not ("from_node" in value or "from_parameter" in value):
                return {**value, "process_graph": self.graph(graph)}
            return {key: self._value(item, process_id, argument) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, process_id, argument) for item in value]
        return value


class _Place(NamedTuple):
    """Where a value stands: the new names of the nodes there, and what callbacks around it bind.

    `names` is None within callbacks, whose nodes keep their names.
    """

    names: Mapping[str, str] | None
    bound: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Body:
    """The nodes of one call, and what each parameter stands for in it."""

    made: _Made
    names: Mapping[str, str]
    values: Mapping[str, Any]
    callbacks: Callbacks
    size: _Size

    def nodes(self, flag: dict[str, Any]) -> dict[str, Any]:
        """The nodes for the caller's graph; the one that is the result bears the caller's flag."""
        written = {}
        for node_id, node in self.made.graph.items():
            new = self._node(node, _Place(self.names))
            new.pop("result", None)
            written[self.names[node_id]] = new | flag if node_id == self.made.result else new
        return written

    def _node(self, node: Mapping[str, Any], place: _Place) -> dict[str, Any]:
        self.size.node()
        arguments = {
            name: self._value(value, place, (node["process_id"], name))
            for name, value in node["arguments"].items()
        }
        return {**node, "arguments": arguments}

    def _value(self, value: Any, place: _Place, at: tuple[str, str]) -> Any:
        if isinstance(value, list):
            return [self._value(item, place, at) for item in value]
        if not isinstance(value, dict):
            return value
        if isinstance(target := value.get("from_node"), str):
            return {**value, "from_node": (place.names or {}).get(target, target)}
        if isinstance(parameter := value.get("from_parameter"), str):
            return value if parameter in place.bound else self._argument(parameter, place)
        if isinstance(graph := value.get("process_graph"), dict):
            inner = _Place(None, place.bound | self.callbacks(*at))
            nodes = {key: self._node(node, inner) for key, node in graph.items()}
            return {**value, "process_graph": nodes}
        return {key: self._value(item, place, at) for key, item in value.items()}

    def _argument(self, parameter: str, place: _Place) -> Any:
        if parameter not in self.values:
            raise ProcessGraphInvalid(
                f"The process '{shortened(self.made.id, 100)}' refers to the parameter "
                f"'{shortened(parameter, 100)}', which it does not declare."
            )
        value = self.values[parameter]
        self.size.value(value)
        if place.names is None:
            _check_known_inside(self.made.id, parameter, value, place.bound)
        return value


def _check_known_inside(process: str, parameter: str, value: Any, bound: frozenset[str]) -> None:
    """Refuses an argument that means something else, or nothing, within a callback."""
    for reference in _references(value):
        if "from_node" in reference or reference["from_parameter"] in bound:
            raise ProcessGraphInvalid(
                f"The process '{shortened(process, 100)}' uses its parameter "
                f"'{shortened(parameter, 100)}' within a callback, where the result of another "
                "node is not known. Pass a plain value, or hand it to the callback as 'context'."
            )


def _references(value: Any) -> Iterator[Mapping[str, Any]]:
    """The references in a value; those in graphs within it are those to its parameters."""
    waiting = [(value, False)]
    while waiting:
        current, nested = waiting.pop()
        if isinstance(current, list):
            waiting.extend((item, nested) for item in current)
        elif isinstance(current, dict):
            if isinstance(current.get("from_parameter"), str):
                yield current
            elif isinstance(current.get("from_node"), str):
                if not nested:
                    yield current
            else:
                inside = nested or "process_graph" in current
                waiting.extend((item, inside) for item in current.values())


class _Size:
    """Counts what is written, and refuses too much of it."""

    def __init__(self) -> None:
        self.nodes, self.values = NODES, VALUES

    def node(self) -> None:
        self.nodes -= 1
        if self.nodes < 0:
            raise ProcessGraphComplexity(
                f"With the user-defined processes that it calls, the process has more than {NODES} "
                "nodes, which is the most that is accepted."
            )

    def value(self, value: Any) -> None:
        """An argument that is put in for a parameter: doubling it over and over must end."""
        waiting = [value]
        while waiting:
            current = waiting.pop()
            self.values -= 1
            if self.values < 0:
                raise ProcessGraphComplexity(
                    "The arguments of user-defined processes are too large when written out."
                )
            if isinstance(current, dict):
                waiting.extend(current.values())
            elif isinstance(current, list):
                waiting.extend(current)


def _new_names(graph: Mapping[str, Any], result: str, call: str, used: set[str]) -> dict[str, str]:
    """Ids for the nodes of a definition that nothing else in the caller's graph has."""
    names = {result: call}
    for node_id in graph:
        if node_id != result:
            name = f"{call}_{node_id}"
            while name in used:
                name += "_"
            used.add(name)
            names[node_id] = name
    return names


def callback_parameters(processes: Sequence[JsonObject]) -> dict[tuple[str, str], frozenset[str]]:
    """The names that each process passes to callbacks, by its id and the parameter's name."""
    return {
        (text(process, "id"), text(parameter, "name")): names
        for process in processes
        for parameter in objects(process, "parameters")
        if (names := frozenset(_passed(parameter.get("schema"))))
    }


def _passed(schema: object) -> Iterator[str]:
    """The names, wherever in a schema: those of filters stand below `additionalProperties`."""
    waiting: list[Any] = [schema]
    while waiting:
        one = waiting.pop()
        if is_array(one):
            waiting += one
        elif is_object(one):
            yield from (text(p, "name") for p in objects(one, "parameters") if text(p, "name"))
            waiting += [one[key] for key in _PARTS if key in one]
