"""Answers on what users own: listings, what was created, and what a backend says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from flask import Response, request

from aggregator.documents import JsonObject
from aggregator.usecases.accounts import Access
from aggregator.usecases.resources import Created, Reply, Resources
from aggregator.usecases.views import View
from aggregator.web.context import access, body, limit, view
from aggregator.web.responses import document, empty, routed

# What a header may hold as it is.
PRINTABLE = "".join(map(chr, range(33, 127)))


List = Callable[[Access, View, int | None, str | None], Mapping[str, Any]]


def listed(resources: Resources) -> Response:
    """One page of them."""
    return paged(resources.list)


def paged(page: List) -> Response:
    """One page of a listing, by the query parameters `limit` and `next`."""
    return document(page(access(), view(), limit(), request.args.get("next") or None))


class Creates(Protocol):
    """Creates what stands below a path."""

    @property
    def collection(self) -> str:
        """The path, without its slash."""

    def create(self, body: JsonObject, access: Access, view: View) -> Created:
        """Create one."""


def created(resources: Creates) -> Response:
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
