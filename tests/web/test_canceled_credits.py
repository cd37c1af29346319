"""Credits that were put aside for jobs which are canceled, and for work that may cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aggregator.storage.reconciliation import runs_again, unreconciled
from tests.fakes.backends import Call, Reply
from tests.unit.ledger.documents import APRIL, MARCH
from tests.web.paying import counting, held, ledger, left, now, report
from tests.web.site import Site, graph

CREATED, QUEUED = "2026-03-14T03:04:05Z", "2026-03-14T03:05:00Z"
HOUR = 60 * 60


def job(status: str = "created", **more: Any) -> dict[str, Any]:
    return {"id": "j-1", "status": status, "created": CREATED, "process": graph(), **more}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return working(tmp_path)


def working(tmp_path: Path, **options: Any) -> Site:
    """That federation, in which terra has a job that can be started and canceled."""
    made = counting(tmp_path, **options)
    made.backends["terra"].answers |= {
        "GET /jobs/j-1": job(),
        "GET /jobs/j-1/estimate": Reply(
            501, {"id": "1", "code": "FeatureUnsupported", "message": "No."}
        ),
        "POST /jobs/j-1/results": Reply(202),
        "DELETE /jobs/j-1/results": Reply(204),
        "DELETE /jobs/j-1": Reply(204),
    }
    return made


def start(site: Site) -> dict[str, str]:
    user: dict[str, str] = site.login()
    answer = site.request("POST", "/jobs/terra-j-1/results", headers=user)
    assert answer.status_code == 202, answer.text
    return user


def cancel(site: Site, user: dict[str, str], answer: Any) -> None:
    """The user cancels the job, of which terra says this from then on."""
    site.backends["terra"].answers["GET /jobs/j-1"] = answer
    site.clock.advance(1)
    answered = site.request("DELETE", "/jobs/terra-j-1/results", headers=user)
    assert answered.status_code == 204, answered.text


COST_NOTHING = {
    "canceled and free": job("canceled", costs=0),
    "back to created and free": job("created", costs=0, started=QUEUED),
    "queued, never started": job("created", queued=QUEUED),
    "queued, not started yet": job("created", queued=QUEUED, started=None, costs=None, progress=0),
}


@pytest.mark.parametrize("said", COST_NOTHING)
def test_a_canceled_job_that_has_cost_nothing_gives_its_credits_back_at_once(
    site: Site, said: str
) -> None:
    user = start(site)
    assert left(site) == 3
    cancel(site, user, COST_NOTHING[said])
    assert (held(site), left(site)) == ([], 10)


MAY_HAVE_COST = {
    "nothing said of costs": job("canceled"),
    "costs are not known": job("canceled", costs=None, queued=QUEUED),
    "it has cost something": job("canceled", costs=0.5),
    "it was started": job("created", queued=QUEUED, started="2026-03-14T03:06:00Z"),
    "it has used something": job(
        "created", queued=QUEUED, usage={"cpu": {"value": 9, "unit": "cpu-seconds"}}
    ),
    "it had begun": job("created", queued=QUEUED, progress=3),
    "when it was queued is not said": job("created"),
    "it runs": job("running", costs=0),
    "it is gone": Reply(404, {"id": "1", "code": "JobNotFound", "message": "No."}),
    "no answer": Reply(500),
}


@pytest.mark.parametrize("said", MAY_HAVE_COST)
def test_the_credits_of_any_other_canceled_job_wait_for_its_report(site: Site, said: str) -> None:
    user = start(site)
    cancel(site, user, MAY_HAVE_COST[said])
    assert held(site) == [("terra", "j-1", 7.0)]
    report(site, "j-1", 4, jobStart=MARCH)
    assert (held(site), left(site)) == ([], 6)


def test_usage_that_is_reported_after_all_is_charged_to_who_started_the_job(site: Site) -> None:
    site.backends["terra"].answers["GET /jobs/j-1"] = job(budget=7.5)
    cancel(site, start(site), job("canceled", costs=0))
    report(site, "j-1", 5, jobStart=MARCH, userId="bob")
    assert (left(site), left(site, user="bob")) == (5, 0)
    report(site, "j-1", 6, jobStart=MARCH)
    assert left(site) == 2.5  # no more than its budget


def test_usage_that_no_credits_are_left_for_is_owed(site: Site) -> None:
    cancel(site, start(site), job("canceled", costs=0))
    report(site, "dear", 9)
    report(site, "j-1", 5, jobStart=MARCH)
    assert left(site) == -4


def test_a_job_that_is_started_again_has_a_hold_of_its_own(site: Site) -> None:
    cancel(site, start(site), job("created", queued=QUEUED))
    start(site)
    assert held(site) == [("terra", "j-1", 7.0)]
    report(site, "j-1", 4, jobStart=MARCH)
    assert (held(site), left(site)) == ([], 6)


def says_next(site: Site, answer: Any, then: Any, meanwhile: Callable[[], object]) -> None:
    """What terra says of the job when it is asked next, and later; what happens before it does."""
    answers = site.backends["terra"].answers

    def told(_: Call) -> Any:
        answers["GET /jobs/j-1"] = then
        meanwhile()
        return answer

    answers["GET /jobs/j-1"] = told


def cancels(site: Site, user: dict[str, str]) -> None:
    answer = site.request("DELETE", "/jobs/terra-j-1/results", headers=user)
    assert answer.status_code == 204, answer.text


def test_a_job_that_is_started_again_while_it_is_canceled_keeps_its_hold(site: Site) -> None:
    user, free = start(site), job("created", costs=0)
    says_next(site, free, job("queued", costs=0), lambda: start(site))
    cancels(site, user)
    assert held(site) == [("terra", "j-1", 7.0)]
    site.clock.advance(2 * HOUR)
    assert ledger(site).reconcile(now(site), HOUR * 1000) == []


def test_a_job_that_was_started_again_before_it_was_canceled_gives_its_credits_back(
    site: Site,
) -> None:
    user, free = start(site), job("created", costs=0)

    def late() -> None:
        """The start comes to its end only now."""
        assert runs_again(ledger(site).database, "terra", "j-1", "alice", now(site))

    says_next(site, free, free, late)
    cancels(site, user)
    assert held(site) == []


@pytest.mark.parametrize("status", ["created", "running"])
def test_a_job_that_is_canceled_while_it_is_started_again_has_a_hold(
    site: Site, status: str
) -> None:
    user, answers = start(site), site.backends["terra"].answers
    answers["GET /jobs/j-1"] = job(status)

    def meanwhile(_: Call) -> Reply:
        cancel(site, user, job("created", costs=0))
        assert held(site) == []
        return Reply(202)

    answers["POST /jobs/j-1/results"] = meanwhile
    assert site.request("POST", "/jobs/terra-j-1/results", headers=user).status_code == 202
    assert held(site) == [("terra", "j-1", 7.0)]
    report(site, "j-1", 4, jobStart=MARCH)
    assert (held(site), left(site)) == ([], 6)


def test_a_job_that_runs_again_is_not_taken_for_one_that_has_ended(site: Site) -> None:
    cancel(site, start(site), job("created"))
    start(site)
    site.clock.advance(2 * HOUR)
    assert ledger(site).reconcile(now(site), HOUR * 1000) == []


def missed(site: Site) -> list[str]:
    """Why jobs are among those that do not agree, once all reports should have come."""
    site.clock.advance(2 * HOUR)
    found = unreconciled(
        ledger(site).database, MARCH, APRIL, provider=None, seen_before=now(site) - HOUR * 1000
    )
    return [one.why for one in found]


def test_no_report_is_missed_of_a_job_that_has_cost_nothing(site: Site) -> None:
    user = start(site)
    cancel(site, user, job("canceled", costs=0))
    site.get("/jobs/terra-j-1", headers=user)
    assert missed(site) == []


def test_a_report_is_missed_of_a_canceled_job_that_may_have_cost_something(site: Site) -> None:
    cancel(site, start(site), job("canceled"))
    assert missed(site) == ["unreported"]


def test_no_report_is_missed_of_a_job_that_was_deleted_without_being_started(site: Site) -> None:
    answer = site.request("DELETE", "/jobs/terra-j-1", headers=site.login())
    assert answer.status_code == 204
    assert missed(site) == []


def test_work_of_unknown_costs_is_charged_to_who_started_it(tmp_path: Path) -> None:
    site = working(tmp_path, terra={"defaults": {}})
    start(site)
    assert held(site) == [("terra", "j-1", 0.001)]
    report(site, "j-1", 4, jobStart=MARCH, userId="bob")
    assert (left(site), left(site, user="bob")) == (6, 0)


def test_work_of_unknown_costs_starts_also_with_nothing_left(tmp_path: Path) -> None:
    site = working(tmp_path, terra={"defaults": {}})
    site.login()
    report(site, "all", 10)
    user = start(site)
    assert held(site) == []
    process = {"process": graph()}
    assert site.post("/result", process, headers=user).status_code == 200
    assert held(site) == []


def test_nothing_is_put_aside_for_work_that_nobody_may_report(tmp_path: Path) -> None:
    site = working(tmp_path, terra={"defaults": {}, "reporters": []})
    start(site)
    assert held(site) == []
