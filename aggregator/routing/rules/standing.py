"""A backend that is excluded from the federation gets no new work."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.verdicts import Asked, Reason


def concerns(_needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return True


def judge(_needs: Requirements, backend: Abilities, _asked: Asked) -> Iterator[Reason]:
    """Judge whether the backend may be given new work."""
    if backend.excluded:
        yield Reason("standing", f"takes no new work: it {backend.excluded}")
