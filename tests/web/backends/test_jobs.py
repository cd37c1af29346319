"""Batch jobs over HTTP."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from backends.limits import Limits
from tests.web.backends.site import GRAPH, PATIENCE, Site, changed, error, save_one, until


@pytest.fixture
def go_on(site: Site) -> Iterator[threading.Event]:
    """Computations wait until this is set."""
    event = threading.Event()

    def wait(task: Task, reporter: Reporter) -> None:
        reporter.log("info", "Waiting.")
        assert event.wait(PATIENCE)
        save_one(task, reporter)

    site.behaviour = wait
    yield event
    event.set()


def test_a_created_job_is_where_the_location_says(site: Site) -> None:
    response = site.ask("POST", "/jobs", json={"process": GRAPH, "title": "NDVI"})
    assert response.status_code == 201
    job_id = response.headers["OpenEO-Identifier"]
    assert response.headers["Location"] == f"http://backend.test/openeo/1.3/jobs/{job_id}"
    job = site.job(job_id)
    assert job["id"] == job_id
    assert job["title"] == "NDVI"
    assert job["process"] == GRAPH
    assert job["status"] == "created"
    assert job["created"] == "2026-01-01T12:00:00Z"
    assert job["plan"] == "standard"
    assert job["log_level"] == "info"


def test_what_else_the_client_sends_is_kept(site: Site) -> None:
    more: dict[str, Any] = {"x-colour": "green", "budget": 5, "log_level": "debug"}
    job_id = site.create(**more)
    job = site.job(job_id)
    assert (job["x-colour"], job["budget"], job["log_level"]) == ("green", 5, "debug")


def test_a_job_cannot_be_given_what_the_backend_decides(site: Site) -> None:
    job_id = site.create(status="finished", costs=0, id="mine")
    job = site.job(job_id)
    assert (job["status"], job["id"]) == ("created", job_id)
    assert "costs" not in job


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "ProcessGraphMissing"),
        ({"process": None}, 400, "ProcessGraphMissing"),
        ({"process": "ndvi"}, 400, "ProcessInvalid"),
        ({"process": {}}, 400, "ProcessGraphMissing"),
        ({"process": changed(id="NOWHERE")}, 404, "CollectionNotFound"),
        ({"process": GRAPH, "plan": "gold"}, 400, "BillingPlanInvalid"),
        ({"process": GRAPH, "plan": 3}, 400, "BillingPlanInvalid"),
        ({"process": GRAPH, "budget": -1}, 400, "BudgetInvalid"),
        ({"process": GRAPH, "budget": "much"}, 400, "BudgetInvalid"),
        ({"process": GRAPH, "title": ["a"]}, 400, "RequestInvalid"),
        ({"process": GRAPH, "log_level": "loud"}, 400, "RequestInvalid"),
    ],
)
@pytest.mark.parametrize("path", ["/jobs", "/result"])
def test_a_mistake_is_told_before_anything_is_stored(
    site: Site, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    response = site.ask("POST", path, json=body, template=path)
    assert error(response) == (status, code)
    listed = site.ask("GET", "/jobs").json
    assert listed is not None
    assert listed["jobs"] == []


def test_an_unknown_process_is_not_taken(site: Site) -> None:
    process = {"process_graph": {"a": {"process_id": "fly", "arguments": {}, "result": True}}}
    response = site.ask("POST", "/jobs", json={"process": process})
    assert error(response) == (400, "ProcessUnsupported")


def test_a_format_that_is_not_offered_is_not_taken(site: Site) -> None:
    graph = copy.deepcopy(GRAPH)
    graph["process_graph"]["save"]["arguments"]["format"] = "PNG"
    response = site.ask("POST", "/jobs", json={"process": graph})
    assert error(response) == (400, "ProcessParameterInvalid")
    assert "GTiff, JSON" in response.text


def test_the_plan_is_taken_in_any_case(site: Site) -> None:
    assert site.job(site.create(plan="STANDARD"))["plan"] == "standard"


def test_jobs_are_listed_without_their_process(site: Site) -> None:
    job_id = site.create(title="NDVI")
    response = site.ask("GET", "/jobs", template="/jobs")
    assert response.json is not None
    (job,) = response.json["jobs"]
    assert (job["id"], job["title"], job["status"]) == (job_id, "NDVI", "created")
    assert "process" not in job


def test_jobs_come_in_pages_without_gap_or_double_while_new_ones_arrive(site: Site) -> None:
    created = [site.create() for _ in range(5)]
    found: list[str] = []
    sizes = []
    path: str | None = "/jobs?limit=2"
    while path:
        document = site.ask("GET", path, template="/jobs").json
        assert document is not None
        found += [job["id"] for job in document["jobs"]]
        sizes.append(len(document["jobs"]))
        following = [link["href"] for link in document["links"] if link["rel"] == "next"]
        path = following[0] if following else None
        site.create()
    assert found == created[::-1]
    assert sizes == [2, 2, 1]


def test_the_jobs_of_others_do_not_exist(site: Site) -> None:
    job_id = site.create("alice")
    listed = site.ask("GET", "/jobs", user="bob").json
    assert listed is not None
    assert listed["jobs"] == []
    for method, path in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/estimate"),
        ("GET", "/logs"),
        ("GET", "/results"),
        ("POST", "/results"),
        ("DELETE", "/results"),
    ]:
        options: dict[str, Any] = {"json": {"title": "mine"}} if method == "PATCH" else {}
        response = site.ask(method, f"/jobs/{job_id}{path}", user="bob", **options)
        assert error(response) == (404, "JobNotFound"), (method, path)


def test_an_unknown_job_is_not_found(site: Site) -> None:
    assert error(site.ask("GET", "/jobs/j-1")) == (404, "JobNotFound")


def test_a_job_runs_to_its_end(site: Site) -> None:
    job_id = site.finished()
    job = site.job(job_id)
    assert job["progress"] == 100
    assert job["costs"] >= 0
    assert job["usage"]["duration"]["unit"] == "seconds"
    assert job["queued"] == job["started"] == "2026-01-01T12:00:00Z"
    assert {link["rel"] for link in job["links"]} == {"self", "monitor", "result"}


def test_an_older_api_has_no_times_of_the_run(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", api_version="1.2.0", url_path="/openeo/1.2")
    job = site.job(site.finished())
    assert not job.keys() & {"queued", "started"}
    site.close()


def test_progress_is_seen_while_a_job_runs(site: Site, go_on: threading.Event) -> None:
    def half(task: Task, reporter: Reporter) -> None:
        reporter.progress(50)
        assert go_on.wait(PATIENCE)

    site.behaviour = half
    job_id = site.create()
    site.start(job_id)
    while site.wait(job_id, "running")["progress"] != 50:
        pass
    go_on.set()
    site.wait(job_id, "finished")


def test_a_running_job_is_locked(site: Site, go_on: threading.Event) -> None:
    job_id = site.create(title="before")
    site.start(job_id)
    response = site.ask("PATCH", f"/jobs/{job_id}", json={"title": "after"})
    assert error(response) == (400, "JobLocked")
    assert site.job(job_id)["title"] == "before"


def test_starting_a_running_job_changes_nothing(site: Site, go_on: threading.Event) -> None:
    job_id = site.create()
    site.start(job_id)
    site.start(job_id)
    go_on.set()
    site.wait(job_id, "finished")
    starts = [
        entry
        for entry in site.ask("GET", f"/jobs/{job_id}/logs").json["logs"]  # type: ignore[index]
        if entry["message"] == "The computation starts."
    ]
    assert len(starts) == 1


def test_canceling_stops_a_running_job(site: Site, go_on: threading.Event) -> None:
    job_id = site.create()
    site.start(job_id)
    response = site.ask("DELETE", f"/jobs/{job_id}/results", template="/jobs/{job_id}/results")
    assert response.status_code == 204
    assert site.job(job_id)["status"] == "created"


def test_canceling_what_does_not_run_changes_nothing(site: Site) -> None:
    job_id = site.finished()
    assert site.ask("DELETE", f"/jobs/{job_id}/results").status_code == 204
    assert site.job(job_id)["status"] == "finished"


def test_a_full_queue_is_busy_with_when_to_come_back(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", limits=Limits(concurrent_jobs=1, queue_length=1))
    event = threading.Event()
    site.behaviour = until(event)
    for _ in range(2):
        site.start(site.create())
    response = site.ask("POST", f"/jobs/{site.create()}/results")
    assert error(response) == (503, "InfrastructureBusy")
    assert response.headers["Retry-After"] == "60"
    event.set()
    site.close()


def test_a_deleted_job_is_gone(site: Site) -> None:
    job_id = site.finished()
    response = site.ask("DELETE", f"/jobs/{job_id}", template="/jobs/{job_id}")
    assert response.status_code == 204
    assert error(site.ask("GET", f"/jobs/{job_id}")) == (404, "JobNotFound")
    assert list((site.folder / "jobs").iterdir()) == []


def test_a_change_is_made_to_what_was_sent_only(site: Site) -> None:
    job_id = site.create(title="before", description="Text.", budget=4)
    response = site.ask(
        "PATCH",
        f"/jobs/{job_id}",
        json={"title": None, "budget": 7, "x-note": 1, "plan": None},
        template="/jobs/{job_id}",
    )
    assert response.status_code == 204
    job = site.job(job_id)
    assert "title" not in job
    assert (job["description"], job["budget"], job["plan"]) == ("Text.", 7, "standard")
    assert (job["x-note"], job["status"]) == (1, "created")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "NoDataForUpdate"),
        ({"status": "finished"}, "PropertyNotEditable"),
        ({"id": "mine", "title": "a"}, "PropertyNotEditable"),
        ({"process": {}}, "ProcessGraphMissing"),
        ({"process": None}, "ProcessGraphMissing"),
        ({"plan": "gold"}, "BillingPlanInvalid"),
        ({"budget": "much"}, "BudgetInvalid"),
        ({"title": 3}, "RequestInvalid"),
    ],
)
def test_a_change_that_is_wrong_changes_nothing(
    site: Site, body: dict[str, Any], code: str
) -> None:
    job_id = site.create(title="before")
    before = site.job(job_id)
    assert error(site.ask("PATCH", f"/jobs/{job_id}", json=body)) == (400, code)
    assert site.job(job_id) == before


def test_logs_can_be_read_on_from_where_one_was(site: Site) -> None:
    def chatty(_task: Task, reporter: Reporter) -> None:
        for number in range(4):
            reporter.log("info", f"Step {number}.")
        reporter.log("debug", "Not stored at the level info.")
        raise OpenEOError("NoDataAvailable", "There is no data.")

    site.behaviour = chatty
    job_id = site.create()
    site.start(job_id)
    site.wait(job_id, "error")
    path = f"/jobs/{job_id}/logs"

    def logs(query: str = "") -> dict[str, Any]:
        response = site.ask("GET", path + query, template="/jobs/{job_id}/logs")
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json  # type: ignore[assignment]
        return document

    everything = logs()["logs"]
    messages = [entry["message"] for entry in everything]
    assert messages[:3] == ["The job waits in the queue.", "The computation starts.", "Step 0."]
    assert "There is no data." in messages
    assert "Not stored at the level info." not in messages
    assert logs(f"?offset={everything[2]['id']}")["logs"] == everything[3:]
    assert [entry["message"] for entry in logs("?level=error")["logs"]] == ["There is no data."]
    assert logs("?level=error")["level"] == "error"
    page, found = logs("?limit=3"), []
    while True:
        found += page["logs"]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        page = logs("?" + following[0].partition("?")[2])
    assert found == everything


def test_logs_of_a_job_that_never_ran_are_empty(site: Site) -> None:
    response = site.ask("GET", f"/jobs/{site.create()}/logs", template="/jobs/{job_id}/logs")
    assert response.json == {"logs": [], "links": [], "level": "info"}


@pytest.mark.parametrize("query", ["level=loud", "limit=0", "offset=abc"])
def test_a_query_for_logs_that_makes_no_sense_is_refused(site: Site, query: str) -> None:
    response = site.ask("GET", f"/jobs/{site.create()}/logs?{query}")
    assert error(response) == (400, "RequestInvalid")


def test_a_restart_loses_no_job(site: Site, go_on: threading.Event) -> None:
    waiting = [site.create() for _ in range(3)]
    for job_id in waiting:
        site.start(job_id)
    site.engine.close(patience=0)
    go_on.set()
    again = Site(site.folder)
    for job_id in waiting:
        again.wait(job_id, "finished")
    again.close()
