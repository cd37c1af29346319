"""One backend asked over HTTP: what it answers, and whatever goes wrong on the way."""

from __future__ import annotations

import socket
import time
import tracemalloc
from collections.abc import Callable
from http.client import BadStatusLine, HTTPException
from typing import Any

import pytest
import requests
import urllib3

from aggregator.errors import BackendError, BackendFailure, BackendTimeout, BackendUnavailable
from aggregator.upstream.client import Client, Limits, Request
from aggregator.upstream.failures import FAILURES
from tests.fakes.backends import Call, FakeBackend, RawServer, Reply, json_says, says
from tests.fakes.transports import FailingAdapter, WsgiAdapter

URL = "http://terra.test/openeo/1.3"


def client_of(backend: FakeBackend) -> Client:
    return Client("terra", URL, transport=lambda: WsgiAdapter({URL: backend}))


def fake(answers: dict[str, Any]) -> FakeBackend:
    return FakeBackend(answers, root="/openeo/1.3")


def ask(client: Client, path: str = "/jobs", deadline: float = 5.0, limit: int = 10**6) -> Any:
    return client.document(Request("GET", path), None, deadline=deadline, limit=limit)[1]


def test_a_json_answer_arrives_as_it_is() -> None:
    assert ask(client_of(fake({"GET /jobs": {"jobs": [], "links": []}}))) == {
        "jobs": [],
        "links": [],
    }


def test_credentials_and_query_and_body_reach_the_backend() -> None:
    backend = fake({"POST /jobs": Reply(201)})
    request = Request("POST", "/jobs", {"limit": "3"}, b'{"a": 1}', {"Content-Type": "a/json"})
    client_of(backend).ask(request, "Bearer x", deadline=5, limit=100)
    call = backend.calls[0]
    assert (call.query, call.authorization, call.document) == ("limit=3", "Bearer x", {"a": 1})


def test_nothing_of_one_answer_goes_out_with_the_next_request() -> None:
    def answer(call: Call) -> Reply:
        return Reply(200, {"ok": True}, {"Set-Cookie": "session=of-alice; Path=/"})

    backend = fake({"GET /jobs": answer})
    client = client_of(backend)
    client.ask(Request("GET", "/jobs"), "Bearer alice", deadline=5, limit=100)
    client.ask(Request("GET", "/jobs"), None, deadline=5, limit=100)
    assert backend.calls[1].authorization is None
    assert "COOKIE" not in backend.calls[1].headers


def test_netrc_and_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine terra.test login operator password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    backend = fake({"GET /jobs": {}})
    ask(client_of(backend))
    assert backend.calls[0].authorization is None


@pytest.mark.parametrize(
    ("status", "code"),
    [(402, "PaymentRequired"), (403, "TokenInvalid"), (429, "RateLimit"), (500, "Internal")],
)
def test_an_error_of_a_backend_arrives_with_its_status_code_message_and_reference(
    status: int, code: str
) -> None:
    body = {"id": "ref-7", "code": code, "message": "Not today."}
    backend = fake({"GET /jobs": Reply(status, body, {"Retry-After": "17"})})
    with pytest.raises(BackendError) as caught:
        ask(client_of(backend))
    error = caught.value
    assert (error.status, error.code, error.message) == (status, code, "Not today.")
    assert (error.backend, error.upstream_id) == ("terra", "ref-7")
    assert error.headers == {"Retry-After": "17"}


def test_an_error_that_repeats_its_credentials_arrives_without_them() -> None:
    def refuse(call: Call) -> Reply:
        said = f"{call.authorization}: secret-of-alice is no token of ours."
        return Reply(403, {"id": "1", "code": "TokenInvalid", "message": said})

    client = client_of(fake({"GET /jobs": refuse}))
    with pytest.raises(BackendError) as caught:
        client.ask(Request("GET", "/jobs"), "Bearer oidc/egi/secret-of-alice", deadline=5, limit=99)
    assert caught.value.message == "Bearer [removed]: [removed] is no token of ours."


def test_code_and_reference_of_an_error_can_stand_in_a_log() -> None:
    def refuse(call: Call) -> Reply:
        said = f"{call.authorization}\nERROR root: forged"
        return Reply(403, {"id": said, "code": said + "x" * 999, "message": "No."})

    client = client_of(fake({"GET /jobs": refuse}))
    with pytest.raises(BackendError) as caught:
        client.ask(Request("GET", "/jobs"), "Bearer oidc/egi/of-alice", deadline=5, limit=99)
    assert caught.value.upstream_id == "Bearer [removed] ERROR root: forged"
    assert caught.value.code.startswith("Bearer [removed] ERROR root: forgedxxx")
    assert len(caught.value.code) == 200


