"""Gunicorn's worker with threads, made patient for a time only and openEO's in its errors.

A request is handed from the thread that watches the connections to one that serves, and back.
Each hand-over takes about as long as a look-up, so a thread that is not needed elsewhere waits a
moment for the next request of the connection it has just served.
"""

from __future__ import annotations

import errno
import select
from collections import deque
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import errors as faults
from gunicorn.http import wsgi
from gunicorn.workers.gthread import TConn, ThreadWorker

from aggregator.errors import Internal, OpenEOError
from aggregator.web.errors import RequestInvalid, body_of, new_reference

# Seconds that a client may pause within a request, or within taking in a piece of the answer.
PATIENCE = 30.0
# Milliseconds that a thread stays with a connection for its next request.
LINGER = 5
_STATUSES: dict[type[Exception], int] = {
    faults.LimitRequestLine: 414,
    faults.LimitRequestHeaders: 431,
    faults.ExpectationFailed: 417,
    faults.UnsupportedTransferCoding: 501,
}


class _Connection(TConn):  # type: ignore[misc]
    def init(self) -> None:
        super().init()
        self.sock.settimeout(PATIENCE)


class _Body:
    """Reads a body; one that is malformed is, for the app, one that breaks off."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def read(self, size: int) -> bytes:
        try:
            data: bytes = self._reader.read(size)
        except faults.ParseException as error:
            raise OSError(errno.EPROTO, "malformed body") from error
        return data


class _Outgoing:
    """A socket that sends the head of an answer together with what follows it."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
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
        self._sock.sendall(held + data if held else data)

    def flush(self) -> None:
        """Send what is still kept."""
        if self._held:
            self.sendall(b"")


class _Response(wsgi.Response):  # type: ignore[misc]
    """Saves the client from waking up twice for a small answer."""

    def __init__(self, req: Any, sock: Any, cfg: Any) -> None:
        super().__init__(req, _Outgoing(sock), cfg)

    def send_headers(self) -> None:
        if not self.headers_sent:
            self.sock.hold()
            super().send_headers()

    def close(self) -> None:
        super().close()
        self.sock.flush()


class Worker(ThreadWorker):  # type: ignore[misc]
    """Serves connections; a client that stalls costs a thread for `PATIENCE` seconds at most."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._waiting: deque[Any] = deque()
        self._serving: list[Any] = []

    def accept(self, listener: Any) -> None:
        """Take a connection; as in the base class, but for its time-out."""
        try:
            peer, address = listener.accept()
            self.nr_conns += 1
            self.enqueue_req(_Connection(self.cfg, peer, address, listener.getsockname()))
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection to a thread."""
        self._waiting.append(conn)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve a request, and those that follow it closely, in a thread; whether to keep on."""
        self._waiting.popleft()  # whichever it is: their number counts
        self._serving.append(conn)
        try:
            kept = super().handle(conn)
            while kept is True and self._at_leisure and _has_more(conn):
                kept = super().handle(conn)
            return kept
        finally:
            self._serving.pop()

    @property
    def _at_leisure(self) -> bool:
        """Whether no connection waits, and half of the threads are free for those to come."""
        return self.alive and not self._waiting and 2 * len(self._serving) <= self.cfg.threads

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Serve one request; whether the connection may be used again."""
        req.body.reader = _Body(req.body.reader)
        response, environ = wsgi.create(
            req, conn.sock, conn.client, conn.server, self.cfg, response_class=_Response
        )
        environ["wsgi.multithread"] = True
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
            self.log.error("an answer broke off", exc_info=error)
            util.close_graceful(conn.sock)
            raise StopIteration from error
        return not response.should_close()

    def _respond(self, environ: dict[str, Any], response: _Response) -> None:
        pieces = self.wsgi(environ, response.start_response)
        try:
            for piece in pieces:
                response.write(piece)
            response.close()
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

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


def _has_more(conn: Any) -> bool:
    """Whether another request comes on a connection that has just been served, very soon."""
    if conn.parser.unreader.buf.getvalue():
        return True
    soon = select.poll()
    soon.register(conn.sock, select.POLLIN)
    return bool(soon.poll(LINGER))


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
