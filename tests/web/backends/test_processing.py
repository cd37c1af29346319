"""Validation and synchronous results."""

from __future__ import annotations

import io
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from backends.limits import Limits
from tests.web.backends.site import GRAPH, PATIENCE, Site, error, until, write


def compute(site: Site, **more: Any) -> TestResponse:
    return site.ask("POST", "/result", json={"process": GRAPH, **more})


def logs_of(site: Site, response: TestResponse) -> list[str]:
    address = response.headers["Link"]
    assert address.endswith('; rel="monitor"')
    document = site.ask("GET", address.partition(">")[0][1:], user=None).json
    assert document is not None
    return [entry["message"] for entry in document["logs"]]


def test_a_single_file_is_the_response(site: Site) -> None:
    response = compute(site)
    assert response.status_code == 200
    assert response.content_type.startswith("image/tiff")
    assert response.data == b"0123456789" * 100
    assert float(response.headers["OpenEO-Costs"]) >= 0
    assert response.headers["OpenEO-Identifier"]
    assert "openEO.tif" in response.headers["Content-Disposition"]


def test_several_files_come_as_tar_archive(site: Site) -> None:
    def two(task: Task, reporter: Reporter) -> None:
        write(task, reporter, "a.tif", b"one")
        write(task, reporter, "b.tif", b"two")

    site.behaviour = two
    response = compute(site)
    assert response.content_type == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(response.data)) as archive:
        assert archive.getnames() == ["a.tif", "b.tif"]


def test_the_files_are_removed_once_they_are_sent(site: Site) -> None:
    response = compute(site)
    response.close()
    assert list((site.folder / "requests").iterdir()) == []


def test_the_log_is_found_through_a_link_without_logging_in(site: Site) -> None:
    assert "Loading." in logs_of(site, compute(site))


def test_the_link_to_the_log_expires(site: Site) -> None:
    address = compute(site).headers["Link"].partition(">")[0][1:]
    site.clock.forward(hours=25)
    assert error(site.ask("GET", address, user=None)) == (410, "ResultLinkExpired")


def test_a_failure_has_its_own_code_and_the_log(site: Site) -> None:
    def fail(_task: Task, reporter: Reporter) -> None:
        reporter.log("info", "Looking.")
        raise OpenEOError("NoDataAvailable", "There is no data.")

    site.behaviour = fail
    response = compute(site)
    assert error(response) == (400, "NoDataAvailable")
    assert logs_of(site, response) == ["Looking.", "There is no data."]
    assert list((site.folder / "requests").iterdir()) == []


def test_a_process_that_saves_nothing_is_told_how_to(site: Site) -> None:
    site.behaviour = lambda _task, _reporter: None
    response = compute(site)
    assert error(response) == (400, "ProcessGraphInvalid")
    assert "save_result" in response.text


def test_the_deadline_is_a_request_timeout(tmp_path: Path) -> None:
    event = threading.Event()
    site = Site(tmp_path / "data", limits=Limits(sync_deadline=0.2))
    site.behaviour = until(event)
    response = compute(site)
    assert error(response) == (408, "RequestTimeout")
    assert "0.2 s" in response.text
    assert "batch job" in response.text
    event.set()
    site.close()


def test_too_many_requests_at_once_are_told_to_come_back(tmp_path: Path) -> None:
    started, event = threading.Event(), threading.Event()
    limits = Limits(concurrent_sync=1, sync_waiting=0)
    site = Site(tmp_path / "data", limits=limits)

    def slow(task: Task, reporter: Reporter) -> None:
        started.set()
        assert event.wait(PATIENCE)
        write(task, reporter, "a.tif", b"one")

    site.behaviour = slow
    responses: list[TestResponse] = []
    first = threading.Thread(target=lambda: responses.append(compute(site)))
    first.start()
    assert started.wait(PATIENCE)
    busy = compute(site)
    assert error(busy) == (503, "InfrastructureBusy")
    assert busy.headers["Retry-After"] == "5"
    event.set()
    first.join(PATIENCE)
    assert responses[0].data == b"one"
    assert compute(site).status_code == 200
    site.close()


