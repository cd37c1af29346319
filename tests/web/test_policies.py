"""Of several able backends a policy chooses, the configured one or that of the request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aggregator.health.observations import Observation
from tests.fakes.backends import FakeBackend, Reply
from tests.web.paying import PLANS, counting, now, report
from tests.web.site import Site, assert_error, graph
from tests.web.test_choices import OPERATIONS, member

KNOWN = "There are: order, cheapest, least_loaded, most_available, spread."


def members() -> dict[str, FakeBackend]:
    """Backends that can do all of it, and are paid for."""
    made = {name: member(name) for name in ("terra", "aurora")}
    for one in made.values():
        one.answers["GET /"] |= {"billing": PLANS}
        one.answers["POST /result"] = Reply(200, {"ok": True})
    return made


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Aurora comes second, and is cheaper."""
    cheap = {"batch": {"credits": 3}, "synchronous": {"credits": 1}, "service": {"credits": 0}}
    rich = {"free_credits_per_month": {"general": 1000}}
    return counting(tmp_path, members=members(), terra=rich, aurora=rich | {"defaults": cheap})


def where(site: Site, path: str = "/result", user: Any = None, **given: Any) -> str:
    """The backend that takes a request with these properties."""
    process = graph()
    body = OPERATIONS[path] | (process if path == "/validation" else {"process": process}) | given
    answer = site.post(path, body, headers=user or site.login())
    assert answer.status_code in (200, 201), answer.text
    if path == "/validation":
        assert answer.json["errors"] == []
        return str(answer.headers["OpenEO-Federation-Routing"].split()[4].strip(":,"))
    return str(answer.headers["OpenEO-Federation-Backends"])


@pytest.mark.parametrize("path", OPERATIONS)
def test_the_policy_of_a_request_chooses_and_is_not_forwarded(site: Site, path: str) -> None:
    assert where(site, path) == "terra"
    assert where(site, path, **{"federation:policy": "cheapest"}) == "aurora"
    assert where(site, path, job_options={"federation:policy": "cheapest"}) == "aurora"
    sent = [call.body for one in site.backends.values() for call in one.asked("POST", path)]
    assert len(sent) >= 3
    assert not any(b"federation:policy" in body for body in sent)


@pytest.mark.parametrize("path", OPERATIONS)
def test_the_configured_policy_chooses_where_a_request_names_none(
    tmp_path: Path, path: str
) -> None:
    site = Site(members(), tmp_path, routing={"policy": "spread"})
    assert {where(site, path), where(site, path)} == (
        {"terra"} if path == "/validation" else {"terra", "aurora"}
    )
    assert where(site, path, **{"federation:policy": "order"}) == "terra"


@pytest.mark.parametrize("path", OPERATIONS)
def test_a_policy_that_does_not_exist_is_refused_and_those_that_do_are_named(
    site: Site, path: str
) -> None:
    body = OPERATIONS[path] | graph() | {"process": graph(), "federation:policy": "dearest"}
    answer = site.post(path, body, headers=site.login())
    if path == "/validation":
        (error,) = answer.json["errors"]
        assert error["code"] == "PolicyUnsupported"
    else:
        error = assert_error(answer, 400, "PolicyUnsupported")
    assert "'federation:policy' is 'dearest'" in error["message"]
    assert error["message"].endswith(KNOWN)
    assert [one.asked("POST", path) for one in site.backends.values()] == [[], []]


def test_an_update_with_a_policy_that_does_not_exist_is_refused(site: Site) -> None:
    body = {"title": "new", "federation:policy": "dearest"}
    answer = site.request("PATCH", "/jobs/terra-1", json=body, headers=site.login())
    assert_error(answer, 400, "PolicyUnsupported")


def test_the_answer_says_why(site: Site) -> None:
    body = {"process": graph(), "federation:policy": "cheapest"}
    answer = site.post("/result", body, headers=site.login())
    said = answer.headers["OpenEO-Federation-Routing"]
    assert said.startswith(
        "This process runs on aurora: 2 backends can, and it is cheapest: 1 credits by its rates; "
        "next is terra: 2 credits by its rates. | "
    )


def test_estimates_name_the_one_that_the_policy_would_choose(site: Site) -> None:
    body = {"process": graph(), "federation:policy": "cheapest"}
    assert site.post("/federation/estimates", body).json["federation:backends"] == ["aurora"]


def test_an_explicit_backend_outweighs_every_policy(site: Site) -> None:
    asked = {"federation:policy": "cheapest", "federation:backend": "terra"}
    assert where(site, **asked) == "terra"


