"""One step for one part: what is intended is recorded before a backend is asked, and the outcome
afterwards.

Both are recorded under the fence of who drives federated jobs: one that was paused until another
took over records nothing more, and takes back what it has just created.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson

from aggregator.documents import JsonObject, text
from aggregator.errors import BackendError, DatabaseUnavailable, OpenEOError, TokenInvalid
from aggregator.federated import changes
from aggregator.federated.states import (
    AWAY,
    CREATING,
    LOGIN,
    REMOVE,
    STARTING,
    JobState,
    Limits,
    Line,
    PartState,
)
from aggregator.federated.steps import CANCEL, CREATE, DELETE, FIND, LOOK, START, Step, kind_of
from aggregator.federated.titles import mark, marked
from aggregator.federated.troubles import LOST, is_uncertain, trouble_of
from aggregator.identity.secrets import without_credentials
from aggregator.ids import federate
from aggregator.routing.plans import filled
from aggregator.storage.federated_jobs import Change, FederatedJob, NotOurs
from aggregator.storage.lease import Lease
from aggregator.usecases.accounts import Access
from aggregator.usecases.admission import Admission
from aggregator.usecases.federated.members import ENTRIES
from aggregator.usecases.federated.tools import Tools

LOG = logging.getLogger(__name__)
LEVELS = ("error", "warning", "info", "debug")
LOOKS = 20
"""Looks, in the time after which a part must be there, whether another program has found it."""
OVER = ("finished", "error", "canceled")
PAGES_LEFT = 10
"""Answers about the log of a part that is over: so much of it is taken over at once."""
LINE_LENGTH = 10_000
"""Characters that are kept of a backend's message, and bytes of what else its entry says."""


@dataclass(frozen=True)
class _Errand:
    """A part of a job, and who it is for."""

    job: FederatedJob
    part: PartState
    access: Access

    @property
    def at(self) -> tuple[str, str, Access]:
        """Backend, id of the job there, and credentials."""
        return self.part.backend, self.part.job, self.access


