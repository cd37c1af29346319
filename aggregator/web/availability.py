"""The record of availability for programs, and what operators write into it.

Everybody may read; what is written needs an operator (`usecases/operators`).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from aggregator.documents import JsonObject
from aggregator.errors import NotFound
from aggregator.health.errors import OperatorRequestInvalid
from aggregator.usecases import disclosures
from aggregator.usecases.availability import Availability
from aggregator.usecases.operations import Written
from aggregator.usecases.pages import page
from aggregator.web import atom
from aggregator.web.context import body, federation
from aggregator.web.responses import document, send

blueprint = Blueprint("availability", __name__)

# More days than the record of any federation has.
EVER = 36_500
REQUEST_BYTES = 64 * 1024


def _availability() -> Availability:
    return federation().availability


def _operator() -> str:
    """Who asks, found out before the body is read; that is small."""
    request.max_content_length = REQUEST_BYTES
    return federation().operators.name_of(request.headers.get("Authorization"))


@blueprint.get("/federation/history")
def history() -> Response:
    """All that the monitor has found: days, months, verdicts, incidents."""
    found = _availability()
    shown = found.overview(days=EVER, backend=_backend(), latest=None)
    return document(disclosures.history(shown, found.record.policy))


@blueprint.get("/federation/feed")
def feed() -> Response:
    """What happened lately, as Atom."""
    url, backend = federation().settings.public_url.rstrip("/"), _backend()
    title = federation().settings.title
    address = f"{url}/federation/feed" + (f"?backend={backend}" if backend else "")
    events = _availability().events(backend=backend)
    now = _availability().now()
    about = f"{url}/federation" + (f"/{backend}" if backend else "")
    made = atom.feed(events, title=title, address=address, page=about, now=now)
    return send(page(made), atom.MEDIA_TYPE)


@blueprint.get("/federation/maintenance")
def maintenance() -> Response:
    """Maintenance that is under way or to come."""
    found = _availability()
    policy, windows = found.record.policy, found.windows(found.now())
    shown = [disclosures.window(one, policy) for one in windows]
    return document(disclosures.listing("maintenance", shown))


@blueprint.post("/federation/maintenance")
def announce_maintenance() -> Response:
    """Announce maintenance of a member."""
    by = _operator()
    given = _fields(body(), ("backend", "starts", "ends"), ("text", "announced"))
    return _written(_availability().operations.announce_maintenance(**given, by=by))


@blueprint.delete("/federation/maintenance/<identifier>")
def call_off(identifier: str) -> Response:
    """Call maintenance off; the query parameter `reason` says why."""
    return _withdrawn(identifier, "maintenance")


@blueprint.delete("/federation/announcements/<identifier>")
def withdraw(identifier: str) -> Response:
    """Withdraw an announcement; the query parameter `reason` says why."""
    return _withdrawn(identifier, "announcement")


def _withdrawn(identifier: str, kind: str) -> Response:
    by, reason = _operator(), request.args.get("reason", "")
    operations = _availability().operations
    return _written(operations.withdraw(identifier, reason, by=by, kind=kind), 200)


@blueprint.get("/federation/announcements")
def announcements() -> Response:
    """Breaking changes, removals and other news, newest first."""
    found = _availability()
    policy = found.record.policy
    shown = [disclosures.announcement(one, policy) for one in found.announcements()]
    return document(disclosures.listing("announcements", shown))


@blueprint.post("/federation/announcements")
def announce() -> Response:
    """Announce news of a member or the federation."""
    by = _operator()
    given = _fields(body(), ("kind", "title"), ("backend", "text", "effective", "announced"))
    return _written(_availability().operations.announce(**given, by=by))


@blueprint.get("/federation/incidents")
def incidents() -> Response:
    """The latest incidents, newest first."""
    shown = [disclosures.incident(one) for one in _availability().incidents()]
    return document(disclosures.listing("incidents", shown))


@blueprint.post("/federation/incidents/<identifier>/notes")
def note(identifier: str) -> Response:
    """Write a public note on an incident."""
    by = _operator()
    given = _fields(body(), ("text",))
    return _written(_availability().operations.note(identifier, given["text"], by=by))


@blueprint.get("/federation/decisions")
def decisions() -> Response:
    """Exclusions and readmissions, newest first."""
    shown = [disclosures.decision(one) for one in _availability().decisions()]
    return document(disclosures.listing("decisions", shown))


@blueprint.post("/federation/decisions")
def decide() -> Response:
    """Exclude a member, readmit it, or decline what a verdict proposes."""
    by = _operator()
    given = _fields(body(), ("backend", "decision", "reason"))
    made = _availability().operations.decide(
        given["backend"], given["decision"], given["reason"], by=by
    )
    _availability().decided()
    return _written(made)


def _written(made: Written, status: int = 201) -> Response:
    return document({"id": made.id, **({"remark": made.remark} if made.remark else {})}, status)


def _backend() -> str | None:
    """The query parameter `backend`."""
    given = request.args.get("backend")
    known = federation().settings.order
    if given is not None and given not in known:
        raise NotFound(f"There is no backend '{given[:50]}'; there are: {', '.join(known)}.")
    return given


def _fields(
    given: JsonObject, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The fields of a body, all of them texts; every mistake at once."""
    mistakes = [f"{name}: is required" for name in needed if name not in given]
    allowed = (*needed, *optional)
    mistakes += [
        f"{name[:50]}: there is no such field; there are {', '.join(allowed)}"
        for name in given
        if name not in allowed
    ]
    mistakes += [
        f"{name}: must be text"
        for name in allowed
        if name in given and not isinstance(given[name], str)
    ]
    if mistakes:
        raise OperatorRequestInvalid(mistakes)
    return dict(given)
