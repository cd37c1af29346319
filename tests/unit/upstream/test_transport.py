"""Connections: kept, guarded, used by one request after another."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from queue import Empty, Full
from typing import Any

import pytest
from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool

from aggregator.errors import BackendError, BackendFailure, BackendTimeout
from aggregator.upstream.client import Client, Limits, Request
from aggregator.upstream.transport import _Connection, _Idle, _SecureConnection
from tests.fakes.backends import RawServer, json_says, says
from tests.unit.upstream.exchanges import HEAD, ask, drip, repeatedly


class Sent:
    """A socket that notes what goes out in one piece, and answers."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def settimeout(self, _seconds: float | None) -> None:
        """No matter."""

    def sendall(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        """No matter."""

    def recv(self, _size: int) -> bytes:
        return HEAD + b"0\r\n\r\n"


def sent(connection: _Connection, target: str, body: bytes | None, **headers: str) -> list[bytes]:
    prepared = PreparedRequest()
    prepared.method, prepared.body = "POST", body
    prepared.headers = CaseInsensitiveDict(headers)
    connection.sock = wire = Sent()
    connection.exchange(prepared, target, HTTPConnectionPool("terra.test"))
    return wire.pieces


@pytest.mark.parametrize("body", [b'{"process": {}}', None])
def test_a_request_goes_out_in_one_piece(body: bytes | None) -> None:
    (only,) = sent(_Connection("terra.test"), "/result", body, Accept="image/tiff; q=0.5")
    head = (
        b"POST /result HTTP/1.1\r\n"
        b"Host: terra.test\r\n"
        b"Accept-Encoding: identity\r\n"
        b"Accept: image/tiff; q=0.5\r\n"
        b"\r\n"
    )
    assert only == head + (body or b"")


@pytest.mark.parametrize(
    ("connection", "host"),
    [
        (_Connection("terra.test", 8080), b"terra.test:8080"),
        (_Connection("terra.test", 80), b"terra.test"),
        (_SecureConnection("terra.test", 443), b"terra.test"),
        (_SecureConnection("::1", 8443), b"[::1]:8443"),
    ],
)
def test_a_request_names_its_host_as_http_wants_it(connection: _Connection, host: bytes) -> None:
    (only,) = sent(connection, "/", None)
    assert only.startswith(b"POST / HTTP/1.1\r\nHost: " + host + b"\r\n")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/jobs/a b", {}),
        ("/jobs/a\r\nX: y", {}),
        ("/jobs/ä", {}),
        ("", {}),
        ("/jobs", {"Authorization": "Bearer a\r\nX: y"}),
        ("/jobs", {"Authorization": "Bearer a\n"}),
        ("/jobs", {"Accept": "a\x00"}),
        ("/jobs", {"Accept": "\N{SNOWMAN}"}),
    ],
)
def test_a_request_that_would_not_be_read_as_it_is_meant_is_not_sent(
    target: str, headers: dict[str, str]
) -> None:
    connection = _Connection("terra.test")
    with pytest.raises(ValueError, match=r"a request with|an address that"):
        sent(connection, target, None, **headers)
    assert isinstance(connection.sock, Sent)
    assert connection.sock.pieces == []


def test_a_connection_that_has_ended_meanwhile_is_opened_anew() -> None:
    with RawServer(says(HEAD + b'9\r\n\r\n{"nr": 7}')) as server:
        client = Client("terra", server.url)
        for _ in range(2):
            posted = Request("POST", "/jobs", body=b"{}")  # which is never sent twice
            assert client.ask(posted, None, deadline=5, limit=99).body == b'{"nr": 7}'
            time.sleep(0.1)
        assert len(server.requests) == 2


def test_no_more_connections_are_kept_than_there_is_room_for() -> None:
    idle = _Idle(2)
    for connection in (None, "first", "second"):
        idle.put(connection)
    with pytest.raises(Full):
        idle.put("third")
    assert [idle.get(), idle.get()] == ["second", "first"]
    with pytest.raises(Empty):
        idle.get()


