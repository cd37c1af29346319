"""Several requests change a federated job at the same time: each what it names, and no more."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.web.federated.site import LAST, WHOLE, Trio
from tests.web.site import assert_error

OTHER = {"process_graph": {**WHOLE["process_graph"], "more": WHOLE["process_graph"]["land"]}}


def change(trio: Trio, job: str, user: dict[str, str], **body: Any) -> Any:
    return trio.site.request("PATCH", f"/jobs/{job}", json=body, headers=user)


def test_a_title_that_is_changed_while_another_process_is_planned_is_kept(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user, title="Old", description="Old.")

    def title() -> None:
        assert change(trio, job, user, title="New").status_code == 204

    trio.meanwhile = [title]
    assert change(trio, job, user, process=OTHER, description="New.").status_code == 204
    found = trio.read(job, user)
    assert (found["title"], found["description"]) == ("New", "New.")
    assert found["process"] == OTHER


def test_of_two_processes_at_the_same_time_the_later_holds_with_its_own_plan(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)

    def last() -> None:
        assert change(trio, job, user, process=LAST).status_code == 204

    trio.asked.clear()
    trio.meanwhile = [last]
    assert change(trio, job, user, process=OTHER).status_code == 204
    assert trio.read(job, user)["process"] == OTHER
    assert [body["process"] for body in trio.asked] == [OTHER, LAST, OTHER]


def test_a_job_that_never_stands_still_is_not_changed_and_the_error_says_so(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)

    def title() -> None:
        assert change(trio, job, user, title=f"{len(trio.asked)}").status_code == 204

    trio.asked.clear()
    trio.meanwhile = [title] * 5
    error = assert_error(change(trio, job, user, process=OTHER), 400, "JobLocked")
    assert error["message"] == (
        "The job could not be planned anew, since other requests change it all the time. Nothing "
        "of this request was applied; send it again."
    )
    found = trio.read(job, user)
    assert (found["process"], found["title"]) == (WHOLE, "5")


def test_many_requests_at_once_all_apply(trio: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    user = trio.site.login()
    job = trio.create(user)
    bodies: list[dict[str, Any]] = [
        {"title": "New"},
        {"description": "All."},
        {"budget": 12.5},
        {"log_level": "debug"},
        {"plan": "free"},
        {"note": 7},
    ]
    begin = threading.Barrier(len(bodies))
    store = trio.desk.federated._store
    read = store.of

    def together(*asked: Any) -> Any:
        found = read(*asked)
        begin.wait(30)
        return found

    monkeypatch.setattr(store, "of", together)
    statuses: list[int] = []

    def send(body: dict[str, Any]) -> None:
        statuses.append(change(trio, job, user, **body).status_code)

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    monkeypatch.undo()
    assert statuses == [204] * len(bodies)
    found = trio.read(job, user)
    assert {key: found[key] for body in bodies for key in body} == {
        key: value for body in bodies for key, value in body.items()
    }


def test_a_job_that_is_deleted_while_it_is_planned_is_not_changed(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)

    def deleted() -> None:
        answer = trio.site.request("DELETE", f"/jobs/{job}", headers=user)
        assert answer.status_code == 204

    trio.meanwhile = [deleted]
    assert_error(change(trio, job, user, process=OTHER), 404, "JobNotFound")


def test_a_job_that_is_started_while_it_is_planned_is_not_changed(trio: Trio) -> None:
    user = trio.site.login()
    job = trio.create(user)

    def started() -> None:
        assert trio.start(job, user).status_code == 202

    trio.meanwhile = [started]
    assert_error(change(trio, job, user, process=OTHER), 400, "JobLocked")
    assert trio.read(job, user)["process"] == WHOLE
