"""What users do with federated jobs.

What they ask for is recorded, and answered at once; `driver` carries it out.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import (
    BackendError,
    DatabaseUnavailable,
    FeatureUnsupported,
    JobLocked,
    JobNotFinished,
    JobNotFound,
    JobNotStarted,
    NoBackendForProcess,
    NoDataForUpdate,
    NotFound,
    PropertyNotEditable,
)
from aggregator.federated import changes
from aggregator.federated.logs import MOST_LINES
from aggregator.federated.states import LOGIN, REMOVE, RUN, JobState, Problem, new_parts
from aggregator.federated.troubles import LOST, trouble_of
from aggregator.ids import federate
from aggregator.ledger.orders import read_order
from aggregator.routing import read_choice, without_choice
from aggregator.routing.bodies import choices_in
from aggregator.routing.plans import Plan
from aggregator.storage.federated_jobs import FederatedJob, Owner
from aggregator.usecases.accounts import Access
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.credits import BATCH
from aggregator.usecases.federated import documents
from aggregator.usecases.federated.estimating import Estimated, Estimating, together
from aggregator.usecases.federated.joining import Joining, has_none_yet, none_yet
from aggregator.usecases.federated.planning import Planning
from aggregator.usecases.federated.tools import Tools
from aggregator.usecases.jobs import Jobs
from aggregator.usecases.processing import process_in
from aggregator.usecases.resources import Created, Reply
from aggregator.usecases.splitting import Whole
from aggregator.usecases.views import View

FEDERATION = "federation"
FRESH_SECONDS = 60
"""Younger credentials are not replaced, unless a backend has refused them."""
RENEWED = 20
"""Jobs that get such by one request of their user, so that it is answered soon; others by the next.
Those that wait for a login all do."""
CHANGES = 5
"""How often a changed job is planned if others change it at the same time."""
LEVELS = ("error", "warning", "info", "debug")
_NEVER_NULL = ("plan", "log_level")
_UNCHANGED = ("id", "status", "created", "updated", "progress", "costs", "usage", "links")


def is_federated(identifier: str) -> bool:
    """Whether it is the id of a federated job; no backend is called so."""
    return identifier.startswith(f"{FEDERATION}-")


class _ChangedMeanwhile(Exception):  # noqa: N818 - what has happened, no fault
    """A job is not what it was when it was read."""


class Lifecycle:
    """From creation to deletion; `wake` tells the driver that there may be something to do."""

    def __init__(
        self,
        tools: Tools,
        jobs: Jobs,
        planning: Planning,
        catalogue: Catalogue,
        *,
        joining: Joining,
        estimating: Estimating,
        wake: Callable[[], None],
    ) -> None:
        self._joining, self._estimating = joining, estimating
        self._store, self._keyring, self._money = tools.store, tools.keyring, tools.money
        self._jobs, self._planning, self._catalogue = jobs, planning, catalogue
        self._now, self._wake = tools.now, wake

    def create(self, body: JsonObject, plan: Plan, access: Access) -> Created:
        """A new job by a plan; nothing is asked of any backend before it is started."""
        read_order(body, BATCH)
        for backend in plan.backends:
            access.at(backend)
        now, identifier = self._now(), f"{FEDERATION}-{uuid.uuid4().hex}"
        state = JobState(identifier, new_parts(planned(plan), 1))
        job = FederatedJob(
            state, owner_of(access), request_in(body), body["process"], plan, now, now
        )
        self._store.add(job)
        return Created(identifier, ",".join(plan.backends), plan)

    def read(self, identifier: str, access: Access, view: View) -> Reply:
        """The full metadata, with plan and parts."""
        job = self._found(identifier, access, view)
        return Reply(200, documents.full(job, self._money.charged(job.state.current, access)))

    def update(self, identifier: str, body: JsonObject, access: Access, view: View) -> Reply:
        """Change what `body` names of a job that does not run; a changed process is planned anew.

        Several changes at the same time all apply; of two of the same property the later. Raises
        JobLocked if the job runs, and what planning raises.
        """
        job = self._found(identifier, access, view)
        for name in _UNCHANGED:
            if name in body:
                raise PropertyNotEditable(name)
        if not body:
            raise NoDataForUpdate
        if read_choice(body) is not None:
            raise NoBackendForProcess(
                "A federated job runs at the backends of its plan; it cannot be moved to another."
            )
        for _ in range(CHANGES):
            if self._changed(job, body, access, view):
                self._wake()
                return Reply(204, None)
            job = self._found(identifier, access, view)
        raise JobLocked(
            "The job could not be planned anew, since other requests change it all the time. "
            "Nothing of this request was applied; send it again."
        )

    def _changed(self, job: FederatedJob, body: JsonObject, access: Access, view: View) -> bool:
        """Change a job; False if the plan would be for what others have changed meanwhile."""
        asked, now = request_in(body), self._now()
        order = read_order({**job.request, **asked}, BATCH)
        anew = "process" in body or bool(choices_in(body))
        for backend in job.plan.backends if "plan" in asked and not anew else ():
            self._jobs.check_plan(backend, order.plan)
        process, plan = job.process, job.plan
        if anew:
            process = process_in({"process": job.process, **body})
            whole = {**job.request, **asked, "process": process}
            plan = self._planned(Whole(whole, view, "POST /jobs", BATCH, access))

        def changed(found: FederatedJob) -> FederatedJob:
            if found.state.wish == REMOVE:
                raise JobNotFound(job.state.id)
            if found.state.wish == RUN:
                raise JobLocked
            request = {**found.request, **asked}
            if not anew:
                return replace(found, request=request)
            if (found.request, found.process) != (job.request, job.process):
                raise _ChangedMeanwhile
            state = changes.planned_anew(found.state, planned(plan), now)
            return replace(found, state=state, request=request, process=process, plan=plan)

        try:
            sealed = self._sealed(job, access)
            if self._store.rewrite(job.state.id, changed, now, sealed=sealed) is None:
                raise JobNotFound(job.state.id)
        except _ChangedMeanwhile:
            return False
        return True

    def delete(self, identifier: str, access: Access, view: View) -> Reply:
        """Delete a job with all that belongs to it, at every backend, as soon as it answers."""
        job = self._found(identifier, access, view)
        self._ask(job, access, changes.asked_to_remove)
        return Reply(204, None)

    def start(self, identifier: str, access: Access, view: View) -> Reply:
        """Run a job, if as things stand it can be paid for. One that runs is left alone."""
        job = self._found(identifier, access, view)
        if job.state.wish == RUN:
            return Reply(202, None)
        known = self._catalogue.known(view)
        for backend in job.plan.backends:
            if backend not in known or known[backend].excluded:
                reason = known[backend].excluded if backend in known else "is no member any more"
                said = f"A part of it is to run at backend {backend}, which takes no new work: it "
                raise NoBackendForProcess(f"{said}{reason}.")
            access.at(backend)
        self._money.check(job.plan, job.request, access)
        self._ask(job, access, changes.asked_to_start)
        return Reply(202, None)

    def cancel(self, identifier: str, access: Access, view: View) -> Reply:
        """Stop a job at every backend."""
        job = self._found(identifier, access, view)
        self._ask(job, access, changes.asked_to_stop)
        return Reply(204, None)

    def estimate(self, identifier: str, access: Access, view: View) -> Reply:
        """What the parts may cost together; by the backends, or else by their published rates."""
        job, found = self.estimates(identifier, access, view)
        for part in found.parts:
            if part.get("costs") is None:
                raise FeatureUnsupported(
                    f"There is no estimate of the whole: of {part['id']} at {part['backend']} "
                    "nothing is known, since the backend publishes no rates."
                )
        return Reply(200, together(job.plan, found))

    def estimates(
        self, identifier: str, access: Access, view: View
    ) -> tuple[FederatedJob, Estimated]:
        """The job, and the estimate of each of its parts as far as they are known."""
        job = self._found(identifier, access, view)
        made = {part.id: part.job for part in job.state.current}
        return job, self._estimating.parts(job.plan, made, access, view)

    def results(
        self, identifier: str, query: Mapping[str, str], accept: str, access: Access, view: View
    ) -> Reply:
        """The results of the last part, or of all tiles, under the id of the whole.

        Raises JobNotStarted, JobNotFinished; of a failed job the answer is a log entry (424).
        """
        job = self._found(identifier, access, view)
        ends = [p for p in job.state.current if p.id in job.plan.resulting]
        partial_ = query.get("partial") == "true" and not none_yet(ends)
        if job.state.status == "error" and not partial_:
            problem = job.state.problem or Problem("PartFailed", "A part has failed.")
            return Reply(424, documents.problem_of(problem))
        if job.state.status == "created":
            raise JobNotStarted
        if job.state.status != "finished" and not partial_:
            raise JobNotFinished
        if job.plan.ends:
            return self._joining.results(job, ends, query, access=access, view=view)
        (last,) = ends
        local = federate(last.backend, last.job)
        try:
            reply = self._jobs.results(local, query, accept, access, view)
        except BackendError as error:
            if partial_ and has_none_yet(error):
                raise JobNotFinished from error
            if trouble_of(error) != LOST:
                raise
            said = f"It was the part of job '{identifier}' that had the results; they have gone"
            raise JobNotFound(
                local, f"{said} with it. Start that job again for new ones."
            ) from error
        if reply.status != 200 or reply.document is None:
            return reply
        shown = _as_own(reply.document, local, identifier, view)
        return Reply(200, {**shown, "federation:backends": list(job.plan.backends)}, reply.costs)

    def logs(self, identifier: str, query: Mapping[str, str], access: Access, view: View) -> Reply:
        """The log of all parts, in the order in which the federation came to know it."""
        self._found(identifier, access, view)
        level = query.get("level") or "debug"
        offset = query.get("offset") or "0"
        if not (offset.isascii() and offset.isdigit() and len(offset) < 10):
            raise NotFound(
                f"There is no log entry '{offset[:50]}': the query parameter 'offset' must be the "
                "id of an entry of this log."
            )
        limit = min(int(query["limit"]), MOST_LINES) if query.get("limit") else None
        wanted = LEVELS[: LEVELS.index(level) + 1]
        more = None if limit is None else limit + 1
        lines = self._store.lines(identifier, after=int(offset), limit=more, levels=wanted)
        shown = lines[:limit]
        links = []
        if len(lines) > len(shown):
            following = {"offset": str(shown[-1][0]), "limit": str(limit), "level": level}
            href = view.link("jobs", identifier, "logs", query=following)
            links = [{"rel": "next", "href": href}]
        entries = [documents.entry(sequence, line) for sequence, line in shown]
        return Reply(200, {"level": level, "logs": entries, "links": links})

    def counts(self) -> dict[str, int]:
        """How many of these jobs there are of each status; nothing while that cannot be read."""
        try:
            return self._store.count()
        except DatabaseUnavailable:
            return {}

    def _planned(self, whole: Whole) -> Plan:
        """The plan of a job that has changed: in tiles, or else in parts."""
        plan = self._planning.tiles(whole) or self._planning.plan(whole, NoBackendForProcess())
        if whole.access is not None:
            for backend in plan.backends:
                whole.access.at(backend)
        return plan

    def refresh(self, access: Access) -> None:
        """Take the credentials with which the user has come for what is still to be done."""
        now, renewed = self._now(), 0
        with suppress(DatabaseUnavailable):  # the user's next request brings them again
            for job in self._store.unfinished(owner_of(access), now - FRESH_SECONDS * 1000):
                waits = any(part.trouble == LOGIN for part in job.state.parts)
                renewed += not waits
                if waits or renewed <= RENEWED:
                    self._seal(job, access, partial(changes.logged_in_again, now=now))
                    if waits:
                        self._wake()

    def _found(self, identifier: str, access: Access, view: View) -> FederatedJob:
        """The user's job; a view of one backend has none."""
        found = None if view.backend else self._store.of(owner_of(access), identifier)
        if found is None:
            raise JobNotFound(identifier[:200])
        return found

    def _ask(
        self, job: FederatedJob, access: Access, change: Callable[[JobState, int], JobState]
    ) -> None:
        """Record what the user asks for, with the credentials to do it."""
        now = self._now()
        self._seal(job, access, lambda state: change(state, now))
        self._wake()

    def _seal(
        self, job: FederatedJob, access: Access, change: Callable[[JobState], JobState]
    ) -> None:
        self._store.seal(job.state.id, self._sealed(job, access), change, self._now())

    def _sealed(self, job: FederatedJob, access: Access) -> str:
        """The user's credentials at all backends at which the job has parts, or is to have some."""
        backends = {*job.plan.backends, *(part.backend for part in job.state.parts)}
        return self._keyring.seal(access, backends, job.sealed)


def owner_of(access: Access) -> Owner:
    """Whose jobs they are."""
    return Owner(access.issuer, access.user_id)


def planned(plan: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    """Id, backend and needs of each part."""
    return [(part.id, part.backend, part.needs) for part in plan.parts]


def request_in(body: JsonObject) -> dict[str, Any]:
    """What a request says beside the process, with its choices, by which it may be planned anew.

    A plan that is null says nothing: the one that there is stays, or each backend takes its own.
    """
    said = {k: v for k, v in without_choice(body).items() if v is not None or k not in _NEVER_NULL}
    return {k: v for k, v in said.items() if k != "process"} | choices_in(body)


def _as_own(document: Mapping[str, Any], local: str, identifier: str, view: View) -> dict[str, Any]:
    """Results of a part as those of the whole: its id, and the links that lead to it."""
    before, after = view.link("jobs", local), view.link("jobs", identifier)
    links = [
        {**link, "href": after + link["href"].removeprefix(before)}
        if isinstance(link.get("href"), str) and link["href"].startswith(before)
        else link
        for link in document.get("links", [])
        if isinstance(link, Mapping)
    ]
    return {**document, "id": identifier, "links": links}