def test_one_connection_serves_one_request_after_another() -> None:
    with RawServer(repeatedly) as server:
        client = Client("terra", server.url)
        assert [ask(client)["nr"] for _ in range(3)] == [0, 1, 2]


def test_a_connection_that_failed_serves_nobody_else() -> None:
    def stumble(peer: socket.socket) -> None:
        first = len(server.requests) == 1
        peer.sendall(b"nonsense\r\n\r\n" if first else HEAD + b'9\r\n\r\n{"nr": 7}')
        peer.recv(65536)

    with RawServer(stumble) as server:
        client = Client("terra", server.url)
        with pytest.raises(BackendFailure):
            ask(client)
        assert ask(client) == {"nr": 7}


def test_a_reader_who_is_slow_costs_nobody_the_connection() -> None:
    def play(peer: socket.socket) -> None:
        json_says(b'{"of": "alice"}')(peer)
        peer.recv(65536)
        time.sleep(1.2)
        json_says(b'{"of": "bob"}')(peer)
        peer.recv(65536)

    with RawServer(play) as server:
        client = Client("terra", server.url)
        pieces = client.open(Request("GET", "/result"), None, deadline=0.5).chunks()
        assert next(pieces) == b'{"of": "alice"}'  # which is all, as nobody knows yet
        started = Request("POST", "/jobs/1/results", body=b"{}")
        assert client.ask(started, None, deadline=20, limit=99).body == b'{"of": "bob"}'
        assert len(server.requests) == 1, "both came by the same connection"
        assert list(pieces) == []


def test_a_backend_whose_name_is_found_too_late_costs_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def late(*args: Any) -> Any:
        time.sleep(0.5)
        return found(*args)

    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", late)
    with RawServer(drip) as server:
        begun = time.monotonic()
        with pytest.raises(BackendTimeout):
            ask(Client("terra", server.url), deadline=0.3)
        assert time.monotonic() - begun < 3


def test_a_resolver_that_hangs_costs_at_most_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*args: Any) -> Any:
        hung.wait(20)
        return found(*args)

    found, hung = socket.getaddrinfo, threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with RawServer(json_says(b"{}")) as server:
        client = Client("terra", server.url.replace("127.0.0.1", "localhost"))
        begun = time.monotonic()
        with pytest.raises(BackendTimeout):
            ask(client, deadline=0.3)
        assert time.monotonic() - begun < 5
        hung.set()
        assert ask(client) == {}


def test_a_drip_through_a_proxy_ends_with_the_deadline() -> None:
    with RawServer(drip) as proxy:
        begun = time.monotonic()
        with pytest.raises(BackendTimeout):
            ask(Client("terra", "http://terra.test", proxy=proxy.url), deadline=0.3)
        assert time.monotonic() - begun < 3


def directly(server: RawServer) -> Client:
    return Client("terra", server.url)


def through_a_proxy(server: RawServer) -> Client:
    return Client("terra", "http://terra.test", proxy=server.url)


