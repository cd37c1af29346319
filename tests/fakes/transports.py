"""Transports of requests that reach a WSGI app, or nothing, without a socket."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication

import requests
import urllib3
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPHeaderDict


class WsgiAdapter(BaseAdapter):
    """Calls the WSGI app whose URL the request's begins with; any other host refuses.

    `down` holds the URLs whose apps refuse connections; `asked` are the requests that came.
    """

    def __init__(self, apps: Mapping[str, WSGIApplication]) -> None:
        super().__init__()
        self.apps = dict(apps)
        self.down: set[str] = set()
        self.asked: list[requests.PreparedRequest] = []
        self._lock = threading.Lock()

    def send(self, request: requests.PreparedRequest, *args: Any, **kw: Any) -> requests.Response:
        with self._lock:
            self.asked.append(request)
        for url, app in self.apps.items():
            if str(request.url).startswith(url) and url not in self.down:
                return _called(app, request)
        raise requests.ConnectionError(ConnectionRefusedError("refused"))

    def close(self) -> None:
        """Nothing is open."""


class FailingAdapter(BaseAdapter):
    """Raises the same error for each request."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def send(self, *args: Any, **kw: Any) -> requests.Response:
        raise self.error

    def close(self) -> None:
        """Nothing is open."""


class _Body(io.RawIOBase):
    """What an app yields, read piece by piece."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._iterable = pieces
        self._pieces: Iterator[bytes] = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def read(self, size: int = -1) -> bytes:
        return self.read1(size)

    def close(self) -> None:
        closing: Callable[[], None] | None = getattr(self._iterable, "close", None)
        if closing is not None and not self.closed:
            closing()
        super().close()


def _called(app: WSGIApplication, request: requests.PreparedRequest) -> requests.Response:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
        started.append((status, headers))
        return lambda data: None

    result = app(_environ(request), _typed(start))
    body = _Body(result)
    first = body.read1(1) if not started else b""
    body._rest = first + body._rest
    status, headers = started[-1]
    response = requests.Response()
    response.status_code = int(status.split()[0])
    response.headers = CaseInsensitiveDict(headers)
    response.url = str(request.url)
    response.request = request
    response.raw = urllib3.HTTPResponse(
        body, headers=HTTPHeaderDict(headers), status=response.status_code, preload_content=False
    )
    return response


def _typed(start: Any) -> StartResponse:
    typed: StartResponse = start
    return typed


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    url = urlsplit(str(request.url))
    body: Any = request.body or b""
    if hasattr(body, "read"):
        body = b"".join(iter(partial(body.read, 65536), b""))
    data = body.encode() if isinstance(body, str) else bytes(body)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path, "latin-1"),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(data),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ
