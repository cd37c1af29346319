"""From findings to the answer: does the backend meet the minimum, and how far each profile?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scripts.self_review.catalogue import AGGREGATOR, MANUAL, Catalogue, Requirement
from scripts.self_review.findings import Cause, Finding, Verdict

MINIMUM = "minimum"
MET = (Verdict.PASS, Verdict.WARNING, Verdict.ATTESTED)
LATER = frozenset({Cause.TIME, Cause.STATEMENT})
"""What no single run can find out; it is counted, but does not keep a backend out."""
MEETS, FAILS, UNJUDGED = 0, 1, 2
"""Exit statuses."""


@dataclass(frozen=True, slots=True)
class Score:
    """A profile: how many of its requirements have which verdict."""

    profile: str
    counts: Counter[Verdict]

    @property
    def total(self) -> int:
        """The requirements that apply."""
        return sum(self.counts.values()) - self.counts[Verdict.NOT_APPLICABLE]

    @property
    def met(self) -> int:
        return sum(self.counts[one] for one in MET)

    @property
    def percent(self) -> float | None:
        """The share of what applies that is met; None if nothing applies."""
        return round(100 * self.met / self.total, 1) if self.total else None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer in one line, and the exit status that goes with it."""

    status: int
    line: str


def score(profile: str, findings: Iterable[Finding]) -> Score:
    return Score(profile, Counter(one.verdict for one in findings))


def scores(findings: Sequence[Finding], catalogue: Catalogue) -> list[Score]:
    """The minimum first, then every profile that has findings."""
    found = [score(MINIMUM, minimum(findings, catalogue))]
    for name in catalogue.profiles():
        some = [one for one in findings if name in one.requirement.profiles]
        found += [score(name, some)] if some else []
    return found


def minimum(findings: Iterable[Finding], catalogue: Catalogue) -> list[Finding]:
    return [one for one in findings if catalogue.in_minimum(one.requirement)]


def blocking(finding: Finding) -> bool:
    """Whether a requirement of the minimum that could not be told leaves the answer open."""
    if finding.verdict is not Verdict.COULD_NOT_TELL:
        return False
    return finding.requirement.method != MANUAL and finding.outcome.cause not in LATER


def left_out(findings: Iterable[Finding], catalogue: Catalogue) -> list[Requirement]:
    """The requirements of the minimum that this review was not about."""
    looked_at = {one.id for one in findings}
    return [
        row
        for row in catalogue
        if catalogue.in_minimum(row)
        and row.id not in looked_at
        and row.applies_to != AGGREGATOR
        and not row.superseded_by
    ]


def answer(findings: Sequence[Finding], catalogue: Catalogue) -> Answer:
    """Whether the backend meets the federation's minimum, as far as this review looked.

    A part of the minimum can fail, but only the whole of it can be met.
    """
    rows = minimum(findings, catalogue)
    missing = left_out(findings, catalogue)
    fails = sum(one.verdict is Verdict.FAIL for one in rows)
    waived = sum(one.verdict is Verdict.WAIVED for one in rows)
    unjudged = sum(map(blocking, rows))
    unseen = sum(one.method != MANUAL for one in missing)
    untold = sum(one.verdict is Verdict.COULD_NOT_TELL for one in rows)
    later = untold - unjudged + len(missing) - unseen
    rest = [
        _some(unjudged, "could not be told", "could not be told"),
        _some(unseen, "was not looked at", "were not looked at"),
        _some(later, "needs a statement or other evidence", "need a statement or other evidence"),
        _some(waived, "is waived", "are waived"),
    ]
    if fails:
        said = f"no, {_some(fails, 'required requirement fails', 'required requirements fail')}"
        return _answer(FAILS, said, rest)
    if unjudged or unseen:
        return _answer(UNJUDGED, "could not be judged", rest)
    return _answer(MEETS, "yes", rest)


def _answer(status: int, said: str, rest: Sequence[str]) -> Answer:
    return Answer(status, "; ".join([f"meets the federation minimum: {said}", *filter(None, rest)]))


def _some(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""
