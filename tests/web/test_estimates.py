"""Estimates of every backend that could run a process, side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aggregator.ledger.reports import read_resources
from tests.fakes.backends import Reply
from tests.unit.ledger.documents import MARCH, resources
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
    assert listed["/federation/estimates"] == ["GET", "POST"]


def ran(site: Site, provider: str, *seconds: float, **more: Any) -> None:
    """Jobs at that provider took so long, as it reports."""
    for number, took in enumerate(seconds):
        start = now(site) - 3_600_000
        end = start + int(took * 1000)
        about = {"jobStart": start, "jobFinish": end, "state": "FINISHED", "userId": "bob"} | more
        report(site, f"past-{number}-{took}", 0.001, provider, **about)


def times(found: Any) -> dict[str, Any]:
    return {
        one["backend"]: (one.get("duration"), one.get("federation:duration"))
        for one in found["estimates"]
    }


def test_time_is_that_of_past_jobs_and_says_of_how_many(site: Site) -> None:
    ran(site, "terra", 61.2, 10, 20, 30, 3600)
    ran(site, "aurora", 1, 1, 1, 1)
    told = {
        "federation:estimated-by": "federation",
        "jobs": 5,
        "median": "PT30S",
        "long": "PT3600S",
    }
    assert times(estimates(site)) == {"terra": ("PT30S", told), "aurora": (None, None)}


@pytest.mark.parametrize(
    "more",
    [
        {"state": "FAILED"},
        {"idempotencyKey": None},
    ],
)
def test_only_batch_jobs_that_finished_well_lately_count(site: Site, more: Any) -> None:
    if "idempotencyKey" in more:
        ran(site, "terra", 10, 20, 30, 40, 50)
        site.clock.advance(91 * 24 * 3600)
    else:
        ran(site, "terra", 10, 20, 30, 40, 50, **more)
    assert times(estimates(site))["terra"] == (None, None)


@pytest.mark.parametrize(("start", "counts"), [(MARCH, True), (None, False)])
def test_the_reported_time_counts_for_jobs_without_an_end_and_not_for_requests(
    site: Site, start: int | None, counts: bool
) -> None:
    for number in range(5):
        about = {"idempotencyKey": f"k-{number}", "jobStart": start, "jobFinish": None}
        document = resources(sourceId="terra", executionId=f"e-{number}", **about)
        ledger(site).report(read_resources(document), "terra-accounting", now(site))
    assert times(estimates(site))["terra"][0] == ("PT900S" if counts else None)


def job_at_terra(site: Site, **stated: Any) -> None:
    terra = site.backends["terra"]
    terra.answers["GET /jobs/j-1"] = {
        "id": "j-1",
        "status": "created",
        "created": "2026-03-01T00:00:00Z",
        "process": graph(),
        "plan": "free",
    }
    if stated:
        terra.answers["GET /jobs/j-1/estimate"] = stated


def test_a_job_has_its_own_backends_estimate_beside_those_of_the_others(site: Site) -> None:
    ran(site, "terra", 1, 2, 3, 4, 5)
    ran(site, "aurora", 5, 5, 5, 6, 7)
    job_at_terra(site, costs=3, duration="PT99S", size=1024)
    answer = site.get("/federation/estimates?job=terra-j-1", headers=site.login())
    assert answer.status_code == 200, answer.text
    terra, aurora = answer.json["estimates"]
    assert {key: terra[key] for key in terra if key != "credits"} == {
        "backend": "terra",
        "online": True,
        "costs": 3,
        "duration": "PT99S",
        "size": 1024,
        "federation:estimated-by": "terra",
        "federation:duration": {"federation:estimated-by": "terra"},
    }
    assert (aurora["costs"], aurora["duration"]) == (12, "PT5S")
    assert aurora["federation:estimated-by"] == "federation"
    assert aurora["federation:duration"]["federation:estimated-by"] == "federation"


def test_where_the_backend_of_a_job_says_nothing_past_jobs_do(site: Site) -> None:
    ran(site, "terra", 1, 2, 3, 4, 5)
    job_at_terra(site)
    header = site.login()
    found = site.get("/federation/estimates?job=terra-j-1", headers=header).json["estimates"][0]
    assert (found["costs"], found["duration"]) == (7, "PT3S")
    assert found["federation:duration"]["jobs"] == 5
    own = site.get("/jobs/terra-j-1/estimate", headers=header).json
    assert (own["duration"], own["federation:duration"]) == ("PT3S", found["federation:duration"])


FAILURES = [
    Reply(500, {"code": "Internal", "message": "No."}),
    Reply(502, {"detail": "No openEO error."}),
    Reply(200, body=[b"{"]),
]


@pytest.mark.parametrize("answer", FAILURES)
def test_the_backend_of_a_job_that_fails_to_estimate_it_is_missing(site: Site, answer: Any) -> None:
    job_at_terra(site)
    site.backends["terra"].answers["GET /jobs/j-1/estimate"] = answer
    header = site.login()
    found = site.get("/federation/estimates?job=terra-j-1", headers=header).json
    terra = found["estimates"][0]
    assert found["federation:missing"] == ["terra"]
    assert (terra["online"], terra["costs"], terra["federation:estimated-by"]) == (
        True,
        7,
        "federation",
    )
    own = site.get("/jobs/terra-j-1/estimate", headers=header).json
    assert own == {
        "costs": 7,
        "federation:estimated-by": "federation",
        "federation:missing": ["terra"],
    }


@pytest.mark.parametrize("answer", FAILURES)
def test_without_rates_it_is_missing_too(tmp_path: Path, answer: Any) -> None:
    site = Site({"terra": backend("terra")}, tmp_path)
    job_at_terra(site)
    site.backends["terra"].answers["GET /jobs/j-1/estimate"] = answer
    found = site.get("/federation/estimates?job=terra-j-1", headers=site.login()).json
    assert found["estimates"] == [{"backend": "terra", "online": True}]
    assert found["federation:missing"] == ["terra"]


def test_an_estimate_that_says_itself_to_lack_something_is_taken_so(site: Site) -> None:
    job_at_terra(site, **{"costs": 3, "federation:missing": 7})
    found = site.get("/federation/estimates?job=terra-j-1", headers=site.login()).json
    assert (found["estimates"][0]["costs"], found["federation:missing"]) == (3, ["terra"])


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (501, {"code": "FeatureUnsupported", "message": "No."}),
        (500, {"code": "EstimateComplexity", "message": "Too complex."}),
        (404, {"code": "NotFound", "message": "No."}),
        (404, {"detail": "No openEO error."}),
    ],
)
def test_a_backend_that_gives_no_estimate_of_a_job_is_not_missing(
    site: Site, status: int, document: Any
) -> None:
    job_at_terra(site)
    site.backends["terra"].answers["GET /jobs/j-1/estimate"] = Reply(status, document)
    header = site.login()
    found = site.get("/federation/estimates?job=terra-j-1", headers=header).json
    assert "federation:missing" not in found
    own = site.get("/jobs/terra-j-1/estimate", headers=header).json
    assert own == {"costs": 7, "federation:estimated-by": "federation"}


def test_a_stored_process_and_one_in_the_address_are_estimated(site: Site) -> None:
    header = site.login()
    stored = {**graph(), "parameters": [{"name": "x", "description": "", "schema": {}}]}
    assert (
        site.request("PUT", "/process_graphs/mine", json=stored, headers=header).status_code == 200
    )
    expected = [("terra", 7), ("aurora", 12)]
    found = site.get("/federation/estimates?process_id=mine", headers=header).json
    assert [(one["backend"], one["costs"]) for one in found["estimates"]] == expected
    query = {"process": json.dumps(graph())}
    found = site.get("/federation/estimates", query_string=query).json
    assert [(one["backend"], one["costs"]) for one in found["estimates"]] == expected
    assert not any("credits" in one for one in found["estimates"])


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "RequestInvalid"),
        ("job=terra-j-1&process_id=x", 400, "RequestInvalid"),
        ("graph=x", 400, "RequestInvalid"),
        ("process={", 400, "RequestInvalid"),
        ("process=" + "[" * 300 + "]" * 300, 400, "RequestInvalid"),
        ("process=[1]", 400, "ProcessInvalid"),
        ("process={}", 400, "ProcessGraphMissing"),
        ("job=terra-j-9", 404, "NotFound"),
        ("job=x", 404, "JobNotFound"),
        ("process_id=x", 404, "ProcessGraphNotFound"),
    ],
)
def test_what_is_not_there_or_not_one_thing_is_named(
    site: Site, query: str, status: int, code: str
) -> None:
    answer = site.get(f"/federation/estimates?{query}", headers=site.login())
    assert_error(answer, status, code)


@pytest.mark.parametrize("query", ["job=terra-j-1", "process_id=x"])
def test_what_belongs_to_somebody_needs_a_login(site: Site, query: str) -> None:
    answer = site.get(f"/federation/estimates?{query}")
    assert_error(answer, 401, "AuthenticationRequired")
