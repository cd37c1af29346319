"""Gunicorn's worker with threads, made patient for a time only and openEO's in its errors.

A request is handed from the thread that watches the connections to one that serves, and back.
Each hand-over takes about as long as a look-up, so a thread that is not needed elsewhere waits a
moment for the next request of the connection it has just served.

A client that stalls costs no thread until its request is there (`arrivals`), and `HURRY` seconds at
most where there are as many connections as there can be. If it stalls within a
large body, or takes in the answer slowly, it costs one for `PATIENCE` seconds per 64 KiB, and for
`HURRY` seconds while others wait for a thread.
"""

from __future__ import annotations

import errno
import select
import selectors
import socket
import time
from collections import deque
from contextlib import suppress
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import errors as faults
from gunicorn.http import wsgi
from gunicorn.workers.gthread import TConn, ThreadWorker

from aggregator.errors import Internal, OpenEOError
from aggregator.web.access_log import AFTERWARDS
from aggregator.web.arrivals import arrived, wake_at, wanted
from aggregator.web.errors import RequestInvalid, body_of, new_reference
from aggregator.web.plain_requests import PlainRequest

# Seconds that a client may take for a request's head, for 64 KiB of its body or of the answer.
PATIENCE = 30.0
HURRY = 3.0
PIECE = 64 * 1024
# Milliseconds that a thread stays with a connection for its next request.
LINGER = 5
_STATUSES: dict[type[Exception], int] = {
    faults.LimitRequestLine: 414,
    faults.LimitRequestHeaders: 431,
    faults.ExpectationFailed: 417,
    faults.UnsupportedTransferCoding: 501,
}


class _Connection(TConn):  # type: ignore[misc]
    """A connection, `accepted` at a moment.

    `wanted` bytes are waited for, and since `since` a thread waits for it.
    """

    wanted = 0
    since: float | None = None
    accepted = 0.0

    def init(self) -> None:
        super().init()
        self.parser.mesg_class = PlainRequest
        self.sock.settimeout(PATIENCE)

    def is_there(self) -> bool:
        """Whether a thread can serve its request now; if not, it is readable when one can."""
        try:
            data = arrived(self.sock)
        except BlockingIOError:
            return False
        except OSError:
            return True
        more = wanted(data)
        # Readable with less than was waited for: there will not be more.
        ended = not data or len(data) < self.wanted
        before, self.wanted = self.wanted, 0 if ended else more
        if before != self.wanted:
            with suppress(OSError):
                wake_at(self.sock, self.wanted or 1)
        return self.wanted == 0


class _Body:
    """Reads a body; one that is malformed is, for the app, one that breaks off."""

    def __init__(self, reader: Any, conn: _Connection) -> None:
        self._reader, self._conn = reader, conn
        self._spent, self._size = 0.0, 0

    @property
    def left(self) -> int:
        """Bytes that nobody has read yet; 0 where the length of the body is not known."""
        return int(getattr(self._reader, "length", 0))

    def read(self, size: int) -> bytes:
        begun = time.monotonic()
        self._conn.since = begun - self._spent
        try:
            data: bytes = self._reader.read(size)
        except faults.ParseException as error:
            raise OSError(errno.EPROTO, "malformed body") from error
        finally:
            self._conn.since = None
        self._size += len(data)
        self._spent += time.monotonic() - begun
        if self._size >= PIECE:
            self._spent, self._size = 0.0, 0
        return data


class _Outgoing:
    """A socket that sends the head of an answer together with what follows it."""

    def __init__(self, conn: Any) -> None:
        self._conn, self._sock = conn, conn.sock
        self._held = b""
        self._holding = False

    def hold(self) -> None:
        """Keep what comes next until there is more to send, or a flush."""
        self._holding = True

    def sendall(self, data: bytes) -> None:
        """Send."""
        if self._holding:
            self._holding, self._held = False, data
            return
        held, self._held = self._held, b""
        self._conn.since = time.monotonic()
        try:
            self._sock.sendall(held + data if held else data)
        finally:
            self._conn.since = None

    def flush(self) -> None:
        """Send what is still kept."""
        if self._held:
            self.sendall(b"")


class _Response(wsgi.Response):  # type: ignore[misc]
    """Saves the client from waking up twice for a small answer."""

    def __init__(self, req: Any, _sock: Any, cfg: Any, conn: Any) -> None:
        super().__init__(req, _Outgoing(conn), cfg)

    def default_headers(self) -> list[str]:
        """The lines before the app's own; the date is written once a second."""
        major, minor = self.req.version
        lines = [
            f"HTTP/{major}.{minor} {self.status}\r\n",
            f"Server: {self.version}\r\n",
            f"Date: {_date(int(time.time()))}\r\n",
            f"Connection: {'close' if self.should_close() else 'keep-alive'}\r\n",
        ]
        return [*lines, "Transfer-Encoding: chunked\r\n"] if self.chunked else lines

    def send_headers(self) -> None:
        if not self.headers_sent:
            # Of a body that was refused no more than a piece is read on: the connection ends then,
            # which a client has to know before it sends its next request.
            body = self.req.body.reader
            if self.status_code == 413 or (isinstance(body, _Body) and body.left >= PIECE):
                self.force_close()
            self.sock.hold()
            super().send_headers()

    def close(self) -> None:
        super().close()
        self.sock.flush()