def test_turns_are_taken_by_work_and_not_by_questions(tmp_path: Path) -> None:
    made = members()
    site = Site(made, tmp_path, routing={"policy": "spread"})
    found = []
    for _ in range(4):
        expected = {where(site, "/validation") for _ in range(3)}
        found.append(where(site, "/jobs"))
        assert expected == {found[-1]}
    assert found == ["terra", "aurora", "terra", "aurora"]


def test_weights_divide_the_work(tmp_path: Path) -> None:
    site = Site(members(), tmp_path, weights={"aurora": 3}, routing={"policy": "spread"})
    user = site.login()
    found = [where(site, "/jobs", user) for _ in range(8)]
    assert (found.count("terra"), found.count("aurora")) == (2, 6)


def test_turns_are_only_those_of_backends_at_which_the_user_is_known(tmp_path: Path) -> None:
    made = members() | {"boreal": member("boreal")}
    site = Site(made, tmp_path, without_passwords=("terra",), routing={"policy": "spread"})
    user = site.login()
    found = [where(site, "/jobs", user) for _ in range(4)]
    assert found == ["aurora", "boreal", "aurora", "boreal"]
    answer = site.post("/jobs", {"process": graph()}, headers=user)
    said = answer.headers["OpenEO-Federation-Routing"]
    assert "This process runs on aurora" in said
    assert "able, choice number 3 (though your login does not count there" in said


def test_work_goes_where_less_is_under_way_from_the_first_request_on(site: Site) -> None:
    site.federation.policies.gathering.refresh()
    user = site.login()
    asked = {"federation:policy": "least_loaded"}
    # Nothing is read anew between these: what has been given away since counts.
    assert [where(site, "/result", user, **asked) for _ in range(4)] == ["terra", "aurora"] * 2
    assert [where(site, "/jobs", user, **asked) for _ in range(4)] == ["terra", "aurora"] * 2


def test_work_that_has_ended_is_no_load(site: Site) -> None:
    gathering = site.federation.policies.gathering
    gathering.refresh()
    user = site.login()
    assert where(site, "/result", user) == "terra"
    assert where(site, "/result", user) == "terra"
    gathering.refresh()
    assert gathering.queues() == {"terra": 2, "aurora": 0}
    report(site, "r-1", 1)
    report(site, "r-2", 1)
    gathering.refresh()
    assert gathering.queues() == {"terra": 0, "aurora": 0}


def test_work_goes_where_probes_succeed(site: Site) -> None:
    start = now(site) - 3600_000
    seen = [
        Observation(name, start + 1000 * number, name == "aurora" or number % 2 == 0, 50, 200)
        for name in ("terra", "aurora")
        for number in range(200)
    ]
    site.federation.availability.record.observe(seen)
    asked = {"federation:policy": "most_available"}
    assert where(site, **asked) == "terra"
    site.federation.policies.gathering.refresh()
    assert where(site, **asked) == "aurora"


def test_what_policies_know_is_public_and_what_is_not_known_is_null(site: Site) -> None:
    found = site.get("/federation/policies").json
    assert [policy["name"] for policy in found["policies"]] == [
        "order",
        "cheapest",
        "least_loaded",
        "most_available",
        "spread",
    ]
    assert [p["name"] for p in found["policies"] if p["default"]] == ["order"]
    latency = found["backends"]["aurora"].pop("latency_ms")
    assert latency >= 0
    assert found["backends"]["aurora"] == {
        "weight": 1.0,
        "costs": {"batch": 3.0, "synchronous": 1.0, "service": 0.0},
        "jobs_under_way": None,
        "uptime_30_days": None,
    }
    site.federation.policies.gathering.refresh()
    assert site.get("/federation/policies").json["backends"]["aurora"]["jobs_under_way"] == 0


def test_capabilities_list_the_policies(site: Site) -> None:
    found = site.get("/").json
    assert found["federation:policies"] == site.get("/federation/policies").json["policies"]
    assert "/federation/policies" in {endpoint["path"] for endpoint in found["endpoints"]}


def test_without_accounting_no_queue_is_known_and_requests_are_served(tmp_path: Path) -> None:
    site = Site({name: member(name) for name in ("terra", "aurora")}, tmp_path)
    site.federation.policies.gathering.refresh()
    body = {"process": graph(), "federation:policy": "least_loaded"}
    answer = site.post("/jobs", body, headers=site.login())
    assert "an unknown number of jobs under way" in answer.headers["OpenEO-Federation-Routing"]


def test_the_forwarded_body_is_otherwise_what_was_sent(site: Site) -> None:
    where(site, "/jobs", title="Mine", job_options={"federation:policy": "order", "memory": 3})
    (call,) = site.backends["terra"].asked("POST", "/jobs")
    assert call.document == {"title": "Mine", "job_options": {"memory": 3}, "process": graph()}
