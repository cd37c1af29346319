"""From findings to the answer: does the backend meet the minimum, and how far each profile?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scripts.self_review.catalogue import MANUAL, Catalogue
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


def answer(findings: Sequence[Finding], catalogue: Catalogue) -> Answer:
    """Whether the backend meets the federation's minimum, as far as this review looked."""
    rows = minimum(findings, catalogue)
    fails = sum(one.verdict is Verdict.FAIL for one in rows)
    unjudged = sum(map(blocking, rows))
    later = sum(one.verdict is Verdict.COULD_NOT_TELL for one in rows) - unjudged
    rest = f"; {_open(later)} need a statement or other evidence" if later else ""
    if fails:
        noun = "requirement fails" if fails == 1 else "requirements fail"
        return Answer(FAILS, f"meets the federation minimum: no, {fails} required {noun}{rest}")
    if unjudged or not rows:
        line = f"could not be judged, {_open(unjudged)} of {len(rows)} could not be told{rest}"
        return Answer(UNJUDGED, f"meets the federation minimum: {line}")
    return Answer(MEETS, f"meets the federation minimum: yes{rest}")


def _open(count: int) -> str:
    return f"{count} required requirement{'' if count == 1 else 's'}"