def test_an_error_that_is_not_of_openeo_names_backend_and_layer() -> None:
    page = Reply(500, body=[b"<html>Oops</html>"], headers={"Content-Type": "text/html"})
    with pytest.raises(BackendFailure, match=r"'terra' failed \(HTTP\): status 500"):
        ask(client_of(fake({"GET /jobs": page})))


def test_a_gateway_in_front_of_a_dead_backend_is_named_as_such() -> None:
    page = Reply(502, body=[b"<html>Bad Gateway</html>"])
    with pytest.raises(BackendFailure) as caught:
        ask(client_of(fake({"GET /jobs": page})))
    assert caught.value.layer == "gateway"


def test_statuses_that_a_caller_wants_are_answers() -> None:
    failed = Reply(424, {"id": "1", "level": "error", "message": "Out of memory."})
    request = Request("GET", "/jobs/1/results", passed=frozenset({424}))
    answer, document = client_of(fake({"GET /jobs/1/results": failed})).document(
        request, None, deadline=5, limit=1000
    )
    assert (answer.status, document["message"]) == (424, "Out of memory.")


def test_a_refused_connection_is_an_unavailable_backend() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    with pytest.raises(BackendUnavailable, match="terra"):
        ask(Client("terra", url))


BAD = {
    "resets": (says(), "connection"),
    "garbage instead of HTTP": (says(b"\x00\xff\x00 nonsense\r\n\r\n"), "connection"),
    "half a head": (says(b"HTTP/1.1 200 OK\r\nSer"), "connection"),
    "a head with a line that is no field": (
        says(b"HTTP/1.1 200 OK\r\noops\r\nContent-Type: application/json\r\n\r\n{}"),
        "connection",
    ),
    "half a body": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"),
        "connection",
    ),
    "half a chunked body": (
        says(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nff\r\n{"
        ),
        "connection",
    ),
    "JSON that is none": (json_says(b"{'a': 1}"), "content"),
    "a list": (json_says(b"[]"), "content"),
    "a wrong content type": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}"),
        "content",
    ),
    "gzip that is none": (json_says(b"{}", "200 OK", "Content-Encoding: gzip"), "content"),
    "a redirect loop": (
        says(b"HTTP/1.1 302 Found\r\nLocation: /jobs\r\nContent-Length: 0\r\n\r\n"),
        "HTTP",
    ),
    "too large a body": (json_says(b'{"a": "' + b"x" * 2_000_000 + b'"}'), "content"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_is_no_openeo_is_one_failure_that_names_the_layer(name: str) -> None:
    play, layer = BAD[name]
    with RawServer(play) as server, pytest.raises(BackendFailure) as caught:
        ask(Client("terra", server.url))
    assert caught.value.layer == layer


def hang(peer: socket.socket) -> None:
    peer.recv(1)


def endless(head: bytes, piece: bytes, pause: float) -> Callable[[socket.socket], None]:
    def play(peer: socket.socket) -> None:
        peer.sendall(head)
        while True:
            peer.sendall(piece)
            time.sleep(pause)

    return play


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW = {
    "hangs": hang,
    "drips its headers": endless(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.02),
    "drips its body": endless(OK + b"Content-Length: 100000\r\n\r\n", b" ", 0.02),
    "drips a chunk's head": endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0", 0.02),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_backend_costs_at_most_its_deadline(name: str) -> None:
    with RawServer(SLOW[name]) as server:
        started = time.monotonic()
        with pytest.raises(BackendTimeout):
            ask(Client("terra", server.url, limits=Limits(1, 20)), deadline=0.4)
        assert time.monotonic() - started < 10


def test_an_endless_body_is_cut_at_the_size_limit() -> None:
    play = endless(OK + b"\r\n", b" " * 65536, 0)
    with RawServer(play) as server, pytest.raises(BackendFailure, match="more than 1000000 bytes"):
        ask(Client("terra", server.url), deadline=20)


def test_a_pause_longer_than_the_read_timeout_is_a_timeout() -> None:
    with RawServer(hang) as server, pytest.raises(BackendTimeout):
        ask(Client("terra", server.url, limits=Limits(1, 0.2)), deadline=20)


def test_a_redirect_on_the_same_host_is_followed() -> None:
    backend = fake(
        {
            "GET /jobs": Reply(302, None, {"Location": "/openeo/1.3/tasks"}),
            "GET /tasks": {"jobs": []},
        }
    )
    assert ask(client_of(backend)) == {"jobs": []}


def test_credentials_are_never_sent_to_another_host() -> None:
    thief = FakeBackend({"GET /": {}})
    backend = fake({"GET /jobs": Reply(302, None, {"Location": "http://thief.test/"})})
    adapter = WsgiAdapter({URL: backend, "http://thief.test": thief})
    client = Client("terra", URL, transport=lambda: adapter)
    with pytest.raises(BackendFailure, match="another host"):
        client.ask(Request("GET", "/jobs"), "Bearer alice", deadline=5, limit=1000)
    assert thief.calls == []


def test_a_redirected_post_is_a_failure_not_a_get() -> None:
    backend = fake({"POST /jobs": Reply(302, None, {"Location": "/openeo/1.3/jobs"})})
    with pytest.raises(BackendFailure, match="redirects a POST"):
        client_of(backend).ask(Request("POST", "/jobs", body=b"{}"), None, deadline=5, limit=99)


def test_a_kept_connection_that_the_backend_closed_is_opened_anew() -> None:
    connections: list[socket.socket] = []

    def play(peer: socket.socket) -> None:
        connections.append(peer)
        json_says(b"{}" if len(connections) == 1 else b'{"again": true}')(peer)
        peer.recv(65536)  # the next request on this connection, which is closed instead

    with RawServer(play) as server:
        client = Client("terra", server.url)
        assert ask(client) == {}
        assert ask(client) == {"again": True}


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("POST", b'{"a": 1}', b"8"),
        ("PATCH", b"{}", b"2"),
        ("POST", None, b"0"),
        ("DELETE", None, None),
    ],
)
def test_a_request_says_how_long_its_body_is(
    method: str, body: bytes | None, length: bytes | None
) -> None:
    with RawServer(json_says(b"{}")) as server:
        request = Request(method, "/jobs/1", body=body)
        Client("terra", server.url).ask(request, None, deadline=5, limit=99)
        head = server.requests[0].partition(b"\r\n\r\n")[0]
    stated = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    assert stated == ([] if length is None else [b"Content-Length: " + length])


