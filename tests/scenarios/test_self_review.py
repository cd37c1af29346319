"""The self-review of the whole federation: its members, really computing, and the aggregator."""

from __future__ import annotations

import pytest
import requests

from scripts.self_review.account import Account, BasicLogin
from scripts.self_review.backend import Options
from scripts.self_review.catalogue import MANUAL, load
from scripts.self_review.history import Month
from scripts.self_review.making import Patience
from scripts.self_review.probe.pace import Limits
from scripts.self_review.report import Report
from scripts.self_review.review import Review
from tests.scenarios.conftest import Federation

LIMITS = Limits(per_second=500, seconds=60, overall=110, requests=3000)


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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["terra", "aurora", "boreal"])
def test_each_simulated_backend_meets_the_minimum(federation: Federation, name: str) -> None:
    report = reviewed(federation.backend_url(name))
    fails = {one.id: one.outcome.says for one in report.findings if one.verdict == "fail"}
    assert fails == {}
    unjudged = {
        one.id: one.outcome.says
        for one in report.findings
        if one.verdict == "could not tell"
        and one.outcome.cause not in {"needs evidence from elsewhere", "needs a statement"}
    }
    assert unjudged == {}
    assert list(report.left_behind) == []


def test_the_aggregator_is_reviewed_by_the_rules_for_aggregators(federation: Federation) -> None:
    root = requests.get(f"{federation.url}/.well-known/openeo", timeout=10).json()
    report = reviewed(root["versions"][0]["url"], anonymous=True)
    found = {one.id: one for one in report.findings}
    fails = {key: one.outcome.says for key, one in found.items() if one.verdict == "fail"}
    assert set(fails) == set(), fails
    for rule in ("federation-1", "federation-2", "federation-4", "federation-5", "federation-6"):
        assert found[rule].verdict == "pass", found[rule].outcome.says


def test_a_review_without_a_login_is_quick_and_asks_little(federation: Federation) -> None:
    report = reviewed(federation.backend_url("terra"), anonymous=True)
    assert report.requests < 300