class Worker(ThreadWorker):  # type: ignore[misc]
    """Serves connections."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._waiting: deque[Any] = deque()
        self._serving: set[Any] = set()

    def accept(self, listener: Any) -> None:
        """Take a connection, and wait for its request."""
        try:
            peer, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        conn = _Connection(self.cfg, peer, address, listener.getsockname())
        conn.accepted = time.monotonic()
        conn.timeout = conn.accepted + PATIENCE
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """Serve a new connection once its request is there."""
        if conn.is_there():
            super().on_pending_socket_readable(conn, client)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """Serve a kept connection once another request is there."""
        begins = not conn.wanted
        if conn.is_there():
            super().on_client_socket_readable(conn, client)
        elif begins and self.alive:  # it is not idle any more
            self.keepalived_conns.remove(conn)
            conn.timeout = time.monotonic() + max(PATIENCE, self.cfg.keepalive)
            self.keepalived_conns.append(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def murder_pending(self) -> None:
        """End connections whose requests do not come, and those that hold threads for too long.

        Where no more connections can be taken, those that have sent no request have less time.
        """
        if self.nr_conns >= self.worker_connections:
            for conn in self.pending_conns:
                conn.timeout = min(conn.timeout, conn.accepted + HURRY)
        super().murder_pending()
        now, patience = time.monotonic(), HURRY if self._waiting else PATIENCE
        for conn in list(self._serving):
            since = conn.since
            if since is not None and now - since > patience:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection to a thread."""
        self._waiting.append(conn)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve a request, and those that follow it closely, in a thread; whether to keep on."""
        self._waiting.popleft()  # whichever it is: their number counts
        self._serving.add(conn)
        try:
            kept = self._handle_one(conn)
            while kept is True and self._at_leisure and _has_more(conn):
                kept = self._handle_one(conn)
            return kept
        finally:
            self._serving.discard(conn)

    def _handle_one(self, conn: Any) -> Any:
        conn.since = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            conn.since = None

    @property
    def _at_leisure(self) -> bool:
        """Whether no connection waits, and half of the threads are free for those to come."""
        return self.alive and not self._waiting and 2 * len(self._serving) <= self.cfg.threads

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Serve one request; whether the connection may be used again."""
        conn.since = None
        req.body.reader = _Body(req.body.reader, conn)
        response, environ = wsgi.create(
            req, conn.sock, conn.client, conn.server, self.cfg, _Response, (conn,)
        )
        environ["wsgi.multithread"] = True
        environ[AFTERWARDS] = []
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            response.force_close()
        try:
            self._respond(environ, response)
        except OSError:
            raise
        except Exception as error:
            if not response.headers_sent:
                raise
            # The connection ends within the answer: nothing else says that it is not whole.
            if isinstance(error, OpenEOError):
                self.log.warning("an answer broke off: %s", error.logged)
            else:
                self.log.error("an answer broke off", exc_info=error)
            util.close_graceful(conn.sock)
            raise StopIteration from error
        return not response.should_close()

    def _respond(self, environ: dict[str, Any], response: _Response) -> None:
        close: Any = None
        try:
            pieces = self.wsgi(environ, response.start_response)
            close = getattr(pieces, "close", None)
            for piece in pieces:
                response.write(piece)
                _do_what_waited(environ)
            response.close()
        finally:
            try:
                if close is not None:
                    close()
            finally:
                _do_what_waited(environ)

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: Exception) -> None:
        """Answer what is no HTTP, or a failure of the app, with an openEO error."""
        reference = new_reference()
        is_answer = isinstance(exc, faults.InvalidResponseHeader | faults.InvalidResponseHeaderName)
        if isinstance(exc, faults.ParseException) and not is_answer:
            self.log.warning("%s: invalid request: %s", reference, type(exc).__name__)
            status = _STATUSES.get(type(exc), 400)
            error: OpenEOError = RequestInvalid(f"The request is not valid HTTP: {exc}")
        else:
            self.log.error("%s: a request failed", reference, exc_info=exc)
            status, error = 500, Internal(f"please report the reference {reference}.")
        try:
            util.write_nonblock(client, _answer(status, error, reference))
        except OSError:
            self.log.debug("The client has gone.")


def _do_what_waited(environ: dict[str, Any]) -> None:
    """Once the first piece of an answer is on its way: the last of a large one may never be."""
    waiting: list[Any] = environ[AFTERWARDS]
    while waiting:
        waiting.pop()()


@lru_cache(2)
def _date(second: int) -> str:
    return str(util.http_date(second))


def _has_more(conn: Any) -> bool:
    """Whether another request comes on a connection that has just been served, very soon."""
    if conn.parser.unreader.buf.getvalue():
        return True
    soon = select.poll()
    soon.register(conn.sock, select.POLLIN)
    return bool(soon.poll(LINGER)) and bool(conn.is_there())


def _answer(status: int, error: OpenEOError, reference: str) -> bytes:
    body = body_of(error, reference)
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        "Connection: close\r\n"
        "Access-Control-Allow-Origin: *\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
