"""Every JSON answer of the running federation, held against the openEO API specification.

The same walk goes through the aggregator and through each backend by itself.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests

from tests.contract.specification import assert_conforms
from tests.scenarios.conftest import Federation

SERVERS = ("aggregator", "terra", "aurora", "boreal")
PUBLIC = (
    "/",
    "/conformance",
    "/file_formats",
    "/collections",
    "/processes",
    "/udf_runtimes",
    "/service_types",
)
LAND_COVER = {
    "load": {
        "process_id": "load_collection",
        "arguments": {
            "id": "TERRA_LANDCOVER_MAP",
            "spatial_extent": {"west": 11.0, "south": 46.0, "east": 11.01, "north": 46.01},
            "temporal_extent": ["2021-01-01", "2022-01-01"],
        },
    },
    "save": {
        "process_id": "save_result",
        "arguments": {"data": {"from_node": "load"}, "format": "GTiff"},
        "result": True,
    },
}
SUM = {"sum": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}}
BAD_GRAPHS: Mapping[str, Mapping[str, Any]] = {
    "an unknown process": {"a": {"process_id": "not_there", "arguments": {}, "result": True}},
    "an unknown collection": {
        "a": {
            "process_id": "load_collection",
            "arguments": {"id": "NOWHERE", "spatial_extent": None, "temporal_extent": None},
            "result": True,
        }
    },
    "no result node": {"a": {"process_id": "add", "arguments": {"x": 1, "y": 2}}},
    "a cycle": {
        "a": {"process_id": "add", "arguments": {"x": {"from_node": "b"}, "y": 2}, "result": True},
        "b": {"process_id": "add", "arguments": {"x": {"from_node": "a"}, "y": 2}},
    },
    "a missing argument": {"a": {"process_id": "add", "arguments": {"x": 1}, "result": True}},
}


def as_if_newest(capabilities: Any) -> Any:
    """Capabilities of an older API version with what 1.3.0 alone requires filled in."""
    if capabilities["api_version"] == "1.3.0":
        return capabilities
    newest = {"type": "Catalog", "conformsTo": ["https://api.openeo.org/1.3.0"]}
    return {**newest, **capabilities, "api_version": "1.3.0"}


class Server:
    """One openEO endpoint, spoken to with plain requests; each answer is checked."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.session = requests.Session()
        login = base64.b64encode(b"alice:alice").decode()
        answer = self.get("/credentials/basic", headers={"Authorization": f"Basic {login}"})
        self.user = {"Authorization": f"Bearer basic//{answer['access_token']}"}
        plain = self.session.get(f"{self.url}/me", headers=self.user, timeout=20)
        if plain.status_code == 403:
            self.user = {"Authorization": f"Bearer {answer['access_token']}"}

    def send(
        self,
        method: str,
        path: str,
        template: str | None = None,
        **options: Any,
    ) -> requests.Response:
        """Sends a request and holds its answer against the specification."""
        answer = self.session.request(method, self.url + path, timeout=60, **options)
        body = answer.json() if "json" in answer.headers.get("Content-Type", "") else None
        if path == "/":
            body = as_if_newest(body)
        assert_conforms(method, template or path, answer.status_code, body, answer.headers)
        return answer

    def get(self, path: str, template: str | None = None, **options: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.send("get", path, template, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, federation: Federation) -> Iterator[Server]:
    name: str = request.param
    root = federation.url if name == "aggregator" else federation.backend_url(name)
    host = "/".join(root.split("/")[:3])
    discovered = requests.get(f"{host}/.well-known/openeo", timeout=10).json()
    assert_conforms("get", "/.well-known/openeo", 200, discovered)
    yield Server(discovered["versions"][0]["url"])


@pytest.mark.parametrize("path", PUBLIC)
def test_public_documents_conform(server: Server, path: str) -> None:
    offered = {entry["path"] for entry in server.get("/")["endpoints"]}
    if path not in {"/", *offered}:
        pytest.skip(f"{path} is not among the endpoints that this server announces")
    server.get(path)


def test_each_collection_conforms(server: Server) -> None:
    listed = server.get("/collections")["collections"]
    assert listed
    for collection in listed:
        identifier = collection["id"]
        full = server.get(f"/collections/{identifier}", "/collections/{collection_id}")
        assert full["id"] == identifier
        assert full["cube:dimensions"]


def test_an_unknown_collection_conforms(server: Server) -> None:
    answer = server.send("get", "/collections/NOWHERE", "/collections/{collection_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "CollectionNotFound")


def test_the_account_conforms(server: Server) -> None:
    assert server.get("/me", headers=server.user)["user_id"] == "alice"


def test_a_wrong_password_conforms(server: Server) -> None:
    login = base64.b64encode(b"alice:wrong").decode()
    answer = server.send("get", "/credentials/basic", headers={"Authorization": f"Basic {login}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "CredentialsInvalid")


def test_no_token_and_a_wrong_token_conform(server: Server) -> None:
    answer = server.send("get", "/jobs")
    assert (answer.status_code, answer.json()["code"]) == (401, "AuthenticationRequired")
    answer = server.send("get", "/jobs", headers={"Authorization": "Bearer basic//nonsense"})
    assert answer.status_code == 403


@pytest.mark.parametrize("what", sorted(BAD_GRAPHS))
def test_a_bad_graph_conforms_everywhere(server: Server, what: str) -> None:
    body = {"process": {"process_graph": BAD_GRAPHS[what]}}
    checked = server.send("post", "/validation", json=body["process"], headers=server.user)
    assert checked.status_code == 200
    assert checked.json()["errors"], f"{what} passed validation"
    refused = server.send("post", "/result", json=body, headers=server.user)
    assert 400 <= refused.status_code < 500
    assert set(refused.json()) >= {"id", "code", "message"}


def test_malformed_json_conforms(server: Server) -> None:
    headers = server.user | {"Content-Type": "application/json"}
    for path in ("/result", "/jobs", "/validation"):
        answer = server.send("post", path, data=b'{"process": ', headers=headers)
        assert answer.status_code == 400, path


def test_an_unknown_job_conforms(server: Server) -> None:
    for method, tail in (
        ("get", ""),
        ("delete", ""),
        ("get", "/logs"),
        ("get", "/results"),
        ("post", "/results"),
        ("delete", "/results"),
    ):
        template = "/jobs/{job_id}" + tail
        answer = server.send(method, f"/jobs/terra-nothing{tail}", template, headers=server.user)
        assert (answer.status_code, answer.json()["code"]) == (404, "JobNotFound"), template


def offers_land_cover(server: Server) -> bool:
    listed = server.get("/collections")["collections"]
    return any(collection["id"] == "TERRA_LANDCOVER_MAP" for collection in listed)


def test_the_life_of_a_batch_job_conforms(server: Server) -> None:
    if not offers_land_cover(server):
        pytest.skip("the land-cover map is not offered here")
    body = {"title": "land cover", "process": {"process_graph": LAND_COVER}}
    created = server.send("post", "/jobs", json=body, headers=server.user)
    assert created.status_code == 201, created.text
    job, template = f"/jobs/{created.headers['OpenEO-Identifier']}", "/jobs/{job_id}"
    assert created.headers["Location"].endswith(job)

    assert server.get(job, template, headers=server.user)["status"] == "created"
    changed = server.send("patch", job, template, json={"title": "new"}, headers=server.user)
    assert changed.status_code == 204
    early = server.send("get", f"{job}/results", f"{template}/results", headers=server.user)
    assert early.json()["code"] in {"JobNotFinished", "JobNotStarted"}

    started = server.send("post", f"{job}/results", f"{template}/results", headers=server.user)
    assert started.status_code == 202
    described = await_end(server, job)
    assert described["status"] == "finished", described
    assert described["title"] == "new"
    listed = server.get("/jobs", headers=server.user)["jobs"]
    assert described["id"] in [entry["id"] for entry in listed]

    server.get(f"{job}/logs", f"{template}/logs", headers=server.user)
    results = server.get(f"{job}/results", f"{template}/results", headers=server.user)
    for asset in results["assets"].values():
        fetched = requests.get(asset["href"], timeout=20)
        assert fetched.status_code == 200
        assert fetched.content[:2] in (b"II", b"MM") or "tiff" not in asset["type"]
    assert server.send("delete", job, template, headers=server.user).status_code == 204
    gone = server.send("get", job, template, headers=server.user)
    assert gone.status_code == 404


def await_end(server: Server, job: str, within: float = 60.0) -> Mapping[str, Any]:
    """The job's description once it is neither queued nor running."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        described: Mapping[str, Any] = server.get(job, "/jobs/{job_id}", headers=server.user)
        if described["status"] not in {"queued", "running"}:
            return described
        time.sleep(0.2)
    raise AssertionError(f"{job} did not end within {within} s")


def test_a_synchronous_result_conforms(server: Server) -> None:
    body = {"process": {"process_graph": SUM}}
    answer = server.send("post", "/result", json=body, headers=server.user)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"]
