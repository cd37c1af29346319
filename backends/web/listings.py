"""A user's jobs and services, the newest first, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from flask import Response

from backends.web.authentication import current_user
from backends.web.documents import (
    json_response,
    limit_parameter,
    link,
    next_link,
    number_parameter,
)


class Numbered(Protocol):
    """What is listed: its number grows with time and never changes."""

    @property
    def number(self) -> int:
        """Its place in the order."""


T = TypeVar("T", bound=Numbered)


def newest_first(
    name: str, of_user: Callable[..., list[T]], brief: Callable[[T], dict[str, Any]]
) -> Response:
    """The page that the request asks for, with a `next` link while there is more.

    `name` is both the path and the property of the listing, `of_user(user, limit=, before=)`
    finds the entries from below the number `before`. Numbers never change while entries
    arrive, so pages have no gaps. Source: openEO API 1.3.0, section Pagination.
    """
    limit, before = limit_parameter(), number_parameter("before")
    wanted = None if limit is None else limit + 1
    found = of_user(current_user(), limit=wanted, before=before)
    links = [link("self", f"/{name}")]
    if limit is not None and len(found) > limit:
        found = found[:limit]
        links.append(next_link(f"/{name}", limit=limit, before=found[-1].number))
    return json_response({name: [brief(one) for one in found], "links": links})
