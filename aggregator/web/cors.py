"""Browsers of any origin may use the API. Source: openEO API, section CORS."""

from __future__ import annotations

from flask import Flask, Response, request

from aggregator.web.responses import empty

EXPOSED = (
    "Link, Location, OpenEO-Costs, OpenEO-Identifier, OpenEO-Federation-Backends, "
    "OpenEO-Federation-Routing, ETag, Retry-After, X-Request-Id"
)
PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, If-None-Match",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Max-Age": "86400",
}


def install(app: Flask) -> None:
    """Answer preflight requests everywhere, and allow every answer to be read."""

    @app.before_request
    def preflight() -> Response | None:
        if request.method == "OPTIONS":
            return empty(204, PREFLIGHT)
        return None

    @app.after_request
    def readable(response: Response) -> Response:
        response.headers.add("Access-Control-Allow-Origin", "*")
        response.headers.add("Access-Control-Expose-Headers", EXPOSED)
        return response
