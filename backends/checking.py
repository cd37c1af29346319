"""Checks a process graph before anything is computed, in linear time and without recursion.

Light. What is judged here: the form of nodes, references, result nodes, cycles, scopes of
parameters, processes and their arguments. `backends.arguments` judges single arguments.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from backends.arguments import callback_parameters, check_arguments
from backends.errors import OpenEOError

MAX_NODES: Final = 10_000
MAX_DEPTH: Final = 32
"""How deep process graphs may stand inside process graphs."""
MAX_NESTING: Final = 200
"""How deep lists and objects may stand inside one argument."""
MAX_ERRORS: Final = 100

JsonObject = Mapping[str, Any]
Scope = frozenset[str] | None
"""Names that `from_parameter` may use; None where that cannot be known."""


@dataclass(frozen=True)
class References:
    """What one argument refers to: nodes, parameters, and the process graphs inside of it."""

    nodes: list[Any] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
    graphs: list[Any] = field(default_factory=list)
    too_deep: bool = False


@dataclass(frozen=True)
class Graph:
    """One process graph to be checked: where it stands and which parameters it sees."""

    nodes: Any
    path: tuple[str, ...]
    scope: Scope


def references(value: Any) -> References:
    """All references in an argument, child graphs not entered."""
    found = References()
    pending: list[tuple[Any, int]] = [(value, 0)]
    while pending:
        current, depth = pending.pop()
        if depth > MAX_NESTING:
            return References(too_deep=True)
        if isinstance(current, Mapping):
            if "from_node" in current:
                found.nodes.append(current["from_node"])
            elif "from_parameter" in current:
                found.parameters.append(current["from_parameter"])
            elif "process_graph" in current:
                found.graphs.append(current["process_graph"])
            else:
                pending.extend((item, depth + 1) for item in current.values())
        elif isinstance(current, list | tuple):
            pending.extend((item, depth + 1) for item in current)
    return found


def objects_in(value: object) -> Iterator[dict[str, Any]]:
    """Every object in a value: itself, and those in its lists and objects, at any depth."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found


def check_process(
    process: JsonObject,
    offered: Mapping[str, Mapping[str, Any]],
    *,
    max_nodes: int = MAX_NODES,
) -> list[OpenEOError]:
    """Everything that is wrong with a process, as far as can be known before computing.

    `process` holds `process_graph` and perhaps `parameters`; `offered` maps process ids to
    their definitions. An empty list: nothing found. Time is linear in the size of the
    process, also for shared nodes and deep nesting; at most 100 errors are reported.
    Source: openEO API 1.3.0, section Process Graphs.
    """
    graph = process.get("process_graph")
    if graph is None:
        return [
            OpenEOError("ProcessGraphMissing", "The process has no process graph: `process_graph`.")
        ]
    walk = _Walk(offered, max_nodes)
    walk.pending.append(Graph(graph, (), _declared(process.get("parameters"))))
    while walk.pending and len(walk.errors) < MAX_ERRORS:
        walk.check_graph(walk.pending.pop())
    return walk.errors[:MAX_ERRORS]


def _declared(parameters: Any) -> Scope:
    """The names of the process' own parameters."""
    listed = parameters if isinstance(parameters, list) else []
    names = (item.get("name") for item in listed if isinstance(item, Mapping))
    return frozenset(name for name in names if isinstance(name, str))


def _invalid(message: str) -> OpenEOError:
    return OpenEOError("ProcessGraphInvalid", message)


def _meant(word: str, known: Collection[str]) -> str:
    """A hint at what was probably meant, or nothing."""
    close = difflib.get_close_matches(word[:100], known, n=3)
    return f" Did you mean {' or '.join(repr(name) for name in close)}?" if close else ""


