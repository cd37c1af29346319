"""Jobs in parts that are changed, cancelled, deleted and started again."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.routing.plans import Part, Plan
from tests.web.federated.site import WHOLE, Trio, without_plan
from tests.web.site import assert_error, conforms


def test_cancelling_stops_every_part(trio: Trio) -> None:
    user = trio.site.login()
    for batch in trio.batches.values():
        batch.looks = 50
    job = trio.running(user)
    trio.step(3)
    assert trio.site.request("DELETE", f"/jobs/{job}/results", headers=user).status_code == 204
    assert trio.read(job, user)["status"] == "canceled"
    trio.drive(job)
    assert {j.status for b in trio.batches.values() for j in b.made} == {"canceled"}
    assert trio.made()["terra"] == []
    assert trio.site.request("DELETE", f"/jobs/{job}/results", headers=user).status_code == 204


def test_deleting_reaches_every_part_also_at_a_backend_that_is_away(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    trio.site.go_down("borea")
    assert trio.site.request("DELETE", f"/jobs/{job}", headers=user).status_code == 204
    assert_error(trio.site.get(f"/jobs/{job}", headers=user), 404, "JobNotFound")
    assert [j["id"] for j in trio.site.get("/jobs", headers=user).json["jobs"]] == []
    trio.step(5)
    assert [len(b.jobs) for b in trio.batches.values()] == [0, 0, 1]
    trio.site.come_back("borea")
    trio.site.federation.refresh()
    assert trio.drive(job, seconds=10) is None
    assert [len(b.jobs) for b in trio.batches.values()] == [0, 0, 0]


def test_a_job_can_be_changed_until_it_runs(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user, title="Old", budget=50)
    changes = {"title": "New", "budget": 90, "x:more": [1]}
    asked = {**changes, "plan": None}
    assert trio.site.request("PATCH", f"/jobs/{job}", json=asked, headers=user).status_code == 204
    found = trio.read(job, user)
    assert {key: found[key] for key in changes} == changes
    trio.start(job, user)
    answer = trio.site.request("PATCH", f"/jobs/{job}", json={"title": "X"}, headers=user)
    assert_error(answer, 400, "JobLocked")
    trio.drive(job)
    assert trio.made()["terra"] == [f"New [{job}/part3]"]


def test_a_plan_that_is_null_is_none_and_changes_none(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user, plan=None, log_level=None)
    shown = conforms("/jobs/{job_id}", trio.site.get(f"/jobs/{job}", headers=user))
    conforms("/jobs", trio.site.get("/jobs", headers=user))
    assert not {"plan", "log_level"} & shown.keys()
    for plan in ("free", None):
        changed = trio.site.request("PATCH", f"/jobs/{job}", json={"plan": plan}, headers=user)
        assert changed.status_code == 204
    assert trio.read(job, user)["plan"] == "free"


def test_a_plan_that_a_backend_of_the_parts_does_not_have_is_refused(trio: Trio) -> None:
    terra = trio.site.backends["terra"]
    plans = {"currency": "EUR", "default_plan": "free", "plans": [{"name": "free"}]}
    terra.answers["GET /"] = {**terra.answers["GET /"], "billing": plans}
    trio.site.federation.refresh()
    user = trio.site.login()
    job = trio.create(user, plan="free")
    changed = trio.site.request("PATCH", f"/jobs/{job}", json={"plan": "gold"}, headers=user)
    assert_error(changed, 400, "BillingPlanInvalid")
    assert trio.read(job, user)["plan"] == "free"


ODD = {"title": 5, "description": ["x"], "log_level": "loud"}


@pytest.mark.parametrize("name", ODD)
def test_what_a_federated_job_could_not_show_as_it_is_is_refused(trio: Trio, name: str) -> None:
    user = trio.site.login()
    job = trio.create(user)
    odd = {name: ODD[name]}
    for answer in (
        trio.site.post("/jobs", {"process": WHOLE, **odd}, headers=user),
        trio.site.request("PATCH", f"/jobs/{job}", json=odd, headers=user),
    ):
        error = assert_error(answer, 400, "RequestInvalid")
        assert error["message"].startswith(f"The property '{name}' must be ")
    assert len(trio.site.get("/jobs", headers=user).json["jobs"]) == 1


def test_a_changed_process_is_planned_anew(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)
    other = {"process_graph": {"save": {**WHOLE["process_graph"]["radar"], "result": True}}}
    trio.plan = Plan((Part("part1", "aurora", ("save",), other, (), "it has S1"),))
    answer = trio.site.request("PATCH", f"/jobs/{job}", json={"process": other}, headers=user)
    assert answer.status_code == 204
    found = trio.read(job, user)
    assert found["process"] == other
    assert [p["backend"] for p in found["federation:parts"]] == ["aurora"]
    trio.start(job, user)
    trio.drive(job)
    assert trio.made() == {"aurora": [f"[{job}/part1]"], "terra": [], "borea": []}
    trio.plan = without_plan("no")
    answer = trio.site.request("PATCH", f"/jobs/{job}", json={"process": WHOLE}, headers=user)
    assert "either: no." in assert_error(answer, 400, "NoBackendForProcess")["message"]


def test_what_was_made_by_an_old_plan_is_removed(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    other = {"process_graph": {"save": {**WHOLE["process_graph"]["radar"], "result": True}}}
    trio.plan = Plan((Part("part1", "aurora", ("save",), other, (), "it has S1"),))
    answer = trio.site.request("PATCH", f"/jobs/{job}", json={"process": other}, headers=user)
    assert answer.status_code == 204
    assert trio.read(job, user)["status"] == "created"
    trio.drive(job)
    assert [len(batch.jobs) for batch in trio.batches.values()] == [0, 0, 0]
    trio.start(job, user)
    trio.drive(job)
    assert trio.made()["aurora"] == [f"[{job}/part1]", f"[{job}/part1/2]"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({}, 400, "NoDataForUpdate"),
        ({"status": "finished"}, 400, "PropertyNotEditable"),
        ({"budget": -1}, 400, "BudgetInvalid"),
        ({"federation:backend": "terra"}, 400, "NoBackendForProcess"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_with_a_reason(
    trio: Trio, changes: dict[str, Any], status: int, code: str
) -> None:
    user = trio.site.login()
    job = trio.create(user)
    answer = trio.site.request("PATCH", f"/jobs/{job}", json=changes, headers=user)
    assert_error(answer, status, code)


def test_starting_a_finished_job_again_makes_everything_anew(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.drive(job)
    trio.start(job, user)
    trio.drive(job)
    assert trio.read(job, user)["status"] == "finished"
    assert trio.made()["terra"] == [f"[{job}/part3]", f"[{job}/part3/2]"]
    assert [sorted(b.jobs) for b in trio.batches.values()] == [["t2"], ["a2"], ["b2"]]
    assert trio.starts() == {"aurora": [1, 1], "borea": [1, 1], "terra": [1, 1]}


def test_starting_a_job_that_runs_changes_nothing(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.step(2)
    assert trio.start(job, user).status_code == 202
    trio.drive(job)
    assert trio.starts() == {"aurora": [1], "borea": [1], "terra": [1]}
