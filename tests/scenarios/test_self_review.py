"""The self-review of a member of the federation, really computing, and of the aggregator."""

from __future__ import annotations

import pytest
import requests

from tests.scenarios.conftest import Federation
from tests.scenarios.reviews import assert_meets_the_minimum, reviewed


@pytest.mark.timeout(300)
def test_the_backend_with_the_most_processes_meets_the_minimum(federation: Federation) -> None:
    assert_meets_the_minimum(federation.backend_url("terra"))


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
