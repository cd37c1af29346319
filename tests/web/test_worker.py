"""What gunicorn itself answers and waits for, in the running program."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import requests
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from aggregator.web.plain_requests import PlainRequest
from aggregator.web.worker import HURRY, PATIENCE, PIECE, Worker, _Body, _Connection
from tests.fakes.backends import Reply
from tests.web.site import backend, graph
from tests.web.test_served import Served, listening

CHUNKED = (
    b"POST /openeo/1.3/validation HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)
NO_HTTP = {
    "an unknown method": (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a version of the future": (b"GET / HTTP/9.9\r\n\r\n", 400),
    "a long line": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "a large header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 500 + b"\r\n", 431),
    "a length that is none": (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400),
    "an unknown coding": (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n", 501),
    "a malformed chunk": (CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n", 400),
    "a chunk that ends early": (CHUNKED + b"5\r\n{}", 400),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    created = Reply(201, headers={"OpenEO-Identifier": "1"})
    with listening(backend("terra", answers={"POST /jobs": created})) as url:
        program = Served({"terra": url}, tmp_path_factory.mktemp("served"))
        try:
            program.wait()
            yield program
        finally:
            program.end()


def say(served: Served, data: bytes) -> tuple[int, bytes, bytes]:
    """Status, head and body of the answer to these bytes."""
    address = urlsplit(served.url)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := peer.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_http_gets_an_openeo_error(served: Served, name: str) -> None:
    sent, expected = NO_HTTP[name]
    status, head, body = say(served, sent)
    error = orjson.loads(body)
    assert (status, error["code"]) == (expected, "RequestInvalid")
    assert error["id"] and error["message"]
    assert b"Content-Type: application/json" in head
    assert b"Access-Control-Allow-Origin: *" in head


@pytest.mark.parametrize("name", ["a malformed chunk", "a chunk that ends early"])
def test_what_is_wrong_with_a_body_in_chunks_is_told(served: Served, name: str) -> None:
    _, _, body = say(served, NO_HTTP[name][0])
    assert "did not come whole" in orjson.loads(body)["message"]


def test_a_body_in_chunks_is_read(served: Served) -> None:
    status, _, body = say(served, CHUNKED + b"2\r\n{}\r\n0\r\n\r\n")
    assert (status, orjson.loads(body)["errors"][0]["code"]) == (200, "ProcessGraphMissing")


@pytest.mark.parametrize(
    ("size", "expected", "said"),
    [(50, 404, b"keep-alive"), (500_000, 404, b"close"), (50_000_000, 413, b"close")],
)
def test_a_client_is_told_that_a_refused_body_ends_its_connection(
    served: Served, size: int, expected: int, said: bytes
) -> None:
    path = "nothing" if expected == 404 else "validation"
    head = f"POST /openeo/1.3/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
    status, answered, _ = say(served, head.encode() + b" " * min(size, 65536))
    assert status == expected
    assert b"Connection: " + said in answered


def test_a_process_with_odd_characters_is_answered_in_valid_headers(served: Served) -> None:
    process = graph()
    nodes = process["process_graph"]
    nodes["l\x00\x07\u65e5\r\n"] = nodes.pop("load")
    nodes["save"]["arguments"]["data"]["from_node"] = "l\x00\x07\u65e5\r\n"
    data = orjson.dumps({"process": process})
    user = served.login()["Authorization"]
    head = f"POST /openeo/1.3/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: {user}\r\n"
    head += f"Connection: close\r\nContent-Length: {len(data)}\r\n\r\n"
    status, _, body = say(served, head.encode() + data)
    assert status == 201, body


def test_a_client_may_pause_for_a_time_only() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = _Connection(Config(), ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        connection.init()
        assert connection.sock.gettimeout() == PATIENCE
        # Also when it is used again for a further request.
        connection.sock.setblocking(True)
        connection.init()
        assert connection.sock.gettimeout() == PATIENCE


def test_plain_requests_take_the_short_way() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = _Connection(Config(), ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        connection.init()
        theirs.sendall(b"GET /jobs HTTP/1.1\r\nHost: x\r\n\r\n")
        assert isinstance(next(connection.parser), PlainRequest)


def test_a_thread_is_given_to_a_request_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = Worker.__new__(Worker)
        taken: list[Any] = []
        worker.cfg, worker.nr_conns, worker.pending_conns = Config(), 0, deque()
        monkeypatch.setattr(worker, "enqueue_req", taken.append)
        with selectors.DefaultSelector() as poller:
            worker.poller = poller
            with socket.create_connection(listener.getsockname()) as client:
                worker.accept(listener)
                assert taken == []  # nothing has come yet
                for piece, served in ((b"GET / HTTP/1.1\r\n", 0), (b"Host: x\r\n\r\n", 1)):
                    client.sendall(piece)
                    for key, _ in poller.select(10):
                        key.data(key.fileobj)
                    assert len(taken) == served
        assert isinstance(taken[0], _Connection)
        taken[0].close()


def say_on(*marks: str) -> bytes:
    """A request for each mark."""
    return b"".join(f"GET /{mark} HTTP/1.1\r\n\r\n".encode() for mark in marks)


class Threads:
    """A worker of four threads whose requests are answered by noting that they came."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.served = 0
        self.worker = Worker.__new__(Worker)
        self.worker.cfg, self.worker.alive = Config(), True
        self.worker.cfg.set("threads", 4)
        self.worker._waiting, self.worker._serving = deque(), set()
        self.connection = _Connection(Config(), self.ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        self.connection.init()
        monkeypatch.setattr(ThreadWorker, "handle", self._read)

    def _read(self, conn: Any) -> bool:
        self.served += 1
        return b"!" not in conn.sock.recv(len(say_on("a")))

    def handle(self) -> bool:
        """Whether the connection is kept, after a thread has served it."""
        self.worker._waiting.append(self.connection)
        kept: bool = self.worker.handle(self.connection)
        return kept

    def close(self) -> None:
        """End both sides."""
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Threads]:
    found = Threads(monkeypatch)
    yield found
    found.close()


