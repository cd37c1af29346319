"""The report as a web page that stands by itself."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, Template

from scripts.self_review.findings import Verdict
from scripts.self_review.report import Report
from scripts.self_review.reports.markdown import ORDER


def html(report: Report) -> str:
    used = {one.requirement.conflict for one in report.findings}
    groups = [(v, [one for one in report.findings if one.verdict is v]) for v in ORDER]
    return _template().render(
        report=report,
        groups=[(verdict, found) for verdict, found in groups if found],
        conflicts=[one for one in report.catalogue.conflicts.values() if one.id in used],
        verdicts=ORDER,
        opened={Verdict.FAIL, Verdict.WARNING},
    )


@cache
def _template() -> Template:
    loader = PackageLoader("scripts.self_review", "data")
    return Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True
    ).get_template("report.html")
