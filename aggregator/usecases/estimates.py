"""What a process would cost at every backend that could run it, and how long it would take."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import OpenEOError
from aggregator.ids import IdentifierError, split
from aggregator.ledger.orders import read_order
from aggregator.routing import FREE, Credit
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import BATCH, Credits
from aggregator.usecases.federated.desk import JobDesk
from aggregator.usecases.past_jobs import BY, PastJobs
from aggregator.usecases.processing import Processing
from aggregator.usecases.user_processes import UserProcesses
from aggregator.usecases.views import View

# Of a job or stored process, what makes it the body of a request for a new job.
ORDERED = ("process", "plan", "budget")
STORED = ("process_graph", "parameters")


class Estimates:
    """Estimates side by side: by published rates and past jobs, or of the backend that has the job.

    openEO knows estimates of jobs only. A job is made at one backend, so that asking the others
    would leave jobs behind.
    """

    def __init__(
        self,
        processing: Processing,
        jobs: JobDesk,
        user_processes: UserProcesses,
        credits_: Credits | None,
        past: PastJobs | None,
    ) -> None:
        self._processing, self._jobs, self._user_processes = processing, jobs, user_processes
        self._credits, self._past = credits_, past

    def of(
        self,
        body: JsonObject,
        access: Access | None,
        view: View,
        stated: Mapping[str, JsonObject] | None = None,
    ) -> dict[str, Any]:
        """The estimates for a body as of `POST /jobs`, the backend that would be chosen first.

        `stated` has what backends have estimated themselves. Amounts are credits, durations as in
        ISO 8601; `credits` is what the user has at a backend, who must be logged in for it. What is
        not known is left out. A backend that is offline is in the list and in `federation:missing`.
        Raises what is wrong with the process, and why if no backend can run it.
        """
        order = read_order(body, BATCH)
        billing = (
            FREE
            if access is None or self._credits is None
            else self._credits.prospect(access, order)
        )
        routing = self._processing.routed(
            body, view, operation="POST /jobs", access=access, billing=billing
        )
        waiting = [v.backend for v in routing.verdicts if v.able_if_online and not v.able]
        if not routing.able and not waiting:
            raise routing.rejection()
        own = stated or {}
        estimates = [
            {"backend": backend, "online": backend not in waiting}
            | self._estimate(backend, own.get(backend, {}))
            | _credits(billing.credits.get(backend))
            for backend in (*routing.able, *waiting)
        ]
        chosen = {"federation:backends": [routing.chosen]} if routing.chosen else {}
        missing = {"federation:missing": waiting} if waiting else {}
        return {"estimates": estimates, "links": [], **chosen, **missing}

    def of_job(self, identifier: str, access: Access, view: View) -> dict[str, Any]:
        """The estimates for a job of the user's: its own backend's, and what it would be elsewhere.

        Raises JobNotFound, and a backend's failure if the job cannot be read.
        """
        job = self._jobs.read(identifier, access, view).document or {}
        stated: dict[str, JsonObject] = {}
        with suppress(OpenEOError, IdentifierError):  # it gives none, or is at no single backend
            backend, _ = split(identifier, self._processing.backends)
            stated[backend] = self._jobs.estimate(identifier, access, view).document or {}
        body = {name: job[name] for name in ORDERED if job.get(name) is not None}
        return self.of(body, access, view, stated)

    def of_stored(self, identifier: str, access: Access, view: View) -> dict[str, Any]:
        """The estimates for a process that the user has stored. Raises ProcessGraphNotFound."""
        stored = self._user_processes.read(identifier, access, view)
        process = {name: stored[name] for name in STORED if name in stored}
        return self.of({"process": process}, access, view)

    def _estimate(self, backend: str, stated: JsonObject) -> dict[str, Any]:
        """What it costs and how long it takes, as far as the backend or the federation knows."""
        found = {name: value for name, value in stated.items() if value is not None}
        if found.get("costs") is not None:
            found.setdefault(BY, backend)
        elif self._credits and (expected := self._credits.expected(backend, BATCH)):
            found |= {"costs": expected, BY: "federation"}
        return found if self._past is None else self._past.timed(backend, found)


def _credits(credit: Credit | None) -> dict[str, Any]:
    if credit is None:
        return {}
    left: dict[str, Any] = {"left": credit.left, "suffices": credit.suffices}
    return {"credits": left | ({"renewal": credit.renewal} if credit.renewal else {})}
