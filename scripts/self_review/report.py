"""A review as a document: everything that a renderer, or another review, needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.self_review.catalogue import RECOMMENDED, Catalogue, Conflict
from scripts.self_review.findings import Finding, Verdict
from scripts.self_review.next_steps import next_steps
from scripts.self_review.verdicts import Answer, Score, answer, scores

FORMAT = "1.1.0"
"""The version of the JSON form; the first number changes when a reader would break."""


@dataclass(frozen=True)
class Report:
    """One review of one backend."""

    url: str
    root: str
    started: str
    """When it began, RFC 3339 in UTC."""
    seconds: float
    requests: int
    findings: Sequence[Finding]
    catalogue: Catalogue
    title: str = ""
    selection: str = "all requirements"
    login: str = "none"
    snapshot: Mapping[str, Any] = field(default_factory=dict)
    notices: Sequence[str] = ()
    """What whoever reads it should know first."""
    left_behind: Sequence[str] = ()
    """What the review made and could not remove."""
    changes: Sequence[Mapping[str, Any]] | None = None
    """What is different from an earlier report, if there was one to compare with."""

    @property
    def answer(self) -> Answer:
        return answer(self.findings, self.catalogue)

    def having(self, verdict: Verdict) -> list[Finding]:
        """The findings with that verdict, those of the minimum first."""
        found = [one for one in self.findings if one.verdict is verdict]
        return sorted(found, key=lambda one: not self.is_minimum(one))

    def is_minimum(self, finding: Finding) -> bool:
        """Whether the federation's minimum has this requirement."""
        return self.catalogue.in_minimum(finding.requirement)

    def weight(self, finding: Finding) -> str:
        """How much it matters, in a word or two: `minimum`, or how an optional profile has it."""
        severity = finding.requirement.severity
        if self.is_minimum(finding):
            return "minimum"
        return severity if severity == RECOMMENDED else f"{severity} by an optional profile"

    @property
    def next_steps(self) -> list[str]:
        """What the provider should do next."""
        return next_steps(self.findings, self.catalogue)

    @property
    def conflicts(self) -> list[Conflict]:
        """Where documents contradict one another about what was reviewed."""
        used = {one.requirement.conflict for one in self.findings}
        return [one for one in self.catalogue.conflicts.values() if one.id in used]

    @property
    def scores(self) -> list[Score]:
        return scores(self.findings, self.catalogue)


def finding_document(finding: Finding, *, minimum: bool) -> dict[str, Any]:
    """One finding as JSON."""
    row, outcome = finding.requirement, finding.outcome
    document = {
        "id": row.id,
        "verdict": finding.verdict.value,
        "says": outcome.says,
        "wants": row.wants,
        "hint": outcome.hint,
        "source": row.source,
        "severity": row.severity,
        "minimum": minimum,
        "method": row.method,
        "profiles": list(row.profiles),
        "evidence": [{"request": e.request, "answer": e.answer} for e in outcome.evidence],
    }
    optional = {
        "looked_at": outcome.looked_at,
        "cause": outcome.cause.value if outcome.cause else None,
        "reason": finding.reason,
        "was": finding.was.value if finding.was else None,
        "conflict": row.conflict,
    }
    return {**document, **{key: value for key, value in optional.items() if value}}


def score_document(score: Score) -> dict[str, Any]:
    """One profile's score as JSON."""
    counts = {verdict.value: count for verdict, count in score.counts.items() if count}
    return {
        "profile": score.profile,
        "met": score.met,
        "of": score.total,
        "percent": score.percent,
        "verdicts": counts,
    }


def document(report: Report) -> dict[str, Any]:
    """The report as JSON, in the form that `data/report.schema.json` describes."""
    found = {
        "format": FORMAT,
        "url": report.url,
        "root": report.root,
        "title": report.title,
        "started": report.started,
        "seconds": round(report.seconds, 2),
        "requests": report.requests,
        "selection": report.selection,
        "login": report.login,
        "answer": report.answer.line,
        "status": report.answer.status,
        "profiles": [score_document(one) for one in report.scores],
        "findings": [
            finding_document(one, minimum=report.is_minimum(one)) for one in report.findings
        ],
        "conflicts": [{"id": c.id, "what": c.what, "reading": c.reading} for c in report.conflicts],
        "snapshot": dict(report.snapshot),
    }
    if report.notices:
        found["notices"] = list(report.notices)
    if report.left_behind:
        found["left_behind"] = list(report.left_behind)
    if report.changes is not None:
        found["changes"] = list(report.changes)
    return found
