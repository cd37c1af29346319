"""The report as Markdown, for issues and mails."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.self_review.findings import Verdict
from scripts.self_review.report import Report

ORDER = (
    Verdict.FAIL,
    Verdict.WARNING,
    Verdict.COULD_NOT_TELL,
    Verdict.WAIVED,
    Verdict.ATTESTED,
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
)

EVIDENT = frozenset({Verdict.FAIL, Verdict.WARNING})
"""Verdicts that are shown with what decided; the JSON form has the evidence of all."""
_STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def markdown(report: Report) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# Self-review of {cell(report.title or report.root)}"
    yield f"\n**{cell(report.answer.line)}**\n"
    yield from (f"> {cell(one)}\n" for one in report.notices)
    about = (report.root, report.started, f"{report.requests} requests", f"login: {report.login}")
    yield f"{cell(', '.join(about))}. Reviewed: {cell(report.selection)}.\n"
    yield from _next_steps(report)
    yield "| Profile | | Met | Of | Fails | Could not tell |\n|---|---|---|---|---|---|"
    for one in report.scores:
        fails, unknown = one.counts[Verdict.FAIL], one.counts[Verdict.COULD_NOT_TELL]
        title = report.catalogue.titles.get(one.profile, "")
        yield f"| {one.profile} | {title} | {one.met} | {one.total} | {fails} | {unknown} |"
    for verdict in ORDER:
        yield from _section(report, verdict)
    yield from _left_behind(report)
    yield from _changes(report)
    yield from _conflicts(report)


def _next_steps(report: Report) -> Iterator[str]:
    if report.next_steps:
        yield "## What to do next\n"
        yield "\n".join(f"1. {cell(one)}" for one in report.next_steps) + "\n"


def _section(report: Report, verdict: Verdict) -> Iterator[str]:
    findings = report.having(verdict)
    if not findings:
        return
    yield f"\n## {verdict.capitalize()} ({len(findings)})\n"
    yield "| Requirement | | Wanted | Found | Evidence | Hint | Source |"
    yield "|---|---|---|---|---|---|---|"
    for one in findings:
        says = (one.reason and f"{one.reason} ({one.outcome.says})") or one.outcome.says
        row = one.requirement
        shown = "; ".join(f"{e.request} → {e.answer}" for e in one.outcome.evidence[:1])
        seen = shown if verdict in EVIDENT else ""
        cells = (one.id, report.weight(one), row.wants, says, seen, one.outcome.hint, row.source)
        yield f"| {' | '.join(cell(text) for text in cells)} |"


def _left_behind(report: Report) -> Iterator[str]:
    if report.left_behind:
        yield "\n## Could not be removed\n"
        yield from (f"- {cell(one)}" for one in report.left_behind)


def _changes(report: Report) -> Iterator[str]:
    if report.changes is not None:
        yield f"\n## Changed since the earlier report ({len(report.changes)})\n"
        for one in report.changes:
            yield f"- {cell(one['id'])}: {one['before']} → {one['now']}. {cell(one['says'])}"


def _conflicts(report: Report) -> Iterator[str]:
    yield "\n## Where documents contradict one another\n"
    for one in report.conflicts:
        yield f"- **{one.id}**: {cell(one.what)} Applied here: {cell(one.reading)}"


def steady(said: str) -> str:
    """Text without characters that steer a terminal."""
    return _STEERS.sub("\ufffd", said)


def cell(text: str) -> str:
    """Text that neither ends a cell nor becomes markup or a tag, nor steers a terminal."""
    text = " ".join(steady(text).split())
    for one in "\\|<>`*_[]":
        text = text.replace(one, f"\\{one}")
    return text
