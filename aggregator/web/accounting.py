"""Usage reports of members, and the rates that everyone may read.

Source: the reporting API of the federation's accounting service, under /federation/accounting.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from aggregator.errors import NotFound
from aggregator.usecases.bookkeeping import Bookkeeping
from aggregator.usecases.reporting import Caller, Reporting
from aggregator.web.context import body, federation
from aggregator.web.negotiation import page_or_document, refused
from aggregator.web.responses import document

blueprint = Blueprint("accounting", __name__)
BASE = "/federation/accounting"

REPORT_BYTES = 64 * 1024
"""Size limit of a report; a large one has 2 kB."""


def _bookkeeping() -> Bookkeeping:
    found = federation().bookkeeping
    if found is None:
        raise NotFound("This federation counts no usage; there is nothing to report to or to pay.")
    return found


def _reporting() -> Reporting:
    return _bookkeeping().reporting


def _reporter() -> Caller:
    """Who reports; asked before the body is read, which may be no longer than a report is."""
    request.max_content_length = REPORT_BYTES
    return _reporting().reporter(request.headers.get("Authorization"))


@blueprint.get(f"{BASE}/user/permissions")
def permissions() -> Response:
    """May the owner of the token execute, and what is left to them?"""
    caller = _reporting().caller(request.headers.get("Authorization"))
    return document(_reporting().permissions(caller, request.args.get("userId")))


@blueprint.get(f"{BASE}/validate/auth")
def validate() -> Response:
    """May the owner of the token report usage, and for which sources?"""
    return document(_reporting().validated(_reporter()))


@blueprint.post(f"{BASE}/resources")
def resources() -> Response:
    """Take a report of what an execution used; 201 when it is on disk."""
    return document(_reporting().resources(_reporter(), body()), 201)


@blueprint.post(f"{BASE}/addedvalue")
def added_value() -> Response:
    """Take a report of the use of a priced service; 201 when it is on disk."""
    return document(_reporting().added_value(_reporter(), body()), 201)


@blueprint.get("/federation/pricing")
def every_price() -> Response:
    """What each provider charges, as JSON or HTML."""
    found = _bookkeeping().pricing.every()
    return page_or_document("pricing.html", found, found["providers"])


@blueprint.get("/federation/pricing/<provider>")
def prices_of(provider: str) -> Response:
    """What one provider charges, as JSON or HTML."""
    try:
        found = _bookkeeping().pricing.of(provider)
    except NotFound as error:
        return refused(error)
    return page_or_document("pricing.html", found, [found])