class _Walk:
    """One pass over a process: the graphs still to be seen and the errors so far."""

    def __init__(self, offered: Mapping[str, Mapping[str, Any]], max_nodes: int) -> None:
        self.offered = offered
        self.max_nodes = max_nodes
        self.errors: list[OpenEOError] = []
        self.pending: list[Graph] = []
        self._nodes = 0
        self._unsupported: dict[str, str] = {}
        self._scopes: dict[tuple[str, str], Scope] = {}

    def check_graph(self, graph: Graph) -> None:
        """Judge one graph and put the graphs inside of it on the list."""
        where = f" in node '{'/'.join(graph.path)}'" if graph.path else ""
        if not isinstance(graph.nodes, Mapping) or not graph.nodes:
            message = f"The process graph{where} must be an object with at least one node."
            self.errors.append(_invalid(message))
        elif self._too_large(graph, len(graph.nodes)):
            return
        else:
            self.errors.extend(_check_result(graph.nodes, where))
            self._check_nodes(graph)

    def _too_large(self, graph: Graph, count: int) -> bool:
        self._nodes += count
        reason = ""
        if self._nodes > self.max_nodes:
            reason = f"it has more than {self.max_nodes} nodes"
        elif len(graph.path) > MAX_DEPTH:
            reason = f"process graphs are nested more than {MAX_DEPTH} deep"
        if reason:
            message = f"The process is too complex: {reason}."
            self.errors.append(OpenEOError("ProcessGraphComplexity", message))
            self.pending.clear()
        return bool(reason)

    def _check_nodes(self, graph: Graph) -> None:
        edges: dict[str, list[str]] = {}
        for node_id, node in graph.nodes.items():
            where = "/".join((*graph.path, str(node_id)))
            malformed = _malformed(node, where)
            if malformed:
                self.errors.append(_invalid(malformed))
                edges[node_id] = []
            else:
                edges[node_id] = self._check_node(graph, node_id, node, where)
            if len(self.errors) >= MAX_ERRORS:
                return
        cycle = find_cycle(edges)
        if cycle:
            ring = " -> ".join(repr("/".join((*graph.path, name))) for name in cycle)
            self.errors.append(
                _invalid(f"The nodes {ring} need one another: a process graph has no cycles.")
            )

    def _check_node(self, graph: Graph, node_id: str, node: JsonObject, where: str) -> list[str]:
        """Judge one node; the ids of the nodes that it refers to."""
        process_id, arguments = node["process_id"], node["arguments"]
        definition = self._definition(process_id, node.get("namespace"), where)
        targets: list[str] = []
        too_deep = False
        for name, value in arguments.items():
            found = references(value)
            if found.too_deep:
                message = f"The argument '{name}' of node '{where}' is nested too deep."
                self.errors.append(OpenEOError("ProcessGraphComplexity", message))
                too_deep = True
                continue
            self.errors.extend(_check_parameters(found.parameters, graph.scope, where))
            self.errors.extend(_check_targets(found.nodes, graph.nodes, where))
            targets.extend(t for t in found.nodes if isinstance(t, str) and t in graph.nodes)
            scope = self._scope(process_id, name, definition, graph.scope) if found.graphs else None
            path = (*graph.path, str(node_id))
            self.pending.extend(Graph(child, path, scope) for child in found.graphs)
        if definition is not None and not too_deep:
            self.errors.extend(check_arguments(definition, arguments, where))
        return targets

    def _definition(self, process_id: str, namespace: Any, where: str) -> JsonObject | None:
        if namespace not in (None, "", "backend"):
            message = (
                f"The process '{process_id}' at node '{where}' is wanted from the namespace "
                f"'{namespace}', which is not known here. A process is predefined or your own "
                "(no namespace, 'backend' or 'user')."
            )
            self.errors.append(OpenEOError("ProcessUnsupported", message))
            return None
        if process_id in self.offered:
            return self.offered[process_id]
        if process_id not in self._unsupported:
            self._unsupported[process_id] = _meant(process_id, self.offered)
        message = f"The process '{process_id}' at node '{where}' is not supported."
        self.errors.append(
            OpenEOError("ProcessUnsupported", message + self._unsupported[process_id])
        )
        return None

    def _scope(self, process: str, name: str, definition: JsonObject | None, outer: Scope) -> Scope:
        """What a child graph may refer to: its own parameters and those around it."""
        key = (process, name)
        if key not in self._scopes:
            own = callback_parameters(definition, name) if definition is not None else None
            self._scopes[key] = own
        own = self._scopes[key]
        return None if own is None or outer is None else own | outer


def _malformed(node: Any, where: str) -> str:
    """What is wrong with the form of a node, or nothing."""
    if not isinstance(node, Mapping):
        return f"The node '{where}' must be an object with `process_id` and `arguments`."
    process_id = node.get("process_id")
    if not isinstance(process_id, str) or not process_id:
        return f"The node '{where}' has no `process_id` that is a text."
    if not isinstance(node.get("arguments"), Mapping):
        return f"The node '{where}' has no object `arguments` (it may be empty)."
    if not isinstance(node.get("result", False), bool):
        return f"The `result` flag of node '{where}' must be true or false."
    return ""


def _check_result(nodes: JsonObject, where: str) -> Iterator[OpenEOError]:
    results = [
        str(node_id)
        for node_id, node in nodes.items()
        if isinstance(node, Mapping) and node.get("result") is True
    ]
    if not results:
        yield _invalid(
            f"The process graph{where} has no result node: "
            'set `"result": true` at the node that gives the result.'
        )
    elif len(results) > 1:
        names = ", ".join(repr(name) for name in results[:10])
        yield _invalid(f"The process graph{where} has several result nodes ({names}): keep one.")


def _check_parameters(names: list[Any], scope: Scope, where: str) -> Iterator[OpenEOError]:
    for name in names:
        if not isinstance(name, str):
            yield _invalid(f"A `from_parameter` at node '{where}' is not the name of a parameter.")
        elif scope is not None and name not in scope:
            known = ", ".join(repr(item) for item in sorted(scope)) or "none"
            yield _invalid(
                f"The node '{where}' refers to a parameter '{name}' that is not defined there. "
                f"Defined are: {known}."
            )


def _check_targets(targets: list[Any], nodes: JsonObject, where: str) -> Iterator[OpenEOError]:
    for target in targets:
        if not isinstance(target, str):
            yield _invalid(f"A `from_node` at node '{where}' is not the id of a node.")
        elif target not in nodes:
            hint = _meant(target, [str(name) for name in list(nodes)[:1000]])
            yield _invalid(
                f"The node '{where}' refers to a node '{target}' that does not exist "
                f"in the same process graph.{hint}"
            )


def find_cycle(edges: Mapping[str, list[str]]) -> list[str]:
    """The ids of one ring of nodes that need one another (first repeated last), or nothing."""
    waiting = {node: len(set(targets)) for node, targets in edges.items()}
    users: dict[str, list[str]] = {node: [] for node in edges}
    for node, targets in edges.items():
        for target in set(targets):
            users[target].append(node)
    free = [node for node, count in waiting.items() if count == 0]
    while free:
        node = free.pop()
        del waiting[node]
        for user in users[node]:
            waiting[user] -= 1
            if waiting[user] == 0:
                free.append(user)
    if not waiting:
        return []
    ring, seen = [next(iter(waiting))], set[str]()
    while ring[-1] not in seen:
        seen.add(ring[-1])
        ring.append(next(target for target in edges[ring[-1]] if target in waiting))
    return ring[ring.index(ring[-1]) :][:20]
