"""What is asked of the backends for a part: it is a job there like any other of the user's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from aggregator.documents import JsonObject, objects, text
from aggregator.errors import BackendFailure, FeatureUnsupported
from aggregator.identity.secrets import without_credentials
from aggregator.ids import federate, split
from aggregator.upstream.client import Request
from aggregator.upstream.failures import FAILURES
from aggregator.upstream.metadata import next_query
from aggregator.usecases.accounts import Access
from aggregator.usecases.jobs import Jobs
from aggregator.usecases.views import View

PAGES = 200
ENTRIES = 500
"""Log entries that are read of a part at once."""


class Members:
    """Does it by the ordinary ways for batch jobs, so that credits and usage are counted as ever.

    Every method raises the OpenEOError of the backend, or of the federation's own checks.
    """

    def __init__(self, jobs: Jobs, view: View) -> None:
        self._jobs, self._view = jobs, view

    def find(self, backend: str, mark: str, access: Access) -> list[str]:
        """The ids of the user's jobs there whose titles end with a mark."""
        query: dict[str, str] | None = {}
        found: list[str] = []
        for _ in range(PAGES):
            page = self._jobs.ask_at(backend, Request("GET", "/jobs", query or {}), access)
            found += [
                text(job, "id")
                for job in objects(page, "jobs")
                if text(job, "title").endswith(mark) and text(job, "id")
            ]
            query = next_query(page)
            if query is None:
                return found
        raise BackendFailure(backend, "content", "its list of jobs does not end")

    def create(self, backend: str, body: JsonObject, access: Access) -> str:
        """Create a job there; its id."""
        chosen = {**body, "federation:backend": backend}
        new = self._jobs.create(chosen, access, self._view)
        return split(new.identifier, {backend})[1]

    def start(self, backend: str, job: str, access: Access) -> None:
        """Start it, with credits put aside."""
        self._jobs.start(federate(backend, job), access, self._view)

    def look(self, backend: str, job: str, access: Access) -> JsonObject:
        """How it is, with the costs that were reported."""
        return self._jobs.read(federate(backend, job), access, self._view).document or {}

    def cancel(self, backend: str, job: str, access: Access) -> None:
        """Stop it."""
        self._jobs.cancel(federate(backend, job), access, self._view)

    def delete(self, backend: str, job: str, access: Access) -> None:
        """Delete it with its results."""
        self._jobs.delete(federate(backend, job), access, self._view)

    def address(self, backend: str, job: str, access: Access) -> str:
        """The address of its results that anybody can read for a while.

        Raises FeatureUnsupported if the backend gives none.
        """
        identifier = federate(backend, job)
        results = self._jobs.results(identifier, {}, "application/json", access, self._view)
        own = self._view.link("jobs", identifier, "results")
        for link in objects(results.document or {}, "links"):
            href = text(link, "href")
            if link.get("rel") == "canonical" and href.partition("?")[0] != own:
                return href
        raise FeatureUnsupported(
            f"Backend '{backend}' gives no signed link (rel=canonical) to results of its jobs, "
            "which others could read."
        )

    def entries(
        self, backend: str, job: str, after: str, level: str, access: Access
    ) -> list[JsonObject]:
        """The next entries of its log, without credentials; none if the backend gives none now."""
        query = {"limit": str(ENTRIES), "level": level} | ({"offset": after} if after else {})
        try:
            reply = self._jobs.logs(federate(backend, job), query, access, self._view)
        except FAILURES:
            return []
        return list(_entries(reply.document or {}, after))[:ENTRIES]


def _entries(document: JsonObject, after: str) -> Iterator[JsonObject]:
    """The entries after one; some backends begin with it, or know no offsets."""
    listed = objects(document, "logs")
    ids = [text(entry, "id") for entry in listed]
    for entry in listed[ids.index(after) + 1 :] if after and after in ids else listed:
        yield _discreet(entry)


def _discreet(entry: JsonObject) -> JsonObject:
    try:
        told: Any = orjson.loads(without_credentials(orjson.dumps(entry).decode()))
    except orjson.JSONDecodeError:
        told = {"id": text(entry, "id"), "level": text(entry, "level")}
        told["message"] = without_credentials(text(entry, "message"))
    return told if isinstance(told, dict) else {}
