"""How the federation is, for operators: its health, and what differs between its backends."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from aggregator.merging.notes import most_serious_first
from aggregator.web.context import federation, view
from aggregator.web.negotiation import wants_page
from aggregator.web.responses import document
from aggregator.web.styles import Style

blueprint = Blueprint("monitoring", __name__)

STYLE = Style("notes.css")


@blueprint.get("/health")
def health() -> Response:
    """200 while the federation can serve, 503 with the reasons while it cannot."""
    found = federation().health(view())
    return document(found.report, 200 if found.serving else 503)


@blueprint.get("/federation/policies")
def policies() -> Response:
    """By which policies requests can be routed, and what these know of the backends now."""
    return document(federation().policies.document(view()))


@blueprint.get("/federation/notes")
def notes() -> Response:
    """What was noted when the backends' metadata were merged, as JSON or HTML."""
    found = most_serious_first(federation().catalogue.notes(view()))
    if not wants_page():
        listed = {"notes": [note.as_json() for note in found], "links": []}
        return document(listed, headers={"Vary": "Accept"})
    title = federation().settings.title
    page = render_template("notes.html", style=STYLE.css, notes=found, title=title)
    return Response(page, headers=STYLE.headers, content_type="text/html; charset=utf-8")
