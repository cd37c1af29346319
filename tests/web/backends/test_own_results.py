"""Processes load the results of their user's own jobs by the address that the API gives them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from tests.web.backends.site import Site, error, save_one


def loading(url: Any, **process: Any) -> dict[str, Any]:
    graph = {
        "load": {"process_id": "load_stac", "arguments": {"url": url}},
        "save": {
            "process_id": "save_result",
            "arguments": {"data": {"from_node": "load"}, "format": "GTiff"},
            "result": True,
        },
    }
    return {"process_graph": graph, **process}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(tmp_path, processes=("load_collection", "load_stac", "save_result"))
    yield opened
    opened.close()


@pytest.fixture
def tasks(site: Site) -> list[Task]:
    seen: list[Task] = []

    def run(task: Task, reporter: Reporter) -> None:
        seen.append(task)
        save_one(task, reporter)

    site.behaviour = run
    return seen


def loaded(task: Task) -> str:
    return str(task.process["process_graph"]["load"]["arguments"]["url"])


def document(site: Site, url: str) -> dict[str, Any]:
    response = site.ask("GET", url, user=None)
    assert response.status_code == 200, response.text
    return dict(response.json or {})


@pytest.mark.parametrize("end", ["", "/", "?partial=true"])
def test_a_job_loads_the_results_of_its_users_other_job(
    site: Site, tasks: list[Task], end: str
) -> None:
    first = site.finished()
    own = f"{site.profile.api_url}/jobs/{first}/results{end}"
    second = site.finished(process=loading(own))
    url = loaded(tasks[-1])
    assert document(site, url)["id"] == first
    # What the user wrote stays as it was written.
    assert site.job(second)["process"] == loading(own)


def test_a_synchronous_request_and_a_parameter_load_them_too(site: Site, tasks: list[Task]) -> None:
    first = site.finished()
    own = f"{site.profile.api_url}/jobs/{first}/results"
    process = loading(
        {"from_parameter": "past"},
        parameters=[{"name": "past", "description": "", "schema": {}, "default": own}],
    )
    response = site.ask("POST", "/result", json={"process": process})
    assert response.status_code == 200, response.text
    (parameter,) = tasks[-1].process["parameters"]
    assert document(site, parameter["default"])["id"] == first


@pytest.mark.parametrize("owner", ["bob", None])
def test_a_job_of_others_is_not_found_nor_one_that_is_not_there(
    site: Site, tasks: list[Task], owner: str | None
) -> None:
    job_id = site.create(user=owner) if owner else "j-none"
    own = f"{site.profile.api_url}/jobs/{job_id}/results"
    response = site.ask("POST", "/result", json={"process": loading(own)})
    assert error(response) == (404, "JobNotFound")
    second = site.create(process=loading(own))
    site.start(second)
    site.wait(second, "error")
    (entry,) = site.ask("GET", f"/jobs/{second}/logs?level=error").json["logs"]  # type: ignore[index]
    assert (entry["code"], entry["message"]) == (
        "JobNotFound",
        f"The batch job '{job_id}' does not exist.",
    )
    assert tasks == []


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/openeo/1.2/jobs/j-1/results",
        "{api}/jobs/j-1/results/more",
        "{api}/jobs//results",
        "{api}/results/abc",
    ],
)
def test_all_other_addresses_are_loaded_as_they_are(
    site: Site, tasks: list[Task], url: str
) -> None:
    given = url.format(api=site.profile.api_url)
    site.finished(process=loading(given))
    assert loaded(tasks[-1]) == given


def test_results_that_are_computed_again_are_those_of_the_latest_run(
    site: Site, tasks: list[Task]
) -> None:
    first = site.finished()
    own = f"{site.profile.api_url}/jobs/{first}/results"
    second = site.finished(process=loading(own))
    site.start(first)
    site.wait(first, "finished")
    old = loaded(tasks[-2])
    assert error(site.ask("GET", old, user=None)) == (410, "ResultLinkExpired")
    site.start(second)
    site.wait(second, "finished")
    assert document(site, loaded(tasks[-1]))["openeo:status"] == "finished"
