"""What `POST /validation` answers from routing.

Source: Federation Extension, `POST /validation`. Without errors, `federation:backends` names who
can run the process. With errors, it names who was checked; without it nobody could be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aggregator.errors import OpenEOError
from aggregator.routing.decision import Routing


@dataclass(frozen=True)
class Validation:
    """Errors, and the backends that can run the process or were found unable to (or None)."""

    errors: tuple[OpenEOError, ...]
    backends: tuple[str, ...] | None

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        body: dict[str, Any] = {"errors": [error.as_json() for error in self.errors]}
        if self.backends:
            body["federation:backends"] = list(self.backends)
        return body


def validation(routing: Routing) -> Validation:
    """The answer as far as routing can tell.

    A backend that is offline and would be able counts as not checked: it may run the process yet.
    """
    if routing.able:
        return Validation((), routing.able)
    checked = tuple(v.backend for v in routing.verdicts if not v.able_if_online)
    return Validation(routing.rejections(), checked or None)


def invalid(errors: Sequence[OpenEOError], members: Sequence[str]) -> Validation:
    """The answer for a process that is malformed: none of the members can run it as it is."""
    return Validation(tuple(errors), tuple(members) or None)
