"""Federated jobs in the list of a user's jobs, and their parts left out of it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from aggregator.documents import JsonObject, text
from aggregator.errors import DatabaseUnavailable
from aggregator.federated.titles import job_in
from aggregator.usecases.accounts import Access
from aggregator.usecases.federated import documents
from aggregator.usecases.federated.lifecycle import owner_of
from aggregator.usecases.federated.tools import Tools

PARTS = "federation:parts"
"""The query parameter by which parts are listed, too."""


class FederatedListing:
    """What one request for a list needs: the user's own jobs, and which of the backends' are parts.

    Parts are known by their ids, and by the end of their titles while that is not yet recorded.
    They are looked up while the backends are asked for their lists.
    """

    name = "federation"

    def __init__(self, tools: Tools, access: Access, *, parts: bool) -> None:
        self._store, self._money = tools.store, tools.money
        self._access, self._parts = access, parts
        self._owner = owner_of(access)
        self.query: Mapping[str, str] = {PARTS: "true"} if parts else {}
        self._lock = threading.Lock()
        self._known: _Known | None = None

    @property
    def empty(self) -> bool:
        """Whether the user has no such jobs, for all that is known."""
        return not self._parts and self._learned().none

    def page(self, query: Mapping[str, str]) -> JsonObject:
        """A page of the user's federated jobs, oldest first."""
        if self.empty:
            return {"jobs": [], "links": []}
        given = query.get("limit", "")
        whole = given.isascii() and given.isdigit() and len(given) < 10
        limit = (int(given) or None) if whole else None
        more = None if limit is None else limit + 1
        found = self._store.page(self._owner, more, _after(query))
        shown = found[:limit]
        everything = [part for job in shown for part in job.state.current]
        charged = iter(self._money.charged(everything, self._access))
        listed = [
            documents.short(job, list(islice(charged, len(job.state.current)))) for job in shown
        ]
        page: dict[str, Any] = {"jobs": listed, "links": []}
        if len(found) > len(shown):
            last = shown[-1]
            following = {"limit": str(limit), "after": f"{last.created} {last.state.id}"}
            page["links"] = [{"rel": "next", "href": f"?{urlencode(following)}"}]
        return page

    def hides(self, backend: str, document: JsonObject) -> bool:
        """Whether a backend's job is a part of one of the user's federated jobs."""
        if self._parts:
            return False
        known = self._learned()
        return (backend, text(document, "id")) in known.places or (
            job_in(document.get("title")) in known.jobs
        )

    def _learned(self) -> _Known:
        """What is known of the user's jobs, looked up once."""
        with self._lock:
            if self._known is None:
                try:
                    found = self._store.places(self._owner)
                except DatabaseUnavailable:  # the list is then marked as incomplete
                    self._known = _Known(none=False)
                else:
                    places = frozenset(place for some in found.values() for place in some)
                    self._known = _Known(not found, frozenset(found), places)
            return self._known


class _Known(NamedTuple):
    """Whether there are `none` for certain; the jobs' ids; backend and id of each part there."""

    none: bool
    jobs: Collection[str] = frozenset()
    places: Collection[tuple[str, str]] = frozenset()


def _after(query: Mapping[str, str]) -> tuple[int, str] | None:
    """The place after which a page begins."""
    at, _, identifier = query.get("after", "").partition(" ")
    known = at.isascii() and at.isdigit() and len(at) < 18 and identifier.isprintable()
    return (int(at), identifier) if known else None
