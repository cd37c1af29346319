"""Checks before work: who has no credits for it starts nothing, and nobody can overdraw."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from tests.fakes.backends import Call, Reply
from tests.web.paying import books, counting, held, ledger, left, now, report, result
from tests.web.site import Site, assert_error, backend, graph


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return counting(tmp_path)


TERRA: dict[str, Any] = {"federation:backend": "terra"}


def run(site: Site, user: Any = None, **more: Any) -> TestResponse:
    body = {"process": graph(), **more}
    answer: TestResponse = site.post("/result", body, headers=user or site.login())
    answer.get_data()
    return answer


def exhaust(site: Site, provider: str = "terra", user: str = "alice") -> None:
    """The user has used up what there was at the provider."""
    ledger(site).welcome(user, ["general"], now(site))
    report(site, f"earlier-at-{provider}", left(site, provider, user), provider, userId=user)
    assert left(site, provider, user) == 0


class Broken:
    """Stands for the connections to a database that has gone."""

    def begin(self) -> Any:
        raise OperationalError("SELECT 1", {}, Exception("gone"))


def refusal(code: str = "ProcessInvalid", status: int = 400, began: str = "") -> Reply:
    headers = {"OpenEO-Identifier": began} if began else {}
    return Reply(status, {"id": "7", "code": code, "message": "No."}, headers)


def test_credits_are_put_aside_before_the_backend_is_asked_and_settled_by_the_report(
    site: Site,
) -> None:
    seen: list[Any] = []

    def computes(_: Call) -> Reply:
        seen.append(held(site))
        return result("r-1")

    site.backends["terra"].answers["POST /result"] = computes
    answer = run(site)
    assert (answer.status_code, answer.data) == (200, b"pixels")
    assert seen == [[("terra", None, 2.0)]]
    assert held(site) == [("terra", "r-1", 2.0)]
    assert left(site) == 8
    report(site, "r-1", 1.5)
    assert held(site) == []
    assert left(site) == 8.5


def test_costs_that_were_reported_before_the_answer_are_those_of_the_ledger(site: Site) -> None:
    def reports(_: Call) -> Reply:
        report(site, "r-1", 1.5)
        return result("r-1")

    site.backends["terra"].answers["POST /result"] = reports
    assert run(site).headers["OpenEO-Costs"] == "1.5"
    assert held(site) == []
    assert left(site) == 8.5


def test_large_costs_are_stated_to_the_last_millicredit(site: Site) -> None:
    def reports(_: Call) -> Reply:
        report(site, "r-1", 1234567.891)
        return result("r-1")

    site.backends["terra"].answers["POST /result"] = reports
    assert run(site).headers["OpenEO-Costs"] == "1234567.891"


def test_costs_that_were_not_reported_yet_are_those_that_the_backend_states(site: Site) -> None:
    assert run(site).headers["OpenEO-Costs"] == "9"


def test_without_credits_the_same_graph_runs_elsewhere_and_the_answer_says_why(site: Site) -> None:
    assert run(site).headers["OpenEO-Federation-Backends"] == "terra"
    exhaust(site)
    answer = run(site)
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
    assert (
        "terra cannot run it: | - needs 2 credits, and you have 0 for use there "
        "(free credits there are renewed on 2026-04-01)"
    ) in answer.headers["OpenEO-Federation-Routing"]
    assert ("aurora", "r-1", 2.0) in held(site)


def test_a_choice_that_cannot_be_paid_is_refused_with_the_day_of_renewal(site: Site) -> None:
    exhaust(site)
    answer = run(site, **TERRA)
    error = assert_error(answer, 402, "PaymentRequired")
    assert error["message"] == (
        "Your credits do not cover this: terra needs 2 credits, and you have 0 for use there "
        "(free credits there are renewed on 2026-04-01)."
    )
    assert site.backends["terra"].asked("POST", "/result") == []
    assert held(site) == []


def test_without_credits_anywhere_nothing_is_asked(site: Site) -> None:
    exhaust(site)
    exhaust(site, "aurora")
    error = assert_error(run(site), 402, "PaymentRequired")
    assert "terra needs" in error["message"]
    assert "aurora needs" in error["message"]


def test_using_one_provider_never_uses_up_the_free_credits_of_another(site: Site) -> None:
    exhaust(site)
    assert left(site, "aurora") == 10
    assert left(site, "terra", "bob") == 0  # whom nobody has seen yet
    assert run(site, site.login("bob")).headers["OpenEO-Federation-Backends"] == "terra"


def test_credits_come_back_with_the_new_month(site: Site) -> None:
    exhaust(site)
    site.clock.advance(20 * 86400)
    assert run(site, **TERRA).status_code == 200


@pytest.mark.parametrize(
    "failure",
    [
        refusal(),
        refusal("RequestTimeout", 408),
        refusal("Internal", 500),
    ],
)
def test_credits_for_what_fails_to_start_are_given_back(site: Site, failure: Reply) -> None:
    site.backends["terra"].answers["POST /result"] = failure
    assert run(site).status_code == failure.status
    assert held(site) == []
    assert left(site) == 10


def test_a_request_that_began_and_failed_is_settled_by_its_report_within_its_budget(
    site: Site,
) -> None:
    failed = refusal("RequestTimeout", 408, began="r-1")
    site.backends["terra"].answers["POST /result"] = failed
    assert run(site, budget=3).status_code == 408
    assert held(site) == [("terra", "r-1", 2.0)]
    report(site, "r-1", 5)
    assert held(site) == []
    assert left(site) == 7


def test_the_report_of_a_failed_request_takes_nothing_from_one_that_still_runs(site: Site) -> None:
    site.backends["terra"].answers["POST /result"] = Reply(502, body=[b"gateway"])
    run(site)
    failed = refusal("RequestTimeout", 408, began="r-2")
    site.backends["terra"].answers["POST /result"] = failed
    run(site)
    report(site, "r-2", 1)
    assert held(site) == [("terra", None, 2.0)]


def test_credits_for_a_backend_that_cannot_be_reached_are_given_back(site: Site) -> None:
    user = site.login()
    site.go_down("terra")
    error = run(site, user, **TERRA)
    assert_error(error, 503, "BackendUnavailable")
    assert held(site) == []


def test_credits_stay_aside_where_nobody_knows_whether_it_runs_until_its_time_is_over(
    site: Site,
) -> None:
    site.backends["terra"].answers["POST /result"] = Reply(502, body=[b"gateway"])
    assert_error(run(site), 502, "BackendFailure")
    assert held(site) == [("terra", None, 2.0)]
    site.clock.advance(359)
    assert ledger(site).reconcile(now(site)) == []
    site.clock.advance(1)
    assert len(ledger(site).reconcile(now(site))) == 1
    assert left(site) == 10


def test_a_backend_without_ids_for_requests_is_settled_by_its_report(site: Site) -> None:
    site.backends["terra"].answers["POST /result"] = result()
    run(site)
    assert held(site) == [("terra", None, 2.0)]
    report(site, "unheard-of", 1)
    assert held(site) == []
    assert left(site) == 9


def test_a_budget_below_the_expected_costs_is_invalid(site: Site) -> None:
    error = assert_error(run(site, budget=1.5), 400, "BudgetInvalid")
    assert "terra is expected to charge 2 credits, more than the budget of 1.5" in error["message"]
    assert_error(run(site, budget=0), 400, "BudgetInvalid")
    assert_error(run(site, budget="much"), 400, "BudgetInvalid")


def test_no_more_than_the_budget_is_charged(site: Site) -> None:
    assert run(site, budget=3).status_code == 200
    report(site, "r-1", 5)
    assert left(site) == 7


def test_a_plan_that_nobody_offers_is_invalid(site: Site) -> None:
    error = assert_error(run(site, plan="gold"), 400, "BillingPlanInvalid")
    assert "The plans are free." in error["message"]
    assert run(site, plan="FREE").status_code == 200
    assert_error(run(site, plan=7), 400, "BillingPlanInvalid")


def test_another_organisations_wallet_is_not_charged(site: Site) -> None:
    options: dict[str, Any] = {"job_options": {"etl_organization_id": 7}}
    assert_error(run(site, **options), 403, "PermissionsInsufficient")
    ledger(site).join("alice", "organisation/7", now(site))
    error = assert_error(run(site, **options), 402, "PaymentRequired")
    assert "terra needs 2 credits, and organisation/7 has 0 for use there" in error["message"]


def test_a_backend_that_is_not_accounted_for_costs_nothing(tmp_path: Path) -> None:
    members = {
        "terra": backend("terra", answers={"POST /result": result("r-1")}),
        "boreal": backend("boreal", ("DEM",), answers={"POST /result": result("r-1")}),
    }
    site = counting(tmp_path, members=members)
    body = {"process": graph(collection_id="DEM")}
    answer = site.post("/result", body, headers=site.login())
    assert answer.headers["OpenEO-Federation-Backends"] == "boreal"
    assert held(site) == []


def test_whoever_owes_starts_not_even_what_is_free(tmp_path: Path) -> None:
    site = counting(tmp_path, terra={"defaults": {}})
    assert run(site, **TERRA).status_code == 200
    assert held(site) == [("terra", "r-1", 0.001)]
    report(site, "dear", 11)
    assert left(site) == -1.001
    assert_error(run(site, **TERRA), 402, "PaymentRequired")


def test_who_comes_too_late_for_the_credits_at_one_provider_is_routed_to_another(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = site.login()
    ledger(site).welcome("alice", ["general"], now(site))
    together, credits_ = threading.Barrier(12, timeout=60), books(site).credits
    ready = credits_.billing

    def all_at_once(*arguments: Any, **more: Any) -> Any:
        """Everybody has seen the same credits before anybody takes some."""
        found = ready(*arguments, **more)
        if not hasattr(seen, "once"):
            seen.once = True
            together.wait()
        return found

    def ask(_: int) -> tuple[int, str]:
        client = site.app.test_client()
        answer = client.post("/openeo/1.3/result", json={"process": graph()}, headers=user)
        return answer.status_code, answer.headers.get("OpenEO-Federation-Backends", "nobody")

    seen = threading.local()
    monkeypatch.setattr(credits_, "billing", all_at_once)
    with ThreadPoolExecutor(12) as threads:
        answers = Counter(threads.map(ask, range(12)))
    assert answers == {(200, "terra"): 5, (200, "aurora"): 5, (402, "nobody"): 2}
    assert (left(site), left(site, "aurora")) == (0, 0)


def test_validation_lists_all_who_could_run_it_those_that_can_be_paid_first(site: Site) -> None:
    exhaust(site)
    answer = site.post("/validation", graph(), headers=site.login())
    assert answer.json["federation:backends"] == ["aurora", "terra"]
    assert (
        "terra able, choice number 2 (though it needs 2 credits"
        in (answer.headers["OpenEO-Federation-Routing"])
    )
    assert site.post("/validation", graph()).json["federation:backends"] == ["terra", "aurora"]


def test_without_the_database_no_work_is_begun_that_cannot_be_counted(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = site.login()
    run(site, user)
    monkeypatch.setattr(ledger(site).database, "_read", Broken())
    answer = run(site, user)
    assert_error(answer, 503, "DatabaseUnavailable")
    assert len(site.backends["terra"].asked("POST", "/result")) == 1
