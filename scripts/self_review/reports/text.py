"""The report for a terminal."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.self_review.findings import Cause, Finding, Verdict
from scripts.self_review.report import Report
from scripts.self_review.reports.markdown import ORDER, steady

STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.WARNING: "yellow",
    Verdict.COULD_NOT_TELL: "magenta",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.ATTESTED: "cyan",
    Verdict.WAIVED: "blue",
}
DETAILED = frozenset({Verdict.FAIL, Verdict.WARNING})
COUNTED = tuple(verdict for verdict in ORDER if verdict is not Verdict.PASS)
SHORT = {Verdict.COULD_NOT_TELL: "open", Verdict.NOT_APPLICABLE: "n/a", Verdict.WARNING: "warn"}
EXPLAINED = frozenset(Cause) - {Cause.LOGIN, Cause.STATEMENT}
"""Causes that say too little by themselves."""
MOST_REASONS = 4
WIDEST = 120


def shown(said: str) -> str:
    """Text of the backend, of which nothing is markup, nor steers the terminal."""
    return escape(steady(said))


def text(report: Report) -> str:
    """The report as plain text."""
    stream = io.StringIO()
    width = min(shutil.get_terminal_size((100, 25)).columns, WIDEST)
    show(report, Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


def show(report: Report, console: Console) -> None:
    """Prints the report: what needs attention in full, the rest as numbers."""
    console.print(f"[bold]Self-review of {shown(report.title or report.root)}[/]")
    about = f"{report.root}, {report.started}, {report.seconds:.1f} s, {report.requests} requests"
    console.print(
        shown(f"{about}, login: {report.login}. Reviewed: {report.selection}."), style="dim"
    )
    for notice in report.notices:
        console.print(shown(notice), style="bold yellow")
    for verdict in (Verdict.FAIL, Verdict.WARNING, Verdict.WAIVED, Verdict.ATTESTED):
        _section(console, report, verdict)
    _unknown(console, report)
    _conflicts(console, report)
    console.print(_summary(report))
    _changes(console, report)
    _list(console, "Could not be removed", report.left_behind)
    _list(console, "What to do next", report.next_steps)
    style = ("bold green", "bold red", "bold magenta")[report.answer.status]
    console.print(shown(f"\n{report.answer.line}"), style=style)


def _section(console: Console, report: Report, verdict: Verdict) -> None:
    findings = report.having(verdict)
    if not findings:
        return
    console.print(f"\n[{STYLES[verdict]}]{verdict.capitalize()} ({len(findings)})[/]")
    for one in findings:
        row = one.requirement
        weight = report.weight(one)
        console.print(f"[bold]{shown(one.id)}[/] [dim]({weight})[/] {shown(row.wants)}")
        console.print(f"  {shown(one.outcome.says)}")
        if one.reason:
            console.print(f"  Reason: {shown(one.reason)}")
        if verdict in DETAILED:
            _details(console, one)


def _details(console: Console, finding: Finding) -> None:
    for one in finding.outcome.evidence[:3]:
        console.print(shown(f"    {one.request} -> {one.answer}"), style="dim")
    if finding.outcome.looked_at:
        console.print(shown(f"    Looked at: {finding.outcome.looked_at}"), style="dim")
    if finding.outcome.hint:
        console.print(f"  [cyan]How to mend it:[/] {shown(finding.outcome.hint)}")
    console.print(shown(f"    Source: {finding.requirement.source}"), style="dim")


def _unknown(console: Console, report: Report) -> None:
    """What could not be told, by reason: hundreds of lines alike help nobody."""
    groups: dict[Cause, list[Finding]] = {}
    for one in report.having(Verdict.COULD_NOT_TELL):
        groups.setdefault(one.outcome.cause or Cause.UNUSABLE, []).append(one)
    if not groups:
        return
    console.print(f"\n[{STYLES[Verdict.COULD_NOT_TELL]}]Could not tell[/]")
    for cause, findings in groups.items():
        ids = [one.id for one in findings]
        more = f" and {len(ids) - 12} more" if len(ids) > 12 else ""
        console.print(f"  {cause} ({len(ids)}): {shown(', '.join(ids[:12]))}{more}")
        if cause in EXPLAINED:
            _reasons(console, findings)


def _reasons(console: Console, findings: list[Finding]) -> None:
    """The reasons that most of them have."""
    counted = Counter(one.outcome.says for one in findings)
    for says, count in counted.most_common(MOST_REASONS):
        console.print(shown(f"    {count} x {says}"), style="dim")
    if len(counted) > MOST_REASONS:
        more = len(counted) - MOST_REASONS
        console.print(f"    and {more} more reasons; the other forms name them all", style="dim")


def _conflicts(console: Console, report: Report) -> None:
    if report.conflicts:
        console.print("\n[bold]Where documents contradict one another[/]")
    for one in report.conflicts:
        console.print(f"  {shown(one.id)}: {shown(one.what)}", style="dim")
        console.print(f"    Applied: {shown(one.reading)}")


def _summary(report: Report) -> Table:
    """What a column has no number of is left out of it."""
    shown = [one for one in COUNTED if any(score.counts[one] for score in report.scores)]
    table = Table(title="Profiles (* of the minimum)", title_justify="left")
    table.add_column("profile", no_wrap=True)
    for name in ("met", "of", "%"):
        table.add_column(name, justify="right", no_wrap=True)
    for verdict in shown:
        table.add_column(SHORT.get(verdict, str(verdict)), justify="right", style=STYLES[verdict])
    for one in report.scores:
        percent = "" if one.percent is None else f"{one.percent:g}"
        numbers = [str(one.counts[verdict] or "") for verdict in shown]
        star = " *" if one.profile in report.catalogue.minimum else ""
        table.add_row(f"{one.profile}{star}", str(one.met), str(one.total), percent, *numbers)
    return table


def _changes(console: Console, report: Report) -> None:
    if report.changes is None:
        return
    console.print(f"\n[bold]Changed since the earlier report ({len(report.changes)})[/]")
    for one in report.changes:
        console.print(shown(f"  {one['id']}: {one['before']} -> {one['now']}. {one['says']}"))


def _list(console: Console, title: str, lines: Sequence[str]) -> None:
    if lines:
        console.print(f"\n[bold]{title}[/]")
    for one in lines:
        console.print(shown(f"  - {one}"))
