"""Workspaces through the federation (Workspaces Extension 0.1.0)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Reply
from tests.web.site import ENDPOINTS, Site, assert_error, backend, capabilities, graph, process

CONFORMANCE = "https://api.openeo.org/extensions/workspaces/0.1.0"
KEYS = {"access_key_id": "AKIA", "secret_access_key": "verysecret"}
KEY = {"type": "string", "description": "Key.", "required": True}
FOLDER = {"intents": ["create"], "parameters": {}}
S3 = {"intents": ["register"], "parameters": dict.fromkeys(KEYS, KEY)}
OFFERED = ENDPOINTS | {
    "/validation": ["POST"],
    "/workspace_providers": ["GET"],
    "/workspaces": ["GET", "POST"],
    "/workspaces/{workspace_id}": ["GET", "PATCH", "DELETE"],
}
ENTRIES = [{"path": path, "methods": methods} for path, methods in OFFERED.items()]
BUCKET = {
    "intent": "register",
    "type": "s3",
    "url": "https://s3.example.org/maps",
    "parameters": KEYS,
}


def keeper(name: str, **providers: Any) -> Any:
    """A backend with workspaces of these providers."""
    made = backend(name, processes=("export_workspace",), endpoints=ENTRIES)
    listed = made.answers["GET /processes"]["processes"]
    listed[-1] = process("export_workspace", "data", "workspace", "merge")
    created = Reply(201, None, {"OpenEO-Identifier": "w-1"})
    made.answers |= {
        "GET /workspace_providers": {"providers": providers},
        "POST /workspaces": created,
        "POST /jobs": Reply(201, None, {"OpenEO-Identifier": "j-1"}),
        "POST /validation": {"errors": []},
    }
    return made


@pytest.fixture
def spaces(tmp_path: Path) -> Site:
    """Terra makes folders, aurora also takes buckets, boreal has no workspaces."""
    members = {
        "terra": keeper("terra", folder=FOLDER),
        "aurora": keeper("aurora", Folder=FOLDER, S3=S3),
        "boreal": backend("boreal"),
    }
    return Site(members, tmp_path)


def workspace(identifier: str, **more: Any) -> dict[str, Any]:
    return {"id": identifier, "type": "folder", "status": "ready", **more}


def exporting(identifier: Any, **load: Any) -> dict[str, Any]:
    """A process that exports its result to that workspace."""
    nodes = graph(**load)["process_graph"]
    del nodes["save"]["result"]
    arguments = {"data": {"from_node": "save"}, "workspace": identifier, "merge": "maps"}
    nodes["export"] = {"process_id": "export_workspace", "arguments": arguments, "result": True}
    return {"process_graph": nodes}


def test_providers_say_who_has_them(spaces: Site) -> None:
    found = spaces.get("/workspace_providers").json
    assert found == {
        "providers": {
            "folder": {**FOLDER, "federation:backends": ["terra", "aurora"]},
            "S3": {**S3, "federation:backends": ["aurora"]},
        }
    }


def test_who_is_down_is_missing_from_the_providers_if_it_has_any(spaces: Site) -> None:
    spaces.go_down("aurora", "boreal")
    spaces.federation.refresh()
    spaces.federation.refresh()
    spaces.federation.refresh()
    assert spaces.get("/workspace_providers").json["federation:missing"] == ["aurora"]


def test_capabilities_list_workspaces_only_if_a_member_has_them(
    spaces: Site, tmp_path: Path
) -> None:
    without = Site({"boreal": backend("boreal")}, tmp_path / "without")
    for site, offers in ((spaces, True), (without, False)):
        found = site.get("/").json
        paths = {entry["path"]: entry["methods"] for entry in found["endpoints"]}
        assert (CONFORMANCE in found["conformsTo"]) is offers
        for path in ("/workspace_providers", "/workspaces", "/workspaces/{workspace_id}"):
            assert (path in paths) is offers
    user = without.login()
    assert_error(without.get("/workspace_providers"), 501, "FeatureUnsupported")
    assert_error(without.get("/workspaces", headers=user), 501, "FeatureUnsupported")
    created = without.post("/workspaces", {"intent": "create"}, headers=user)
    assert_error(created, 501, "FeatureUnsupported")


def test_a_workspace_is_made_by_the_first_that_has_its_provider(
    spaces: Site, caplog: pytest.LogCaptureFixture
) -> None:
    user = spaces.login()
    with caplog.at_level(logging.DEBUG):
        answer = spaces.post("/workspaces", BUCKET, headers=user)
    assert answer.status_code == 201, answer.text
    assert answer.headers["OpenEO-Identifier"] == "aurora-w-1"
    location = "http://federation.test/openeo/1.3/workspaces/aurora-w-1"
    assert answer.headers["Location"] == location
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
    assert "terra does not have that provider" in answer.headers["OpenEO-Federation-Routing"]
    (asked,) = spaces.backends["aurora"].asked("POST", "/workspaces")
    assert (asked.document, asked.authorization) == (BUCKET, "Bearer basic//alice-at-aurora")
    # What opens the user's storage goes to nobody else, and into no log.
    assert spaces.backends["terra"].asked("POST", "/workspaces") == []
    assert "verysecret" not in caplog.text + str(answer.headers)


def test_the_backend_can_be_named(spaces: Site) -> None:
    user, body = spaces.login(), {"intent": "create", "type": "FOLDER", "title": "Maps"}
    assert spaces.post("/workspaces", body, headers=user).headers["OpenEO-Identifier"] == (
        "terra-w-1"
    )
    named = body | {"federation:backend": "aurora"}
    assert spaces.post("/workspaces", named, headers=user).headers["OpenEO-Identifier"] == (
        "aurora-w-1"
    )
    assert spaces.backends["aurora"].asked("POST", "/workspaces")[0].document == body
    root = "/federation/aurora/openeo/1.3"
    answer = spaces.request("POST", "/workspaces", root=root, json=body, headers=user)
    assert answer.headers["OpenEO-Identifier"] == "aurora-w-1"


def test_without_a_provider_the_first_that_can_create_one_does(spaces: Site) -> None:
    answer = spaces.post("/workspaces", {"intent": "create"}, headers=spaces.login())
    assert answer.headers["OpenEO-Identifier"] == "terra-w-1"


@pytest.mark.parametrize(
    "body",
    [
        {"intent": "create", "type": "azure"},
        {"intent": "create", "type": "S3"},
        {"intent": "register", "type": "folder"},
        {"intent": "create", "type": 7},
        {"intent": "create", "type": {"a": "b"}},
        {"intent": "register", "type": "S3", "federation:backend": "terra"},
        {"intent": "create", "federation:backend": "boreal"},
    ],
)
def test_a_provider_that_nobody_has_is_refused_with_those_that_there_are(
    spaces: Site, body: dict[str, Any]
) -> None:
    answer = spaces.post("/workspaces", body, headers=spaces.login())
    said = assert_error(answer, 400, "WorkspaceProviderUnsupported")["message"]
    assert "terra has folder" in said
    assert all(b.asked("POST", "/workspaces") == [] for b in spaces.backends.values())


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "The property 'intent' must be 'create' or 'register', as the provider has it"),
        ({"intent": "x", "type": "folder"}, "The property 'intent' must be 'create' or 'register'"),
        ({"intent": "create", "type": 7}, "The property 'type' must be the name of a provider"),
        ({"intent": "create", "type": "S3"}, "There is no provider 'S3' of workspaces here to cre"),
    ],
)
def test_what_is_wrong_with_a_wish_for_a_workspace_is_told_with_what_there_is(
    spaces: Site, body: dict[str, Any], wrong: str
) -> None:
    answer = spaces.post("/workspaces", body, headers=spaces.login())
    said = assert_error(answer, 400, "WorkspaceProviderUnsupported")["message"]
    assert said.startswith(wrong)
    assert said.endswith(
        ": terra has folder (to create); aurora has Folder (to create), S3 (to register)."
    )


def test_a_backend_that_there_is_not_is_named(spaces: Site) -> None:
    body = {"intent": "create", "federation:backend": "nobody"}
    answer = spaces.post("/workspaces", body, headers=spaces.login())
    assert "'nobody'" in assert_error(answer, 400, "NoBackendForProcess")["message"]


def test_who_is_offline_makes_no_workspace(spaces: Site) -> None:
    user = spaces.login()
    spaces.go_down("terra")
    for _ in range(3):
        spaces.federation.refresh()
    answer = spaces.post("/workspaces", {"intent": "create"}, headers=user)
    assert answer.headers["OpenEO-Identifier"] == "aurora-w-1"
    spaces.go_down("aurora")
    for _ in range(3):
        spaces.federation.refresh()
    answer = spaces.post("/workspaces", {"intent": "create"}, headers=user)
    assert_error(answer, 503, "BackendUnavailable")


def test_what_the_backend_says_is_passed_on(spaces: Site) -> None:
    refusal = {"id": "1", "code": "WorkspaceUnavailable", "message": "It does not open."}
    spaces.backends["aurora"].answers["POST /workspaces"] = Reply(400, refusal)
    answer = spaces.post("/workspaces", BUCKET, headers=spaces.login())
    assert_error(answer, 400, "WorkspaceUnavailable")
    spaces.backends["aurora"].answers["POST /workspaces"] = Reply(201)
    answer = spaces.post("/workspaces", BUCKET, headers=spaces.login())
    assert_error(answer, 502, "BackendFailure")


def test_workspaces_of_all_backends_are_listed_under_federated_ids(spaces: Site) -> None:
    spaces.backends["terra"].answers["GET /workspaces"] = {
        "workspaces": [workspace("w-1"), workspace("w-2")],
        "links": [],
    }
    spaces.backends["aurora"].answers["GET /workspaces"] = {
        "workspaces": [workspace("w-1")],
        "links": [],
    }
    user = spaces.login()
    found = spaces.get("/workspaces", headers=user).json
    assert {(w["id"], *w["federation:backends"]) for w in found["workspaces"]} == {
        ("terra-w-1", "terra"),
        ("terra-w-2", "terra"),
        ("aurora-w-1", "aurora"),
    }
    assert spaces.backends["boreal"].asked("GET", "/workspaces") == []
    spaces.go_down("aurora")
    found = spaces.get("/workspaces", headers=user).json
    assert len(found["workspaces"]) == 2
    assert found["federation:missing"] == ["aurora"]


def test_a_workspace_is_read_changed_and_deleted_at_its_backend(spaces: Site) -> None:
    spaces.backends["terra"].answers |= {
        "GET /workspaces/w-1": workspace("w-1", url="file:///x", quota=5),
        "PATCH /workspaces/w-1": Reply(204),
        "DELETE /workspaces/w-1": Reply(204),
    }
    user, path = spaces.login(), "/workspaces/terra-w-1"
    assert spaces.get(path, headers=user).json == {
        "id": "terra-w-1",
        "type": "folder",
        "status": "ready",
        "url": "file:///x",
        "quota": 5,
        "federation:backends": ["terra"],
    }
    changed = spaces.request("PATCH", path, json={"title": "Maps"}, headers=user)
    assert changed.status_code == 204
    assert spaces.backends["terra"].asked("PATCH", "/workspaces/w-1")[0].document == {
        "title": "Maps"
    }
    assert spaces.request("DELETE", path, headers=user).status_code == 204


@pytest.mark.parametrize(
    "identifier", ["w-1", "nobody-w-1", "terra-", "terra-..", "terra-" + "x" * 1001]
)
def test_what_is_no_id_of_a_workspace_is_not_found(spaces: Site, identifier: str) -> None:
    user = spaces.login()
    for method in ("GET", "DELETE"):
        answer = spaces.request(method, f"/workspaces/{identifier}", headers=user)
        assert_error(answer, 404, "WorkspaceNotFound")


def test_nobody_sees_workspaces_without_logging_in(spaces: Site) -> None:
    for method, path in (("GET", "/workspaces"), ("GET", "/workspaces/terra-w-1")):
        assert_error(spaces.request(method, path), 401, "AuthenticationRequired")
    answer = spaces.post("/workspaces", {"intent": "create"})
    assert_error(answer, 401, "AuthenticationRequired")


@pytest.mark.parametrize("name", ["terra", "aurora"])
def test_a_job_that_exports_runs_where_the_workspace_is(spaces: Site, name: str) -> None:
    user = spaces.login()
    answer = spaces.post("/jobs", {"process": exporting(f"{name}-w-1")}, headers=user)
    assert answer.headers["OpenEO-Identifier"] == f"{name}-j-1", answer.text
    (asked,) = spaces.backends[name].asked("POST", "/jobs")
    sent = asked.document["process"]["process_graph"]["export"]["arguments"]
    assert (sent["workspace"], sent["merge"]) == ("w-1", "maps")
    # And the job is shown with the federation's id again.
    spaces.backends[name].answers["GET /jobs/j-1"] = {
        **{"id": "j-1", "status": "created", "created": "2026-01-01T00:00:00Z"},
        "process": asked.document["process"],
    }
    shown = spaces.get(f"/jobs/{name}-j-1", headers=user).json["process"]["process_graph"]
    assert shown["export"]["arguments"]["workspace"] == f"{name}-w-1"


def test_a_workspace_in_a_parameter_is_found_too(spaces: Site) -> None:
    body = exporting({"from_parameter": "place"}) | {
        "parameters": [{"name": "place", "default": "aurora-w-1", "schema": {}, "description": ""}]
    }
    answer = spaces.post("/jobs", {"process": body}, headers=spaces.login())
    assert answer.headers["OpenEO-Identifier"] == "aurora-j-1"
    (asked,) = spaces.backends["aurora"].asked("POST", "/jobs")
    sent = asked.document["process"]["process_graph"]["export"]["arguments"]
    assert sent["workspace"] == "w-1"


def test_an_export_to_two_backends_at_once_is_refused_with_reasons(spaces: Site) -> None:
    body = exporting("terra-w-1")
    arguments = {"data": {"from_node": "export"}, "workspace": "aurora-w-1"}
    body["process_graph"]["too"] = {"process_id": "export_workspace", "arguments": arguments}
    answer = spaces.post("/jobs", {"process": body}, headers=spaces.login())
    lacking = assert_error(answer, 400, "NoBackendForProcess")["federation:lacking"]
    assert any("the workspace 'aurora-w-1'" in reason for reason in lacking["terra"])
    assert any("the workspace 'terra-w-1'" in reason for reason in lacking["aurora"])


def test_an_export_to_a_workspace_of_nobody_is_told(spaces: Site) -> None:
    user = spaces.login()
    for wrong in ("w-1", "nobody-w-1"):
        answer = spaces.post("/jobs", {"process": exporting(wrong)}, headers=user)
        said = assert_error(answer, 404, "WorkspaceNotFound")["message"]
        assert "begins with its backend's id" in said
    named = {"process": exporting("w-1"), "federation:backend": "aurora"}
    answer = spaces.post("/jobs", named, headers=user)
    assert answer.headers["OpenEO-Identifier"] == "aurora-j-1"


def test_a_validation_says_where_an_export_can_run(spaces: Site) -> None:
    answer = spaces.post("/validation", exporting("aurora-w-1"), headers=spaces.login())
    assert answer.json == {"errors": [], "federation:backends": ["aurora"]}


def test_a_member_whose_providers_are_odd_costs_no_other_its_own(tmp_path: Path) -> None:
    odd = keeper("terra")
    odd.answers["GET /workspace_providers"] = {"providers": [1, {"S3": 2}]}
    site = Site({"terra": odd, "aurora": keeper("aurora", S3=S3)}, tmp_path)
    found = site.get("/workspace_providers").json["providers"]
    assert list(found) == ["S3"]
    answer = site.post("/workspaces", BUCKET, headers=site.login())
    assert answer.headers["OpenEO-Identifier"] == "aurora-w-1"


def test_capabilities_of_a_member_are_not_passed_on_by_themselves(tmp_path: Path) -> None:
    boastful = backend("terra", answers={"GET /": capabilities("terra", conformsTo=[CONFORMANCE])})
    site = Site({"terra": boastful}, tmp_path)
    assert CONFORMANCE not in site.get("/").json["conformsTo"]
