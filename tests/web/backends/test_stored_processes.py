"""Stored user-defined processes over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from backends.limits import Limits
from tests.web.backends.site import GRAPH, Site, error, save_one

BOX = {"west": 7.0, "south": 51.0, "east": 7.01, "north": 51.01}


def parameter(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": f"The {name}.", "schema": {}, **more}


def loading(**more: Any) -> dict[str, Any]:
    """A process that loads what it is told to."""
    load = {
        "process_id": "load_collection",
        "arguments": {
            "id": {"from_parameter": "id"},
            "spatial_extent": BOX,
            "temporal_extent": ["2024-06-01", "2024-06-11"],
        },
        "result": True,
    }
    parameters = [parameter("id", optional=True, default="DEM")]
    return {"process_graph": {"load": load}, "parameters": parameters, **more}


def calling(process_id: str, namespace: str | None = None, **arguments: Any) -> dict[str, Any]:
    node: dict[str, Any] = {"process_id": process_id, "arguments": arguments}
    if namespace:
        node["namespace"] = namespace
    save = {
        "process_id": "save_result",
        "arguments": {"data": {"from_node": "mine"}, "format": "GTiff"},
        "result": True,
    }
    return {"process_graph": {"mine": node, "save": save}}


def put(site: Site, name: str, process: dict[str, Any], user: str = "alice") -> None:
    path = f"/process_graphs/{name}"
    template = "/process_graphs/{process_graph_id}"
    response = site.ask("PUT", path, json=process, user=user, template=template)
    assert response.status_code == 200, response.text


def stored(site: Site, name: str, user: str = "alice") -> Any:
    path = f"/process_graphs/{name}"
    return site.ask("GET", path, user=user, template="/process_graphs/{process_graph_id}").json


def listed(site: Site, user: str = "alice", query: str = "") -> Any:
    return site.ask("GET", f"/process_graphs{query}", user=user, template="/process_graphs").json


def test_a_process_is_stored_under_the_id_of_its_path(site: Site) -> None:
    put(site, "mine", loading(id="other", summary="Loads.", returns=None))
    assert stored(site, "mine") == loading(id="mine", summary="Loads.")


def test_a_listing_leaves_out_what_is_long(site: Site) -> None:
    process = loading(summary="Loads.", description=None, examples=[{"arguments": {}}])
    put(site, "mine", process)
    (entry,) = listed(site)["processes"]
    assert entry == {
        "id": "mine",
        "summary": "Loads.",
        "parameters": process["parameters"],
    }


def test_a_listing_has_pages_without_gaps(site: Site) -> None:
    for name in ("b", "a", "c"):
        put(site, name, loading())
    assert [one["id"] for one in listed(site)["processes"]] == ["a", "b", "c"]
    page = listed(site, query="?limit=2")
    assert [one["id"] for one in page["processes"]] == ["a", "b"]
    (following,) = [one["href"] for one in page["links"] if one["rel"] == "next"]
    rest = site.ask("GET", following).json
    assert rest is not None
    assert [one["id"] for one in rest["processes"]] == ["c"]
    assert all(one["rel"] != "next" for one in rest["links"])


def test_storing_again_replaces_the_whole(site: Site) -> None:
    put(site, "mine", loading(summary="First."))
    put(site, "mine", loading())
    assert "summary" not in stored(site, "mine")
    assert len(listed(site)["processes"]) == 1


def test_processes_belong_to_their_user(site: Site) -> None:
    put(site, "mine", loading())
    assert listed(site, "bob")["processes"] == []
    for method in ("GET", "DELETE"):
        response = site.ask(method, "/process_graphs/mine", user="bob")
        assert error(response) == (404, "ProcessGraphNotFound")
    job = site.ask("POST", "/jobs", json={"process": calling("mine")}, user="bob")
    assert error(job) == (400, "ProcessUnsupported")


def test_a_deleted_process_is_gone(site: Site) -> None:
    put(site, "mine", loading())
    response = site.ask(
        "DELETE", "/process_graphs/mine", template="/process_graphs/{process_graph_id}"
    )
    assert (response.status_code, response.data) == (204, b"")
    assert error(site.ask("GET", "/process_graphs/mine")) == (404, "ProcessGraphNotFound")
    assert error(site.ask("DELETE", "/process_graphs/mine")) == (404, "ProcessGraphNotFound")


@pytest.mark.parametrize(
    ("name", "process", "code"),
    [
        ("add", loading(), "PredefinedProcessExists"),
        ("a-b", loading(), "ProcessInvalid"),
        ("a" * 101, loading(), "ProcessInvalid"),
        ("ä", loading(), "ProcessInvalid"),
        ("mine", {}, "ProcessGraphMissing"),
        ("mine", {"process_graph": None}, "ProcessGraphMissing"),
        ("mine", {"process_graph": {}}, "ProcessGraphInvalid"),
        ("mine", loading(summary=1), "ProcessInvalid"),
        ("mine", loading(parameters={}), "ProcessInvalid"),
        ("mine", loading(parameters=[{"name": "id"}]), "ProcessInvalid"),
        ("mine", loading(parameters=[parameter("id"), parameter("id")]), "ProcessInvalid"),
        ("mine", loading(parameters=[]), "ProcessGraphInvalid"),
        ("mine", loading(returns={}), "ProcessInvalid"),
        ("mine", loading(categories=None), "ProcessInvalid"),
        ("mine", loading(deprecated="no"), "ProcessInvalid"),
        ("mine", calling("nothing"), "ProcessUnsupported"),
    ],
)
def test_what_is_wrong_is_not_stored(
    site: Site, name: str, process: dict[str, Any], code: str
) -> None:
    response = site.ask("PUT", f"/process_graphs/{name}", json=process)
    assert error(response) == (400, code)
    assert listed(site)["processes"] == []


def test_processes_cannot_come_to_call_themselves(site: Site) -> None:
    put(site, "one", loading())
    put(site, "two", calling("one"))
    assert error(site.ask("PUT", "/process_graphs/one", json=calling("two"))) == (
        400,
        "ProcessGraphInvalid",
    )
    assert error(site.ask("PUT", "/process_graphs/new", json=calling("new"))) == (
        400,
        "ProcessGraphInvalid",
    )


def test_no_more_processes_are_stored_than_allowed(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", limits=Limits(stored_processes=1))
    put(site, "one", loading())
    put(site, "one", loading())
    response = site.ask("PUT", "/process_graphs/two", json=loading())
    assert error(response) == (400, "StorageQuotaExceeded")
    site.close()


def test_a_stored_process_runs_in_a_job(site: Site) -> None:
    seen: list[Any] = []

    def note(task: Task, reporter: Reporter) -> None:
        seen.append(task.process)
        save_one(task, reporter)

    site.behaviour = note
    put(site, "mine", loading())
    process = calling("mine", "user", id="COVER")
    job_id = site.finished(process=process)
    assert site.job(job_id)["process"] == process
    (run,) = seen
    node = run["process_graph"]["mine"]
    assert (node["process_id"], node["arguments"]["id"]) == ("load_collection", "COVER")
    assert node["arguments"]["spatial_extent"] == BOX


def test_a_stored_process_runs_at_once(site: Site) -> None:
    put(site, "mine", loading())
    response = site.ask("POST", "/result", json={"process": calling("mine")})
    assert response.status_code == 200


def test_a_job_runs_the_process_as_it_is_at_the_start(site: Site) -> None:
    put(site, "mine", loading())
    job_id = site.create(process=calling("mine"))
    site.ask("DELETE", "/process_graphs/mine")
    response = site.ask("POST", f"/jobs/{job_id}/results")
    assert error(response) == (400, "ProcessUnsupported")
    assert site.job(job_id)["status"] == "created"


@pytest.mark.parametrize(
    ("process", "codes"),
    [
        (calling("mine"), []),
        (calling("mine", "user", id="COVER"), []),
        (calling("mine", colour="red"), ["ProcessParameterUnsupported"]),
        (calling("mine", id="NOTHING"), ["CollectionNotFound"]),
        (calling("other", "user"), ["ProcessUnsupported"]),
        (calling("mine", "backend"), ["ProcessUnsupported"]),
        (GRAPH, []),
    ],
)
def test_validation_knows_stored_processes(
    site: Site, process: dict[str, Any], codes: list[str]
) -> None:
    put(site, "mine", loading())
    response = site.ask("POST", "/validation", json=process, template="/validation")
    assert response.json is not None
    assert [one["code"] for one in response.json["errors"]] == codes, response.text


def test_a_public_process_has_an_address_for_everybody(site: Site) -> None:
    put(site, "mine", loading(public=True))
    (address,) = [one["href"] for one in stored(site, "mine")["links"]]
    response = site.ask("GET", address, user=None)
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["id"] == "mine"
    put(site, "mine", loading(public=True, summary="New."))
    assert stored(site, "mine")["links"][0]["href"] == address
    put(site, "mine", loading(public=False))
    assert error(site.ask("GET", address, user=None)) == (404, "NotFound")
    assert "links" not in stored(site, "mine")
