"""What is known of each node before a graph is cut: who can run it, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aggregator.documents import JsonObject
from aggregator.errors import NoBackendForProcess
from aggregator.routing.abilities import Abilities
from aggregator.routing.decision import Routing
from aggregator.routing.explanation import lacks
from aggregator.routing.plans import amount
from aggregator.routing.reading import declared_parameters, read_each
from aggregator.routing.requirements import Requirements
from aggregator.routing.splitting.asking import Asking
from aggregator.routing.splitting.cubes import Cube
from aggregator.routing.splitting.flow import Flow
from aggregator.routing.splitting.handing import Handing, hand_of, why_not
from aggregator.routing.splitting.measuring import KnownFacts, cubes_of
from aggregator.routing.splitting.obstacles import Obstacle, Unsplittable, limited
from aggregator.routing.suggestions import enumerated, shortened


@dataclass(frozen=True)
class Survey:
    """For each node, the backends that can run it by itself, and the cube that it gives.

    A cube that is known to have more bytes than `largest` is not handed on.
    """

    flow: Flow
    able: Mapping[str, tuple[str, ...]]
    cubes: Mapping[str, Cube]
    handing: Handing
    largest: int | None = None

    def format_for(self, node: str, producer: str, consumers: frozenset[str]) -> str | None:
        """The format in which the result of a node can be handed on; None if in none."""
        if self.is_too_large(node):
            return None
        return self.handing.format_for(self.cubes[node], producer, consumers)

    def stays(self, node: str) -> bool:
        """Whether nobody can hand on the result of this node."""
        return self.is_too_large(node) or not self.handing.is_possible(self.cubes[node])

    def is_too_large(self, node: str) -> bool:
        """Whether the result of this node is known to be more than can be handed on."""
        size = self.cubes[node].size
        return size is not None and self.largest is not None and size > self.largest

    def why_stays(self, node: str) -> str:
        """Why nobody can hand on the result of this node, to follow `the result of node 'x'`."""
        size, largest = self.cubes[node].size, self.largest
        if size is None or largest is None or not self.is_too_large(node):
            return why_not(self.cubes[node])
        return f"is estimated at {amount(size)}, and {limited(largest)}"


def survey(
    process: JsonObject,
    flow: Flow,
    abilities: Sequence[Abilities],
    asking: Asking,
    facts: KnownFacts,
) -> Survey | Unsplittable:
    """The survey, or the nodes that nobody can run."""
    able: dict[str, tuple[str, ...]] = {}
    obstacles: list[Obstacle] = []
    known: dict[object, tuple[str, ...]] = {}
    for node, needs in read_each(process).items():
        operation = asking.operation if node in flow.last else None
        key = (_alike(needs), operation)
        if key not in known:
            known[key] = _able(asking, asking.decide(needs, abilities, operation))
        able[node] = known[key]
        if not able[node]:
            obstacles.append(_nobody(node, asking.decide(needs, abilities, operation)))
    if obstacles:
        return Unsplittable(tuple(obstacles))
    by_id = {backend.backend: backend for backend in abilities}
    cubes = cubes_of(
        flow,
        {node: [by_id[b] for b in backends] for node, backends in able.items()},
        facts,
        declared_parameters(process),
    )
    handing = Handing({b: hand_of(one) for b, one in by_id.items()})
    return Survey(flow, able, cubes, handing, asking.largest)


def _alike(needs: Requirements) -> object:
    """Equal for needs that differ only in the nodes that have them."""
    return (
        tuple((p.id, p.namespace, frozenset(p.arguments)) for p in needs.processes),
        tuple((c.id, c.bands, c.box, c.interval) for c in needs.collections),
        tuple(f.format for f in needs.output_formats),
        tuple(f.format for f in needs.input_formats),
        tuple((u.runtime, u.version) for u in needs.udfs),
        tuple((r.reference, r.kind, r.binding) for r in needs.references),
        tuple(e.backends for e in needs.explicit),
    )


def _able(asking: Asking, routing: Routing) -> tuple[str, ...]:
    return tuple(backend for backend in routing.able if asking.reaches(backend))


def _nobody(node: str, routing: Routing) -> Obstacle:
    name = f"node '{shortened(node, 100)}'"
    if routing.able:
        able = enumerated(sorted(routing.able), " or ")
        said = f"only {able} can run {name}, and your login does not count there"
        return Obstacle("unreachable", said)
    refusal = routing.rejection()
    unknown = isinstance(refusal, NoBackendForProcess) and not refusal.lacking
    why = refusal.message.removesuffix(".") if unknown else lacks(routing.verdicts)
    return Obstacle("nobody", f"no backend can run {name}", why)
