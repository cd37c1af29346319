"""One budget for several parts: what may be spent is divided before each part begins.

Amounts are whole millicredits. A part that has ended counts with what it has cost, or with all that
it was allowed while that is not known; what it left is there for the parts to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aggregator.federated.states import ENDED, WAITING, PartState


def allotted(
    budget: int, parts: Sequence[PartState], expected: Mapping[str, int], part: str
) -> int:
    """What the part may spend of the budget of the whole; 0 if nothing is left.

    `expected` are the costs that are expected of each part: by them what is left is divided among
    those that have not begun. Without any, all get the same.
    """
    left = max(budget - sum(_taken(one) for one in parts), 0)
    waiting = [one.id for one in parts if one.stage == WAITING or one.id == part]
    weights = {name: max(expected.get(name, 0), 0) for name in waiting}
    whole = sum(weights.values())
    if whole == 0:
        return left // len(waiting)
    return left * weights[part] // whole


def _taken(part: PartState) -> int:
    allowed = part.budget or 0
    if part.stage in ENDED and part.costs is not None:
        return max(round(part.costs * 1000), 0)
    return allowed
