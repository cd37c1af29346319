"""Batch jobs: each lives at one backend, under a federated id that says at which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson

from aggregator.documents import JsonObject, text
from aggregator.errors import BackendFailure, JobNotFound
from aggregator.ids import IdentifierError, federate, split
from aggregator.routing import Routing, read_choice, without_choice
from aggregator.settings import Settings
from aggregator.upstream.client import Answer, Request
from aggregator.upstream.fleet import Fleet
from aggregator.usecases.accounts import Access, absent, refusal
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.links import Origin, relinked
from aggregator.usecases.listings import begin, read_page
from aggregator.usecases.processing import JSON, Processing
from aggregator.usecases.views import View

FAILED_JOB = frozenset({424})

Shape = Callable[[str, JsonObject], JsonObject]


@dataclass(frozen=True)
class Created:
    """A new job and where it went."""

    job_id: str
    backend: str
    routing: Routing


@dataclass(frozen=True)
class Reply:
    """A backend's answer about a job, as the federation passes it on.

    `document` is None where the backend sends none.
    """

    status: int
    document: Mapping[str, Any] | None
    costs: str | None = None


class Jobs:
    """What can be done with batch jobs."""

    def __init__(
        self, settings: Settings, fleet: Fleet, catalogue: Catalogue, processing: Processing
    ) -> None:
        self._settings, self._fleet = settings, fleet
        self._catalogue, self._processing = catalogue, processing

    def create(self, body: JsonObject, access: Access, view: View) -> Created:
        """Create a job at the backend that routing chooses, with every field of the request."""
        decision = self._processing.decide(body, view, operation="POST /jobs", access=access)
        backend = decision.backend
        request = Request("POST", "/jobs", body=decision.body, headers=JSON)
        answer = self._ask(backend, request, access)
        local_id = answer.headers.get("OpenEO-Identifier") or _last_part(
            answer.headers.get("Location", "")
        )
        if not local_id:
            raise BackendFailure(backend, "content", "it does not say the id of the new job")
        return Created(federate(backend, local_id), backend, decision.routing)

    def list(
        self, access: Access, view: View, limit: int | None, cursor: str | None
    ) -> dict[str, Any]:
        """One page of the user's jobs at all backends; CursorError for a cursor not made here."""
        known = list(self._catalogue.known(view))
        listing = read_page(
            begin(cursor, [backend for backend in known if backend in access.credentials]),
            path="/jobs",
            key="jobs",
            limit=limit,
            ask=partial(_ask_all, self._fleet, access),
            deadline=self._settings.upstream.listing_deadline,
        )
        refused = refusal(listing.failures)
        if refused is not None and len(listing.failures) == len(access.credentials):
            raise refused
        jobs = [_federated(item.backend, item.document) for item in listing.items]
        page: dict[str, Any] = {"jobs": jobs, "links": []}
        if listing.cursor is not None:
            query = ({"limit": str(limit)} if limit else {}) | {"next": listing.cursor}
            page["links"] = [{"rel": "next", "href": view.link("jobs", query=query)}]
        missing = absent(access, listing.failures, known)
        return page | ({"federation:missing": missing} if missing else {})

    def read(self, job_id: str, access: Access, view: View) -> Reply:
        """A job's full metadata."""
        return self._reply(job_id, Request("GET", ""), access, view, _federated)

    def update(self, job_id: str, body: JsonObject, access: Access, view: View) -> Reply:
        """Change a job; a new process must be one that the job's backend can run."""
        backend, _ = self._located(job_id, view)
        if "process" in body:
            operation = "PATCH /jobs/{job_id}"
            decided = self._processing.decide(
                body, view, operation=operation, access=access, backend=backend
            )
            changes = decided.body
        else:
            read_choice(body, base=backend)
            changes = orjson.dumps(without_choice(body))
        request = Request("PATCH", "", body=changes, headers=JSON)
        return self._reply(job_id, request, access, view)

    def delete(self, job_id: str, access: Access, view: View) -> Reply:
        """Delete a job with all that belongs to it."""
        return self._reply(job_id, Request("DELETE", ""), access, view)

    def estimate(self, job_id: str, access: Access, view: View) -> Reply:
        """What the job may cost and take."""
        return self._reply(job_id, Request("GET", "/estimate"), access, view)

    def start(self, job_id: str, access: Access, view: View) -> Reply:
        """Queue a job."""
        return self._reply(job_id, Request("POST", "/results"), access, view)

    def cancel(self, job_id: str, access: Access, view: View) -> Reply:
        """Stop a job."""
        return self._reply(job_id, Request("DELETE", "/results"), access, view)

    def results(
        self, job_id: str, query: Mapping[str, str], accept: str, access: Access, view: View
    ) -> Reply:
        """A job's results as STAC, the assets at the backend's own addresses.

        A failed job's 424 passes as it is: its body is a log entry.
        """
        request = Request("GET", "/results", query, headers={"Accept": accept}, passed=FAILED_JOB)
        return self._reply(job_id, request, access, view, _marked)

    def logs(self, job_id: str, query: Mapping[str, str], access: Access, view: View) -> Reply:
        """A job's log entries."""
        return self._reply(job_id, Request("GET", "/logs", query), access, view)

    def backend_of(self, job_id: str, view: View) -> str:
        """The backend at which a job lives; JobNotFound if the id names none."""
        return self._located(job_id, view)[0]

    def _located(self, job_id: str, view: View) -> tuple[str, str]:
        try:
            return split(job_id, self._catalogue.known(view))
        except IdentifierError as error:
            raise JobNotFound(
                job_id[:200], "Ids of jobs begin with the id of their backend and a dash."
            ) from error

    def _reply(
        self,
        job_id: str,
        below: Request,
        access: Access,
        view: View,
        shape: Shape = lambda _, document: document,
    ) -> Reply:
        """Ask what the request's path names below the job."""
        backend, local_id = self._located(job_id, view)
        request = replace(below, path=f"/jobs/{quote(local_id, safe='')}{below.path}")
        answer = self._ask(backend, request, access)
        costs = answer.headers.get("OpenEO-Costs")
        if not answer.body or below.method != "GET":
            return Reply(answer.status, None, costs)
        document = self._fleet.clients[backend].read(answer)
        if answer.status in FAILED_JOB:
            return Reply(answer.status, document, costs)
        origin: Origin = self._processing.origin(backend, answer.url)
        return Reply(answer.status, relinked(shape(backend, document), origin, view), costs)

    def _ask(self, backend: str, request: Request, access: Access) -> Answer:
        deadline = self._settings.upstream.request_deadline
        return self._fleet.ask(backend, request, access.at(backend), deadline=deadline)


def _ask_all(fleet: Fleet, access: Access, requests: Mapping[str, Request], deadline: float) -> Any:
    answers = fleet.ask_all(requests, access.credentials, deadline=deadline)
    return answers.documents, answers.failures


def _federated(backend: str, job: JsonObject) -> dict[str, Any]:
    """A job with its federated id, and the backend at which it lives."""
    local_id = text(job, "id")
    named = {"id": federate(backend, local_id)} if local_id else {}
    return {**job, **named, "federation:backends": [backend]}


def _marked(backend: str, document: JsonObject) -> dict[str, Any]:
    return {**document, "federation:backends": [backend]}


def _last_part(location: str) -> str:
    return location.partition("?")[0].rstrip("/").rpartition("/")[2]
