"""Usage, settlements and what does not agree, as HTML, JSON and CSV.

A program sends a bearer token; a person comes by a link with a ticket, which `GET /me` gave them.
The pages need no script, and load nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, render_template, request

from aggregator.errors import NotFound, OpenEOError
from aggregator.moments import month_bounds
from aggregator.usecases.usage import (
    GROUPS,
    SETTLEMENT,
    TITLES,
    UNRECONCILED,
    USAGE,
    Reader,
    UsageReports,
)
from aggregator.web.charts import columns, shares
from aggregator.web.context import federation, who
from aggregator.web.errors import RequestInvalid
from aggregator.web.negotiation import refused, wants_page
from aggregator.web.responses import document
from aggregator.web.spreadsheets import as_csv
from aggregator.web.styles import Style

blueprint = Blueprint("usage", __name__)

STYLE = Style("books.css", vary="Accept, Authorization")
HEADERS = STYLE.headers
Found = Mapping[str, Any]

TABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    USAGE: ("rows", ("reports", "jobs", "credits", "uncovered")),
    SETTLEMENT: ("providers", ("provider", "charged", "refunded", "earned", "settled")),
    UNRECONCILED: (
        "jobs",
        (
            *("job", "provider", "why", "status", "at", "stated", "charged", "put_aside", "user"),
            *("named", "report"),
        ),
    ),
}
"""What each page has as CSV: where its rows stand, and their columns."""


@blueprint.get("/federation/usage")
def usage() -> Response:
    """Usage of a month: a user's own, a provider's, or all."""
    return _answer(USAGE, "usage.html", lambda r: _reports().usage(r, _month(), _group()))


@blueprint.get("/federation/settlement")
def settlement() -> Response:
    """What providers earned in a month."""
    template = "settlement.html"
    return _answer(SETTLEMENT, template, lambda r: _reports().settlement(r, _month()))


@blueprint.get("/federation/unreconciled")
def unreconciled() -> Response:
    """Jobs whose report is missing, states other costs, or names another user."""
    template = "unreconciled.html"
    return _answer(UNRECONCILED, template, lambda r: _reports().unreconciled(r, _month()))


def _reports() -> UsageReports:
    found = federation().bookkeeping
    if found is None:
        raise NotFound("This federation counts no usage.")
    return found.usage


def _month() -> str | None:
    """The month that is asked for. Raises RequestInvalid."""
    month = request.args.get("month")
    if not month:
        return None
    try:
        month_bounds(month)
    except ValueError as error:
        raise RequestInvalid(
            "The query parameter 'month' must be a month like 2026-03, from 1970-01 to 9998-12, "
            f"not '{month[:20]}'."
        ) from error
    return month


def _group() -> str:
    """By what usage is to be summed. Raises RequestInvalid."""
    group = request.args.get("group") or "day"
    if group not in GROUPS:
        raise RequestInvalid(
            f"The query parameter 'group' must be one of {', '.join(GROUPS)}, not '{group[:20]}'."
        )
    return group


def _reader() -> Reader:
    of, ticket = request.args.get("of"), request.args.get("ticket")
    if ticket:
        return _reports().holder(ticket, of)
    return _reports().reader(who(), of)


def _answer(page: str, template: str, look: Callable[[Reader], Found]) -> Response:
    """What is found, in the form that is asked for; an error as a page where one is wanted."""
    if request.args.get("f") == "csv":
        return _csv(page, look(_reader()))
    if not wants_page("csv"):
        return document(look(_reader()), headers=HEADERS)
    try:
        reader = _reader()
        return _page(template, _shown(page, reader, look(reader)))
    except OpenEOError as error:
        return refused(error)


def _page(template: str, shown: Mapping[str, Any]) -> Response:
    """A page that needs nothing else."""
    content = render_template(
        template, style=STYLE.css, federation=federation().settings.title, **shown
    )
    return Response(content, headers=HEADERS, content_type="text/html; charset=utf-8")


def _csv(page: str, found: Found) -> Response:
    rows, columns_ = TABLES[page]
    group = (found["group"],) if page == USAGE else ()
    name = "-".join((page, found["month"], *group))
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    content = as_csv(found[rows], (*group, *columns_))
    return Response(
        content, headers=headers, content_type="text/csv; charset=utf-8; header=present"
    )


def _nearby(address: str) -> str:
    """The address as seen from these pages, on whatever host they were opened."""
    return address.rpartition("/")[2]


def _shown(page: str, reader: Reader, found: Found) -> dict[str, Any]:
    """What the templates need beside what was found."""
    links = {link["rel"]: _nearby(link["href"]) for link in reversed(found["links"])}
    month, group = found["month"], found.get("group")

    def to(there: str = page, **query: str | None) -> str:
        wanted = {"month": month, "group": group if there == USAGE else None} | query
        return _nearby(_reports().address(there, reader, **wanted))

    shown: dict[str, Any] = {"found": found, "reader": reader, "to": to, "links": links}
    shown |= {"titles": TITLES, "page": page, "whose": _reports().title_of(reader.of)}
    if page == USAGE:
        values = {row[group]: row["credits"] for row in found["rows"]}
        shown["chart"] = columns(values, month) if group == "day" else None
        shown["shares"] = shares(values)
    return shown
