"""The report as a web page that stands by itself."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup, escape

from scripts.self_review.findings import Cause, Finding, Verdict
from scripts.self_review.report import Report
from scripts.self_review.reports.markdown import ORDER

Part = tuple[str, list[Finding]]
"""A heading, which may be empty, and what stands below it."""


def html(report: Report) -> str:
    found = {verdict: report.having(verdict) for verdict in ORDER}
    return _template().render(
        report=report,
        groups=[(verdict, _parts(verdict, found[verdict])) for verdict in ORDER if found[verdict]],
        counts={verdict: len(findings) for verdict, findings in found.items()},
        columns=[verdict for verdict in ORDER if found[verdict]],
        opened={Verdict.FAIL, Verdict.WARNING},
    )


def _parts(verdict: Verdict, findings: list[Finding]) -> list[Part]:
    """What could not be told stands by its reason; the rest stands together."""
    if verdict is not Verdict.COULD_NOT_TELL:
        return [("", findings)]
    parts = [(str(one), [f for f in findings if f.outcome.cause is one]) for one in Cause]
    return [part for part in parts if part[1]]


def _marked(text: str) -> Markup:
    """The text, with what stands in backquotes as code."""
    escaped = str(escape(text))
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", escaped))  # noqa: S704 - escaped above


def _capitalised(text: str) -> str:
    """With a capital letter at the beginning, and the rest as it is."""
    return text[:1].upper() + text[1:]


def _moment(text: str) -> str:
    """A time of RFC 3339 as people write it, in UTC."""
    return datetime.fromisoformat(text).strftime("%-d %B %Y, %H:%M UTC")


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("scripts.self_review", "data"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"marked": _marked, "capitalised": _capitalised, "moment": _moment}
    return environment.get_template("report.html")