def test_a_thread_stays_with_a_connection_that_sends_on(threads: Threads) -> None:
    threads.theirs.sendall(say_on("a", "a", "a"))
    assert threads.handle() is True
    assert threads.served == 3
    assert not threads.worker._waiting
    assert not threads.worker._serving


def test_a_connection_that_ends_is_left(threads: Threads) -> None:
    threads.theirs.sendall(say_on("a", "!", "a"))
    assert threads.handle() is False
    assert threads.served == 2


def test_a_thread_leaves_a_connection_when_another_waits(threads: Threads) -> None:
    threads.worker._waiting.append(object())
    threads.theirs.sendall(say_on("a", "a", "a"))
    assert threads.handle() is True
    assert threads.served == 1


def test_a_thread_leaves_a_connection_when_few_threads_are_left(threads: Threads) -> None:
    threads.worker._serving |= {object(), object()}
    threads.theirs.sendall(say_on("a", "a", "a"))
    assert threads.handle() is True
    assert threads.served == 1


def test_a_thread_leaves_a_connection_when_the_worker_is_to_end(threads: Threads) -> None:
    threads.worker.alive = False
    threads.theirs.sendall(say_on("a", "a", "a"))
    assert threads.handle() is True
    assert threads.served == 1


@pytest.mark.parametrize(("room", "ended"), [(1, False), (0, True)])
def test_a_client_that_sends_no_request_makes_room_when_there_is_none(
    room: int, ended: bool
) -> None:
    with ExitStack() as stack:
        pairs = [[stack.enter_context(one) for one in socket.socketpair()] for _ in range(2)]
        old, new = (_Connection(Config(), ours, "them", "us") for ours, _ in pairs)
        worker = Worker.__new__(Worker)
        worker.poller = stack.enter_context(selectors.DefaultSelector())
        worker.keepalived_conns, worker.pending_conns = deque(), deque([old, new])
        worker._waiting, worker._serving = deque(), set()
        worker.nr_conns, worker.worker_connections = 2, 2 + room
        for conn, seconds in ((old, HURRY + 1), (new, 0.0)):
            conn.accepted = time.monotonic() - seconds
            conn.timeout = conn.accepted + PATIENCE
        worker.murder_pending()
        assert list(worker.pending_conns) == ([new] if ended else [old, new])
        assert worker.nr_conns == 2 - ended


