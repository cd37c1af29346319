"""Gunicorn's worker with threads, made patient for a time only and openEO's in its errors."""

from __future__ import annotations

import errno
from http import HTTPStatus
from typing import Any

import orjson
from gunicorn import util
from gunicorn.http import errors as faults
from gunicorn.workers.gthread import TConn, ThreadWorker

from aggregator.errors import Internal, OpenEOError
from aggregator.web.errors import RequestInvalid, new_reference

# Seconds that a client may pause within a request, or within taking in a piece of the answer.
PATIENCE = 30.0
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


class Worker(ThreadWorker):  # type: ignore[misc]
    """Serves connections; a client that stalls costs a thread for `PATIENCE` seconds at most."""

    def accept(self, listener: Any) -> None:
        """Take a connection; as in the base class, but for its time-out."""
        try:
            peer, address = listener.accept()
            self.nr_conns += 1
            self.enqueue_req(_Connection(self.cfg, peer, address, listener.getsockname()))
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Serve one request."""
        req.body.reader = _Body(req.body.reader)
        return super().handle_request(req, conn)

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


def _answer(status: int, error: OpenEOError, reference: str) -> bytes:
    body = orjson.dumps(error.as_json(reference))
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        "Connection: close\r\n"
        "Access-Control-Allow-Origin: *\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