def test_some_requests_wait_for_their_turn(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", limits=Limits(concurrent_sync=1, sync_waiting=3))
    responses: list[TestResponse] = []
    threads = [threading.Thread(target=lambda: responses.append(compute(site))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert [response.status_code for response in responses] == [200] * 4
    site.close()


def test_a_synchronous_request_is_charged_but_is_no_job(site: Site) -> None:
    compute(site)
    listed = site.ask("GET", "/jobs").json
    assert listed is not None
    assert listed["jobs"] == []


def test_an_older_api_names_no_identifier(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", api_version="1.2.0", url_path="/openeo/1.2")
    assert "OpenEO-Identifier" not in compute(site).headers
    site.close()


def validate(site: Site, process: dict[str, Any]) -> list[str]:
    response = site.ask("POST", "/validation", json=process, template="/validation")
    assert response.status_code == 200, response.text
    assert response.json is not None
    return [mistake["code"] for mistake in response.json["errors"]]


def test_a_right_process_has_no_errors(site: Site) -> None:
    assert validate(site, GRAPH) == []


def test_all_errors_of_a_process_are_told(site: Site) -> None:
    process = {
        "process_graph": {
            "load": {"process_id": "load_collection", "arguments": {"id": "NOWHERE"}},
            "fly": {"process_id": "fly", "arguments": {}, "result": True},
        }
    }
    assert set(validate(site, process)) >= {"CollectionNotFound", "ProcessUnsupported"}


@pytest.mark.parametrize("graph", [{}, [], "text", 3, {"a": 1}, {"a": {"process_id": 3}}])
def test_a_graph_of_the_wrong_form_is_an_error_in_the_list(site: Site, graph: object) -> None:
    assert validate(site, {"process_graph": graph})


@pytest.mark.parametrize(
    "more",
    [
        {"id": "two words"},
        {"id": 5},
        {"parameters": "x"},
        {"parameters": [{"name": "x", "description": "no schema"}]},
        {"returns": {"description": "no schema"}},
        {"summary": 5},
    ],
)
def test_what_stands_around_the_graph_is_validated_too(site: Site, more: dict[str, Any]) -> None:
    assert validate(site, {**GRAPH, **more})[0] == "ProcessInvalid"


def test_a_description_without_mistakes_has_no_errors(site: Site) -> None:
    returns = {"description": "a cube", "schema": {"type": "object"}}
    assert validate(site, {**GRAPH, "id": "mine", "summary": None, "returns": returns}) == []


def test_a_validation_without_a_process_graph_is_itself_wrong(site: Site) -> None:
    response = site.ask("POST", "/validation", json={"process": GRAPH})
    assert error(response) == (400, "ProcessGraphMissing")


def test_a_parameter_without_a_value_is_no_mistake_of_a_validation(site: Site) -> None:
    arguments = {"x": {"from_parameter": "q"}, "y": 2}
    graph = {"a": {"process_id": "add", "arguments": arguments, "result": True}}
    assert validate(site, {"process_graph": graph}) == []
    response = site.ask("POST", "/result", json={"process": {"process_graph": graph}})
    assert error(response) == (400, "ProcessGraphInvalid")


def test_a_collection_in_a_child_graph_is_looked_at_too(site: Site) -> None:
    child = {"a": {"process_id": "load_collection", "arguments": {"id": "NOWHERE"}, "result": True}}
    graph = {
        "r": {
            "process_id": "reduce_dimension",
            "arguments": {"data": [], "dimension": "t", "reducer": {"process_graph": child}},
            "result": True,
        }
    }
    assert "CollectionNotFound" in validate(site, {"process_graph": graph})


def too_large(east: float) -> dict[str, Any]:
    """A process that loads all bands of ten days from 7 degrees to the east."""
    load = GRAPH["process_graph"]["load"]
    box = {"west": 7.0, "south": 51.0, "east": east, "north": 51.4}
    arguments = {**load["arguments"], "spatial_extent": box, "bands": None}
    nodes = {**GRAPH["process_graph"], "load": {**load, "arguments": arguments}}
    return {"process_graph": nodes}


def test_what_no_job_may_load_is_refused_before_it_runs(site: Site) -> None:
    process = too_large(east=30.0)
    (found,) = (site.ask("POST", "/validation", json=process).json or {})["errors"]
    assert found["code"] == "ProcessGraphComplexity"
    assert "1,000,000,000" in found["message"] and "node 'load'" in found["message"]
    for path in ("/jobs", "/result"):
        response = site.ask("POST", path, json={"process": process})
        assert error(response)[1] == "ProcessGraphComplexity"


def test_what_a_job_may_load_may_be_too_large_for_a_synchronous_request(site: Site) -> None:
    process = too_large(east=7.4)
    assert (site.ask("POST", "/validation", json=process).json or {}) == {"errors": []}
    assert site.ask("POST", "/jobs", json={"process": process}).status_code == 201
    response = site.ask("POST", "/result", json={"process": process})
    assert error(response)[1] == "ProcessGraphComplexity"
    assert "100,000,000" in response.text
