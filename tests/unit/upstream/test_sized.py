"""Answers of a known length, read from their connections without the layers that others need."""

from __future__ import annotations

import socket
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.exceptions import IncompleteRead

from aggregator.errors import BackendFailure
from aggregator.upstream.client import Client, Request
from aggregator.upstream.plain import Fields
from aggregator.upstream.sized import SizedAnswer, sized
from tests.fakes.backends import RawServer
from tests.unit.upstream.exchanges import HEAD, ask

PLAIN = HEAD + b"13\r\nConnection: keep-alive\r\nOpenEO-Costs: 0.5\r\n\r\n"
BODY = b'{"id": "j-1"}'


class Connection:
    """Gives what is still to come, and notes what becomes of it."""

    def __init__(self, *pieces: bytes) -> None:
        self.sock, self._pieces = self, list(pieces)
        self.closed, self.back = False, 0
        self.asked: list[int] = []

    def recv(self, size: int) -> bytes:
        self.asked.append(size)
        return self._pieces.pop(0) if self._pieces else b""

    def close(self) -> None:
        self.closed = True

    def _put_conn(self, connection: Any) -> None:
        assert connection is self
        self.back += 1


def answer(connection: Connection, begun: bytes) -> SizedAnswer:
    """What begins so, its head included, and goes on over the connection."""
    known = sized(begun, "GET")
    assert known is not None
    head, fields = known
    return SizedAnswer(head, fields, begun[head.size :], connection, connection)


def pieces(found: SizedAnswer) -> list[bytes]:
    return list(iter(lambda: found.read1(65536), b""))


def test_an_answer_that_came_at_once_gives_its_connection_back_at_once() -> None:
    connection = Connection()
    found = answer(connection, PLAIN + BODY)
    assert (found.status, found.headers["openeo-costs"]) == (200, "0.5")
    assert (connection.back, connection.closed, found.closed) == (1, False, False)
    assert pieces(found) == [BODY]
    found.close()
    found.release_conn()
    assert (connection.back, connection.closed, found.closed) == (1, False, True)


def test_an_answer_in_pieces_gives_its_connection_back_with_the_last() -> None:
    connection = Connection(BODY[3:6], BODY[6:])
    found = answer(connection, PLAIN + BODY[:3])
    assert found.read1(2) + found.read1(65536) == BODY[:3]
    assert found.read1(65536) == BODY[3:6]
    assert (connection.back, found.closed) == (0, False)
    assert pieces(found) == [BODY[6:]]
    assert (connection.back, connection.closed, found.closed) == (1, False, True)


def test_no_more_is_read_than_belongs_to_the_answer() -> None:
    connection = Connection(BODY[:9], BODY[9:])
    found = answer(connection, PLAIN)
    assert found.read1(9) == BODY[:9]
    assert found.read1(9) == BODY[9:]
    assert connection.asked == [9, 4]


def test_an_answer_that_ends_early_is_no_whole_one() -> None:
    connection = Connection(BODY[:9])
    found = answer(connection, PLAIN)
    assert found.read1(65536) == BODY[:9]
    with pytest.raises(IncompleteRead, match="9 bytes read, 4 more expected"):
        found.read1(65536)
    assert connection.back == 0


def test_what_follows_an_answer_is_left_with_the_connection_it_came_by() -> None:
    connection = Connection()
    found = answer(connection, PLAIN + BODY + b"HTTP/1.1 200 OK")
    assert connection.closed and connection.back == 1
    assert pieces(found) == [BODY]


def test_an_answer_that_is_not_read_to_its_end_ends_its_connection() -> None:
    connection = Connection(BODY)
    found = answer(connection, PLAIN)
    found.close()
    assert (connection.closed, connection.back, found.closed) == (True, 1, True)
    assert found.read1(65536) == b""


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace(b"Content-Length: 13", b"Transfer-Encoding: chunked"),
        PLAIN.replace(b"Content-Length: 13", b"Content-Length: 13\r\nTransfer-Encoding: chunked"),
        PLAIN.replace(b"Content-Length: 13", b"Content-Length: 13\r\nContent-Length: 13"),
        PLAIN.replace(b"Content-Length: 13\r\n", b""),
        PLAIN.replace(b"keep-alive", b"close"),
        PLAIN.replace(b"OpenEO-Costs: 0.5", b"content-encoding: gzip"),
        PLAIN.replace(b"200 OK", b"204 No Content"),
        PLAIN.replace(b"200 OK", b"304 Not Modified"),
        PLAIN.replace(b"\r\n\r\n", b"\r\n"),
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + PLAIN,
        b"",
    ],
)
def test_what_needs_more_to_be_read_is_left_to_urllib3(other: bytes) -> None:
    assert sized(PLAIN + BODY, "GET") is not None
    assert sized(other + BODY, "GET") is None


def test_the_answer_to_head_is_left_to_urllib3() -> None:
    assert sized(PLAIN, "HEAD") is None


def test_what_came_several_times_is_joined() -> None:
    fields = Fields([("Link", "<a>"), ("X", ""), ("link", "<b>")])
    assert dict(fields) == {"Link": "<a>, <b>", "X": ""}
    assert fields.get("LINK") == "<a>, <b>"
    assert (fields.get("Y"), fields.get("Y", "none"), "x" in fields, "y" in fields) == (
        None, "none", True, False
    )  # fmt: skip
    with pytest.raises(KeyError):
        fields["Y"]


BODIES = st.binary(max_size=300)
CUTS = st.lists(st.integers(0, 400), max_size=5)


@settings(max_examples=40, deadline=None)
@given(st.lists(BODIES, min_size=1, max_size=4), CUTS)
def test_answers_of_every_length_and_cut_arrive_whole_by_one_connection(
    bodies: list[bytes], cuts: list[int]
) -> None:
    def play(peer: socket.socket) -> None:
        for body in bodies:
            sent = HEAD + b"%d\r\n\r\n" % len(body) + body
            places = [0, *sorted(cut for cut in cuts if cut < len(sent)), len(sent)]
            for start, end in pairwise(places):
                peer.sendall(sent[start:end])
                time.sleep(0.001)
            peer.recv(65536)

    with RawServer(play) as server:
        client, posted = Client("terra", server.url), Request("POST", "/result", body=b"{}")
        for body in bodies:
            assert client.ask(posted, None, deadline=5, limit=1000).body == body
        assert len(server.requests) == 1


def test_a_connection_on_which_something_follows_an_answer_is_not_used_again() -> None:
    def play(peer: socket.socket) -> None:
        late = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        peer.sendall(HEAD + b'9\r\n\r\n{"nr": %d}' % len(server.requests) + late)
        peer.recv(65536)

    with RawServer(play) as server:
        client = Client("terra", server.url)
        assert [ask(client)["nr"] for _ in range(3)] == [1, 2, 3]


def test_a_connection_that_ends_within_an_answer_is_told() -> None:
    def play(peer: socket.socket) -> None:
        peer.sendall(PLAIN + BODY[:9])
        peer.close()

    with (
        RawServer(play) as server,
        pytest.raises(BackendFailure, match="the answer ended before its end"),
    ):
        ask(Client("terra", server.url))
