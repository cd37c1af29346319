"""Self-reviews of servers that run, for the scenarios about them."""

from __future__ import annotations

import requests

from scripts.self_review.account import Account, BasicLogin
from scripts.self_review.backend import Options
from scripts.self_review.catalogue import MANUAL, load
from scripts.self_review.history import Month
from scripts.self_review.making import Patience
from scripts.self_review.probe.pace import Limits
from scripts.self_review.report import Report
from scripts.self_review.review import Review

LIMITS = Limits(per_second=500, seconds=60, overall=280, requests=3000)


def issuer(url: str) -> str:
    """The identity provider that is listed at an API."""
    listed = requests.get(f"{url}/credentials/oidc", timeout=10).json()["providers"]
    return str(listed[0]["issuer"])


def reviewed(url: str, *, anonymous: bool = False) -> Report:
    """The review of the minimum, as a user and with one who has no credits."""
    catalogue = load()
    rows = [row for row in catalogue if catalogue.in_minimum(row) and row.method != MANUAL]
    months = [Month(f"2026-{number:02}", 99.9, 300.0) for number in (8, 9, 10)]
    options = Options(
        issuer=issuer(url), history=months, patience=Patience(job=60, pause=0.1, quiet=1)
    )
    return Review(
        url=url,
        catalogue=catalogue,
        wanted=[row for row in rows if row.method == "automatic"] if anonymous else rows,
        limits=LIMITS,
        options=options,
        account=None if anonymous else Account(BasicLogin("alice", "alice")),
        penniless=None if anonymous else Account(BasicLogin("dave", "dave")),
    ).run()


def assert_meets_the_minimum(url: str) -> None:
    """Nothing fails, all is judged that can be judged today, and nothing is left behind."""
    report = reviewed(url)
    fails = {one.id: one.outcome.says for one in report.findings if one.verdict == "fail"}
    assert fails == {}
    unjudged = {
        one.id: one.outcome.says
        for one in report.findings
        if one.verdict == "could not tell"
        and one.outcome.cause not in {"needs evidence from elsewhere", "needs a statement"}
    }
    assert unjudged == {}
    assert (report.answer.status, list(report.notices)) == (0, [])
    assert list(report.left_behind) == []
