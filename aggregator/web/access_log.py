"""A line per request, with the backend that took it: no tokens, no query, no body.

A query may hold a signature. The line is written as soon as the answer has begun to be sent, if the
server can do so, since the client need not wait for it; it tells how long that took.
"""

from __future__ import annotations

import logging
import time
from functools import partial

from flask import Flask, Response, g, request

from aggregator.web.errors import in_one_line, reference

LOG = logging.getLogger("aggregator.access")
AFTERWARDS = "federation.afterwards"
"""A server's list, in the environment of a request, of what it calls when the answer has begun."""


def install(app: Flask) -> None:
    """Log each request."""

    @app.before_request
    def started() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def ended(response: Response) -> Response:
        if LOG.isEnabledFor(logging.INFO):
            took = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
            line = partial(
                _write,
                reference(),
                request.method,
                request.path,
                response.status_code,
                took,
                response.headers.get("OpenEO-Federation-Backends"),
                request.headers.get("Authorization", ""),
            )
            later = request.environ.get(AFTERWARDS)
            if later is None:
                line()
            else:
                later.append(line)
        return response


def _write(  # noqa: PLR0917 - as they stand in the line
    reference: str,
    method: str,
    path: str,
    status: int,
    took: float,
    backend: str | None,
    sent: str,
) -> None:
    shown = in_one_line(path, sent=sent)
    by = f", {backend}" if backend else ""
    LOG.info("%s %s %s %d %.0f ms%s", reference, method, shown, status, took, by)
