"""What belongs to a job of one backend, or lies there for a user, can be used only there."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.references import is_address
from aggregator.routing.requirements import ReferenceNeed, Requirements
from aggregator.routing.suggestions import shortened
from aggregator.routing.verdicts import Asked, Reason

_NOUNS = {
    "result": "the results of",
    "model": "the model",
    "stac": "the results at",
    "file": "the file",
    "workspace": "the workspace",
}


def concerns(needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return any(need.binding for need in needs.references)


def judge(needs: Requirements, backend: Abilities, asked: Asked) -> Iterator[Reason]:
    """Judge by who holds the jobs that are referred to.

    An id that names no backend is taken as the backend's own only if that backend was asked for.
    """
    for need in needs.references:
        if need.binding:
            text = _against(need, backend.backend, asked)
            if text:
                yield Reason("references", text, need.path)


def _against(need: ReferenceNeed, backend: str, asked: Asked) -> str:
    owner = asked.holder_of(need)
    name = f"{_NOUNS[need.kind]} '{shortened(need.reference, 150)}'"
    if owner == backend:
        return ""
    if owner is not None:
        return f"does not hold {name}: backend '{owner}' does"
    if is_address(need.reference) or asked.explicit == backend:
        return ""
    what = "path" if need.kind == "file" else "id"
    return f"is not known to hold {name}: the {what} does not begin with a backend's"
