"""Secondary web services through the federation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Reply
from tests.web.site import ENDPOINTS, Site, assert_error, backend, collection, conforms, graph

WMS: dict[str, Any] = {"configuration": {}, "process_parameters": []}
OFFERED = ENDPOINTS | {
    "/service_types": ["GET"],
    "/services": ["GET", "POST"],
    "/services/{service_id}": ["GET", "PATCH", "DELETE"],
    "/services/{service_id}/logs": ["GET"],
}


def service(identifier: str) -> dict[str, Any]:
    url = f"http://terra.test/wms/{identifier}"
    return {"id": identifier, "url": url, "type": "WMS", "enabled": True}


@pytest.fixture
def mapping(tmp_path: Path) -> Site:
    """Terra serves jobs only, aurora also web services."""
    endpoints = [{"path": path, "methods": methods} for path, methods in OFFERED.items()]
    aurora = backend("aurora", answers={"GET /service_types": {"WMS": WMS}}, endpoints=endpoints)
    return Site({"terra": backend("terra"), "aurora": aurora}, tmp_path)


def test_a_service_is_created_where_its_type_is_offered(mapping: Site) -> None:
    aurora = mapping.backends["aurora"]
    aurora.answers["POST /services"] = Reply(201, None, {"OpenEO-Identifier": "s-1"})
    body = {"type": "wms", "title": "Map", "configuration": {"version": "1.3.0"}, "x": 1}
    answer = mapping.post("/services", body | {"process": graph()}, headers=mapping.login())
    assert answer.status_code == 201
    assert answer.headers["OpenEO-Identifier"] == "aurora-s-1"
    assert answer.headers["Location"] == "http://federation.test/openeo/1.3/services/aurora-s-1"
    assert aurora.asked("POST", "/services")[0].document == body | {"process": graph()}


def test_a_type_that_nobody_offers_is_unsupported(mapping: Site) -> None:
    user = mapping.login()
    for kind in ({"type": "XYZ"}, {}):
        answer = mapping.post("/services", kind | {"process": graph()}, headers=user)
        assert_error(answer, 400, "ServiceUnsupported")


@pytest.mark.parametrize("kind", [None, 5, ["WMS"]])
def test_a_type_that_is_no_name_is_told_so(mapping: Site, kind: Any) -> None:
    body = {"process": graph()} | ({} if kind is None else {"type": kind})
    answer = mapping.post("/services", body, headers=mapping.login())
    assert assert_error(answer, 400, "ServiceUnsupported")["message"] == (
        "The property 'type' must be the name of one of the types in GET /service_types."
    )


@pytest.mark.parametrize("enabled", ["yes", 1, None])
def test_a_service_is_enabled_or_not(mapping: Site, enabled: Any) -> None:
    user, body = mapping.login(), {"type": "WMS", "process": graph(), "enabled": enabled}
    changed = mapping.request(
        "PATCH", "/services/aurora-1", json={"enabled": enabled}, headers=user
    )
    for answer in (mapping.post("/services", body, headers=user), changed):
        error = assert_error(answer, 400, "RequestInvalid")
        assert error["message"] == "The property 'enabled' must be true or false."
    aurora = mapping.backends["aurora"]
    assert aurora.asked("POST", "/services") + aurora.asked("PATCH", "/services/1") == []


def test_services_are_listed_from_those_that_have_any(mapping: Site) -> None:
    listed = {"services": [service("s-1")], "links": []}
    mapping.backends["aurora"].answers["GET /services"] = listed
    found = conforms("/services", mapping.get("/services", headers=mapping.login()))
    assert [(s["id"], s["federation:backends"]) for s in found["services"]] == [
        ("aurora-s-1", ["aurora"])
    ]
    assert mapping.backends["terra"].asked("GET", "/services") == []


def test_who_missed_the_login_is_missing_only_where_it_has_services(mapping: Site) -> None:
    mapping.go_down("terra")
    user = mapping.login()
    mapping.come_back("terra")
    mapping.backends["aurora"].answers |= {
        "GET /jobs": {"jobs": [], "links": []},
        "GET /services": {"services": [], "links": []},
    }
    assert mapping.get("/jobs", headers=user).json["federation:missing"] == ["terra"]
    assert "federation:missing" not in mapping.get("/services", headers=user).json


def test_a_service_is_read_changed_deleted_and_logged_at_its_backend(mapping: Site) -> None:
    mapping.backends["aurora"].answers |= {
        "GET /services/s-1": service("s-1") | {"process": graph()},
        "PATCH /services/s-1": Reply(204),
        "DELETE /services/s-1": Reply(204),
        "GET /services/s-1/logs": {"logs": [], "links": []},
    }
    user, path = mapping.login(), "/services/aurora-s-1"
    found = mapping.get(path, headers=user).json
    assert (found["id"], found["url"]) == ("aurora-s-1", "http://terra.test/wms/s-1")
    changes = {"enabled": False}
    assert mapping.request("PATCH", path, json=changes, headers=user).status_code == 204
    assert mapping.get(f"{path}/logs", headers=user).json == {"logs": [], "links": []}
    assert mapping.request("DELETE", path, headers=user).status_code == 204


def test_an_answer_without_the_service_that_was_asked_for_is_a_failure(mapping: Site) -> None:
    mapping.backends["aurora"].answers["GET /services/s-1"] = Reply(200)
    answer = mapping.get("/services/aurora-s-1", headers=mapping.login())
    assert "'aurora'" in assert_error(answer, 502, "BackendFailure")["message"]


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_change_is_answered_as_openeo_has_it_whatever_success_its_backend_tells(
    mapping: Site, status: int
) -> None:
    said = Reply(status, {"id": "s-1"})
    mapping.backends["aurora"].answers |= {
        "PATCH /services/s-1": said,
        "DELETE /services/s-1": said,
    }
    user, path = mapping.login(), "/services/aurora-s-1"
    changed = mapping.request("PATCH", path, json={"title": "x"}, headers=user)
    assert (changed.status_code, changed.data) == (204, b"")
    assert mapping.request("DELETE", path, headers=user).status_code == 204


def test_an_unknown_service_is_not_found(mapping: Site) -> None:
    answer = mapping.get("/services/nobody-1", headers=mapping.login())
    assert_error(answer, 404, "ServiceNotFound")


def test_a_federation_without_services_says_so(site: Site) -> None:
    assert_error(site.get("/services", headers=site.login()), 501, "FeatureUnsupported")
    listed = [e["path"] for e in site.get("/").json["endpoints"]]
    assert "/services" not in listed


def test_a_service_is_created_only_where_its_graph_can_run_too(mapping: Site) -> None:
    mapping.backends["terra"].answers["GET /collections"]["collections"].append(collection("LAND"))
    mapping.federation.refresh()
    body = {"type": "WMS", "process": graph(collection_id="LAND")}
    answer = mapping.post("/services", body, headers=mapping.login())
    lacking = assert_error(answer, 400, "NoBackendForProcess")["federation:lacking"]
    assert any("WMS" in reason for reason in lacking["terra"])
    assert any("LAND" in reason for reason in lacking["aurora"])
    assert mapping.backends["aurora"].asked("POST", "/services") == []


def test_all_properties_of_a_service_can_be_changed_and_its_costs_and_logs_are_seen(
    mapping: Site,
) -> None:
    entry = {"id": "7", "level": "error", "message": "No tile."}
    costs = {"costs": 1.5, "usage": {"tiles": {"value": 3, "unit": "tiles"}}}
    aurora = mapping.backends["aurora"]
    more = {"process": graph(), "budget": 9, "configuration": {}, "attributes": {}}
    aurora.answers |= {
        "GET /services/s-1": service("s-1") | costs | more,
        "PATCH /services/s-1": Reply(204),
        "GET /services/s-1/logs": {"logs": [entry], "links": []},
    }
    user, path = mapping.login(), "/services/aurora-s-1"
    changes = {
        "title": "New",
        "description": None,
        "process": graph(),
        "enabled": False,
        "configuration": {"version": "1.1.1"},
        "plan": "free",
        "budget": 5,
        "log_level": "error",
        "own": [1],
    }
    assert mapping.request("PATCH", path, json=changes, headers=user).status_code == 204
    assert aurora.asked("PATCH", "/services/s-1")[0].document == changes
    found = conforms("/services/{service_id}", mapping.get(path, headers=user))
    assert (found["costs"], found["usage"], found["budget"]) == (1.5, costs["usage"], 9)
    logs = mapping.get(f"{path}/logs?limit=1&offset=6&level=error", headers=user).json
    assert logs["logs"] == [entry]
    assert aurora.asked("GET", "/services/s-1/logs")[0].query == "limit=1&offset=6&level=error"
