"""Cross-origin resource sharing: what programs ask may be asked by web applications anywhere.

The pages for people may not: they answer no other origin.
"""

from collections.abc import Collection
from typing import Final

from flask import Flask, Response, request

METHODS: Final = "GET, POST, OPTIONS"


def open_to_all_origins(app: Flask, *, but: Collection[str]) -> None:
    """Put the headers on every response, errors too, and answer preflights; ``but`` names the
    blueprints of the pages."""

    @app.before_request
    def preflight() -> Response | None:
        return Response(status=204) if request.method == "OPTIONS" else None

    @app.after_request
    def add_headers(response: Response) -> Response:
        if request.blueprint in but:
            return response
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, Retry-After"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Max-Age"] = "3600"
        return response
