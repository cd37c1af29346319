"""Process graphs as openEO writes them, read by one walk over the JSON.

The walk takes no recursion and time linear in the size of the document, whatever the shape of the
graph: a node is looked at once, however many others refer to it. Source: openEO API, "Processes",
"Process Graphs".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aggregator.errors import (
    ProcessGraphComplexity,
    ProcessGraphInvalid,
    ProcessGraphMissing,
    ProcessInvalid,
)
from aggregator.routing.suggestions import closest, enumerated, shortened
from aggregator.routing.topology import find_cycle

BACKENDS_PROPERTY = "federation:backends"
MISTAKES_NAMED = 10

_GEOMETRIES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
)

Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class Limits:
    """How large a process may be: nodes in all, graphs within graphs, depth of an argument."""

    nodes: int = 10_000
    graphs: int = 50
    values: int = 100


@dataclass(frozen=True)
class Scope:
    """One graph: the outermost, or one nested in an argument of a node.

    `path` is the prefix of its nodes' paths, `keys` lead from the process to the graph, and
    `chooses` marks the condition on `federation:backends` of a load_collection, which the
    federation answers itself.
    """

    graph: dict[str, Any]
    path: str
    keys: Keys
    depth: int
    chooses: bool = False


class Node(NamedTuple):
    """A node that was found to be well formed, with the graph it stands in."""

    scope: Scope
    id: str

    @property
    def process_id(self) -> str:
        """The process that the node calls."""
        return self.scope.graph[self.id]["process_id"]  # type: ignore[no-any-return]

    @property
    def namespace(self) -> str | None:
        """The namespace that the process is looked for in, None for the usual ones."""
        return self.scope.graph[self.id].get("namespace")  # type: ignore[no-any-return]

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments as they stand."""
        return self.scope.graph[self.id]["arguments"]  # type: ignore[no-any-return]

    @property
    def path(self) -> str:
        """Where it stands, such as `reduce1/reducer/mean1`."""
        return self.scope.path + self.id

    @property
    def keys(self) -> Keys:
        """The keys that lead from the process to this node."""
        return (*self.scope.keys, self.id)


class Reading(NamedTuple):
    """All graphs of a process, the outermost first, and what is wrong with them."""

    scopes: Sequence[Scope]
    mistakes: Sequence[str]


def read_graph(process: object, limits: Limits = Limits()) -> Reading:
    """Every graph in a process, checked; mistakes are data, the first ten of them worded.

    Raises ProcessInvalid, ProcessGraphMissing or ProcessGraphInvalid where there is no graph to be
    read, and ProcessGraphComplexity where a limit is passed.
    """
    return _Walk(_root(process), limits).read()


def valid_graph(process: object) -> Sequence[Scope]:
    """Like `read_graph`, but raises ProcessGraphInvalid, naming the mistakes, if there are any."""
    scopes, mistakes = read_graph(process)
    if mistakes:
        raise ProcessGraphInvalid("The process graph is not valid: " + "; ".join(mistakes) + ".")
    return scopes


def _root(process: object) -> dict[str, Any]:
    if not isinstance(process, Mapping):
        raise ProcessInvalid("A process must be a JSON object with a property 'process_graph'.")
    graph = process.get("process_graph")
    if graph is None:
        raise ProcessGraphMissing
    if not isinstance(graph, dict):
        raise ProcessGraphInvalid(
            "The property 'process_graph' must be an object with a node for each of its keys."
        )
    return graph


