from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.fakes.backends import Call, FakeBackend, Reply
from tests.fakes.issuers import Issuer
from tests.web.site import ENDPOINTS, Site, assert_error, backend, conforms, process

HALVED: dict[str, Any] = {
    "summary": "Half of all values",
    "parameters": [{"name": "data", "description": "A cube.", "schema": {"type": "object"}}],
    "returns": {"schema": {"type": "object"}},
    "process_graph": {
        "half": {
            "process_id": "scale",
            "arguments": {"data": {"from_parameter": "data"}, "x": 0.5},
            "result": True,
        }
    },
}
CALL: dict[str, Any] = {
    "load": {
        "process_id": "load_collection",
        "arguments": {"id": "S2", "spatial_extent": None, "temporal_extent": None},
    },
    "mine": {"process_id": "halved", "arguments": {"data": {"from_node": "load"}}, "result": True},
}


def calling(**changes: Any) -> dict[str, Any]:
    """A process whose node `mine` calls a stored one."""
    return {"process_graph": {**CALL, "mine": {**CALL["mine"], **changes}}}


def sent(call: Call) -> Any:
    """Echoes the process that came."""
    return call.document["process"]


def member(name: str, *processes: str, collections: tuple[str, ...] = ("S2",)) -> FakeBackend:
    return backend(name, collections, processes, answers={"POST /result": sent})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Aurora alone has the process `scale`."""
    return Site({"terra": member("terra"), "aurora": member("aurora", "scale")}, tmp_path)


def put(site: Site, name: str, body: Any, user: str = "alice", root: str = "/openeo/1.3") -> Any:
    headers = site.login(user)
    return site.request("PUT", f"/process_graphs/{name}", root=root, json=body, headers=headers)


def result(site: Site, body: Any, user: str = "alice") -> Any:
    return site.post("/result", {"process": body}, headers=site.login(user))


def test_a_stored_process_is_read_again_with_the_backends_that_can_run_it(site: Site) -> None:
    assert put(site, "halved", HALVED).status_code == 200
    answer = site.get("/process_graphs/halved", headers=site.login())
    found = conforms("/process_graphs/{process_graph_id}", answer)
    assert found == {**HALVED, "id": "halved", "federation:backends": ["aurora"]}


def test_the_listing_leaves_out_what_is_long(site: Site) -> None:
    put(site, "halved", HALVED)
    answer = site.get("/process_graphs", headers=site.login())
    listed = conforms("/process_graphs", answer)
    assert listed["processes"] == [
        {
            "id": "halved",
            "summary": "Half of all values",
            "parameters": HALVED["parameters"],
            "returns": HALVED["returns"],
            "federation:backends": ["aurora"],
        }
    ]


def test_the_listing_is_paged_in_a_stable_order(site: Site) -> None:
    for name in ("c", "a", "b"):
        put(site, name, HALVED)
    headers = site.login()
    first = site.get("/process_graphs?limit=2", headers=headers).json
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    second = orjson.loads(site.client.get(following, headers=headers).data)
    names = [one["id"] for one in first["processes"] + second["processes"]]
    assert names == ["a", "b", "c"]
    assert not [link for link in second["links"] if link["rel"] == "next"]
    answer = site.get("/process_graphs?next=x", headers=headers)
    assert_error(answer, 400, "RequestInvalid")


def test_a_stored_process_runs_where_its_content_can_run(site: Site) -> None:
    put(site, "halved", HALVED)
    answer = result(site, calling())
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
    assert answer.json["process_graph"] == {
        "load": CALL["load"],
        "mine": {
            "process_id": "scale",
            "arguments": {"data": {"from_node": "load"}, "x": 0.5},
            "result": True,
        },
    }


def test_it_runs_in_batch_jobs_too(tmp_path: Path) -> None:
    def create(call: Call) -> Reply:
        assert call.document["process"]["process_graph"]["mine"]["process_id"] == "scale"
        return Reply(201, None, headers={"OpenEO-Identifier": "j1", "Location": "/jobs/j1"})

    aurora = backend("aurora", ("S2",), ("scale",), answers={"POST /jobs": create})
    site = Site({"aurora": aurora}, tmp_path)
    put(site, "halved", HALVED)
    answer = site.post("/jobs", {"process": calling()}, headers=site.login())
    assert answer.headers["OpenEO-Identifier"] == "aurora-j1"


def test_validation_looks_inside(site: Site) -> None:
    put(site, "halved", HALVED)
    answer = site.post("/validation", calling(), headers=site.login())
    assert conforms("/validation", answer, "POST") == {
        "errors": [],
        "federation:backends": ["aurora"],
    }


def test_stored_processes_call_each_other(site: Site) -> None:
    quarter = {
        "process_graph": {
            "one": {"process_id": "halved", "arguments": {"data": {"from_parameter": "data"}}},
            "two": {
                "process_id": "halved",
                "arguments": {"data": {"from_node": "one"}},
                "result": True,
            },
        },
        "parameters": HALVED["parameters"],
    }
    put(site, "halved", HALVED)
    put(site, "quarter", quarter)
    graph = result(site, calling(process_id="quarter")).json["process_graph"]
    assert graph["mine_one"]["arguments"] == {"data": {"from_node": "load"}, "x": 0.5}
    assert graph["mine"]["arguments"] == {"data": {"from_node": "mine_one"}, "x": 0.5}


def test_a_process_that_leads_back_to_itself_is_not_stored(site: Site) -> None:
    def calls(name: str) -> Any:
        node = {"process_id": name, "arguments": {}, "result": True}
        return {"process_graph": {"n": node}}

    assert put(site, "ping", calls("pong")).status_code == 200
    body = assert_error(put(site, "pong", calls("ping")), 400, "ProcessGraphInvalid")
    assert "ping" in body["message"] and "pong" in body["message"]
    assert_error(put(site, "me", calls("me")), 400, "ProcessGraphInvalid")


def test_nobody_sees_or_runs_anothers_process(site: Site) -> None:
    put(site, "halved", HALVED)
    bob = site.login("bob")
    assert site.get("/process_graphs", headers=bob).json["processes"] == []
    assert_error(site.get("/process_graphs/halved", headers=bob), 404, "ProcessGraphNotFound")
    named = calling(namespace="user:alice")
    body = assert_error(result(site, named, "bob"), 404, "ProcessGraphNotFound")
    assert body["message"] == (
        "There is no public process 'halved' of 'user:alice'. It is called by node 'mine'. "
        "A process is public if its user has stored it with 'public': true."
    )
    nobodys = result(site, calling(namespace="user:"), "bob")
    message = assert_error(nobodys, 404, "ProcessGraphNotFound")["message"]
    assert message.endswith("'user:' must go on with the id of the user whose process it is.")


def test_the_same_sub_of_another_trusted_issuer_is_another_user(tmp_path: Path) -> None:
    first, second = Issuer(), Issuer("https://other.test")
    trusted = {"trusted_issuers": [first.url, f"{second.url}/"]}
    members = {"aurora": member("aurora", "scale")}
    site = Site(members, tmp_path, issuer=first, identity=trusted)
    site.adapter.apps[second.host] = second.app
    alice = {"Authorization": f"Bearer {first.token(sub='alice')}"}
    other = {"Authorization": f"Bearer {second.token(sub='alice')}"}
    posing = {"Authorization": f"Bearer {first.token(sub='alice of https://other.test/realm')}"}
    address, root = "/process_graphs/halved", "/openeo/1.3"
    assert site.request("PUT", address, root=root, json=HALVED, headers=alice).status_code == 200
    assert_error(site.get(address, headers=other), 404, "ProcessGraphNotFound")
    gone = site.request("DELETE", address, root=root, headers=other)
    assert_error(gone, 404, "ProcessGraphNotFound")
    (error,) = site.post("/validation", calling(), headers=other).json["errors"]
    assert error["code"] == "ProcessUnsupported"
    assert site.post("/validation", calling(), headers=alice).json["errors"] == []
    assert site.request("PUT", address, root=root, json=HALVED, headers=other).status_code == 200
    assert_error(site.get(address, headers=posing), 404, "ProcessGraphNotFound")
    assert site.get(address, headers=alice).json["id"] == "halved"
    assert site.get(address, headers=site.login("alice")).json["id"] == "halved"


def test_a_public_process_can_be_called_by_others_and_read_by_everybody(site: Site) -> None:
    put(site, "halved", {**HALVED, "public": True})
    found = site.get("/process_graphs/halved", headers=site.login()).json
    (address,) = [link["href"] for link in found["links"] if link["rel"] == "canonical"]
    shared = site.client.get(address)
    assert shared.status_code == 200
    document = orjson.loads(shared.data)
    assert (document["id"], document["process_graph"]) == ("halved", HALVED["process_graph"])
    answer = result(site, calling(namespace="user:alice"), "bob")
    assert answer.json["process_graph"]["mine"]["process_id"] == "scale"
    put(site, "halved", HALVED)
    assert_error(site.client.get(address), 404, "NotFound")


def test_the_public_address_is_a_namespace_for_everybody_without_being_fetched(site: Site) -> None:
    put(site, "halved", {**HALVED, "public": True})
    data = {"data": {"from_parameter": "data"}}
    twice = {"call": {"process_id": "halved", "arguments": data, "result": True}}
    put(site, "through", {**HALVED, "process_graph": twice, "public": True})
    addresses = {}
    for name in ("halved", "through"):
        found = site.get(f"/process_graphs/{name}", headers=site.login()).json
        (addresses[name],) = [k["href"] for k in found["links"] if k["rel"] == "canonical"]
    for name, address in addresses.items():
        answer = result(site, calling(namespace=address, process_id=name), "bob")
        assert answer.json["process_graph"]["mine"]["process_id"] == "scale"
    wrong = result(site, calling(namespace=addresses["through"]), "bob")
    assert "the process 'through'" in assert_error(wrong, 400, "ProcessInvalid")["message"]
    put(site, "halved", HALVED)
    gone = result(site, calling(namespace=addresses["halved"]), "bob")
    assert "no public process 'halved'" in assert_error(gone, 400, "ProcessInvalid")["message"]


def test_a_public_process_that_calls_itself_by_its_address_is_refused(site: Site) -> None:
    put(site, "ring", {**HALVED, "public": True})
    found = site.get("/process_graphs/ring", headers=site.login()).json
    (address,) = [k["href"] for k in found["links"] if k["rel"] == "canonical"]
    call = {"process_id": "ring", "namespace": address, "arguments": {"data": 1}, "result": True}
    put(site, "ring", {**HALVED, "process_graph": {"again": call}, "public": True})
    answer = result(site, calling(namespace=address, process_id="ring"))
    assert "ring" in assert_error(answer, 400, "ProcessGraphInvalid")["message"]


def test_a_missing_process_is_named_with_its_node(site: Site) -> None:
    body = assert_error(result(site, calling(namespace="user")), 404, "ProcessGraphNotFound")
    assert "'halved'" in body["message"] and "'mine'" in body["message"]


def test_a_misspelt_process_is_told_what_it_may_have_meant(site: Site) -> None:
    put(site, "halved", HALVED)
    answer = site.get("/process_graphs/halve", headers=site.login())
    assert "halved" in assert_error(answer, 404, "ProcessGraphNotFound")["message"]


def test_predefined_names_cannot_be_taken(site: Site) -> None:
    assert_error(put(site, "scale", HALVED), 400, "PredefinedProcessExists")


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("a-b", HALVED, "ProcessInvalid"),
        ("x" * 201, HALVED, "ProcessInvalid"),
        ("f", {"summary": "none"}, "ProcessGraphMissing"),
        ("f", {"process_graph": {}}, "ProcessGraphInvalid"),
        ("f", {**HALVED, "summary": 1}, "ProcessInvalid"),
        ("f", {**HALVED, "public": "yes"}, "ProcessInvalid"),
        ("f", {**HALVED, "parameters": [{"name": "x"}]}, "ProcessInvalid"),
        ("f", {**HALVED, "parameters": [1]}, "ProcessInvalid"),
        ("f", {**HALVED, "parameters": HALVED["parameters"] * 2}, "ProcessInvalid"),
        ("f", {**HALVED, "parameters": []}, "ProcessGraphInvalid"),
        ("f", {**HALVED, "returns": {}}, "ProcessInvalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_process_is_refused_with_the_reason(
    site: Site, name: str, body: Any, code: str
) -> None:
    assert_error(put(site, name, body), 400, code)


def test_a_deleted_process_is_gone(site: Site) -> None:
    put(site, "halved", HALVED)
    headers = site.login()
    assert site.request("DELETE", "/process_graphs/halved", headers=headers).status_code == 204
    answer = site.request("DELETE", "/process_graphs/halved", headers=headers)
    assert_error(answer, 404, "ProcessGraphNotFound")


def test_who_is_not_logged_in_has_no_processes(site: Site) -> None:
    assert_error(site.get("/process_graphs"), 401, "AuthenticationRequired")
    assert_error(site.get("/process_graphs/x"), 401, "AuthenticationRequired")


def test_no_more_are_stored_than_the_settings_say(tmp_path: Path) -> None:
    site = Site({"terra": member("terra")}, tmp_path, stored_processes=1)
    put(site, "f", {"process_graph": CALL | {"mine": CALL["load"] | {"result": True}}})
    answer = put(site, "g", {"process_graph": {"n": CALL["load"] | {"result": True}}})
    assert_error(answer, 400, "StorageQuotaExceeded")


def test_what_nobody_can_run_is_listed_with_the_reason(site: Site) -> None:
    node = {"process_id": "nowhere", "arguments": {}, "result": True}
    put(site, "f", {"process_graph": {"n": node}})
    (listed,) = site.get("/process_graphs", headers=site.login()).json["processes"]
    assert "nowhere" in listed["federation:problem"]
    assert "federation:backends" not in listed


def test_capabilities_list_stored_processes_though_no_backend_keeps_any(site: Site) -> None:
    assert "/process_graphs" not in ENDPOINTS
    listed = {e["path"]: set(e["methods"]) for e in site.get("/").json["endpoints"]}
    assert listed["/process_graphs"] == {"GET"}
    assert listed["/process_graphs/{process_graph_id}"] == {"GET", "PUT", "DELETE"}


def test_a_process_that_a_backend_offers_later_does_not_replace_the_users_own(
    tmp_path: Path,
) -> None:
    terra = member("terra", "scale")
    site = Site({"terra": terra}, tmp_path)
    put(site, "halved", HALVED)
    listed = terra.answers["GET /processes"]["processes"]
    terra.answers["GET /processes"] = {"processes": [*listed, process("halved", "data")]}
    site.federation.refresh()
    assert "halved" in {p["id"] for p in site.get("/processes").json["processes"]}
    graph = result(site, calling()).json["process_graph"]
    assert graph["mine"]["process_id"] == "scale"
    graph = result(site, calling(namespace="backend")).json["process_graph"]
    assert graph["mine"]["process_id"] == "halved"


@contextmanager
def publishing(content: bytes) -> Iterator[str]:
    """The address, on loopback, of a document."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}/halved.json"
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


