"""A backend must offer the type of web service that a process is to become."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.suggestions import shortened
from aggregator.routing.verdicts import Asked, Reason


def concerns(_needs: Requirements, asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return asked.service_type is not None


def judge(_needs: Requirements, backend: Abilities, asked: Asked) -> Iterator[Reason]:
    """Judge by the name of the type, whatever its case."""
    if asked.service_type is None or backend.service_types is None:
        return
    if asked.service_type.casefold() not in backend.service_types:
        text = f"does not offer web services of type '{shortened(asked.service_type, 50)}'"
        yield Reason("service_types", text)
