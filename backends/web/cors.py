"""Cross-origin resource sharing: web applications anywhere may use the API."""

from typing import Final

from flask import Flask, Response, request

METHODS: Final = "OPTIONS, GET, HEAD, POST, PATCH, PUT, DELETE"
EXPOSED: Final = (
    "Link, Location, OpenEO-Costs, OpenEO-Identifier, "
    "Accept-Ranges, Content-Range, Content-Encoding, Retry-After"
)


def open_to_all_origins(app: Flask) -> None:
    """Answer every OPTIONS request with 204 and put the headers on every response."""

    @app.before_request
    def preflight() -> Response | None:
        return Response(status=204) if request.method == "OPTIONS" else None

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Range"
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Max-Age"] = "3600"
            # A preflight has no body, and the specification has it say so.
            response.headers["Content-Type"] = "application/json"
        return response
