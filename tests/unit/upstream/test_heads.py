"""Answers are read as Python's own reader reads them, only sooner where their heads are plain."""

from __future__ import annotations

import io
from http.client import HTTPException, HTTPResponse
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregator.upstream.heads import HeadUnreadable, PlainResponse

PLAIN = (
    b"HTTP/1.1 200 OK\r\n"
    b"Server: gunicorn\r\n"
    b"Content-Type: application/json\r\n"
    b"Content-Length: 13\r\n"
    b"OpenEO-Costs: 0.5\r\n\r\n"
    b'{"id": "j-1"}'
)


class _Socket:
    def __init__(self, sent: bytes, piece: int = 65536) -> None:
        self._raw = _Raw(sent, piece)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw)


class _Raw(io.RawIOBase):
    """Gives at most `piece` bytes at a time, as a network does."""

    def __init__(self, sent: bytes, piece: int) -> None:
        self._left, self._piece = sent, piece

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        given, self._left = self._left[: self._piece], self._left[self._piece :]
        buffer[: len(given)] = given
        return len(given)


def seen(kind: type[HTTPResponse], sent: bytes, method: str, piece: int = 65536) -> Any:
    """All that a reader finds in an answer, or the kind of its complaint."""
    response: Any = kind(_Socket(sent, piece), method=method)  # type: ignore[arg-type]
    try:
        response.begin()
        head = (response.status, response.version, response.reason, response.headers.items())
        framing = (response.chunked, response.length, response.will_close)
        return head, framing, faults(response), response.read()
    except (HTTPException, ValueError) as error:
        return type(error)


def faults(response: HTTPResponse) -> list[str]:
    """What was wrong with the fields; a head has no parts, whatever its content type."""
    found = [type(defect).__name__ for defect in response.headers.defects]
    return [name for name in found if "Multipart" not in name]


def begun_at_once(sent: bytes, method: str = "GET", piece: int = 65536) -> bool:
    response: Any = PlainResponse(_Socket(sent, piece), method=method)  # type: ignore[arg-type]
    return bool(response._begun_at_once())


def test_a_plain_head_is_read_at_once() -> None:
    assert begun_at_once(PLAIN)
    head, framing, _, body = seen(PlainResponse, PLAIN, "GET")
    assert head[0] == 200
    assert ("OpenEO-Costs", "0.5") in head[3]
    assert framing == (False, 13, False)
    assert body == b'{"id": "j-1"}'


@pytest.mark.parametrize(
    "odd",
    [
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
        PLAIN.replace(b"Server: gunicorn", b"Server: a\r\n folded line"),
        PLAIN.replace(b"Server: gunicorn", b"Content-Length: 12"),
        PLAIN.replace(b"gunicorn", b"gunic\xf6rn"),
        PLAIN.replace(b"gunicorn", b"tab\there"),
        PLAIN.replace(b"Length: 13", b"Length: -13"),
        PLAIN.replace(b"Length: 13", b"Length: 13, 13"),
        PLAIN.replace(b"Content-Length: 13", b"Transfer-Encoding: gzip, chunked"),
        PLAIN.replace(b"\r\n", b"\n"),
        b"<html>\r\n",
        b"",
    ],
)
def test_what_is_odd_is_left_to_the_careful_reader(odd: bytes) -> None:
    assert not begun_at_once(odd)
    assert seen(PlainResponse, odd, "GET") == seen(HTTPResponse, odd, "GET")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_head_that_breaks_off_is_never_taken_for_a_whole_one(method: str) -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\n"
    for size in range(1, PLAIN.index(b"\r\n\r\n") + 4):
        assert seen(PlainResponse, PLAIN[:size], method) is HeadUnreadable
        assert seen(PlainResponse, early + PLAIN[:size], method) is HeadUnreadable


def test_a_line_that_is_no_field_hides_none_of_those_that_follow() -> None:
    assert seen(PlainResponse, PLAIN.replace(b"Server: gunicorn", b"no field"), "GET") is (
        HeadUnreadable
    )


def test_a_head_in_pieces_is_read_whole() -> None:
    assert not begun_at_once(PLAIN, piece=7)
    assert seen(PlainResponse, PLAIN, "GET", 7) == seen(HTTPResponse, PLAIN, "GET", 7)


def test_the_answer_to_head_has_no_body() -> None:
    assert seen(PlainResponse, PLAIN, "HEAD") == seen(HTTPResponse, PLAIN, "HEAD")


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "early",
    [EARLY, EARLY + EARLY, b"HTTP/1.1 102 Processing\r\n\r\n", EARLY + b"HTTP/1.1 100\r\n\r\n"],
)
def test_what_comes_before_an_answer_is_not_taken_for_it(early: bytes, method: str) -> None:
    assert seen(PlainResponse, early + PLAIN, method) == seen(HTTPResponse, PLAIN, method)


def test_who_wants_to_speak_something_else_is_not_listened_to() -> None:
    switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"
    assert seen(PlainResponse, switched + PLAIN, "GET") is HTTPException


@pytest.mark.parametrize("version", [b"1.1", b"1.2"])
@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize(
    ("lines", "ends"),
    [
        (b"", False),
        (b"Content-Length: 0\r\n", False),
        (b"Content-Length: 13\r\n", True),
        (b"Transfer-Encoding: chunked\r\n", True),
    ],
)
def test_a_body_that_must_not_be_there_is_not_waited_for_but_ends_the_connection(
    version: bytes, status: bytes, lines: bytes, ends: bool
) -> None:
    sent = b"HTTP/" + version + b" " + status + b"\r\n" + lines + b"\r\n"
    _, framing, _, body = seen(PlainResponse, sent, "GET")
    assert framing == (False, 0, ends)
    assert body == b""


LINES = st.sampled_from(
    [
        b"Content-Length: 4",
        b"content-length:4",
        b"Content-Length: 0004 ",
        b"Content-Length: 9",
        b"Content-Length: 0",
        b"Content-Length: four",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: Chunked",
        b"Transfer-Encoding: identity",
        b"Connection: close",
        b"Connection: Keep-Alive",
        b"Keep-Alive: timeout=5",
        b"X-Empty:",
        b"X-Colon: a:b",
        b"X: 1",
        b"x: 2",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Type: multipart/mixed",
        b": nameless",
        b"Sp ace: 1",
        b" folded",
        b"X-Null: \x00",
    ]
)
STATUSES = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 ", b"HTTP/1.1 404",
     b"HTTP/1.1 500  spaced  ", b"HTTP/1.1 20 short", b"HTTP/1.1 200\tOK", b"HTTP/1.2 200 OK"]
)  # fmt: skip
NOTHING_FOLLOWS = (b"HTTP/1.1 204", b"HTTP/1.1 304")
ANNOUNCING = (b"content-length", b"transfer-encoding")
BODIES = st.sampled_from([b"body", b"", b"4\r\nbody\r\n0\r\n\r\n", b"much longer than it says"])


@settings(max_examples=500, deadline=None)
@given(STATUSES, st.lists(LINES, max_size=5), BODIES)
def test_every_answer_reads_as_python_reads_it(
    status: bytes, lines: list[bytes], body: bytes
) -> None:
    announced = any(line.lower().startswith(ANNOUNCING) for line in lines)
    assume(not (announced and status.startswith(NOTHING_FOLLOWS)))  # which Python waits for
    sent = b"\r\n".join([status, *lines]) + b"\r\n\r\n" + body
    found = seen(PlainResponse, sent, "GET")
    if found is HeadUnreadable:
        assert b"Sp ace: 1" in lines
    else:
        assert found == seen(HTTPResponse, sent, "GET")
