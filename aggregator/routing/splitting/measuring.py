"""The data cube that each node gives, followed through the graph from what is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aggregator.documents import JsonObject
from aggregator.routing.abilities import Abilities
from aggregator.routing.graphs import Node, Scope
from aggregator.routing.kinds import Kind
from aggregator.routing.reading import argument, is_predefined
from aggregator.routing.splitting.cubes import NO_CUBE, UNKNOWN, Cube
from aggregator.routing.splitting.effects import EFFECTS
from aggregator.routing.splitting.facts import CollectionFacts
from aggregator.routing.splitting.flow import Flow, source_in
from aggregator.routing.splitting.loading import Call

KnownFacts = Mapping[str, Mapping[str, CollectionFacts]]
"""What is known of collections: by federated id, then by backend."""


def cubes_of(
    flow: Flow,
    able: Mapping[str, Iterable[Abilities]],
    facts: KnownFacts,
    declared: Mapping[str, Any],
) -> dict[str, Cube]:
    """The cube of each node; `able` has the backends that can run it, `declared` the defaults."""
    scope = Scope(dict(flow.graph), "", ("process_graph",), 1)
    found: dict[str, Cube] = {}
    for node_id in flow.order:
        node = Node(scope, node_id)
        known = {name: argument(node, name, declared) for name in node.arguments}
        cubes = {
            name: found[source]
            for name, value in node.arguments.items()
            if (source := source_in(value)) is not None
        }
        found[node_id] = _cube(node, known, cubes, tuple(able[node_id]), facts)
    return found


def _cube(
    node: Node,
    known: JsonObject,
    cubes: Mapping[str, Cube],
    able: Sequence[Abilities],
    facts: KnownFacts,
) -> Cube:
    effect = EFFECTS.get(node.process_id) if is_predefined(node.namespace) else None
    if effect is not None:
        return effect(Call(known, cubes, _facts(known, able, facts)))
    kinds = {
        b.processes.returned.get(node.process_id) if b.processes is not None else None for b in able
    }
    return _returned(kinds.pop() if len(kinds) == 1 else None, cubes)


def _returned(kind: Kind | None, cubes: Mapping[str, Cube]) -> Cube:
    """What a process gives of which nothing is known but what its document says."""
    if kind == "other":
        return NO_CUBE
    if kind == "raster":
        return Cube("raster")
    if kind == "vector":
        return Cube("vector")
    given = {cube.kind for cube in cubes.values()}
    return Cube(given.pop()) if kind == "cube" and len(given) == 1 else UNKNOWN


def _facts(
    known: JsonObject, able: Sequence[Abilities], facts: KnownFacts
) -> CollectionFacts | None:
    """What the backends that may load a collection agree on; the first one's size counts."""
    identifier = known.get("id")
    at = facts.get(identifier, {}) if isinstance(identifier, str) else {}
    told = [at[backend.backend] for backend in able if backend.backend in at]
    if not told:
        return None
    if any(one.dimensions != told[0].dimensions for one in told):
        return replace(told[0], dimensions=None)
    return told[0]
