"""A page for people or a document for programs, whichever a request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, request

from aggregator.errors import OpenEOError
from aggregator.web.context import federation
from aggregator.web.errors import RequestInvalid, message_of, reference
from aggregator.web.responses import document
from aggregator.web.styles import Style

JSON, HTML = "application/json", "text/html"
REFUSED = Style("books.css", vary="Accept, Authorization")
STYLED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def wants_page(*others: str) -> bool:
    """Whether HTML is asked for: by `?f=html`, or by an Accept that names it and ranks it first.

    `others` are further values of `f` that the address takes, for the error on any else.
    """
    wanted = request.args.get("f")
    if wanted is None:
        named = HTML in request.accept_mimetypes.values()
        return named and request.accept_mimetypes[HTML] >= request.accept_mimetypes[JSON]
    if wanted not in ("html", "json"):
        known = " or ".join(("html", "json", *others))
        raise RequestInvalid(f"The query parameter 'f' must be {known}.")
    return wanted == "html"


def page_or_document(template: str, content: Mapping[str, Any], shown: Any) -> Response:
    """The content as JSON, or `shown` on a page that needs nothing else."""
    if not wants_page():
        return document(content, headers={"Vary": "Accept"})
    page = render_template(template, shown=shown, title=federation().settings.title)
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept"})
    response.headers["Content-Security-Policy"] = STYLED
    return response


def refused(error: OpenEOError) -> Response:
    """The error on a page that needs nothing else. Raises it where no page is asked for."""
    if not wants_page():
        raise error
    shown = {"error": error, "message": message_of(error), "reference": reference()}
    page = render_template(
        "refused.html", style=REFUSED.css, federation=federation().settings.title, **shown
    )
    kind = "text/html; charset=utf-8"
    return Response(page, error.status, REFUSED.headers, content_type=kind)
