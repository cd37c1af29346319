"""A backend must offer the endpoint that a process is for, where it lists its endpoints."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities, endpoint
from aggregator.routing.requirements import Requirements
from aggregator.routing.verdicts import Asked, Reason


def concerns(_needs: Requirements, asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return asked.operation is not None


def judge(_needs: Requirements, backend: Abilities, asked: Asked) -> Iterator[Reason]:
    """Judge by the `endpoints` of the backend's capabilities."""
    if asked.operation is None or backend.endpoints is None:
        return
    if endpoint(asked.operation) not in backend.endpoints:
        text = f"does not offer '{asked.operation}'"
        yield Reason("endpoints", text)
