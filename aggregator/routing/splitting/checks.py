"""The last word on a plan: every part is judged by the rules by which whole processes are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aggregator.routing.abilities import Abilities
from aggregator.routing.explanation import lacks
from aggregator.routing.plans import Plan, amount
from aggregator.routing.reading import read_requirements
from aggregator.routing.splitting.asking import HANDED_ON_BY, Asking
from aggregator.routing.splitting.obstacles import Obstacle, limited


def objections(plan: Plan, abilities: Sequence[Abilities], asking: Asking) -> tuple[Obstacle, ...]:
    """What speaks against the parts of a plan on their backends; nothing if all can be run."""
    found = []
    for part in plan.parts:
        operation = asking.operation if part is plan.last else HANDED_ON_BY
        routing = asking.decide(read_requirements(part.process), abilities, operation)
        verdict = next(v for v in routing.verdicts if v.backend == part.backend)
        if not verdict.able:
            said = f"backend '{part.backend}' cannot run its part: {lacks([verdict])}"
            found.append(Obstacle("part", said))
    return (*found, *_overloaded(plan, asking.largest))


def _overloaded(plan: Plan, largest: int | None) -> Iterator[Obstacle]:
    """Parts that read more of others than can be read, as far as sizes are known."""
    if largest is None:
        return
    for part in plan.parts:
        sizes = [e.size for e in plan.exchanges if part.id in e.consumers and e.size is not None]
        whole = sum(sizes)
        if whole > largest:
            said = (
                f"{part.id} at backend '{part.backend}' would read {len(sizes)} results of "
                f"{amount(whole)} in all, and {limited(largest)}"
            )
            yield Obstacle("too-much", said)
