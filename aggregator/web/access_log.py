"""A line per request, with the backend that took it: no tokens, no query, no body.

A query may hold a signature.
"""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request

from aggregator.web.errors import in_one_line, reference

LOG = logging.getLogger("aggregator.access")


def install(app: Flask) -> None:
    """Log each request when its answer begins."""

    @app.before_request
    def started() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def ended(response: Response) -> Response:
        if LOG.isEnabledFor(logging.INFO):
            took = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
            path = in_one_line(request.path)
            backend = response.headers.get("OpenEO-Federation-Backends")
            LOG.info(
                "%s %s %s %d %.0f ms%s",
                reference(),
                request.method,
                path,
                response.status_code,
                took,
                f", {backend}" if backend else "",
            )
        return response
