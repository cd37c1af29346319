"""Users' workspaces over HTTP (Workspaces Extension 0.1.0)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from backends.addresses import AddressPolicy
from backends.app import STORE_FILE
from backends.limits import Limits
from backends.workspaces.configuration import Folders, Offer
from tests.contract.specification import document
from tests.fakes.buckets import Account, ObjectStorage, object_storage
from tests.web.backends.site import GRAPH, Site, error

CONFORMANCE = "https://api.openeo.org/extensions/workspaces/0.1.0"
PROCESSES = ("load_collection", "save_result", "export_workspace")


@pytest.fixture
def storage() -> ObjectStorage:
    return object_storage()


@pytest.fixture
def spaces(tmp_path: Path) -> Iterator[Site]:
    """A backend that makes folders."""
    made = Site(tmp_path / "data", workspaces=Offer(Folders()), processes=PROCESSES)
    yield made
    made.close()


@pytest.fixture
def buckets(tmp_path: Path, storage: ObjectStorage) -> Iterator[Site]:
    """A backend that writes to buckets at one place."""
    policy = AddressPolicy((), own=(storage.authority,))
    made = Site(tmp_path / "data", workspaces=Offer(buckets=policy))
    yield made
    made.close()


def create(site: Site, user: str = "alice", **more: Any) -> str:
    body = {"intent": "create", "title": "Maps", **more}
    response = site.ask("POST", "/workspaces", user=user, json=body)
    assert response.status_code == 201, response.text
    identifier = response.headers["OpenEO-Identifier"]
    assert response.headers["Location"] == f"{site.profile.api_url}/workspaces/{identifier}"
    return identifier


def read(site: Site, path: str, user: str = "alice") -> Any:
    response = site.ask("GET", path, user=user)
    assert response.status_code == 200, response.text
    return response.json


def registration(storage: ObjectStorage, bucket: str, account: Account) -> dict[str, Any]:
    return {
        "intent": "register",
        "type": "S3",
        "url": f"{storage.url}/{bucket}/results",
        "parameters": account.parameters(),
    }


def test_providers_are_shown_to_everybody(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", workspaces=Offer(Folders(), AddressPolicy()))
    response = site.ask("GET", "/workspace_providers", user=None)
    providers = response.json["providers"]  # type: ignore[index]
    assert {name: one["intents"] for name, one in providers.items()} == {
        "folder": ["create"],
        "S3": ["register"],
    }
    assert list(providers["S3"]["parameters"]) == [
        "access_key_id",
        "secret_access_key",
        "session_token",
        "region",
    ]
    schema = {**document(), "$ref": "#/components/schemas/resource_parameter"}
    for parameter in providers["S3"]["parameters"].values():
        Draft7Validator(schema).validate(parameter)
    site.close()


def test_only_who_offers_workspaces_says_so(site: Site, spaces: Site) -> None:
    for one, offers in ((site, False), (spaces, True)):
        capabilities = read(one, "/")
        paths = {entry["path"]: entry["methods"] for entry in capabilities["endpoints"]}
        assert (CONFORMANCE in capabilities["conformsTo"]) is offers
        assert (CONFORMANCE in read(one, "/conformance")["conformsTo"]) is offers
        assert ("/workspaces" in paths) is offers
    assert paths["/workspace_providers"] == ["GET"]
    assert paths["/workspaces"] == ["GET", "POST"]
    assert paths["/workspaces/{workspace_id}"] == ["GET", "PATCH", "DELETE"]
    assert error(site.ask("GET", "/workspaces")) == (404, "NotFound")


def test_a_folder_is_created_changed_and_deleted(spaces: Site) -> None:
    identifier = create(spaces, description="All of them.", quota=1000)
    found = read(spaces, f"/workspaces/{identifier}")
    folder = Path(found.pop("url").removeprefix("file://"))
    assert folder.is_dir()
    assert folder.is_relative_to(spaces.folder / "workspaces")
    assert found == {
        "id": identifier,
        "title": "Maps",
        "description": "All of them.",
        "type": "folder",
        "status": "ready",
        "quota": 1000,
        "free": 1000,
        "properties": {},
    }
    response = spaces.ask("PATCH", f"/workspaces/{identifier}", json={"title": "Other maps"})
    assert response.status_code == 204
    (listed,) = read(spaces, "/workspaces")["workspaces"]
    assert listed == {
        "id": identifier,
        "title": "Other maps",
        "description": "All of them.",
        "type": "folder",
        "status": "ready",
        "quota": 1000,
    }
    assert spaces.ask("DELETE", f"/workspaces/{identifier}").status_code == 204
    assert not folder.exists()
    assert read(spaces, "/workspaces")["workspaces"] == []
    assert error(spaces.ask("GET", f"/workspaces/{identifier}")) == (404, "WorkspaceNotFound")


def test_a_listing_comes_in_pages_the_newest_first(spaces: Site) -> None:
    made = [create(spaces) for _ in range(3)]
    page = read(spaces, "/workspaces?limit=2")
    assert [one["id"] for one in page["workspaces"]] == [made[2], made[1]]
    (following,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
    page = read(spaces, following)
    assert [one["id"] for one in page["workspaces"]] == [made[0]]


def test_workspaces_of_others_do_not_exist(spaces: Site) -> None:
    identifier = create(spaces)
    path = f"/workspaces/{identifier}"
    for method, body in (("GET", None), ("PATCH", {"title": "Mine"}), ("DELETE", None)):
        response = spaces.ask(method, path, user="bob", json=body)
        assert error(response) == (404, "WorkspaceNotFound")
        assert error(spaces.ask(method, path, user=None, json=body))[0] == 401
    assert read(spaces, "/workspaces", "bob")["workspaces"] == []
    assert read(spaces, path)["title"] == "Maps"


def test_a_bucket_is_registered_and_its_secrets_are_never_shown_or_stored_plainly(
    buckets: Site, storage: ObjectStorage
) -> None:
    account = storage.bucket("registered")
    response = buckets.ask("POST", "/workspaces", json=registration(storage, "registered", account))
    assert response.status_code == 201, response.text
    identifier = response.headers["OpenEO-Identifier"]
    found = read(buckets, f"/workspaces/{identifier}")
    assert found == {
        "id": identifier,
        "type": "S3",
        "status": "ready",
        "url": f"{storage.url}/registered/results",
        "properties": {"bucket": "registered", "region": "us-east-1"},
    }
    shown = f"{found}{read(buckets, '/workspaces')}"
    kept = b"".join(
        path.read_bytes() for path in buckets.folder.rglob("*") if path.name.startswith(STORE_FILE)
    )
    for secret in (account.access_key_id, account.secret_access_key):
        assert secret not in shown
        assert secret.encode() not in kept
    assert buckets.ask("DELETE", f"/workspaces/{identifier}").status_code == 204
    assert storage.contents("registered") == {}  # it is still there


def test_a_bucket_that_does_not_open_is_not_registered(
    buckets: Site, storage: ObjectStorage
) -> None:
    account = storage.bucket("shut")
    wrong = Account(account.access_key_id, "wrong")
    response = buckets.ask("POST", "/workspaces", json=registration(storage, "shut", wrong))
    assert error(response) == (400, "WorkspaceUnavailable")
    assert "wrong" not in response.text
    assert read(buckets, "/workspaces")["workspaces"] == []


def test_a_bucket_that_no_longer_opens_is_shown_as_unavailable(
    buckets: Site, storage: ObjectStorage
) -> None:
    account = storage.bucket("vanishing")
    body = registration(storage, "vanishing", account)
    identifier = buckets.ask("POST", "/workspaces", json=body).headers["OpenEO-Identifier"]
    storage.owner("s3").delete_bucket(Bucket="vanishing")
    found = read(buckets, f"/workspaces/{identifier}")
    assert found["status"] == "unavailable"
    assert "vanishing" in found["details"]
    assert "url" not in found
    (listed,) = read(buckets, "/workspaces")["workspaces"]
    assert (listed["status"], listed["details"]) == ("unavailable", found["details"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "RequestInvalid")),
        ({"intent": "create", "type": "S3"}, (400, "WorkspaceProviderUnsupported")),
        ({"intent": "register", "type": "folder"}, (400, "WorkspaceProviderUnsupported")),
        ({"intent": "create", "parameters": {"root": "/etc"}}, (400, "WorkspaceParameterInvalid")),
        ({"intent": "create", "title": 7}, (400, "RequestInvalid")),
    ],
)
def test_a_wrong_request_is_told_what_would_be_right(
    spaces: Site, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert error(spaces.ask("POST", "/workspaces", json=body)) == expected
    assert read(spaces, "/workspaces")["workspaces"] == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "NoDataForUpdate")),
        ({"title": ["a"]}, (400, "RequestInvalid")),
        ({"url": "file:///etc"}, (400, "PropertyNotEditable")),
        ({"parameters": {"secret_access_key": "x"}}, (400, "PropertyNotEditable")),
    ],
)
def test_only_texts_can_be_changed(
    spaces: Site, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    identifier = create(spaces)
    assert error(spaces.ask("PATCH", f"/workspaces/{identifier}", json=body)) == expected


@pytest.mark.parametrize("identifier", ["..", "a/../b", "%2e%2e%2f", "w-1%00", "x" * 5000])
def test_no_id_leads_anywhere(spaces: Site, identifier: str) -> None:
    for method in ("GET", "DELETE"):
        status, code = error(spaces.ask(method, f"/workspaces/{identifier}"))
        assert (status, code) in ((404, "WorkspaceNotFound"), (404, "NotFound"))


def test_there_are_only_so_many_workspaces(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", workspaces=Offer(Folders()), limits=Limits(workspaces=1))
    create(site)
    response = site.ask("POST", "/workspaces", json={"intent": "create"})
    assert error(response) == (400, "StorageQuotaExceeded")
    assert len(list((tmp_path / "data/workspaces").glob("user-*/*"))) == 1
    create(site, "bob")
    site.close()


def graph(workspace: str, merge: str | None = None) -> dict[str, Any]:
    """The graph of all these tests, its result exported."""
    nodes = {name: {**node} for name, node in GRAPH["process_graph"].items()}
    del nodes["save"]["result"]
    arguments = {"data": {"from_node": "save"}, "workspace": workspace, "merge": merge}
    nodes["export"] = {"process_id": "export_workspace", "arguments": arguments, "result": True}
    return {"process_graph": nodes}


def test_an_export_to_a_workspace_that_the_user_has_is_a_valid_process(spaces: Site) -> None:
    identifier = create(spaces)
    assert spaces.ask("POST", "/validation", json=graph(identifier)).json == {"errors": []}
    response = spaces.ask("POST", "/validation", user="bob", json=graph(identifier))
    (found,) = response.json["errors"]  # type: ignore[index]
    assert found["code"] == "WorkspaceNotFound"
    response = spaces.ask("POST", "/jobs", json={"process": graph("w-0")})
    assert error(response) == (404, "WorkspaceNotFound")


def test_a_path_that_leads_elsewhere_is_told_before_anything_is_computed(spaces: Site) -> None:
    identifier = create(spaces)
    for merge in ("../x", "a//b", "x" * 401):
        response = spaces.ask("POST", "/jobs", json={"process": graph(identifier, merge)})
        assert error(response) == (400, "ProcessParameterInvalid")
    response = spaces.ask("POST", "/jobs", json={"process": graph(identifier, "maps/all.json")})
    assert response.status_code == 201
