"""The report for a terminal."""

from __future__ import annotations

import io
import shutil

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.self_review.findings import Finding, Verdict
from scripts.self_review.report import Report
from scripts.self_review.reports.markdown import ORDER

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
WIDEST = 120


def text(report: Report) -> str:
    """The report as plain text."""
    stream = io.StringIO()
    width = min(shutil.get_terminal_size((100, 25)).columns, WIDEST)
    show(report, Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


def show(report: Report, console: Console) -> None:
    """Prints the report: what needs attention in full, the rest as numbers."""
    console.print(f"[bold]Self-review of {escape(report.title or report.root)}[/]")
    about = f"{report.root}, {report.started}, {report.seconds:.1f} s, {report.requests} requests"
    console.print(escape(f"{about}, login: {report.login}"), style="dim")
    for verdict in (Verdict.FAIL, Verdict.WARNING, Verdict.WAIVED, Verdict.ATTESTED):
        _section(console, verdict, [one for one in report.findings if one.verdict is verdict])
    _unknown(console, report)
    _conflicts(console, report)
    console.print(_summary(report))
    _changes(console, report)
    style = ("bold green", "bold red", "bold magenta")[report.answer.status]
    console.print(escape(report.answer.line), style=style)


def _section(console: Console, verdict: Verdict, findings: list[Finding]) -> None:
    if not findings:
        return
    console.print(f"\n[{STYLES[verdict]}]{verdict.capitalize()} ({len(findings)})[/]")
    for one in findings:
        row = one.requirement
        console.print(f"[bold]{escape(one.id)}[/] [dim]({row.severity})[/] {escape(row.wants)}")
        console.print(f"  {escape(one.outcome.says)}")
        if one.reason:
            console.print(f"  Reason: {escape(one.reason)}")
        if verdict in DETAILED:
            _details(console, one)


def _details(console: Console, finding: Finding) -> None:
    for one in finding.outcome.evidence[:3]:
        console.print(escape(f"    {one.request} -> {one.answer}"), style="dim")
    if finding.outcome.looked_at:
        console.print(escape(f"    Looked at: {finding.outcome.looked_at}"), style="dim")
    if finding.outcome.hint:
        console.print(f"  [cyan]How to mend it:[/] {escape(finding.outcome.hint)}")
    console.print(escape(f"    Source: {finding.requirement.source}"), style="dim")


def _unknown(console: Console, report: Report) -> None:
    """What could not be told, by reason: hundreds of lines alike help nobody."""
    groups: dict[str, list[str]] = {}
    for one in report.findings:
        if one.verdict is Verdict.COULD_NOT_TELL:
            groups.setdefault(str(one.outcome.cause or ""), []).append(one.id)
    if not groups:
        return
    console.print(f"\n[{STYLES[Verdict.COULD_NOT_TELL]}]Could not tell[/]")
    for cause, ids in groups.items():
        more = f" and {len(ids) - 12} more" if len(ids) > 12 else ""
        console.print(f"  {escape(cause)} ({len(ids)}): {escape(', '.join(ids[:12]))}{more}")


def _conflicts(console: Console, report: Report) -> None:
    used = {one.requirement.conflict for one in report.findings}
    known = [one for one in report.catalogue.conflicts.values() if one.id in used]
    if known:
        console.print("\n[bold]Where documents contradict one another[/]")
    for one in known:
        console.print(f"  {escape(one.id)}: {escape(one.what)}", style="dim")
        console.print(f"    Applied: {escape(one.reading)}")


def _summary(report: Report) -> Table:
    table = Table(title="Profiles", title_justify="left")
    table.add_column("profile", no_wrap=True)
    for name in ("met", "of", "%"):
        table.add_column(name, justify="right", no_wrap=True)
    for verdict in COUNTED:
        table.add_column(SHORT.get(verdict, str(verdict)), justify="right", style=STYLES[verdict])
    for one in report.scores:
        percent = "" if one.percent is None else f"{one.percent:g}"
        numbers = [str(one.counts[verdict] or "") for verdict in COUNTED]
        table.add_row(one.profile, str(one.met), str(one.total), percent, *numbers)
    return table


def _changes(console: Console, report: Report) -> None:
    if report.changes is None:
        return
    console.print(f"\n[bold]Changed since the earlier report ({len(report.changes)})[/]")
    for one in report.changes:
        console.print(escape(f"  {one['id']}: {one['before']} -> {one['now']}"))
