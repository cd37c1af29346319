"""Whether what the user has made can be deleted: alike for all that has an address of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from scripts.self_review.backend import Backend
from scripts.self_review.checks.jobs import readable
from scripts.self_review.findings import Outcome, judged
from scripts.self_review.probe.answer import Answer


class Deleted(NamedTuple):
    """What DELETE answers, what GET answers then, and DELETE once more."""

    answer: Answer
    after: Answer
    again: Answer


def deleted(backend: Backend, what: str, made: Callable[[], str]) -> Deleted:
    """Delete, once for all checks of it, what `made` makes and gives the path of."""

    def make() -> Deleted:
        path = made()
        return Deleted(
            backend.send("DELETE", path),
            backend.send("GET", path),
            backend.send("DELETE", path),
        )

    found: Deleted = backend.making.once(what, make)
    return found


def gone(found: Deleted, says: str) -> Outcome:
    """Whether it was deleted."""
    problems = [] if found.answer.ok else [f"DELETE answers {found.answer.status}"]
    problems += ["afterwards it is still there"] if found.answer.ok and found.after.ok else []
    return judged(problems, says, found.answer, found.after)


def answered_with_204(found: Deleted, parent: str) -> Outcome:
    """Whether the statuses are right; not judged if it was not deleted, by the check `parent`."""
    readable(found.answer, parent)
    problems = [] if found.answer.status == 204 else [f"the status is {found.answer.status}"]
    if not 400 <= found.again.status < 500:
        problems.append(f"deleting it once more answers {found.again.status}")
    return judged(problems, "204, and then 4xx for what is gone.", found.answer, found.again)
