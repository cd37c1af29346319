"""When a request is there: what a thread can be given."""

from __future__ import annotations

import socket

import pytest

from aggregator.web.arrivals import BODY, HEAD, arrived, wake_at, wanted

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /result HTTP/1.1\r\nContent-Length: %d\r\nHost: x\r\n\r\n"
THERE = {
    "a request without a body": GET,
    "one with its body": POST % 2 + b"{}",
    "two at once": GET + GET[:10],
    "the beginning of a large body": POST % 10_000_000 + b"x" * BODY,
    "a body in chunks": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a client that waits to be told": b"POST / HTTP/1.1\r\nContent-Length: 9\r\n"
    b"expect: 100-continue\r\n\r\n",
    "a length that is none": b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    "lines that end otherwise": b"GET / HTTP/1.1\nHost: x\n\n",
    "a head without an end": b"GET / HTTP/1.1\r\nX: " + b"a" * HEAD,
}
STILL_COMING = {
    "nothing": (b"", 1),
    "half a head": (GET[:-2], len(GET) - 1),
    "a head without its body": (POST % 10, len(POST % 10) + 10),
    "half a body": (POST % 10 + b"12345", len(POST % 10) + 10),
    "some of a large body": (POST % 10_000_000 + b"x", len(POST % 10_000_000) + BODY),
    "a length in other letters": (b"P / HTTP/1.1\r\ncontent-length:7\r\n\r\n", 41),
}


@pytest.mark.parametrize("name", THERE)
def test_a_thread_can_go_on_with(name: str) -> None:
    assert wanted(THERE[name]) == 0


@pytest.mark.parametrize("name", STILL_COMING)
def test_more_is_waited_for_with(name: str) -> None:
    data, size = STILL_COMING[name]
    assert wanted(data) == size


def test_what_has_come_is_looked_at_and_left() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        large = POST % 50_000 + b"x" * 40_000
        theirs.sendall(large)
        assert arrived(ours) == large
        assert ours.recv(1_000_000) == large


def test_a_socket_is_readable_from_so_many_bytes_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    with ours, theirs:
        wake_at(ours, 5)
        ours.settimeout(0.2)
        theirs.sendall(b"1234")
        with pytest.raises(TimeoutError):
            ours.recv(10)
        theirs.sendall(b"5")
        assert ours.recv(10) == b"12345"