def test_a_post_is_never_sent_twice() -> None:
    with RawServer(says()) as server:
        with pytest.raises(BackendFailure):
            Client("terra", server.url).ask(
                Request("POST", "/jobs", body=b"{}"), None, deadline=5, limit=99
            )
        assert len(server.requests) == 1


def test_a_body_is_streamed_in_constant_memory() -> None:
    total = 48 * 1024 * 1024
    big = Reply(200, body=(b"x" * 65536 for _ in range(total // 65536)))
    client = client_of(fake({"POST /result": big}))
    tracemalloc.start()
    stream = client.open(Request("POST", "/result", body=b"{}"), None, deadline=60)
    read = sum(len(chunk) for chunk in stream.chunks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == total
    assert peak < 2 * 1024 * 1024


@pytest.mark.parametrize("entry", [b"{},", b"[],"])
def test_a_page_of_millions_of_entries_costs_no_more_memory_than_its_bytes(entry: bytes) -> None:
    page = b'{"jobs":[' + entry * 3_000_000 + b"0]}"
    whole = Reply(200, body=[page], headers={"Content-Type": "application/json"})
    client = client_of(fake({"GET /jobs": whole}))
    tracemalloc.start()
    with pytest.raises(BackendFailure, match="more than 2000000 objects and arrays"):
        client.document(Request("GET", "/jobs"), None, deadline=30, limit=32 * 1024 * 1024)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(page)


def test_a_stream_that_breaks_off_is_a_failure_of_the_backend() -> None:
    play = says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    with RawServer(play) as server:
        stream = Client("terra", server.url).open(Request("POST", "/result"), None, deadline=5)
        with pytest.raises(BackendFailure, match="ended before its end"):
            list(stream.chunks())


def test_a_stream_ends_with_its_deadline() -> None:
    play = endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.02)
    with RawServer(play) as server:
        stream = Client("terra", server.url).open(Request("POST", "/result"), None, deadline=0.5)
        with pytest.raises(BackendTimeout):
            list(stream.chunks())


def errors_below() -> list[BaseException]:
    """One of every error that requests, urllib3, http.client and the system can raise."""
    pool = urllib3.HTTPConnectionPool("terra.test")
    found: list[BaseException] = []
    for module in (requests.exceptions, urllib3.exceptions):
        for kind in vars(module).values():
            if not isinstance(kind, type) or issubclass(kind, Warning):
                continue
            if issubclass(kind, Exception):
                found.append(kind.__new__(kind))
    found += [
        urllib3.exceptions.MaxRetryError(pool, "/", OSError("inside")),
        BadStatusLine("?"),
        HTTPException(),
        OSError(),
        ConnectionResetError(),
        TimeoutError(),
        ValueError(),
    ]
    return found


@pytest.mark.parametrize("error", errors_below(), ids=lambda error: type(error).__name__)
def test_no_foreign_error_escapes(error: BaseException) -> None:
    client = Client("terra", URL, transport=lambda: FailingAdapter(error))
    with pytest.raises(FAILURES):
        ask(client)
