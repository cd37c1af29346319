"""A backend that is offline runs nothing now; the other rules say whether it could."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.verdicts import Asked, Reason


def concerns(_needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return True


def judge(_needs: Requirements, backend: Abilities, _asked: Asked) -> Iterator[Reason]:
    """Judge whether the backend can be reached."""
    if not backend.online:
        yield Reason("online", "is offline")
