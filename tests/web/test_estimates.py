"""Estimates of every backend that could run a process, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.web.paying import counting, ledger, left, now, report
from tests.web.site import Site, assert_error, backend, graph

BODY = {"process": graph()}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Aurora is dearer."""
    dear = {"defaults": {"batch": {"credits": 12}}}
    return counting(tmp_path, aurora=dear)


def estimates(site: Site, body: Any = BODY, **options: Any) -> Any:
    answer = site.post("/federation/estimates", body, **options)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_every_backend_that_could_run_it_tells_price_and_credits(site: Site) -> None:
    found = estimates(site, headers=site.login())
    assert found["estimates"] == [
        {
            "backend": "terra",
            "online": True,
            "costs": 7,
            "federation:estimated-by": "federation",
            "credits": {"left": 10, "suffices": True, "renewal": "2026-04-01"},
        },
        {
            "backend": "aurora",
            "online": True,
            "costs": 12,
            "federation:estimated-by": "federation",
            "credits": {"left": 10, "suffices": False, "renewal": "2026-04-01"},
        },
    ]
    assert found["federation:backends"] == ["terra"]
    assert "federation:missing" not in found


def test_an_estimate_makes_no_job_and_puts_nothing_aside(site: Site) -> None:
    estimates(site, headers=site.login())
    calls = [call for member in site.backends.values() for call in member.calls]
    assert [call.path for call in calls if call.method != "GET"] == []
    assert left(site) == 10
    assert ledger(site).open_holds() == []


def test_who_has_used_up_credits_sees_it_and_where_it_would_run(site: Site) -> None:
    header = site.login()
    ledger(site).welcome("alice", ["general"], now(site))
    report(site, "earlier", 10, "terra", userId="alice")
    found = {one["backend"]: one for one in estimates(site, headers=header)["estimates"]}
    assert found["terra"]["credits"] == {"left": 0, "suffices": False, "renewal": "2026-04-01"}


def test_prices_need_no_login_and_say_nothing_of_credits(site: Site) -> None:
    found = estimates(site)["estimates"]
    assert [(one["backend"], one["costs"]) for one in found] == [("terra", 7), ("aurora", 12)]
    assert not any("credits" in one for one in found)


def test_a_backend_that_cannot_run_it_is_not_listed_and_one_that_is_down_is_missing(
    site: Site,
) -> None:
    only = estimates(site, {"process": graph(collection_id="LAND")})
    assert [one["backend"] for one in only["estimates"]] == ["terra"]
    site.go_down("terra")
    for _ in range(3):
        site.federation.refresh()
    found = estimates(site)
    assert [(one["backend"], one["online"]) for one in found["estimates"]] == [
        ("aurora", True),
        ("terra", False),
    ]
    assert found["federation:missing"] == ["terra"]
    assert found["federation:backends"] == ["aurora"]


def test_the_backend_that_is_asked_for_is_the_only_one(site: Site) -> None:
    found = estimates(site, {**BODY, "federation:backend": "aurora"})
    assert [one["backend"] for one in found["estimates"]] == ["aurora"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "ProcessGraphMissing"),
        ({"process": {"process_graph": {}}}, "ProcessGraphInvalid"),
        ({**BODY, "budget": -1}, "BudgetInvalid"),
        ({"process": graph(process_id="magic")}, "ProcessUnsupported"),
    ],
)
def test_what_cannot_be_estimated_is_named(site: Site, body: Any, code: str) -> None:
    assert_error(site.post("/federation/estimates", body), 400, code)


def test_without_published_rates_the_backends_come_without_prices(tmp_path: Path) -> None:
    site = Site({"terra": backend("terra")}, tmp_path)
    assert estimates(site)["estimates"] == [{"backend": "terra", "online": True}]


def test_capabilities_list_estimates(site: Site) -> None:
    listed = {e["path"]: e["methods"] for e in site.get("/").json["endpoints"]}
    assert listed["/federation/estimates"] == ["POST"]
