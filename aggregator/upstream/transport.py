"""How requests travel: kept connections, used directly, that end with the `Deadline` in force.

The layers of requests and urllib3 above a connection (cookies, redirects, retries, sessions) do
here what `client` does not want or does itself, and take longer than the exchange with a backend
nearby. What remains of them is the transport's interface, that of an adapter of requests; the
connections, their pools and TLS are urllib3's.
"""

from __future__ import annotations

import re
import select
from contextlib import suppress
from functools import cached_property
from ipaddress import ip_address
from queue import Empty, Full, LifoQueue
from socket import socket
from ssl import SSLError, SSLSocket
from typing import Any, cast

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from aggregator.upstream.deadlines import guard, in_force, in_time, release
from aggregator.upstream.heads import Begun, PlainResponse
from aggregator.upstream.sized import SizedAnswer, sized

# As many pools are kept at most: a backend has one address, and few that it redirects to.
ORIGINS = 32
# Bytes that are read of an answer at once.
PIECE = 64 * 1024
UNREAD: dict[str, Any] = {"preload_content": False, "decode_content": False}
# Who refuses a body answers before its end, and may then take no more of it.
REFUSED = (BrokenPipeError, ConnectionResetError)
Raw = HTTPResponse | SizedAnswer
_TARGET = re.compile(r"[\x21-\x7e]+")
_LINE = re.compile(r"[\t\x20-\x7e\x80-\xff]+")


class NoSecureConnectionError(SSLError):
    """The handshake has failed, so that nothing was sent."""


class _Connection(HTTPConnection):
    """Exchanges one request after another, each under the deadline in force.

    A request with a body that is there goes out in one piece, so that the backend wakes up once;
    any other body is sent as it is read, without being kept.
    """

    response_class = PlainResponse
    pause: float | None = None

    def connect(self) -> None:
        """Open it."""
        super().connect()
        self._news = select.poll()
        self._news.register(self.sock, select.POLLIN)

    def _new_conn(self) -> socket:
        """A socket; the system's resolver is left behind where it hangs."""
        deadline = in_force()
        if deadline is None or _is_address(self._dns_host):
            return super()._new_conn()
        return in_time(super()._new_conn, deadline.remaining, socket.close)

    @property
    def is_connected(self) -> bool:
        """Whether it is open, and nothing has come since the last answer, such as its end."""
        return self.sock is not None and not self._news.poll(0)

    def exchange(self, request: PreparedRequest, target: str, pool: Any) -> Raw:
        """The answer, its body yet to be read; after that the connection is the pool's again."""
        body = request.body
        if body is not None and not isinstance(body, bytes):
            return _handed_on(self._uploaded(request, target), self, pool)
        sent = self._head(request, target) + (body or b"")
        if self.sock is None:
            self.connect()
        guard(self.sock)
        self.sock.settimeout(self.pause)
        with suppress(*REFUSED):
            self.sock.sendall(sent)
        return self._answered(str(request.method), target, pool)

    def getresponse(self) -> Any:
        """The answer to what went the usual way, its body yet to be read."""
        guard(self.sock)
        return super().getresponse()

    def _uploaded(self, request: PreparedRequest, target: str) -> HTTPResponse:
        if self.sock is None:
            self.connect()
        guard(self.sock)
        self.timeout = self.pause
        with suppress(*REFUSED):
            self.request(str(request.method), target, request.body, request.headers, **UNREAD)
        answer: HTTPResponse = self.getresponse()
        return answer

    def _head(self, request: PreparedRequest, target: str) -> bytes:
        """Raises ValueError if a line would not stay one."""
        headers = request.headers
        if not _TARGET.fullmatch(target):
            raise ValueError("an address that is not quoted")
        lines = [f"{request.method} {target} HTTP/1.1", self._host]
        if "Accept-Encoding" not in headers:
            lines.append("Accept-Encoding: identity")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if not all(map(_LINE.fullmatch, lines)):
            raise ValueError("a request with control characters")
        return "\r\n".join([*lines, "\r\n"]).encode("latin-1")

    @cached_property
    def _host(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"Host: {name}" + ("" if self.port == self.default_port else f":{self.port}")

    def _answered(self, method: str, target: str, pool: Any) -> Raw:
        begun = self.sock.recv(PIECE)
        known = sized(begun, method)
        if known is not None:
            head, fields = known
            return SizedAnswer(head, fields, begun[head.size :], self, pool)
        found = PlainResponse(cast("Any", Begun(self.sock, begun)), method=method)
        try:
            found.begin()
        except BaseException:
            found.close()
            raise
        if found.will_close:
            self.close()  # to be opened anew; the answer keeps what it reads from
        answer = HTTPResponse(
            found,
            HTTPHeaderDict(found.headers.items()),
            found.status,
            found.version,
            reason=found.reason,
            original_response=found,
            request_method=method,
            request_url=target,
            **UNREAD,
        )
        return _handed_on(answer, self, pool)


def _handed_on(answer: HTTPResponse, connection: _Connection, pool: Any) -> HTTPResponse:
    """The answer that gives its connection back to the pool, as urllib3 does: see release_conn."""
    answer._connection, answer._pool = connection, pool
    return answer


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(host))
    return False


class _SecureConnection(_Connection, HTTPSConnection):
    """Likewise over TLS."""

    def connect(self) -> None:
        """Open it. Raises NoSecureConnectionError."""
        try:
            super().connect()
        except SSLError as error:
            raise NoSecureConnectionError(*error.args) from error

    @property
    def is_connected(self) -> bool:
        """Likewise; what was decrypted already is on no wire any more."""
        left = self.sock.pending() if isinstance(self.sock, SSLSocket) else 0
        return super().is_connected and not left


class _Idle(LifoQueue[Any]):
    """Connections that wait to be used again; nobody waits for one, so that no lock is needed."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002
        """Keep a connection. Raises Full if there are enough."""
        if item is not None:  # with which urllib3 keeps room for those to come
            if len(self.queue) >= self.maxsize:
                raise Full
            self.queue.append(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ARG002
        """The connection that was used last. Raises Empty if there is none."""
        try:
            return self.queue.pop()
        except IndexError:
            raise Empty from None


class _Pool(HTTPConnectionPool):
    """Connections to one address."""

    ConnectionCls = _Connection
    QueueCls = _Idle

    def exchange(self, request: PreparedRequest, target: str, timeout: tuple[float, float]) -> Raw:
        """The answer, its body yet to be read; the connection serves again after that.

        `timeout` is that of connecting and that of one pause, in seconds.
        """
        connection: Any = self._get_conn()
        try:
            connection.timeout, connection.pause = timeout
            answer: Raw = connection.exchange(request, target, self)
        except BaseException:
            connection.close()
            self._put_conn(None)
            raise
        return answer

    def _put_conn(self, conn: Any) -> None:
        """Take a connection back, which no longer ends with the deadline in force.

        It comes with the last piece of an answer, of which a slow reader may make use for long.
        """
        if conn is not None:
            release(conn.sock)
        super()._put_conn(conn)


class _SecurePool(_Pool, HTTPSConnectionPool):
    """Connections to one address over TLS."""

    ConnectionCls = _SecureConnection
    QueueCls = _Idle


POOLS = {"http": _Pool, "https": _SecurePool}


class Received(Response):
    """An answer without what nobody asks for here; cookies are the costliest."""

    def __init__(self, url: str, raw: Raw) -> None:
        self._content_consumed = False
        self.status_code, self.url, self.raw = raw.status, url, cast("Any", raw)
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
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """The pools of connections through a proxy, as careful as the others."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager

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
