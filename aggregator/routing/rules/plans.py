"""A backend must offer the billing plan that the request asks for."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.routing.verdicts import Asked, Reason


def concerns(_needs: Requirements, asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return asked.billing.plan is not None


def judge(_needs: Requirements, backend: Abilities, asked: Asked) -> Iterator[Reason]:
    """Judge by the name of the plan, whatever its case."""
    plan = asked.billing.plan
    if plan is None or backend.plans is None or plan.casefold() in backend.plans:
        return
    offered = enumerated(sorted(backend.plans.values()))
    text = f"has no billing plan '{shortened(plan, 50)}' (it has {offered or 'none'})"
    yield Reason("plans", text)
