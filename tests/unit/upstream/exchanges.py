"""Exchanges with a scripted backend, as tests of connections have it."""

from __future__ import annotations

import socket
import time
from typing import Any

from aggregator.upstream.client import Client, Request

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
"""Of an answer in JSON; how long it is comes next."""


def ask(client: Client, path: str = "/jobs", deadline: float = 5) -> Any:
    """The document at a path."""
    return client.document(Request("GET", path), None, deadline=deadline, limit=100_000)[1]


def repeatedly(peer: socket.socket) -> None:
    """Answer each request of a connection with its number."""
    number = 0
    while True:
        peer.sendall(HEAD + b'9\r\n\r\n{"nr": %d}' % number)
        number += 1
        if not peer.recv(65536):
            return


def drip(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        peer.sendall(b"x")
        time.sleep(0.02)
