"""A backend must offer every predefined process, callbacks included, with its arguments."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities, ProcessAbilities
from aggregator.routing.requirements import ProcessNeed, Requirements
from aggregator.routing.suggestions import shortened
from aggregator.routing.verdicts import Asked, Reason


def concerns(needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return bool(needs.predefined)


def judge(needs: Requirements, backend: Abilities, _asked: Asked) -> Iterator[Reason]:
    """Judge by the ids of processes and the names of their parameters."""
    signs = backend.signs
    if needs.calls <= signs:
        return
    if backend.processes is None:
        yield Reason("processes", "has not told its processes yet")
        return
    for call, need, argument in needs.called:
        if call not in signs:
            yield from _against(need, argument, backend.processes)


def _against(need: ProcessNeed, argument: str, offered: ProcessAbilities) -> Iterator[Reason]:
    if need.id not in offered:
        # Its arguments need not be said to be missing as well.
        if not argument:
            text = f"has no process '{shortened(need.id, 100)}'"
            yield Reason("processes", text, need.path)
    elif offered[need.id] is not None:
        text = f"has process '{need.id}' without parameter '{shortened(argument, 100)}'"
        yield Reason("processes", text, need.arguments[argument])
