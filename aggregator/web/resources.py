"""Answers on what users own: listings, what was created, and what a backend says."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, request

from aggregator.ids import CursorError
from aggregator.usecases.resources import Reply, Resources
from aggregator.web.context import access, body, limit, view
from aggregator.web.errors import RequestInvalid
from aggregator.web.responses import document, empty, routed

# What a header may hold as it is.
PRINTABLE = "".join(map(chr, range(33, 127)))


def listed(resources: Resources) -> Response:
    """One page of them."""
    cursor = request.args.get("next") or None
    try:
        return document(resources.list(access(), view(), limit(), cursor))
    except CursorError as error:
        raise RequestInvalid(
            "The query parameter 'next' must come from a link of a page before."
        ) from error


def created(resources: Resources) -> Response:
    """The answer to the creation of one."""
    new = resources.create(body(), access(), view())
    headers = {
        "Location": view().link(resources.collection, new.identifier),
        "OpenEO-Identifier": quote(new.identifier, safe=PRINTABLE),
        **routed(new.backend, new.routing),
    }
    return empty(201, headers)


def passed(reply: Reply) -> Response:
    """What a backend has answered."""
    headers = {} if reply.costs is None else {"OpenEO-Costs": reply.costs}
    if reply.document is None:
        return empty(reply.status, headers)
    return document(reply.document, reply.status, headers)
