"""The last word on a plan: every part is judged by the rules by which whole processes are."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.routing.abilities import Abilities
from aggregator.routing.explanation import lacks
from aggregator.routing.plans import Plan
from aggregator.routing.reading import read_requirements
from aggregator.routing.splitting.asking import HANDED_ON_BY, Asking
from aggregator.routing.splitting.obstacles import Obstacle


def objections(plan: Plan, abilities: Sequence[Abilities], asking: Asking) -> tuple[Obstacle, ...]:
    """What speaks against the parts of a plan on their backends; nothing if all can be run."""
    found = []
    for part in plan.parts:
        operation = asking.operation if part is plan.last else HANDED_ON_BY
        routing = asking.decide(read_requirements(part.process), abilities, operation)
        verdict = next(v for v in routing.verdicts if v.backend == part.backend)
        if not verdict.able:
            said = f"backend '{part.backend}' cannot run its part: {lacks([verdict])}"
            found.append(Obstacle("part", said, {"backend": part.backend}))
    return tuple(found)