class Errands:
    """Runs steps; several at the same time, each for another part."""

    def __init__(
        self,
        tools: Tools,
        admission: Admission,
        *,
        fence: Lease,
        fenced_seconds: float,
        limits: Limits,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store, self._members, self._now = tools.store, tools.members, tools.now
        self._keyring, self._money, self._limits = tools.keyring, tools.money, limits
        self._admission, self._monotonic, self._sleep = admission, monotonic, sleep
        self._fence, self._seconds = fence, fenced_seconds
        self._kinds: dict[str, Callable[[_Errand], None]] = {
            FIND: self._find,
            CREATE: self._create,
            START: self._start,
            LOOK: self._look,
            CANCEL: self._cancel,
            DELETE: self._delete,
        }

    def run(self, identifier: str, step: Step) -> None:
        """Do it, unless it is no longer what is to be done.

        Raises NotOurs if another program drives federated jobs by now, and DatabaseUnavailable.
        """
        job = self._store.get(identifier)
        part = job.state.part(step.part) if job else None
        if job is None or part is None or kind_of(job.state, part) != step.kind:
            return
        try:
            access = self._keyring.open(job.sealed)
            if access is None or part.backend not in access.credentials:
                raise TokenInvalid
            self._kinds[step.kind](_Errand(job, part, access))
        except DatabaseUnavailable:
            raise
        except OpenEOError as error:
            self._troubled(identifier, step, error)

    # The steps

    def _create(self, errand: _Errand) -> None:
        job, part = errand.job, errand.part
        self._admission.admit(errand.access)
        addresses = {need: self._address(errand, need) for need in part.needs}
        budget = self._money.share(job, part, errand.access)
        body = self._body(job, part, addresses, budget)
        begun = self._monotonic()
        if not self._intends(errand, CREATING, budget):
            return
        if self._monotonic() - begun > self._seconds / 2:
            # Who takes over may be about to create it, too. Has nobody done so yet it is tried
            # again, rather than looked for until it could have been there.
            self._take_back(errand)
            return
        try:
            local_id = self._members.create(part.backend, body, errand.access)
        except OpenEOError as error:
            if not is_uncertain(error):
                self._take_back(errand)
            raise
        try:
            self._record(errand, changes.created, local_id)
        except NotOurs:
            with suppress(OpenEOError):  # it stays there, created and never started
                if not self._is_adopted(errand, local_id):
                    self._members.delete(part.backend, local_id, errand.access)
            raise

    def _is_adopted(self, errand: _Errand, local_id: str) -> bool:
        """Whether who has taken over has found this job, or may yet find it.

        It is not to be deleted then. If another one was recorded it will never be looked for.
        """
        pause = self._limits.settling / 1000 / LOOKS
        for _ in range(2 * LOOKS):
            job = self._store.get(errand.job.state.id)
            now = job.state.part(errand.part.key) if job else None
            if now is None or now.job:
                return now is not None and now.job == local_id
            self._sleep(pause)
        return True

    def _find(self, errand: _Errand) -> None:
        part = errand.part
        wanted = mark(errand.job.state.id, part.id, part.run)
        found = self._members.find(part.backend, wanted, errand.access)
        if not found:
            self._record(errand, changes.not_created, limits=self._limits)
            return
        self._record(errand, partial(changes.created, found=True), found[0])
        for more in found[1:]:
            self._members.delete(part.backend, more, errand.access)

    def _start(self, errand: _Errand) -> None:
        self._admission.admit(errand.access)
        if not self._intends(errand, STARTING):
            return
        try:
            self._members.start(*errand.at)
        except OpenEOError as error:
            if isinstance(error, BackendError) and trouble_of(error) not in (AWAY, LOGIN):
                self._refused_to_start(errand, error)
                return
            if not is_uncertain(error):
                self._take_back(errand)
            raise
        self._record(errand, changes.started, limits=self._limits)

    def _refused_to_start(self, errand: _Errand, error: BackendError) -> None:
        """Perhaps it was started before: then all is well."""
        document = self._members.look(*errand.at)
        if text(document, "status") in ("created", ""):
            raise error
        self._record(errand, changes.seen, document, limits=self._limits)

    def _look(self, errand: _Errand) -> None:
        part, job = errand.part, errand.job
        document = self._members.look(*errand.at)
        lines, last = self._told(errand, over=text(document, "status") in OVER)
        reason = self._reason(errand, lines) if text(document, "status") == "error" else ""
        now = self._now()

        def looked(state: JobState) -> JobState:
            state = changes.went_on(state, part.key, now)
            current = state.part(part.key)
            if current is not None and current.log == part.log:
                state = state.having(replace(current, log=last)).saying(*lines)
            return changes.seen(state, part.key, document, now, limits=self._limits, reason=reason)

        self._change(job, looked)

    def _told(self, errand: _Errand, *, over: bool) -> tuple[list[Line], str]:
        """What is new in the log of a part, and the id of the last entry of that.

        At each look one answer is read, and when the part is over all that is left, within reason.
        """
        part, wanted, now = errand.part, errand.job.request.get("log_level"), self._now()
        level = str(wanted) if wanted in LEVELS else "info"
        lines: list[Line] = []
        after = part.log
        for page in range(1 + PAGES_LEFT if over else 1):
            entries = self._members.entries(part.backend, part.job, after, level, errand.access)
            if page == PAGES_LEFT and entries:
                return [*lines, _cut(part, now)], after
            if not over:  # what has no id would be read at each look
                entries = [entry for entry in entries if text(entry, "id")]
            lines += [line for entry in entries if (line := _line(part, entry, now))]
            before, after = after, _last_id(entries, after)
            if len(entries) < ENTRIES or after == before:
                break
        return lines, after

    def _reason(self, errand: _Errand, lines: Sequence[Line]) -> str:
        """The last error in the log of a part that has failed; empty if there is none."""
        part = errand.part
        told = [line for line in lines if line.level == "error"]
        last = (
            told[-1] if told else self._store.last_error(errand.job.state.id, part.id, part.since)
        )
        return last.message.removeprefix(f"{part.named}: ") if last else ""

    def _cancel(self, errand: _Errand) -> None:
        try:
            self._members.cancel(*errand.at)
        except BackendError as error:
            if trouble_of(error) in (AWAY, LOGIN):
                raise
            # It has ended already, was not started, or is not there any more.
        self._record(errand, changes.canceled)

    def _delete(self, errand: _Errand) -> None:
        try:
            self._members.delete(*errand.at)
        except BackendError as error:
            if trouble_of(error) != LOST:
                if trouble_of(error) not in (AWAY, LOGIN):  # it may have to be stopped first
                    self._members.cancel(*errand.at)
                raise
        self._record(errand, changes.removed)

    # What they have in common

    def _address(self, errand: _Errand, need: str) -> str:
        """Where the result of a part is that this one needs."""
        made = errand.job.state.part((errand.part.run, need))
        if made is None:
            raise ValueError(f"there is no part {need!r}")
        return self._members.address(made.backend, made.job, errand.access)

    def _body(
        self, job: FederatedJob, part: PartState, addresses: dict[str, str], budget: int | None
    ) -> dict[str, Any]:
        """What the part's job is created with: as the whole, but for process, title and budget."""
        title = marked(text(job.request, "title"), job.state.id, part.id, part.run)
        process = filled(job.plan.by_id[part.id], addresses)
        body = {**job.request, "title": title, "process": process}
        return body if budget is None else {**body, "budget": budget / 1000}

    def _intends(self, errand: _Errand, stage: str, budget: int | None = None) -> bool:
        """Record what is about to be done; whether it still is to be."""
        now, key = self._now(), errand.part.key

        def intended(state: JobState) -> JobState:
            return changes.intended(state, key, stage, now, limits=self._limits, budget=budget)

        state = self._change(errand.job, intended)
        part = state.part(errand.part.key) if state else None
        return part is not None and part.stage == stage

    def _take_back(self, errand: _Errand) -> None:
        """Record that what was intended was certainly not done."""
        now, key = self._now(), errand.part.key
        self._change(errand.job, lambda state: changes.taken_back(state, key, now))

    def _record(
        self, errand: _Errand, change: Callable[..., JobState], *values: Any, **named: Any
    ) -> JobState | None:
        now, key = self._now(), errand.part.key

        def recorded(state: JobState) -> JobState:
            return change(changes.went_on(state, key, now), key, *values, now, **named)

        return self._change(errand.job, recorded)

    def _change(self, job: FederatedJob, change: Change) -> JobState | None:
        return self._store.change(job.state.id, change, self._now(), fence=self._fence)

    def _troubled(self, identifier: str, step: Step, error: OpenEOError) -> None:
        trouble, now = trouble_of(error), self._now()
        said = without_credentials(error.logged)
        LOG.info("%s %s: %s: %s", identifier, step.part[1], step.kind, error.code)

        def changed(state: JobState) -> JobState:
            if trouble in (AWAY, LOGIN):
                return changes.troubled(state, step.part, trouble, said, now, limits=self._limits)
            if step.kind == DELETE or state.wish == REMOVE:  # tried again: nothing may be left
                return changes.troubled(state, step.part, AWAY, said, now, limits=self._limits)
            return changes.failed(state, step.part, error.code, said, now)

        self._store.change(identifier, changed, now, fence=self._fence)


def _last_id(entries: Sequence[JsonObject], before: str) -> str:
    return next((text(e, "id") for e in reversed(entries) if text(e, "id")), before)


def _cut(part: PartState, now: int) -> Line:
    said = (
        f"{part.named}: its log has more lines, which are left out here. The whole log is that of "
        f"its own job, {federate(part.backend, part.job)}."
    )
    return Line(now, "warning", said, part.id, part.backend)


def _line(part: PartState, entry: JsonObject, now: int) -> Line | None:
    """A backend's log entry as a line of the whole job's."""
    message, level = text(entry, "message"), text(entry, "level")
    if not message or level not in LEVELS:
        return None
    more = {
        key: entry[key]
        for key in ("data", "path", "usage", "time")
        if key in entry and len(orjson.dumps(entry[key])) <= LINE_LENGTH
    }
    code, said = text(entry, "code")[:100], f"{part.named}: {message[:LINE_LENGTH]}"
    return Line(now, level, said, part.id, part.backend, code, more)
