"""The federation's terms: a page to agree on or to withdraw, and the same for programs.

A person comes by a link with a ticket, which an error or `GET /me` gave them; programs send a
bearer token. The page needs no script, and loads nothing.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from aggregator.documents import text
from aggregator.errors import TokenInvalid
from aggregator.identity.consent import Deed
from aggregator.usecases.agreements import Agreements, holder_of
from aggregator.usecases.tickets import Holder
from aggregator.web.context import body, federation, who
from aggregator.web.errors import RequestInvalid
from aggregator.web.negotiation import wants_page
from aggregator.web.responses import document
from aggregator.web.styles import Style

blueprint = Blueprint("terms", __name__)

STYLE = Style("terms.css", forms="'self'")
HEADERS = STYLE.headers
DEEDS: dict[str, Deed] = {"agree": "agreed", "withdraw": "withdrawn"}


def _agreements() -> Agreements:
    return federation().agreements


@blueprint.get("/federation/terms")
def terms() -> Response:
    """The terms as JSON or HTML; with a ticket also what its user has agreed to."""
    ticket = request.args.get("ticket", "")
    return _page(ticket) if wants_page() else _document(ticket)


@blueprint.post("/federation/terms")
def decide() -> AnyResponse:
    """Agree or withdraw by the form of the page, which the ticket in it allows."""
    ticket = request.form.get("ticket", "")
    holder, deed = _agreements().holder(ticket), DEEDS.get(request.form.get("decision", ""))
    if holder is None:
        return _page(ticket)
    if deed is None:
        raise RequestInvalid("The field 'decision' must be agree or withdraw.")
    if deed == "agreed" and request.form.get("version") != _agreements().version:
        return _page(ticket, changed=True)
    _agreements().do(deed, holder)
    return redirect(f"?ticket={ticket}", 303)


@blueprint.get("/federation/terms/consent")
def consent() -> Response:
    """What the user has agreed to, and when."""
    return document(_agreements().agreement(holder_of(who())))


@blueprint.put("/federation/terms/consent")
def agree() -> Response:
    """Agree to the version of the terms that the body names: `{"version": "…"}`."""
    holder, version = holder_of(who()), _agreements().version
    if text(body(), "version") != version:
        said = "The body must name the version of the terms that you agree to"
        raise RequestInvalid(f"{said}, which is '{version}' now.")
    return _done("agreed", holder)


@blueprint.delete("/federation/terms/consent")
def withdraw() -> Response:
    """Withdraw; what is sent to members from now on is refused."""
    return _done("withdrawn", holder_of(who()))


def _done(deed: Deed, holder: Holder) -> Response:
    _agreements().do(deed, holder)
    return document(_agreements().agreement(holder))


def _document(ticket: str) -> Response:
    holder = _agreements().holder(ticket) if ticket else None
    if ticket and holder is None:
        raise TokenInvalid(
            "The ticket in the address has expired or is none. GET /me has a new one."
        )
    standing = {"consent": _agreements().agreement(holder)} if holder else {}
    return document(_agreements().terms() | standing, headers={"Vary": "Accept"})


def _page(ticket: str, changed: bool = False) -> Response:
    holder = _agreements().holder(ticket) if ticket else None
    page = render_template(
        "terms.html",
        title=federation().settings.title,
        terms=_agreements().terms(),
        settings=federation().settings.terms,
        style=STYLE.css,
        ticket=ticket,
        holder=holder,
        agreement=_agreements().agreement(holder) if holder else None,
        changed=changed,
    )
    status = 409 if changed else 403 if ticket and holder is None else 200
    return Response(page, status, cast(Any, HEADERS), content_type="text/html; charset=utf-8")
