"""Gunicorn's worker with threads, made to refuse what is no HTTP in the form of a protocol."""

import json
import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from gunicorn import util
from gunicorn.http import errors as faults
from gunicorn.workers.gthread import ThreadWorker

LOG: Final = logging.getLogger(__name__)
STATUSES: Final[Mapping[type[Exception], int]] = {
    faults.LimitRequestLine: 414,
    faults.LimitRequestHeaders: 431,
    faults.ExpectationFailed: 417,
    faults.UnsupportedTransferCoding: 501,
}
OWN_FAULTS: Final = (faults.InvalidResponseHeader, faults.InvalidResponseHeaderName)


class ProtocolWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Serves requests; those that no application gets to see are answered with ``refusal``."""

    @staticmethod
    def refusal(status: int, message: str, reference: str) -> Mapping[str, Any]:
        """The body of an error, as JSON, in the form of what is served."""
        raise NotImplementedError

    def handle_error(self, _req: object, client: Any, _addr: object, exc: Exception) -> None:
        """Answer a request that cannot be read, or one that the application failed on."""
        reference = f"r-{secrets.token_hex(8)}"
        if isinstance(exc, faults.ParseException) and not isinstance(exc, OWN_FAULTS):
            LOG.warning("invalid request: %s (%s)", type(exc).__name__, reference)
            status, message = STATUSES.get(type(exc), 400), f"The request is not valid HTTP: {exc}"
        else:
            LOG.error("a request failed unexpectedly (%s)", reference, exc_info=exc)
            status, message = 500, f"The server failed unexpectedly (error {reference})."
        body = json.dumps(self.refusal(status, message, reference)).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            "Connection: close\r\n"
            "Access-Control-Allow-Origin: *\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        try:
            util.write_nonblock(client, head.encode() + body)
        except OSError:
            LOG.debug("the client has gone")