HALF_A_HEAD = b"POST /openeo/1.3/validation HTTP/1.1\r\nHost: x\r\n"
HALF_A_BODY = HALF_A_HEAD + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{"


@pytest.mark.parametrize("begun", [b"", HALF_A_HEAD, HALF_A_BODY])
@pytest.mark.parametrize("kept", [False, True])
def test_stalled_clients_keep_nobody_from_being_served(
    served: Served, begun: bytes, kept: bool
) -> None:
    address = urlsplit(served.url)
    stalled = [
        socket.create_connection((address.hostname or "", address.port or 0), 20)
        for _ in range(100)  # three times as many as there are threads
    ]
    try:
        for peer in stalled:
            if kept:
                peer.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                assert peer.recv(65536).startswith(b"HTTP/1.1 200")
            peer.sendall(begun)
        for _ in range(3):
            assert requests.get(f"{served.url}/", timeout=20).status_code == 200
        # What has stalled is served once it goes on.
        rest = b"\r\n" if begun == HALF_A_HEAD else b"}"
        if begun:
            stalled[0].sendall(rest)
            assert stalled[0].recv(65536).startswith(b"HTTP/1.1 ")
    finally:
        for peer in stalled:
            peer.close()


@pytest.mark.parametrize(("begun", "answer"), [(HALF_A_HEAD, b""), (HALF_A_BODY, b"HTTP/1.1 400")])
def test_a_client_that_gives_up_within_its_request_is_not_waited_for(
    served: Served, begun: bytes, answer: bytes
) -> None:
    address = urlsplit(served.url)
    with socket.create_connection((address.hostname or "", address.port or 0), 20) as peer:
        peer.sendall(begun)
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(len(answer) or 1) == answer


def serving(since: float | None) -> tuple[Worker, socket.socket]:
    """A worker one of whose threads has waited for its client so long; the client's end."""
    ours, theirs = socket.socketpair()
    worker = Worker.__new__(Worker)
    worker.nr_conns, worker.worker_connections = 1, 1000
    worker.pending_conns, worker._waiting = deque(), deque()
    connection = _Connection(Config(), ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
    connection.since = None if since is None else time.monotonic() - since
    worker._serving = {connection}
    theirs.settimeout(0.2)
    return worker, theirs


@pytest.mark.parametrize(
    ("since", "others", "cut"),
    [
        (PATIENCE + 1, 0, True),
        (PATIENCE - 5, 0, False),
        (HURRY + 1, 1, True),
        (HURRY - 2, 1, False),
        (None, 1, False),
    ],
)
def test_a_client_that_holds_a_thread_is_cut_sooner_when_others_wait(
    since: float | None, others: int, cut: bool
) -> None:
    worker, client = serving(since)
    worker._waiting.extend([object()] * others)
    worker.murder_pending()
    with client:
        if cut:
            assert client.recv(1) == b""
        else:
            with pytest.raises(TimeoutError):
                client.recv(1)
    for connection in worker._serving:
        connection.close()


def test_a_body_that_drips_uses_up_its_time_and_one_that_flows_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr("aggregator.web.worker.time.monotonic", lambda: now[0])
    held: list[float] = []
    connection: Any = SimpleNamespace(since=None)

    def read(size: int) -> bytes:
        now[0] += 4
        held.append(now[0] - connection.since)
        return b"x" * size

    body = _Body(SimpleNamespace(read=read), connection)
    for _ in range(5):
        body.read(1)
        now[0] += 100  # spent by the app, not by the client
    assert held == [4, 8, 12, 16, 20]
    assert connection.since is None
    body.read(PIECE)
    held.clear()
    body.read(1)
    assert held == [4]
