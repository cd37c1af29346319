"""What a check finds. An `Outcome` is what a check returns; a `Finding` adds the requirement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from scripts.self_review.catalogue import Requirement
from scripts.self_review.probe.answer import Answer


class Verdict(StrEnum):
    """The seven things that can be said of a requirement."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    WARNING = "warning"
    NOT_APPLICABLE = "not applicable"
    COULD_NOT_TELL = "could not tell"
    ATTESTED = "attested"
    WAIVED = "waived"


class Cause(StrEnum):
    """Why something could not be told."""

    LOGIN = "needs a login"
    READ_ONLY = "read-only"
    UNREACHABLE = "unreachable"
    UNUSABLE = "unusable answer"
    TIME = "needs evidence from elsewhere"
    STATEMENT = "needs a statement"
    LIMIT = "limits of this review"
    INTERNAL = "internal error"
    UNCHECKED = "no check"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A request, and the decisive part of what came back."""

    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check says. `says` is one sentence; `looked_at` names what was sampled."""

    verdict: Verdict
    says: str
    evidence: tuple[Evidence, ...] = ()
    hint: str = ""
    looked_at: str = ""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome for one requirement, ready to be shown."""

    requirement: Requirement
    outcome: Outcome
    reason: str = ""
    """Why it was waived, or who attested what."""
    was: Verdict | None = field(default=None)
    """The verdict before the waiver."""

    @property
    def id(self) -> str:
        return self.requirement.id

    @property
    def verdict(self) -> Verdict:
        return self.outcome.verdict

    def as_(self, verdict: Verdict, reason: str) -> Finding:
        """The same finding with another verdict, for that reason."""
        outcome = replace(self.outcome, verdict=verdict)
        return replace(self, outcome=outcome, reason=reason, was=self.verdict)


Shown = Answer | Evidence
MOST_EXAMPLES = 5
MOST_LETTERS = 200


def _evidence(shown: Sequence[Shown]) -> tuple[Evidence, ...]:
    return tuple(one if isinstance(one, Evidence) else shown_answer(one) for one in shown)


def shown_answer(answer: Answer, part: str = "") -> Evidence:
    """An answer as evidence: its status and the part that decided, or how it begins."""
    return Evidence(answer.request, f"{answer.status} {part or answer.beginning}".strip())


def passed(says: str, *shown: Shown, looked_at: str = "") -> Outcome:
    return Outcome(Verdict.PASS, says, _evidence(shown), looked_at=looked_at)


def failed(says: str, *shown: Shown, hint: str = "", looked_at: str = "") -> Outcome:
    return Outcome(Verdict.FAIL, says, _evidence(shown), hint, looked_at)


def warned(says: str, *shown: Shown, hint: str = "", looked_at: str = "") -> Outcome:
    return Outcome(Verdict.WARNING, says, _evidence(shown), hint, looked_at)


def not_applicable(says: str, *shown: Shown) -> Outcome:
    return Outcome(Verdict.NOT_APPLICABLE, says, _evidence(shown))


def could_not_tell(says: str, cause: Cause, *shown: Shown, hint: str = "") -> Outcome:
    return Outcome(Verdict.COULD_NOT_TELL, says, _evidence(shown), hint, cause=cause)


class NotJudgedError(Exception):
    """A check cannot go on: what it would look at is not there. Carries the outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.says)
        self.outcome = outcome


def given(value: object) -> str:
    """A value of a document, as its JSON says it; `not given` where there is none."""
    return "not given" if value is None else json.dumps(value, ensure_ascii=False)[:MOST_LETTERS]


def judged(
    problems: Sequence[str], good: str, *shown: Shown, looked_at: str = "", hint: str = ""
) -> Outcome:
    """Passes with `good` if there are no problems; else fails and names the first of them."""
    if not problems:
        return passed(good, *shown, looked_at=looked_at)
    return failed(some(problems), *shown, hint=hint, looked_at=looked_at)


def some(problems: Sequence[str]) -> str:
    """The first problems in a sentence, and how many more there are."""
    more = len(problems) - MOST_EXAMPLES
    listed = "; ".join(problems[:MOST_EXAMPLES])
    return f"{listed}; and {more} more." if more > 0 else f"{listed}."
