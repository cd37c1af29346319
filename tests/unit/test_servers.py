"""What the servers of tests do with clients that behave badly."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from tests.fakes.servers import served

RESET = struct.pack("ii", 1, 0)


class Answer:
    """Sent, but not yet at its end when the client goes."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield b"x"
        self.gone.wait(30)

    def close(self) -> None:
        self.closed.set()


def test_an_answer_is_closed_although_its_client_reset_the_connection() -> None:
    answer = Answer()

    def app(environ: Any, start: Any) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "1")])
        return answer

    with served(app) as url:
        host, port = url.removeprefix("http://").split(":")
        client = socket.create_connection((host, int(port)), timeout=30)
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()
        answer.gone.set()
        assert answer.closed.wait(30)
