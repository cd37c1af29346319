"""An explicit choice of a backend holds alike for results, jobs, web services and validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Reply
from tests.web.site import ENDPOINTS, Site, assert_error, backend, graph
from tests.web.test_services import OFFERED, WMS

ADDRESS = "/federation/{}/openeo/1.3"
# What a request to each has beside its process.
OPERATIONS: dict[str, dict[str, Any]] = {
    "/result": {},
    "/jobs": {},
    "/services": {"type": "WMS"},
    "/validation": {},
}
WAYS = ("property", "property of others", "job option", "address", "condition")


def member(name: str) -> Any:
    """A backend that can do all of it."""
    listed = OFFERED | ENDPOINTS | {"/validation": ["POST"]}
    answers = {
        "GET /service_types": {"WMS": WMS},
        "POST /result": Reply(200, {"ok": True}),
        "POST /jobs": Reply(201, None, {"OpenEO-Identifier": "1"}),
        "POST /services": Reply(201, None, {"OpenEO-Identifier": "1"}),
        "POST /validation": {"errors": []},
    }
    endpoints = [{"path": path, "methods": methods} for path, methods in listed.items()]
    return backend(name, answers=answers, endpoints=endpoints)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site({name: member(name) for name in ("terra", "aurora")}, tmp_path)


def condition(backend_id: str) -> dict[str, Any]:
    """What the Python client makes of `lambda value: value == backend_id`."""
    arguments = {"x": {"from_parameter": "value"}, "y": backend_id}
    return {"process_graph": {"eq": {"process_id": "eq", "arguments": arguments, "result": True}}}


def asked(site: Site, path: str, way: str, chosen: str) -> Any:
    """The answer to a request for that backend, made in one of the ways."""
    properties = {"federation:backends": condition(chosen)} if way == "condition" else None
    process = graph(properties=properties) if properties else graph()
    body = OPERATIONS[path] | (process if path == "/validation" else {"process": process})
    said: dict[str, dict[str, Any]] = {
        "property": {"federation:backend": chosen},
        "property of others": {"federation:force-backend": chosen},
        "job option": {"job_options": {"federation:backend": chosen}},
    }
    body |= said.get(way, {})
    root = ADDRESS.format(chosen) if way == "address" else "/openeo/1.3"
    return site.request("POST", path, root=root, json=body, headers=site.login())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", OPERATIONS)
def test_a_choice_is_followed_and_not_forwarded(site: Site, path: str, way: str) -> None:
    answer = asked(site, path, way, "aurora")
    assert answer.status_code in (200, 201), answer.text
    aurora, terra = site.backends["aurora"], site.backends["terra"]
    (sent,) = aurora.asked("POST", path)
    plain = graph() if path == "/validation" else {"process": graph()}
    assert sent.document == OPERATIONS[path] | plain
    assert terra.asked("POST", path) == []
    if path == "/validation":
        assert answer.json == {"errors": [], "federation:backends": ["aurora"]}


@pytest.mark.parametrize("way", [way for way in WAYS if way != "address"])
@pytest.mark.parametrize("path", OPERATIONS)
def test_an_unknown_choice_is_an_error_that_names_those_there_are(
    site: Site, path: str, way: str
) -> None:
    answer = asked(site, path, way, "nobody")
    if path == "/validation":
        (error,) = answer.json["errors"]
    else:
        error = assert_error(answer, 400, "NoBackendForProcess")
    assert "nobody" in error["message"]
    assert "terra" in error["message"] and "aurora" in error["message"]
    assert all(member.asked("POST", path) == [] for member in site.backends.values())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", OPERATIONS)
def test_a_choice_that_is_offline_is_unavailable_and_nobody_else_is_asked(
    site: Site, path: str, way: str
) -> None:
    user = site.login()
    site.go_down("aurora")
    site.federation.refresh()
    site.login = lambda *_: user  # type: ignore[method-assign]
    answer = asked(site, path, way, "aurora")
    if path == "/validation":
        (error,) = answer.json["errors"]
        assert error["code"] == "BackendUnavailable"
    else:
        error = assert_error(answer, 503, "BackendUnavailable")
    assert "aurora" in error["message"]
    assert site.backends["terra"].asked("POST", path) == []


DENIED = {
    "a collection": (graph(collection_id="LAND"), 404, "CollectionNotFound"),
    "a process": (graph(process_id="ndvi"), 400, "ProcessUnsupported"),
}


@pytest.mark.parametrize("path", ["/result", "/jobs"])
@pytest.mark.parametrize("kind", DENIED)
def test_what_is_denied_runs_nowhere(tmp_path: Path, path: str, kind: str) -> None:
    terra = backend("terra", ("S2", "LAND"), ("ndvi",))
    site = Site(
        {"terra": terra}, tmp_path, collections={"deny": ["LA*"]}, processes={"deny": ["ndvi"]}
    )
    process, status, code = DENIED[kind]
    assert_error(site.post(path, {"process": process}, headers=site.login()), status, code)
    assert terra.asked("POST", path) == []
