"""Work starts only where the user's credits and budget cover what it is expected to cost."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.verdicts import Asked, Reason


def concerns(_needs: Requirements, asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return asked.billing.starts and bool(asked.billing.credits)


def judge(_needs: Requirements, backend: Abilities, asked: Asked) -> Iterator[Reason]:
    """Judge by what the user can spend at the backend, and by the request's own budget."""
    for shortage in asked.billing.shortages(backend.backend):
        yield Reason(shortage.rule, shortage.text)
