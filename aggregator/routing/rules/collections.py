"""A backend must have every collection that is loaded."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.suggestions import shortened
from aggregator.routing.verdicts import Asked, Reason


def concerns(needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return bool(needs.collections)


def judge(needs: Requirements, backend: Abilities, _asked: Asked) -> Iterator[Reason]:
    """Judge by the ids of the collections."""
    if backend.collections is None:
        if needs.collections:
            path = needs.collections[0].path
            yield Reason("collections", "has not told its collections yet", path)
        return
    for need in needs.collections:
        if need.id not in backend.collections:
            text = f"has no collection '{shortened(need.id, 100)}'"
            yield Reason("collections", text, need.path)