@pytest.mark.parametrize("way", [directly, through_a_proxy])
@pytest.mark.parametrize("early", [b"102 Processing", b"103 Early Hints"])
def test_no_user_gets_the_answer_that_comes_late_for_another(
    early: bytes, way: Callable[[RawServer], Client]
) -> None:
    def hint(peer: socket.socket) -> None:
        asked = server.requests[-1]
        while asked:
            user = asked.partition(b"Bearer ")[2].partition(b"\r\n")[0]
            peer.sendall(b"HTTP/1.1 " + early + b"\r\nLink: </style.css>\r\n\r\n")
            time.sleep(0.05)
            peer.sendall(HEAD + b"%d\r\n\r\n" % len(user) + user)
            asked = peer.recv(65536)

    with RawServer(hint) as server:
        client = way(server)
        for user in ("alice", "bob", "carol"):
            answer = client.ask(Request("GET", "/me"), f"Bearer {user}", deadline=5, limit=99)
            assert (answer.status, answer.body) == (200, user.encode())


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_body_that_must_not_be_there_is_no_part_of_the_next_answer(status: bytes) -> None:
    def play(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n")
        if len(server.requests) == 1:
            time.sleep(0.05)
            peer.sendall(b"{}")
            peer.recv(65536)

    with RawServer(play) as server:
        client = Client("terra", server.url)
        for _ in range(2):
            asked = Request("GET", "/jobs/1", passed=frozenset({304}))
            answer = client.ask(asked, None, deadline=5, limit=99)
            assert answer.status == int(status[:3])


def test_an_answer_that_was_not_read_leaves_nothing_to_the_next() -> None:
    with RawServer(says(HEAD + b'9\r\n\r\n{"nr": 7}')) as server:
        client = Client("terra", server.url)
        client.open(Request("GET", "/result"), None, deadline=5).close()
        assert ask(client) == {"nr": 7}
        assert len(server.requests) == 2


def test_a_redirect_with_a_fragment_and_spaces_is_followed_without_them() -> None:
    def play(peer: socket.socket) -> None:
        if len(server.requests) == 1:
            moved = b"HTTP/1.1 302 Found\r\nLocation: /my jobs?a=b%20c#top\r\n"
            peer.sendall(moved + b"Content-Length: 0\r\n\r\n")
        else:
            json_says(b'{"jobs": []}')(peer)

    with RawServer(play) as server:
        assert ask(Client("terra", server.url)) == {"jobs": []}
        assert b"GET /my%20jobs?a=b%20c HTTP/1.1\r\n" in server.requests[-1]


class Endless:
    """A body that never ends; `sent` counts what was taken of it."""

    length = None

    def __init__(self) -> None:
        self.sent = 0

    def read(self, size: int = -1, /) -> bytes:
        assert 0 < size <= 65536, "it is taken in small pieces"
        self.sent += size
        return b"x" * size


@pytest.mark.parametrize(("pause", "deadline"), [(0.2, 20.0), (20.0, 0.3)])
def test_an_upload_that_nobody_takes_in_ends(pause: float, deadline: float) -> None:
    def idle(_peer: socket.socket) -> None:
        server.stopped.wait(15)

    with RawServer(idle) as server:
        client = Client("terra", server.url, limits=Limits(3, pause))
        request = Request("PUT", "/files/a", body=Endless())
        begun = time.monotonic()
        with pytest.raises(BackendTimeout):
            client.ask(request, None, deadline=deadline, limit=1000)
        assert time.monotonic() - begun < 10
        server.stopped.set()


def test_a_body_that_is_refused_before_its_end_is_refused_in_the_backends_words() -> None:
    body = b'{"id": "1", "code": "RequestTooLarge", "message": "At most 5 MB."}'

    def refuse(peer: socket.socket) -> None:
        json_says(body, "413 Content Too Large")(peer)
        time.sleep(0.2)  # with what is still to come unread, a close is a reset
        peer.close()

    with RawServer(refuse) as server:
        request = Request("POST", "/jobs", body=b" " * 20_000_000)
        with pytest.raises(BackendError, match="At most 5 MB") as raised:
            Client("terra", server.url).ask(request, None, deadline=10, limit=1000)
    assert raised.value.status == 413


def test_an_upload_that_is_refused_before_its_end_ends() -> None:
    body = b'{"id": "1", "code": "StorageQuotaExceeded", "message": "Full."}'
    with RawServer(json_says(body, "400 Bad Request", "Connection: close")) as server:
        request = Request("PUT", "/files/a", body=Endless())
        with pytest.raises((BackendError, BackendFailure)):  # as far as it can still be read
            Client("terra", server.url).ask(request, None, deadline=10, limit=1000)
