"""A backend must be able to write every format that is asked for, where it publishes them."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.suggestions import shortened
from aggregator.routing.verdicts import Asked, Reason


def concerns(needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return bool(needs.output_formats)


def judge(needs: Requirements, backend: Abilities, _asked: Asked) -> Iterator[Reason]:
    """Judge by the names of formats, whatever their case."""
    if backend.output_formats is None:
        return
    for need in needs.output_formats:
        if need.format.casefold() not in backend.output_formats:
            text = f"does not write format '{shortened(need.format, 50)}'"
            yield Reason("output_formats", text, need.path)
