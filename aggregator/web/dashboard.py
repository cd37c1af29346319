"""The state of the federation for people and programs: page, JSON, badge, metrics."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from aggregator.errors import NotFound
from aggregator.usecases.boards import Board, Boards
from aggregator.usecases.pages import Page, document_page, page
from aggregator.web import metrics as metrics_of
from aggregator.web.badges import badge
from aggregator.web.context import federation
from aggregator.web.negotiation import refused, wants_page
from aggregator.web.responses import send
from aggregator.web.styles import Style

blueprint = Blueprint("dashboard", __name__)

STYLE = Style("board.css")
SVG = "image/svg+xml"
MAX_AGE = "public, max-age=15"
EVERYBODY = {"Cache-Control": MAX_AGE, "Vary": "Accept, Accept-Encoding"}


@blueprint.get("/federation")
def overview() -> Response:
    """All members: now, in the last 90 days, and by the contract."""
    return _answer(None)


@blueprint.get("/federation/<backend>")
def member(backend: str) -> Response:
    """One member likewise."""
    try:
        return _answer(_known(backend))
    except NotFound as error:
        return refused(error)


@blueprint.get("/federation/badge.svg")
def federation_badge() -> Response:
    """How many members are online, as a picture."""
    return _sent(page(badge(_boards().board()).encode()), SVG)


@blueprint.get("/federation/<backend>/badge.svg")
def member_badge(backend: str) -> Response:
    """Whether a member is online, and its uptime of 30 days, as a picture."""
    return _sent(page(badge(_boards().board(_known(backend))).encode()), SVG)


@blueprint.get("/metrics")
def metrics() -> Response:
    """The same as numbers, in the formats of OpenMetrics and Prometheus."""
    accept, jobs = request.headers.get("Accept", ""), federation().jobs.federated.counts()
    content, kind = metrics_of.exposed(_boards().board(), accept, jobs)
    return Response(content, content_type=kind, headers={"Vary": "Accept"})


def _boards() -> Boards:
    return federation().boards


def _known(backend: str) -> str:
    known = federation().settings.order
    if backend not in known:
        asked = f"There is no page and no backend '{backend[:50]}' here"
        raise NotFound(f"{asked}; backends are: {', '.join(known)}.")
    return backend


def _answer(backend: str | None) -> Response:
    board, settings = _boards().board(backend), federation().settings
    url = settings.public_url.rstrip("/")
    shown = _boards().document(board, settings.title, url, backend)
    if not wants_page():
        return _sent(document_page(shown), "application/json")
    made = _page(shown, board, backend)
    response = _sent(made, "text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = STYLE.headers["Content-Security-Policy"]
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _page(shown: dict[str, object], board: Board, backend: str | None) -> Page:
    content = render_template(
        "board.html", style=STYLE.css, shown=shown, one=backend, complete=board.complete
    )
    return page(content.encode())


def _sent(made: Page, kind: str) -> Response:
    response = send(made, kind)
    response.headers.update(EVERYBODY)
    return response
