"""Batch jobs are started with credits put aside, and show what they have cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from aggregator.ledger.reports import read_resources
from aggregator.storage.reconciliation import unreconciled
from tests.fakes.backends import Call, Reply
from tests.unit.ledger.documents import APRIL, MARCH, resources
from tests.web.paying import counting, held, ledger, left, now, report
from tests.web.site import Site, assert_error, conforms, graph

CREATED = "2026-03-14T03:04:05Z"


def job(status: str = "created", **more: Any) -> dict[str, Any]:
    return {"id": "j-1", "status": status, "created": CREATED, "process": graph(), **more}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = counting(tmp_path)
    made.backends["terra"].answers |= {
        "GET /jobs/j-1": job(),
        "GET /jobs/j-1/estimate": Reply(
            501, {"id": "1", "code": "FeatureUnsupported", "message": "No."}
        ),
        "POST /jobs/j-1/results": Reply(202),
    }
    return made


def start(site: Site, user: dict[str, str] | None = None) -> TestResponse:
    answer: TestResponse = site.request(
        "POST", "/jobs/terra-j-1/results", headers=user or site.login()
    )
    return answer


def started(site: Site) -> int:
    return len(site.backends["terra"].asked("POST", "/jobs/j-1/results"))


def is_now(site: Site, status: str, **more: Any) -> None:
    site.backends["terra"].answers["GET /jobs/j-1"] = job(status, **more)


def refuses(site: Site, code: str = "JobLocked", status: int = 400) -> None:
    body = {"id": "7", "code": code, "message": "No."}
    site.backends["terra"].answers["POST /jobs/j-1/results"] = Reply(status, body)


def test_starting_a_job_puts_its_expected_costs_aside_until_it_is_reported(site: Site) -> None:
    assert start(site).status_code == 202
    assert held(site) == [("terra", "j-1", 7.0)]
    assert left(site) == 3
    report(site, "j-1", 4, jobStart=MARCH)
    assert held(site) == []
    assert left(site) == 6


def test_the_backends_own_estimate_counts_before_the_rates(site: Site) -> None:
    site.backends["terra"].answers["GET /jobs/j-1/estimate"] = {"costs": 0.5}
    start(site)
    assert held(site) == [("terra", "j-1", 0.5)]


def test_a_job_that_cannot_be_paid_is_not_started(site: Site) -> None:
    site.backends["terra"].answers["GET /jobs/j-1/estimate"] = {"costs": 11}
    error = assert_error(start(site), 402, "PaymentRequired")
    assert error["message"] == (
        "This needs 11 credits at Terra Observatory ('terra'), and 10 are left for use there. "
        "Your free credits there are renewed on 2026-04-01."
    )
    assert started(site) == 0
    assert held(site) == []


def test_a_job_whose_own_budget_is_too_low_is_not_started(site: Site) -> None:
    is_now(site, "created", budget=6)
    error = assert_error(start(site), 402, "PaymentRequired")
    assert "budget of 6 credits does not cover the estimated costs of 7 credits" in error["message"]
    assert started(site) == 0


def test_whoever_owes_starts_no_job_even_if_it_is_expected_to_cost_nothing(site: Site) -> None:
    user = site.login()
    site.backends["terra"].answers["GET /jobs/j-1/estimate"] = {"costs": 0}
    assert start(site, user).status_code == 202
    assert held(site) == [("terra", "j-1", 0.001)]
    report(site, "dear", 11)
    assert_error(start(site, user), 402, "PaymentRequired")


def test_no_more_than_a_jobs_budget_is_charged(site: Site) -> None:
    is_now(site, "created", budget=7.5)
    start(site)
    report(site, "j-1", 9, jobStart=MARCH)
    assert left(site) == 2.5


def test_a_job_that_runs_is_started_again_without_a_second_hold(site: Site) -> None:
    start(site)
    is_now(site, "running")
    assert start(site).status_code == 202
    assert held(site) == [("terra", "j-1", 7.0)]


def test_who_retries_a_start_makes_no_second_hold(site: Site) -> None:
    start(site)
    start(site)
    assert held(site) == [("terra", "j-1", 7.0)]


def test_a_job_that_is_run_again_has_a_hold_of_its_own(site: Site) -> None:
    start(site)
    site.clock.advance(3600)
    is_now(site, "finished")
    site.backends["terra"].answers["GET /jobs/j-1/estimate"] = {"costs": 2}
    start(site)
    assert held(site) == [("terra", "j-1", 7.0), ("terra", "j-1", 2.0)]
    report(site, "j-1", 1, jobStart=MARCH)
    assert held(site) == [("terra", "j-1", 2.0)]


def test_credits_for_a_job_that_its_backend_refuses_are_given_back(site: Site) -> None:
    refuses(site)
    assert_error(start(site), 400, "JobLocked")
    assert held(site) == []
    assert left(site) == 10


def test_a_refusal_takes_no_credits_from_a_job_that_another_request_has_started(
    site: Site,
) -> None:
    def refused_as_it_runs(_: Call) -> Reply:
        is_now(site, "queued")
        return Reply(400, {"id": "7", "code": "JobLocked", "message": "No."})

    site.backends["terra"].answers["POST /jobs/j-1/results"] = refused_as_it_runs
    assert_error(start(site), 400, "JobLocked")
    assert held(site) == [("terra", "j-1", 7.0)]


def test_where_nobody_knows_whether_a_job_runs_its_credits_stay_aside(site: Site) -> None:
    site.backends["terra"].answers["POST /jobs/j-1/results"] = Reply(502, body=[b"gateway"])
    assert start(site).status_code == 502
    assert held(site) == [("terra", "j-1", 7.0)]


def test_a_refused_retry_does_not_give_back_what_an_earlier_start_put_aside(site: Site) -> None:
    start(site)
    refuses(site)
    assert_error(start(site), 400, "JobLocked")
    assert held(site) == [("terra", "j-1", 7.0)]


def test_a_job_that_is_unknown_is_the_backends_own_error(site: Site) -> None:
    unknown = {"id": "7", "code": "JobNotFound", "message": "No job."}
    site.backends["terra"].answers["GET /jobs/j-1"] = Reply(404, unknown)
    assert_error(start(site), 404, "JobNotFound")
    assert held(site) == []


@pytest.mark.parametrize("how", ["read", "listed", "canceled", "deleted"])
def test_a_job_that_was_seen_to_end_gives_its_credits_back_if_no_report_comes(
    site: Site, how: str
) -> None:
    user = site.login()
    start(site, user)
    site.clock.advance(60)
    terra = site.backends["terra"]
    terra.answers |= {
        "GET /jobs": {"jobs": [job("error")], "links": []},
        "DELETE /jobs/j-1/results": Reply(204),
        "DELETE /jobs/j-1": Reply(204),
    }
    is_now(site, "error")
    ask = {
        "read": ("GET", "/jobs/terra-j-1"),
        "listed": ("GET", "/jobs"),
        "canceled": ("DELETE", "/jobs/terra-j-1/results"),
        "deleted": ("DELETE", "/jobs/terra-j-1"),
    }
    method, path = ask[how]
    assert site.request(method, path, headers=user).status_code in (200, 204)
    patience = 3600_000
    assert ledger(site).reconcile(now(site), patience) == []
    site.clock.advance(3600)
    assert len(ledger(site).reconcile(now(site), patience)) == 1
    assert left(site) == 10


def test_a_job_shows_costs_and_usage_as_they_were_reported(site: Site) -> None:
    usage = {"network": {"value": 5, "unit": "kb"}, "cpu": {"value": 1, "unit": "cpu-seconds"}}
    is_now(site, "finished", costs=99, usage=usage)
    user = site.login()
    assert site.get("/jobs/terra-j-1", headers=user).json["costs"] == 99
    metrics = {
        "cpu": {"value": 3, "unit": "cpu-seconds"},
        "time": {"value": 2500, "unit": "milliseconds"},
        "processing": {"value": 2, "unit": "credits"},
    }
    used = read_resources(resources(jobId="j-1", metrics=metrics))
    ledger(site).report(used, "terra-accounting", now(site))
    found = conforms("/jobs/{job_id}", site.get("/jobs/terra-j-1", headers=user))
    assert found["costs"] == 5
    assert found["usage"] == {
        "network": {"value": 5, "unit": "kb"},
        "cpu": {"value": 3, "unit": "cpu-seconds"},
        "duration": {"value": 2.5, "unit": "seconds"},
    }
    assert found["id"] == "terra-j-1"


def test_costs_that_a_backend_states_are_compared_once_it_has_reported(site: Site) -> None:
    def differing() -> list[tuple[str, float | None, float | None]]:
        found = unreconciled(
            ledger(site).database, MARCH, APRIL, provider=None, seen_before=MARCH - 1
        )
        return [(one.why, one.stated, one.charged) for one in found]

    user = site.login()
    is_now(site, "finished", costs=99)
    site.get("/jobs/terra-j-1", headers=user)
    report(site, "j-1", 4, jobStart=MARCH)
    assert differing() == []
    is_now(site, "finished", costs=4)
    site.get("/jobs/terra-j-1", headers=user)
    assert differing() == []
    is_now(site, "finished", costs=5)
    site.get("/jobs/terra-j-1", headers=user)
    assert differing() == [("costs-differ", 5000, 4000)]


def test_a_job_costs_who_started_it_what_a_report_for_another_says_less_refunds(
    site: Site,
) -> None:
    user = site.login()
    report(site, "j-1", 5, jobStart=MARCH, userId="mallory")
    is_now(site, "created", costs=99)
    assert site.get("/jobs/terra-j-1", headers=user).json["costs"] == 99
    start(site, user)
    report(site, "j-1", 4, jobStart=MARCH, userId="mallory")
    report(site, "j-1", 2, jobStart=MARCH)
    is_now(site, "finished", costs=99)
    assert site.get("/jobs/terra-j-1", headers=user).json["costs"] == 6
    assert left(site) == 4
    ledger(site).refund("terra", "terra-j-1-4", 3000, key="r", now=now(site), include_free=True)
    found = conforms("/jobs/{job_id}", site.get("/jobs/terra-j-1", headers=user))
    assert found["costs"] == 3


def test_a_list_of_jobs_shows_costs_as_they_were_reported(site: Site) -> None:
    listed = [
        {"id": name, "status": "finished", "created": CREATED, "costs": 99}
        for name in ("j-1", "j-2")
    ]
    for member in ("terra", "aurora"):
        site.backends[member].answers["GET /jobs"] = {"jobs": listed, "links": []}
    report(site, "j-1", 4, jobStart=MARCH)
    found = conforms("/jobs", site.get("/jobs", headers=site.login()))
    assert {one["id"]: one["costs"] for one in found["jobs"]} == {
        "terra-j-1": 4,
        "terra-j-2": 99,
        "aurora-j-1": 99,
        "aurora-j-2": 99,
    }


def test_an_estimate_is_the_backends_or_by_its_rates_and_says_whose_it_is(site: Site) -> None:
    user = site.login()
    is_now(site, "created", budget=8)
    answer = site.get("/jobs/terra-j-1/estimate", headers=user)
    assert conforms("/jobs/{job_id}/estimate", answer) == {
        "costs": 7,
        "federation:estimated-by": "federation",
        "federation:budget": 8,
    }
    stated = {"duration": "PT5M", "size": 3}
    site.backends["terra"].answers["GET /jobs/j-1/estimate"] = stated
    found = site.get("/jobs/terra-j-1/estimate", headers=user).json
    assert (found["duration"], found["costs"]) == ("PT5M", 7)
    site.backends["terra"].answers["GET /jobs/j-1/estimate"] = stated | {"costs": 3}
    assert site.get("/jobs/terra-j-1/estimate", headers=user).json == {
        "costs": 3,
        "duration": "PT5M",
        "size": 3,
        "federation:estimated-by": "terra",
        "federation:duration": {"federation:estimated-by": "terra"},
    }


def test_a_job_is_created_where_it_can_be_paid(site: Site) -> None:
    user = site.login()
    created = Reply(201, None, {"OpenEO-Identifier": "j-9"})
    for member in ("terra", "aurora"):
        site.backends[member].answers["POST /jobs"] = created
    body = {"process": graph()}
    assert site.post("/jobs", body, headers=user).headers["OpenEO-Identifier"] == "terra-j-9"
    report(site, "dear", 10)
    answer = site.post("/jobs", body, headers=user)
    assert answer.headers["OpenEO-Identifier"] == "aurora-j-9"
    assert "aurora chosen (covered by your credits)" in answer.headers["OpenEO-Federation-Routing"]
    chosen = site.post("/jobs", body | {"federation:backend": "terra"}, headers=user)
    assert chosen.headers["OpenEO-Identifier"] == "terra-j-9"
    assert held(site) == []


def test_budget_and_plan_of_a_job_are_judged_when_it_is_created_and_changed(site: Site) -> None:
    user = site.login()
    site.backends["terra"].answers["PATCH /jobs/j-1"] = Reply(204)
    for wrong, code in (
        ({"budget": -1}, "BudgetInvalid"),
        ({"plan": "gold"}, "BillingPlanInvalid"),
    ):
        assert_error(site.post("/jobs", {"process": graph(), **wrong}, headers=user), 400, code)
        for process in ({}, {"process": graph()}):
            answer = site.request("PATCH", "/jobs/terra-j-1", json=wrong | process, headers=user)
            assert_error(answer, 400, code)
    right = {"budget": 3, "plan": "Free"}
    answer = site.request("PATCH", "/jobs/terra-j-1", json=right, headers=user)
    assert answer.status_code == 204