class _Walk:
    """The walk's state: the graphs found so far and the mistakes in them."""

    def __init__(self, root: dict[str, Any], limits: Limits) -> None:
        self.limits = limits
        self.count = 0
        self.scopes = [Scope(root, "", ("process_graph",), 1)]
        self.mistakes: list[str] = []

    def read(self) -> Reading:
        for scope in self.scopes:  # grows while graphs are found in arguments
            self._read_scope(scope)
        return Reading(self.scopes, self.mistakes)

    def _mistake(self, said: str) -> None:
        if len(self.mistakes) < MISTAKES_NAMED:
            self.mistakes.append(shortened(said))

    def _read_scope(self, scope: Scope) -> None:
        self.count += len(scope.graph)
        if self.count > self.limits.nodes:
            raise ProcessGraphComplexity(
                f"The process graph has more than {self.limits.nodes} nodes, which is the most "
                "that is accepted. Split it into several processes."
            )
        references: dict[str, list[str]] = {}
        results: list[str] = []
        forward = False
        for node_id, content in scope.graph.items():
            # Also of a node that is wrong otherwise: that is the mistake, not a missing result.
            if isinstance(content, dict) and content.get("result"):
                results.append(node_id)
            mistake = _mistake_in(content)
            if mistake:
                self._mistake(f"node '{scope.path}{node_id}' {mistake}")
                continue
            found = self._references(Node(scope, node_id), content["arguments"])
            for target in found:
                # Where each node refers to earlier ones only, there can be no cycle.
                if target not in references:
                    forward = True
            references[node_id] = found
        if forward:
            self._check_references(scope, references)
        if len(results) != 1:
            self._check_result(scope, results, references)

    def _references(self, node: Node, arguments: dict[str, Any]) -> list[str]:
        """The nodes whose results are among the arguments; graphs found on the way are queued."""
        found: list[str] = []
        pending: list[tuple[Any, Keys]] = []
        for name, value in arguments.items():
            if isinstance(value, dict):
                self._look_at(node, value, (name,), found, pending)
            elif isinstance(value, list):
                pending.append((value, (name,)))
        while pending:
            value, keys = pending.pop()
            if len(keys) > self.limits.values:
                raise ProcessGraphComplexity(
                    f"An argument of node '{shortened(node.path)}' is nested more than "
                    f"{self.limits.values} levels deep, which is the most that is accepted."
                )
            members = value.items() if isinstance(value, dict) else enumerate(value)
            for member, child in members:
                if isinstance(child, dict):
                    self._look_at(node, child, (*keys, member), found, pending)
                elif isinstance(child, list) and not _are_coordinates(member, value):
                    pending.append((child, (*keys, member)))
        return found

    def _look_at(
        self,
        node: Node,
        value: dict[str, Any],
        keys: Keys,
        found: list[str],
        pending: list[tuple[Any, Keys]],
    ) -> None:
        if "from_node" in value:
            target = value["from_node"]
            if isinstance(target, str):
                found.append(target)
            else:
                self._mistake(f"a 'from_node' in node '{node.path}' must be the id of a node")
        elif "from_parameter" in value:
            if not isinstance(value["from_parameter"], str):
                self._mistake(f"a 'from_parameter' in node '{node.path}' must be the name of one")
        elif "process_graph" in value:
            self._nested(node, keys, value["process_graph"])
        else:
            pending.append((value, keys))

    def _nested(self, node: Node, keys: Keys, graph: object) -> None:
        path = f"{node.path}/{'/'.join(map(str, keys))}"
        if not isinstance(graph, dict):
            self._mistake(f"the 'process_graph' at '{path}' must be an object of nodes")
            return
        depth = node.scope.depth + 1
        if depth > self.limits.graphs:
            raise ProcessGraphComplexity(
                f"The process graph at '{path[:100]}…' is nested within more than "
                f"{self.limits.graphs - 1} others, which is the most that is accepted."
            )
        chooses = node.scope.chooses or (
            node.process_id == "load_collection" and keys == ("properties", BACKENDS_PROPERTY)
        )
        where = (*node.keys, "arguments", *keys, "process_graph")
        self.scopes.append(Scope(graph, f"{path}/", where, depth, chooses))

    def _check_references(self, scope: Scope, references: Mapping[str, list[str]]) -> None:
        for node_id, targets in references.items():
            for target in targets:
                if target not in scope.graph and len(self.mistakes) < MISTAKES_NAMED:
                    self._mistake(_dangling(scope, node_id, target, self.scopes))
        cycle = find_cycle(references)
        if cycle:
            names = [f"'{scope.path}{node_id}'" for node_id in (*cycle, cycle[0])]
            self._mistake(f"nodes wait for one another in a circle: {enumerated(names, ' → ')}")

    def _check_result(
        self, scope: Scope, results: Sequence[str], references: Mapping[str, list[str]]
    ) -> None:
        graph_name = f"the graph '{scope.path[:-1]}'" if scope.path else "the process graph"
        if results:
            named = enumerated([f"'{node_id}'" for node_id in results])
            self._mistake(f"{graph_name} has more than one node with 'result': true: {named}")
        elif not scope.graph:
            self._mistake(f"{graph_name} has no nodes")
        else:
            ends = _ends(references)
            hint = f" (perhaps on {enumerated(ends, ' or ')})" if ends else ""
            self._mistake(f"{graph_name} needs exactly one node with 'result': true{hint}")


def _mistake_in(content: object) -> str:
    """What is wrong with a node, looked at by itself; empty if nothing is."""
    if not isinstance(content, dict):
        return "must be an object"
    process_id, namespace = content.get("process_id"), content.get("namespace")
    if not (isinstance(process_id, str) and process_id):
        return "must name its process in 'process_id'"
    if not isinstance(content.get("arguments"), dict):
        return "must have an object 'arguments' (an empty one if there are none)"
    if not (namespace is None or isinstance(namespace, str)):
        return "must have a 'namespace' that is text or null"
    if not isinstance(content.get("result"), bool | None):
        return "must have a 'result' that is true or false"
    return ""


def _are_coordinates(key: str | int, parent: Any) -> bool:
    # GeoJSON coordinates are numbers only, and often most of the document.
    if key != "coordinates":
        return False
    kind = parent.get("type")
    return isinstance(kind, str) and kind in _GEOMETRIES


def _ends(references: Mapping[str, list[str]]) -> list[str]:
    used = {target for targets in references.values() for target in targets}
    return [f"'{node_id}'" for node_id in references if node_id not in used]


def _dangling(scope: Scope, node_id: str, target: str, scopes: Sequence[Scope]) -> str:
    said = f"node '{scope.path}{node_id}' refers to node '{target}', which its graph does not have"
    if any(target in other.graph for other in scopes):
        return f"{said} (only nodes of the same graph can be referred to)"
    near = closest(target, scope.graph)
    return f"{said} (did you mean {enumerated([repr(n) for n in near], ' or ')}?)" if near else said