REMOTE: dict[str, Any] = {"remote_processes": {"hosts": ["127.0.0.1"], "private": True}}


@pytest.mark.parametrize("listed", [False, True])
def test_a_definition_at_an_allowed_address_is_fetched_and_written_out(
    tmp_path: Path, listed: bool
) -> None:
    document: Any = {**HALVED, "id": "halved"}
    content = orjson.dumps({"processes": [document], "links": []} if listed else document)
    site = Site({"aurora": member("aurora", "scale")}, tmp_path, **REMOTE)
    with publishing(content) as address:
        graph = result(site, calling(namespace=address)).json["process_graph"]
    assert graph["mine"]["process_id"] == "scale"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>", "no JSON object"),
        (b'{"id": "other", "process_graph": {}}', "cannot be used"),
        (b'{"processes": []}', "there are: none"),
    ],
)
def test_what_cannot_be_used_at_an_address_is_said(
    tmp_path: Path, content: bytes, said: str
) -> None:
    site = Site({"aurora": member("aurora", "scale")}, tmp_path, **REMOTE)
    with publishing(content) as address:
        body = assert_error(result(site, calling(namespace=address)), 400, "ProcessInvalid")
    assert said in body["message"]


def test_no_address_is_fetched_unless_the_operator_allows_its_host(site: Site) -> None:
    answer = result(site, calling(namespace="https://elsewhere.example/p.json"))
    body = assert_error(answer, 400, "ProcessInvalid")
    assert "allowed: none" in body["message"] and "'mine'" in body["message"]


def test_a_process_with_a_broken_database_runs_if_it_calls_no_stored_one(tmp_path: Path) -> None:
    (tmp_path / "broken.sqlite").write_bytes(b"no database at all, whatever its name says" * 100)
    url = f"sqlite:///{tmp_path}/broken.sqlite"
    site = Site({"aurora": member("aurora", "scale")}, tmp_path, database=url)
    plain = {"process_graph": {"load": {**CALL["load"], "result": True}}}
    assert result(site, plain).status_code == 200
    assert_error(result(site, calling()), 503, "DatabaseUnavailable")
