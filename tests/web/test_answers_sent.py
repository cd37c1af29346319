"""How the server sends answers: in one piece if they are small, and what it does after that."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from aggregator.web.access_log import AFTERWARDS
from aggregator.web.worker import Worker, _Connection, _Response


class Peer:
    """Notes what is sent in one go."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.sent.append(data)


def answered(peer: Peer, method: str = "GET", headers: Any = (), version: str = "1.1") -> _Response:
    """An answer that has begun, to a request by that method."""
    data = f"{method} / HTTP/{version}\r\nHost: x\r\n\r\n".encode()
    request = next(RequestParser(Config(), iter([data]), ("127.0.0.1", 1)))
    response = _Response(request, peer, Config(), SimpleNamespace(sock=peer, since=None))
    response.start_response("200 OK", [("Content-Type", "text/plain"), *headers])
    return response


def test_a_small_answer_goes_out_in_one_piece() -> None:
    peer = Peer()
    response = answered(peer, headers=[("Content-Length", "2")])
    response.write(b"{}")
    response.close()
    (only,) = peer.sent
    assert only.startswith(b"HTTP/1.1 200 OK\r\n")
    assert only.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_answer_says_when_it_was_given_and_speaks_as_it_was_spoken_to(version: str) -> None:
    peer = Peer()
    begun = int(time.time())
    response = answered(peer, headers=[("Content-Length", "2")], version=version)
    response.write(b"{}")
    response.close()
    first, _, rest = b"".join(peer.sent).decode().partition("\r\n")
    fields = dict(line.split(": ", 1) for line in rest.partition("\r\n\r\n")[0].splitlines())
    assert first == f"HTTP/{version} 200 OK"
    assert begun <= parsedate_to_datetime(fields["Date"]).timestamp() <= time.time()
    assert fields["Connection"] == ("close" if version == "1.0" else "keep-alive")
    assert "Transfer-Encoding" not in fields


def test_a_piece_of_an_answer_is_never_held_back() -> None:
    peer = Peer()
    response = answered(peer)
    response.write(b"one")
    assert peer.sent[-1].endswith(b"\r\n\r\n3\r\none\r\n")
    response.write(b"two")
    assert peer.sent[1:] == [b"3\r\ntwo\r\n"]
    response.close()
    assert peer.sent[2:] == [b"0\r\n\r\n"]


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_answer_without_a_body_is_sent_when_it_is_complete(method: str) -> None:
    peer = Peer()
    response = answered(peer, method, [("Content-Length", "0")])
    response.write(b"")
    response.close()
    assert b"".join(peer.sent).endswith(b"Content-Length: 0\r\n\r\n")


class Sending:
    """A worker that answers a request, and what it was called for while it did so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]) -> None:
        self.done: list[bytes] = []
        self._pieces = pieces
        self.worker = Worker.__new__(Worker)
        self.worker.cfg, self.worker.alive, self.worker.max_keepalived = Config(), True, 10
        self.worker.keepalived_conns = deque()
        monkeypatch.setattr(self.worker, "wsgi", self._app, raising=False)

    def _app(self, environ: Any, start: Any) -> Iterator[bytes]:
        environ[AFTERWARDS].append(lambda: self.done.append(self.theirs.recv(65536)))
        start("200 OK", [("Content-Length", str(sum(map(len, self._pieces))))])
        return iter(self._pieces)

    def answer(self) -> bool:
        """Whether the connection is kept."""
        ours, self.theirs = socket.socketpair()
        with ours, self.theirs:
            connection = _Connection(Config(), ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
            connection.init()
            self.theirs.sendall(b"GET /a HTTP/1.1\r\n\r\n")
            return self.worker.handle_request(next(connection.parser), connection)


@pytest.mark.parametrize("pieces", [[], [b"{}"], [b"{", b"}"]])
def test_what_can_wait_is_done_once_when_the_answer_has_begun(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]
) -> None:
    sending = Sending(monkeypatch, pieces)
    assert sending.answer()
    (begun,) = sending.done
    assert begun.partition(b"\r\n\r\n")[2] == b"".join(pieces[:1])


def test_what_can_wait_is_done_although_there_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sending = Sending(monkeypatch, [])
    logged: list[Any] = []

    def app(environ: Any, _start: Any) -> Any:
        environ[AFTERWARDS].append(lambda: logged.append(1))
        raise ValueError

    monkeypatch.setattr(sending.worker, "wsgi", app)
    with pytest.raises(ValueError):
        sending.answer()
    assert logged == [1]
