"""Usage reports of members, and the rates that everyone may read.

Source: the reporting API of the federation's accounting service, under /federation/accounting.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from aggregator.errors import NotFound, OpenEOError
from aggregator.usecases.bookkeeping import Bookkeeping
from aggregator.usecases.reporting import Caller, Reporting
from aggregator.web.context import body, federation
from aggregator.web.errors import in_one_line, reference
from aggregator.web.negotiation import page_or_document, refused
from aggregator.web.responses import document

blueprint = Blueprint("accounting", __name__)
BASE = "/federation/accounting"

LOG = logging.getLogger(__name__)

ESCAPED = 3
"""How much longer text is where all that is not ASCII is escaped.

A report names its job: whatever title came to a member through here comes back with its usage.
"""

_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

Recorded = Callable[[Reporting, Caller, Mapping[str, Any]], Any]


def _bookkeeping() -> Bookkeeping:
    found = federation().bookkeeping
    if found is None:
        raise NotFound("This federation counts no usage; there is nothing to report to or to pay.")
    return found


def _reporting() -> Reporting:
    return _bookkeeping().reporting


def _reporter() -> Caller:
    """Who reports; asked before the body is read."""
    return _reporting().reporter(request.headers.get("Authorization"))


def _without_halves(data: bytes) -> bytes:
    """JSON in which NUL stands for halves of surrogate pairs, such as names have that were cut.

    Reports are read so that neither can be in what counts, and in no title is either kept.
    """
    return _ESCAPES.sub(lambda found: rb"\u0000" if found["half"] else found[0], data)


def _recorded(record: Recorded) -> Response:
    """Takes a report; one that cannot be recorded is noted, as its member may not send it again."""
    reporting, reporter = _reporting(), _reporter()
    request.max_content_length = ESCAPED * federation().settings.max_request_bytes
    report: Mapping[str, Any] = {}
    try:
        report = body(_without_halves)
        return document(record(reporting, reporter, report), 201)
    except (OpenEOError, HTTPException) as error:
        named = (in_one_line(str(report.get(name))) for name in ("idempotencyKey", "jobId"))
        LOG.warning(
            "%s: usage is not recorded: the report of %s, key %s, job %s, was refused: %s",
            reference(),
            in_one_line(reporter.client),
            *named,
            in_one_line(str(error), 1000),
        )
        raise


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
    return _recorded(Reporting.resources)


@blueprint.post(f"{BASE}/addedvalue")
def added_value() -> Response:
    """Take a report of the use of a priced service; 201 when it is on disk."""
    return _recorded(Reporting.added_value)


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
