"""Scripted backends: `RawServer` plays bytes on a socket, `FakeBackend` is a small WSGI app."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import orjson

Play = Callable[[socket.socket], None]


class RawServer:
    """Listens on loopback and plays a script on every connection, after reading a request."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._peers: list[socket.socket] = []
        self.stopped = threading.Event()
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopped.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for peer in self._peers:
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self._peers.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with suppress(OSError):
            self.requests.append(_request(peer))
            self._play(peer)
            peer.shutdown(socket.SHUT_RDWR)
        peer.close()


def _request(peer: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        piece = peer.recv(65536)
        if not piece:
            break
        read += piece
    return read


def says(*pieces: bytes) -> Play:
    """A script that sends these bytes and hangs up."""

    def play(peer: socket.socket) -> None:
        for piece in pieces:
            peer.sendall(piece)

    return play


def json_says(body: bytes, status: str = "200 OK", *headers: str) -> Play:
    """A script that sends a whole JSON answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
    head += "".join(f"{line}\r\n" for line in headers)
    return says(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)


Handler = Callable[["Call"], Any]


class Call:
    """A request that reached a `FakeBackend`."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.method = str(environ["REQUEST_METHOD"])
        self.path = str(environ["PATH_INFO"])
        self.query = str(environ["QUERY_STRING"])
        self.authorization: str | None = environ.get("HTTP_AUTHORIZATION")
        self.headers = {k[5:]: v for k, v in environ.items() if k.startswith("HTTP_")}
        self.body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))

    @property
    def document(self) -> Any:
        """The JSON body."""
        return orjson.loads(self.body)


class Reply:
    """What a handler may answer instead of a plain JSON document."""

    def __init__(
        self,
        status: int = 200,
        document: Any = None,
        headers: dict[str, str] | None = None,
        body: Iterable[bytes] | None = None,
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        self.body = body
        if body is None:
            data = b"" if document is None else orjson.dumps(document)
            self.body = [data]
            self.headers.setdefault("Content-Length", str(len(data)))
            if document is not None:
                self.headers.setdefault("Content-Type", "application/json")


class FakeBackend:
    """A WSGI app of literal answers: `answers["GET /jobs"]` is a document, a Reply or a handler.

    A key that ends with `*` answers every path that begins so. `calls` holds what came.
    """

    def __init__(self, answers: dict[str, Any], root: str = "") -> None:
        self.answers = answers
        self.root = root
        self.calls: list[Call] = []
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        call = Call(environ)
        with self._lock:
            self.calls.append(call)
        answer = self._found(call)
        if callable(answer):
            answer = answer(call)
        reply = answer if isinstance(answer, Reply) else Reply(200, answer)
        start(f"{reply.status} Status", list(reply.headers.items()))
        assert reply.body is not None
        return reply.body

    def asked(self, method: str, path: str) -> list[Call]:
        """The calls of that method and path."""
        with self._lock:
            return [c for c in self.calls if (c.method, c.path) == (method, self.root + path)]

    def _found(self, call: Call) -> Any:
        key = f"{call.method} {call.path.removeprefix(self.root)}"
        if key in self.answers:
            return self.answers[key]
        for pattern, answer in self.answers.items():
            if pattern.endswith("*") and key.startswith(pattern[:-1]):
                return answer
        return Reply(404, {"id": "r-1", "code": "NotFound", "message": "Nothing is here."})
