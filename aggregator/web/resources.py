"""Answers on what users own: listings, what was created, and what a backend says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from flask import Response, request

from aggregator.documents import JsonObject, is_flag
from aggregator.usecases.accounts import Access
from aggregator.usecases.resources import Created, Reply, Resources
from aggregator.usecases.views import View
from aggregator.web.context import LEVELS, access, body, limit, view
from aggregator.web.errors import RequestInvalid
from aggregator.web.responses import document, empty, routed

# What a header may hold as it is.
PRINTABLE = "".join(map(chr, range(33, 127)))

# What the federation shows of what it keeps itself, and what it decides by, must be what it says.
TEXT = (lambda value: value is None or isinstance(value, str), "a text, or null")
FORMS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "title": TEXT,
    "description": TEXT,
    "enabled": (is_flag, "true or false"),
    "log_level": (lambda value: value in (*LEVELS, None), f"one of {', '.join(LEVELS)}"),
}

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


def wanted() -> dict[str, Any]:
    """The body of a request to create or change one; an error if the API has it in another form."""
    found = body()
    for name, (fits, form) in FORMS.items():
        if name in found and not fits(found[name]):
            raise RequestInvalid(f"The property '{name}' must be {form}.")
    return found


def created(resources: Creates) -> Response:
    """The answer to the creation of one."""
    new = resources.create(wanted(), access(), view())
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
