"""How requests travel: kept connections, used directly, that end with the `Deadline` in force.

The layers of requests and urllib3 above a connection (cookies, redirects, retries, sessions) do
here what `client` does not want or does itself, and take longer than the exchange with a backend
nearby. What remains of them is the transport's interface, that of an adapter of requests; the
connections, their pools and TLS are urllib3's.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from aggregator.upstream.deadlines import guard
from aggregator.upstream.heads import PlainResponse

# As many pools are kept at most: a backend has one address, and few that it redirects to.
ORIGINS = 32


class _Connection(HTTPConnection):
    """Sends a request in one piece, so that the backend wakes up once, and is guarded.

    A body that is no bytes is sent as it is read, without being kept.
    """

    response_class = PlainResponse
    _held: list[Any] | None = None
    pause: float | None = None

    def request(
        self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any
    ) -> None:
        if body is not None and not isinstance(body, bytes):
            self._upload(method, url, body, headers, options)
            return
        self._held = []
        try:
            super().request(method, url, body, headers, **options)
        finally:
            pieces, self._held = self._held, None
        self.send(b"".join(pieces))

    def _upload(
        self, method: str, url: str, body: Any, headers: Any, options: Mapping[str, Any]
    ) -> None:
        """Send a body piece by piece, under the deadline from the first one on."""
        if self.sock is None:
            self.connect()
        guard(self.sock)
        self.sock.settimeout(self.pause)
        # Who refuses a body answers before its end, and may then take no more of it.
        with suppress(BrokenPipeError, ConnectionResetError):
            super().request(method, url, body, headers, **options)

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)

    def getresponse(self) -> Any:
        guard(self.sock)
        return super().getresponse()


class _SecureConnection(_Connection, HTTPSConnection):
    """Likewise over TLS."""


class _Pool(HTTPConnectionPool):
    """Connections to one address."""

    ConnectionCls = _Connection

    def exchange(
        self, request: PreparedRequest, target: str, timeout: tuple[float, float]
    ) -> HTTPResponse:
        """The answer, its body yet to be read; the connection serves again after that.

        `timeout` is that of connecting and that of one pause, in seconds.
        """
        connection: Any = self._get_conn()
        try:
            connection.timeout, connection.pause = timeout
            connection.request(
                str(request.method),
                target,
                request.body,
                request.headers,
                preload_content=False,
                decode_content=False,
            )
            connection.timeout = connection.pause
            answer: HTTPResponse = connection.getresponse()
        except BaseException:
            connection.close()
            self._put_conn(None)
            raise
        answer._connection, answer._pool = connection, self  # as urllib3 does: see release_conn
        return answer


class _SecurePool(_Pool, HTTPSConnectionPool):
    """Connections to one address over TLS."""

    ConnectionCls = _SecureConnection


class Received(Response):
    """An answer without what nobody asks for here; cookies are the costliest."""

    def __init__(self, url: str, raw: HTTPResponse) -> None:
        self._content_consumed = False
        self.status_code, self.url, self.raw = raw.status, url, raw
        self.headers: Any = raw.headers


class DeadlineAdapter(HTTPAdapter):
    """A pooled transport adapter of requests whose exchanges end with the `Deadline` in force.

    Its errors are those of urllib3, http.client and the system, not yet those of requests.
    """

    def __init__(self, **options: Any) -> None:
        self._pools: dict[str, Any] = {}
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(  # noqa: PLR0917 - as in requests
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        """The answer to a request; with a proxy it takes the usual way through requests."""
        if proxies or cert or verify is not True:
            return super().send(request, stream, timeout, verify, cert, proxies)
        url = str(request.url)
        slash = url.find("/", len("https://"))
        origin, target = (url[:slash], url[slash:]) if slash > 0 else (url, "/")
        return Received(url, self._pool(origin, request).exchange(request, target, timeout))

    def _pool(self, origin: str, request: PreparedRequest) -> Any:
        pool = self._pools.get(origin)
        if pool is None:
            pool = self.get_connection_with_tls_context(request, verify=True)
            self.cert_verify(pool, origin, verify=True, cert=None)  # type: ignore[no-untyped-call]
            if len(self._pools) < ORIGINS:
                self._pools[origin] = pool
        return pool
