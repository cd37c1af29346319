"""What backends say of a process together, as the answer to a validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import BackendError
from aggregator.routing import Routing
from aggregator.upstream.failures import Failure
from aggregator.usecases.accounts import missing_from


def verdict(
    routing: Routing,
    errors: Mapping[str, Sequence[JsonObject]],
    failures: Mapping[str, Failure],
) -> dict[str, Any]:
    """The answer: no errors if any backend is able; else those of the first that has some.

    `errors` are what the able backends answered, `failures` why some did not answer.
    """
    unreachable = [b for b in missing_from(failures) if not _declines(failures[b])]
    able = [b for b in routing.able if not errors.get(b) and b not in unreachable]
    if able:
        return {"errors": [], "federation:backends": able}
    faulty = [backend for backend in routing.able if errors.get(backend)]
    if faulty:
        checked = {*faulty, *(v.backend for v in routing.verdicts if not v.able_if_online)}
        return {
            "errors": [dict(error) for error in errors[faulty[0]]],
            "federation:backends": [v.backend for v in routing.verdicts if v.backend in checked],
        }
    return {"errors": [failures[backend].as_json() for backend in unreachable]}


def _declines(failure: Failure) -> bool:
    return isinstance(failure, BackendError) and failure.status < 500
