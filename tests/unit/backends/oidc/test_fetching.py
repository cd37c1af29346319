"""What a provider answers, fetched over real connections: itself, in time, and not too much."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from backends.errors import OpenEOError
from backends.oidc.issuer import fetch_json
from tests.unit.backends.test_addresses import moved, ok, serving


def test_an_object_is_what_it_gives() -> None:
    with serving(ok(b'{"issuer": "x"}')) as (url, requests):
        assert fetch_json(f"{url}/.well-known/x", 5) == {"issuer": "x"}
    assert b"Authorization" not in requests[0]


def test_the_token_is_sent_where_it_is_wanted() -> None:
    with serving(ok(b'{"sub": "alice"}')) as (url, requests):
        assert fetch_json(f"{url}/me", 5, "t-o-k-e-n") == {"sub": "alice"}
    assert b"Authorization: Bearer t-o-k-e-n\r\n" in requests[0]


def test_nobody_else_is_asked_nor_gets_the_token() -> None:
    with serving(ok(b"{}")) as (other, asked), serving(moved(f"{other}/me")) as (url, _):
        with pytest.raises(OpenEOError) as caught:
            fetch_json(f"{url}/me", 5, "t-o-k-e-n")
        assert not asked
        socket.create_connection(("127.0.0.1", int(other.rpartition(":")[2]))).close()
    assert caught.value.code == "UrlNotAvailable"
    assert "t-o-k-e-n" not in caught.value.message


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"[]"),
        ok(b"no json"),
        ok(b"\xff\xfe"),
        ok(json.dumps({"x": "y" * (1 << 20)}).encode()),
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"",
    ],
)
def test_whatever_else_comes_is_an_error(answer: bytes) -> None:
    with serving(answer) as (url, _), pytest.raises(OpenEOError):
        fetch_json(url, 5)


def test_waiting_ends_at_the_deadline() -> None:
    def silence(connection: Any) -> None:
        connection.settimeout(10)
        connection.recv(1)

    with serving(silence) as (url, _), pytest.raises(OpenEOError, match="takes too long"):
        fetch_json(url, 0.2)
