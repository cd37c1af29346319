"""A load generator over keep-alive sockets: requests per second and latencies.

Written for two cores: plain sockets and no parsing beyond the head, so that most of
the machine is left to the server that is measured.
"""

from __future__ import annotations

import io
import socket
import statistics
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

DEADLINE = 30.0


@dataclass(frozen=True)
class Request:
    """One request, repeated by the load."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def encoded(self) -> bytes:
        """The request as it goes over the wire."""
        parts = urlsplit(self.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = {"Host": parts.netloc, "Content-Length": str(len(self.body)), **self.headers}
        lines = [f"{self.method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in head.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.body


@dataclass(frozen=True)
class Figures:
    """What a load saw: rate per second, latencies in ms, body bytes, statuses.

    `first` is the latency of the first request, with opening its connection.
    """

    rate: float
    first: float
    p50: float
    p95: float
    body_bytes: int
    failures: int


class Connection:
    """One keep-alive connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.socket = socket.create_connection(address, timeout=DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw = self.socket.makefile("rb", buffering=262144)
        self.stream = cast(io.BufferedReader, raw)

    def exchange(self, request: bytes) -> tuple[int, int]:
        """Sends the request and reads the whole answer: status, body bytes."""
        self.socket.sendall(request)
        status = int(self.stream.readline().split()[1])
        length, chunked = 0, False
        while (line := self.stream.readline().lower()) not in (b"\r\n", b""):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            elif line.startswith(b"transfer-encoding:"):
                chunked = b"chunked" in line
        return status, self._chunks() if chunked else self._skip(length)

    def _skip(self, length: int) -> int:
        left = length
        while left:
            left -= len(self.stream.read1(min(left, 262144)))
        return length

    def _chunks(self) -> int:
        total = 0
        while size := int(self.stream.readline(), 16):
            total += self._skip(size)
            self.stream.readline()
        self.stream.readline()
        return total

    def close(self) -> None:
        """Ends the connection."""
        self.stream.close()
        self.socket.close()


def measure(request: Request, connections: int, seconds: float) -> Figures:
    """Repeats the request on so many connections for so long."""
    encoded = request.encoded()
    taken: list[float] = []
    seen: list[tuple[int, int]] = []
    stop = time.perf_counter() + seconds

    def work() -> None:
        begun = time.perf_counter()
        connection = Connection(request.url)
        while begun < stop:
            seen.append(connection.exchange(encoded))
            taken.append(time.perf_counter() - begun)
            begun = time.perf_counter()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begun
    ordered = sorted(taken)
    return Figures(
        rate=len(taken) / elapsed,
        first=taken[0] * 1000,
        p50=statistics.median(ordered) * 1000,
        p95=ordered[int(len(ordered) * 0.95)] * 1000,
        body_bytes=max(size for _, size in seen),
        failures=sum(status >= 400 for status, _ in seen),
    )
