"""What gunicorn refuses by itself is refused in the form of the protocol that is spoken."""

from __future__ import annotations

import json
import logging
import socket
from typing import Any

import pytest
from gunicorn.http.errors import (
    InvalidHeader,
    InvalidRequestLine,
    InvalidResponseHeader,
    LimitRequestHeaders,
    LimitRequestLine,
)

from backends.identity.web import worker as identity
from backends.web import worker as backend
from backends.worker import ProtocolWorker

LONG_LINE = LimitRequestLine(5000, 4094)
LONG_HEADER = LimitRequestHeaders("limit request headers fields size")


def answer(kind: type[ProtocolWorker], error: Exception) -> tuple[str, dict[str, str], Any]:
    """Status line, headers and body that a client gets."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        kind.handle_error(kind.__new__(kind), None, ours, ("127.0.0.1", 1), error)
        ours.shutdown(socket.SHUT_WR)
        head, _, body = theirs.makefile("rb").read().partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert int(headers["Content-Length"]) == len(body)
    return status, headers, json.loads(body)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (LONG_LINE, 414),
        (LONG_HEADER, 431),
        (InvalidHeader("x"), 400),
        (InvalidRequestLine(""), 400),
    ],
)
def test_a_backend_says_it_as_an_openeo_error(error: Exception, status: int) -> None:
    line, headers, body = answer(backend.Worker, error)
    assert line.startswith(f"HTTP/1.1 {status} ")
    assert headers["Content-Type"] == "application/json"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert (set(body), body["code"]) == ({"id", "code", "message"}, "RequestInvalid")
    assert body["message"] == f"The request is not valid HTTP: {error}"


@pytest.mark.parametrize(("error", "status"), [(LONG_LINE, 414), (LONG_HEADER, 431)])
def test_the_provider_says_it_as_an_error_of_oauth(error: Exception, status: int) -> None:
    line, headers, body = answer(identity.Worker, error)
    assert line.startswith(f"HTTP/1.1 {status} ")
    assert headers["Content-Type"] == "application/json"
    assert body == {
        "error": "invalid_request",
        "error_description": f"The request is not valid HTTP: {error}",
    }


@pytest.mark.parametrize(
    ("kind", "key", "code"),
    [(backend.Worker, "code", "Internal"), (identity.Worker, "error", "server_error")],
)
@pytest.mark.parametrize("error", [RuntimeError("secret"), InvalidResponseHeader("secret")])
def test_a_failure_of_the_server_is_told_without_its_reason(
    kind: type[ProtocolWorker],
    key: str,
    code: str,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        line, _, body = answer(kind, error)
    assert line == "HTTP/1.1 500 Internal Server Error"
    assert body[key] == code
    assert "secret" not in json.dumps(body)
    (record,) = caplog.records
    reference = record.getMessage().rpartition("(")[2].rstrip(")")
    assert reference in json.dumps(body)
