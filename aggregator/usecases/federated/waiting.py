"""Processes that are checked or run while their user waits, also in parts at several backends.

A result in parts is for small plans only. All parts but the last run as batch jobs that the driver
looks after; they are recorded with a time after which they are removed, whoever is still there. The
last one is an ordinary synchronous request, and its answer that of the whole.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import (
    BackendUnavailable,
    DatabaseUnavailable,
    NoBackendForProcess,
    OpenEOError,
    PartFailed,
    PaymentRequired,
    ProcessGraphComplexity,
)
from aggregator.federated import changes
from aggregator.federated.states import SYNCHRONOUS as WAITED_FOR
from aggregator.federated.states import JobState, Problem, new_parts
from aggregator.ledger.amounts import to_credits
from aggregator.routing import Plan, Routing, without_choice
from aggregator.routing.plans import amount, filled
from aggregator.storage.federated_jobs import FederatedJob
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import BATCH, SYNCHRONOUS
from aggregator.usecases.federated.lifecycle import FEDERATION, owner_of, planned, request_in
from aggregator.usecases.federated.planning import BATCH_ONLY, Planning, no_tiles
from aggregator.usecases.federated.tools import Tools
from aggregator.usecases.processing import Processing, Result, process_in
from aggregator.usecases.splitting import Whole
from aggregator.usecases.validation import Validation
from aggregator.usecases.views import View

SHORTEST, LONGEST = 0.05, 0.5
"""Seconds between two looks whether all parts before the last are there."""


class Waiting:
    """`seconds` is how long all parts but the last may take together, `result_seconds` the last.

    `largest` is how many bytes they may hand on.
    """

    def __init__(
        self,
        tools: Tools,
        processing: Processing,
        validation: Validation,
        planning: Planning,
        *,
        seconds: float,
        result_seconds: float,
        largest: int,
        wake: Callable[[], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._processing, self._validation, self._planning = processing, validation, planning
        self._store, self._members, self._now = tools.store, tools.members, tools.now
        self._keyring, self._money = tools.keyring, tools.money
        self._seconds, self._largest = seconds, largest
        self._kept = int((seconds + result_seconds) * 1000)
        self._wake, self._sleep = wake, sleep

    def validate(
        self, body: JsonObject, view: View, access: Access | None
    ) -> tuple[dict[str, Any], Routing | Plan | None]:
        """What is wrong with a process, and who can run it: one of several, or all of a plan.

        `federation:plan` is the plan if there is one; its backends run the process together.
        """
        whole = Whole({**body, "process": without_choice(body)}, view, "POST /jobs", BATCH, access)
        try:
            plan = self._planning.tiles(whole)
        except OpenEOError as error:
            return {"errors": [error.as_json()]}, None
        if plan is not None:
            return _with_plan(plan), plan
        found, routing = self._validation.of(body, view, access)
        if routing is None or routing.able:
            return found, routing
        try:
            plan = self._planning.plan(whole, routing.rejection())
        except (NoBackendForProcess, BackendUnavailable) as error:
            return {**found, "errors": [error.as_json(), *found["errors"][1:]]}, routing
        except OpenEOError:
            return found, routing
        return _with_plan(plan), plan

    def result(self, body: JsonObject, view: View, access: Access, accept: str) -> Result:
        """The result of a process, now.

        Raises ProcessGraphComplexity, which advises a batch job, if it can be had only in parts
        that hand on too much, or take too long; PartFailed and PaymentRequired if a part fails.
        """
        no_tiles(body, BATCH_ONLY)
        try:
            return self._processing.result(body, view, access, accept)
        except NoBackendForProcess as refusal:
            whole = Whole(body, view, "POST /result", SYNCHRONOUS, access)
            plan = self._planning.plan(whole, refusal)
        self._check_size(plan)
        self._money.check(plan, body, access)
        return self._in_parts(body, plan, access, view, accept)

    def _in_parts(
        self, body: JsonObject, plan: Plan, access: Access, view: View, accept: str
    ) -> Result:
        first, last = self._money.shares(body, plan)
        identifier = self._begin(body, plan, access, first)
        done = partial(self._remove, identifier)
        try:
            state = self._awaited(identifier)
            made = {part.id: part for part in state.current}
            addresses = {
                need: self._members.address(made[need].backend, made[need].job, access)
                for need in plan.last.needs
            }
            request = request_in(body) | {
                "process": filled(plan.last, addresses),
                "federation:backend": plan.last.backend,
            }
            limited = request if last is None else {**request, "budget": to_credits(last)}
            found = self._processing.result(limited, view, access, accept)
        except BaseException:
            done()
            raise
        chunks = _Ending(found, done)
        return replace(
            found,
            backend=",".join(plan.backends),
            routing=plan,
            headers=self._with_costs(found, state, access),
            chunks=chunks,
            close=chunks.close,
        )

    def _check_size(self, plan: Plan) -> None:
        if plan.size is None or plan.size > self._largest:
            raise ProcessGraphComplexity(
                "No single backend can run this process, and its parts would hand on results "
                f"{amount(plan.size) if plan.size is None else 'of ' + amount(plan.size)}; "
                f"while you wait it may be {self._largest} bytes. Send it as a batch job."
            )

    def _begin(self, body: JsonObject, plan: Plan, access: Access, budget: int | None) -> str:
        """Record all parts but the last, so that they run."""
        now, identifier = self._now(), f"{FEDERATION}-{uuid.uuid4().hex}"
        for backend in plan.backends:
            access.at(backend)
        state = JobState(
            identifier,
            new_parts(planned(plan)[:-1], 1),
            kind=WAITED_FOR,
            until=now + self._kept,
        )
        request = request_in(body)
        if budget is not None:
            request["budget"] = to_credits(budget)
        job = FederatedJob(
            changes.asked_to_start(state, now),
            owner_of(access),
            request,
            process_in(body),
            plan,
            now,
            now,
            self._keyring.seal(access, plan.backends),
            now,
        )
        self._store.add(job)
        self._wake()
        return identifier

    def _awaited(self, identifier: str) -> JobState:
        """The job when all these parts are there."""
        until, pause = time.monotonic() + self._seconds, SHORTEST
        while time.monotonic() < until:
            job = self._store.get(identifier)
            if job is None:
                break
            if job.state.status == "finished":
                return job.state
            if job.state.problem is not None:
                raise _error_of(job.state.problem)
            self._sleep(pause)
            pause = min(pause * 1.5, LONGEST)
        raise ProcessGraphComplexity(
            "No single backend can run this process, and its parts were not there within "
            f"{self._seconds:g} seconds. Send it as a batch job."
        )

    def _with_costs(self, found: Result, state: JobState, access: Access) -> dict[str, str]:
        """The headers of the last part's answer, its costs with those of the others."""
        headers = dict(found.headers)
        own = headers.get("OpenEO-Costs", "")
        known = [part.costs for part in self._money.charged(state.current, access)]
        with suppress(ValueError):  # what the last part costs is not said: so is the sum not
            headers["OpenEO-Costs"] = f"{float(own) + sum(c for c in known if c):.15g}"
        return headers

    def _remove(self, identifier: str) -> None:
        """Nobody needs the parts any more; if this cannot be recorded their time runs out."""
        now = self._now()
        with suppress(DatabaseUnavailable):
            self._store.change(identifier, lambda state: changes.asked_to_remove(state, now), now)
        self._wake()


class _Ending:
    """A result's pieces; when it is closed, read or not, there is something to do."""

    def __init__(self, result: Result, done: Callable[[], None]) -> None:
        self._result, self._done = result, done

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._result.chunks)

    def close(self) -> None:
        """End."""
        self._result.close()
        self._done()


def _error_of(problem: Problem) -> OpenEOError:
    if problem.code == PaymentRequired.code:
        return PaymentRequired(problem.message)
    return PartFailed(problem.backend, problem.message)


def _with_plan(plan: Plan) -> dict[str, Any]:
    return {
        "errors": [],
        "federation:backends": list(plan.backends),
        "federation:plan": plan.as_json(),
    }
