"""Requests are read as gunicorn reads them, only sooner where their heads are plain."""

from __future__ import annotations

from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.web.plain_requests import PlainRequest

PLAIN = (
    b"POST /openeo/1.3/result?a=b%20c&d HTTP/1.1\r\n"
    b"Host: federation.test:8080\r\n"
    b"Authorization: Bearer basic//abc.def \r\n"
    b"content-type:application/json\r\n"
    b"Content-Length: 2\r\n"
    b"X: 1\r\n"
    b"x: 2\r\n\r\n"
    b"{}GET / HTTP/1.1\r\n"
)
PEER = ("127.0.0.1", 50000)


def seen(kind: type[Request], sent: bytes, piece: int = 8192, **options: Any) -> Any:
    """All that a reader finds in a request, or the kind of its complaint."""
    config = Config()
    for name, value in {"limit_request_line": 8190, **options}.items():
        config.set(name, value)
    pieces = [sent[start : start + piece] for start in range(0, len(sent), piece)]
    unreader = IterUnreader(pieces)
    try:
        found = kind(config, unreader, PEER)
        target = (found.method, found.uri, found.path, found.query, found.fragment)
        closes = found.should_close()
        body = found.body.read()
        return target, found.version, found.scheme, found.headers, closes, body, unreader.read()
    except (ParseException, OSError, StopIteration) as error:
        return type(error)


def begun_at_once(sent: bytes, piece: int = 8192, **options: Any) -> bool:
    read = []

    class Watched(PlainRequest):
        def _begun_at_once(self, begun: bytes) -> int:
            read.append(super()._begun_at_once(begun))
            return read[-1]

    seen(Watched, sent, piece, **options)
    return read != [] and read[0] > 0


def test_a_plain_head_is_read_at_once() -> None:
    assert begun_at_once(PLAIN)
    assert seen(PlainRequest, PLAIN) == (
        ("POST", "/openeo/1.3/result?a=b%20c&d", "/openeo/1.3/result", "a=b%20c&d", ""),
        (1, 1),
        "http",
        [
            ("HOST", "federation.test:8080"),
            ("AUTHORIZATION", "Bearer basic//abc.def"),
            ("CONTENT-TYPE", "application/json"),
            ("CONTENT-LENGTH", "2"),
            ("X", "1"),
            ("X", "2"),
        ],
        False,
        b"{}",
        b"GET / HTTP/1.1\r\n",
    )
    assert seen(Request, PLAIN) == seen(PlainRequest, PLAIN)


def with_line(line: bytes) -> bytes:
    return PLAIN.replace(b"X: 1", line)


@pytest.mark.parametrize(
    "odd",
    [
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"POST", b"post"),
        PLAIN.replace(b"POST", b"TRACE"),
        PLAIN.replace(b"/openeo", b"//elsewhere"),
        PLAIN.replace(b"/openeo", b"http://elsewhere.test/openeo"),
        PLAIN.replace(b"&d", b"&d#fragment"),
        PLAIN.replace(b"/result", b"/result#fragment"),
        PLAIN.replace(b"/result", b"/r\xe9sult"),
        PLAIN.replace(b"\r\n", b"\n"),
        b"\r\n" + PLAIN,
        b"GET / HTTP/1.1\r\n\r\n",
        with_line(b"Host: elsewhere.test"),
        with_line(b"Content-Type: text/plain"),
        with_line(b"Content-Length: 2"),
        with_line(b"Transfer-Encoding: chunked"),
        with_line(b"Expect: 100-continue"),
        with_line(b"X-Forwarded-Proto: https"),
        with_line(b"X-Forwarded-Ssl: on"),
        with_line(b"X_Forwarded_For: 10.0.0.1"),
        with_line(b"Script_Name: /elsewhere"),
        with_line(b"Folded: a\r\n line"),
        with_line(b"Tab: a\tb"),
        with_line(b"Accent: \xe9"),
        with_line(b"Null: \x00"),
        with_line(b"no field"),
        with_line(b"Space : 1"),
        with_line(b": nameless"),
        with_line(b"\r\n".join(b"N: %d" % number for number in range(100))),
        with_line(b"Long: " + b"x" * 8190),
        b"",
    ],
)
def test_what_is_odd_is_left_to_gunicorn(odd: bytes) -> None:
    assert not begun_at_once(odd)
    assert seen(PlainRequest, odd) == seen(Request, odd)


@pytest.mark.parametrize("limit", [{"limit_request_line": 20}, {"limit_request_field_size": 20}])
def test_limits_are_gunicorns(limit: dict[str, int]) -> None:
    assert not begun_at_once(PLAIN, **limit)
    assert seen(PlainRequest, PLAIN, **limit) is seen(Request, PLAIN, **limit)


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_a_head_in_pieces_is_read_whole(piece: int) -> None:
    assert not begun_at_once(PLAIN, piece)
    assert seen(PlainRequest, PLAIN, piece) == seen(Request, PLAIN, piece)


LINES = st.sampled_from(
    [
        b"Host: a.test",
        b"host:b.test",
        b"Content-Length: 4",
        b"content-length: 0004 ",
        b"Content-Length: 0",
        b"Content-Length: -1",
        b"Content-Length: four",
        b"Content-Length: 4, 4",
        b"Content-Length:",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: identity",
        b"Connection: close",
        b"Connection: Keep-Alive",
        b"Connection: Upgrade",
        b"Upgrade: h2c",
        b"Expect: 100-Continue",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Proto: http",
        b"X-Forwarded-Protocol: ssl",
        b"X_Y: 1",
        b"X-Empty:",
        b"X-Colon: a:b  ",
        b"X-Tab:\t1\t",
        b" folded",
        b"X-Null: \x00",
        b"X-High: \xff",
    ]
)
STARTS = st.sampled_from(
    [b"GET / HTTP/1.1", b"POST /a?b HTTP/1.1", b"POST /a? HTTP/1.1", b"PUT /a:b/c;d HTTP/1.1",
     b"GET /?a?b HTTP/1.1", b"GET /a#b HTTP/1.1", b"GET //a/b HTTP/1.1", b"GET a/b HTTP/1.1",
     b"OPTIONS * HTTP/1.1", b"GET /[a] HTTP/1.1", b"GET /a  HTTP/1.1", b"GET /a HTTP/1.10",
     b"GET /a HTTP/2.0", b"CONNECT a.test:1 HTTP/1.1", b"DELETE /%2f%00 HTTP/1.1", b"GET"]
)  # fmt: skip
BODIES = st.sampled_from([b"body", b"", b"4\r\nbody\r\n0\r\n\r\n", b"much longer than it says"])


@settings(max_examples=500, deadline=None)
@given(STARTS, st.lists(LINES, max_size=5), BODIES)
def test_every_request_reads_as_gunicorn_reads_it(
    start: bytes, lines: list[bytes], body: bytes
) -> None:
    sent = b"\r\n".join([start, *lines]) + b"\r\n\r\n" + body
    assert seen(PlainRequest, sent) == seen(Request, sent)
