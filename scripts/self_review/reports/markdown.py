"""The report as Markdown, for issues and mails."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.self_review.findings import Finding, Verdict
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


def markdown(report: Report) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# Self-review of {cell(report.title or report.root)}"
    yield f"\n**{cell(report.answer.line)}**\n"
    yield f"{report.root}, {report.started}, {report.requests} requests, login: {report.login}\n"
    yield "| Profile | Met | Of | Fails | Could not tell |\n|---|---|---|---|---|"
    for one in report.scores:
        fails, unknown = one.counts[Verdict.FAIL], one.counts[Verdict.COULD_NOT_TELL]
        yield f"| {one.profile} | {one.met} | {one.total} | {fails} | {unknown} |"
    for verdict in ORDER:
        yield from _section(verdict, [one for one in report.findings if one.verdict is verdict])
    yield from _conflicts(report)


def _section(verdict: Verdict, findings: list[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield f"\n## {verdict.capitalize()} ({len(findings)})\n"
    yield "| Requirement | Wanted | Found | Hint |\n|---|---|---|---|"
    for one in findings:
        says = (one.reason and f"{one.reason} ({one.outcome.says})") or one.outcome.says
        cells = (one.id, one.requirement.wants, says, one.outcome.hint)
        yield f"| {' | '.join(cell(text) for text in cells)} |"


def _conflicts(report: Report) -> Iterator[str]:
    used = {one.requirement.conflict for one in report.findings}
    yield "\n## Where documents contradict one another\n"
    for one in report.catalogue.conflicts.values():
        if one.id in used:
            yield f"- **{one.id}**: {cell(one.what)} Applied here: {cell(one.reading)}"


def cell(text: str) -> str:
    """Text that neither ends a cell nor becomes markup or a tag."""
    text = " ".join(text.split())
    for one in "\\|<>`*_[]":
        text = text.replace(one, f"\\{one}")
    return text
