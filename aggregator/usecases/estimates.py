"""What a process would cost at every backend that could run it, and how long it would take.

Of a process that takes several backends it is what they would cost together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import OpenEOError
from aggregator.ids import split
from aggregator.ledger.orders import read_order
from aggregator.routing import FREE, Billing, Plan
from aggregator.upstream.failures import tells_nothing
from aggregator.usecases.accounts import Access
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.credits import BATCH, Credits
from aggregator.usecases.federated.desk import JobDesk
from aggregator.usecases.federated.estimating import credits_shown, side_by_side
from aggregator.usecases.federated.lifecycle import is_federated
from aggregator.usecases.jobs import MISSING
from aggregator.usecases.processing import Processing
from aggregator.usecases.splitting import Whole
from aggregator.usecases.user_processes import UserProcesses
from aggregator.usecases.views import View

# Of a job or stored process, what makes it the body of a request for a new job.
ORDERED = ("process", "plan", "budget")
STORED = ("process_graph", "parameters")
CREATION = "POST /jobs"


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
        catalogue: Catalogue,
        credits_: Credits | None,
    ) -> None:
        self._processing, self._jobs, self._user_processes = processing, jobs, user_processes
        self._catalogue, self._credits = catalogue, credits_

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
        Where several run it together (`federation:parts`), `costs` is the sum. Raises what is wrong
        with the process, and why if no backend can run it, nor several together.
        """
        billing = self._billing(body, access)
        whole = Whole(body, view, CREATION, BATCH, access)
        plan = self._jobs.planning.tiles(whole)
        if plan is not None:
            return self._of_plan(plan, access, view, billing)
        routing = self._processing.routed(
            body, view, operation=CREATION, access=access, billing=billing
        )
        waiting = [v.backend for v in routing.verdicts if v.able_if_online and not v.able]
        if not routing.able and not waiting:
            plan = self._jobs.planning.plan(whole, routing.rejection())
            return self._of_plan(plan, access, view, billing)
        own = stated or {}
        estimates = [
            {"backend": backend, "online": backend not in waiting}
            | self._jobs.estimating.at(backend, own.get(backend))
            | credits_shown(billing.credits.get(backend))
            for backend in (*routing.able, *waiting)
        ]
        chosen = {"federation:backends": [routing.chosen]} if routing.chosen else {}
        missing = {MISSING: waiting} if waiting else {}
        return {"estimates": estimates, "links": [], **chosen, **missing}

    def of_job(self, identifier: str, access: Access, view: View) -> dict[str, Any]:
        """The estimates for a job of the user's: its own backend's, and what it would be elsewhere.

        Of a job in parts they are those of its plan. Raises JobNotFound, and a backend's failure if
        the job cannot be read.
        """
        if is_federated(identifier):
            return self._of_federated(identifier, access, view)
        job = self._jobs.read(identifier, access, view).document or {}
        backend, _ = split(identifier, self._processing.backends)
        stated: dict[str, Any] = {}
        try:
            stated |= self._jobs.estimate(identifier, access, view).document or {}
            silent = bool(stated.pop(MISSING, None))
        except OpenEOError as failure:
            silent = not tells_nothing(failure)
        body = {name: job[name] for name in ORDERED if job.get(name) is not None}
        found = self.of(body, access, view, {backend: stated})
        if not silent or backend in found.get(MISSING, ()):
            return found
        return {**found, MISSING: [*found.get(MISSING, ()), backend]}

    def of_stored(self, identifier: str, access: Access, view: View) -> dict[str, Any]:
        """The estimates for a process that the user has stored. Raises ProcessGraphNotFound."""
        stored = self._user_processes.read(identifier, access, view)
        process = {name: stored[name] for name in STORED if name in stored}
        return self.of({"process": process}, access, view)

    def _of_federated(self, identifier: str, access: Access, view: View) -> dict[str, Any]:
        self._jobs.federated.refresh(access)
        job, parts = self._jobs.federated.estimates(identifier, access, view)
        billing = self._billing(job.request, access)
        return side_by_side(job.plan, parts, billing, self._offline(job.plan, view))

    def _of_plan(
        self, plan: Plan, access: Access | None, view: View, billing: Billing
    ) -> dict[str, Any]:
        parts = self._jobs.estimating.parts(plan, {}, access, view)
        return side_by_side(plan, parts, billing, self._offline(plan, view))

    def _billing(self, body: JsonObject, access: Access | None) -> Billing:
        """Where the user can pay, as far as that is known. Raises what is wrong with the order."""
        order = read_order(body, BATCH)
        if access is None or self._credits is None:
            return FREE
        return self._credits.prospect(access, order)

    def _offline(self, plan: Plan, view: View) -> list[str]:
        """The backends of a plan that are not online, or have left the federation."""
        known = self._catalogue.known(view)
        return [b for b in plan.backends if b not in known or not known[b].online]
