"""Synchronous requests: computed while the client waits, within a deadline."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from backends.accounting.reports import Ending, Reports
from backends.errors import OpenEOError
from backends.jobs.engine import Engine, Outcome, Prepare, Prepared, Task, as_it_is, awaited
from backends.jobs.folders import remove
from backends.jobs.lifecycle import failure_of
from backends.jobs.records import Asset, Failure, Job, NewJob
from backends.jobs.store import Store
from backends.jobs.usage import costs_of
from backends.profile import Profile

KEPT: Final = timedelta(days=1)
"""How long the log of a synchronous request stays readable."""


@dataclass(frozen=True)
class Computed:
    """The files of a synchronous request. ``discard`` removes them, once they are sent."""

    job: Job
    assets: tuple[Asset, ...]
    folder: Path
    costs: float

    def path(self, asset: Asset) -> Path:
        """Where the file lies."""
        return self.folder / "results" / asset.name

    def discard(self) -> None:
        """Remove the files."""
        remove(self.folder)


class Synchronous:
    """Runs synchronous requests: some at once, a few waiting, the others told to come back."""

    def __init__(
        self,
        profile: Profile,
        store: Store,
        engine: Engine,
        folder: Path,
        clock: Callable[[], datetime],
        *,
        prepare: Prepare = as_it_is,
        reports: Reports | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._reports = reports
        self._wake = wake
        self._limits = profile.limits
        self._billing = profile.billing
        self._store = store
        self._engine = engine
        self._folder = folder
        self._clock = clock
        self._prepare = prepare
        self._slots = threading.BoundedSemaphore(self._limits.concurrent_sync)
        self._places = threading.BoundedSemaphore(
            self._limits.concurrent_sync + self._limits.sync_waiting
        )

    def run(self, new: NewJob) -> Computed:
        """Compute and give the files.

        Raises what the computation failed with; ``RequestTimeout`` when the
        deadline strikes; ``InfrastructureBusy`` when too many are computing.
        """
        with self._slot():
            now = self._clock()
            self._store.remove_requests(now - KEPT)
            self._store.add(new, now)
            job = self._store.begin(new.id, now)
            task = self._task(job, self._prepare(job))
            try:
                outcome = awaited(self._engine, task)
                return self._finished(job, task, outcome)
            except BaseException:
                remove(task.folder)
                raise

    def _finished(self, job: Job, task: Task, outcome: Outcome) -> Computed:
        assets = tuple(self._store.assets(job.id, job.attempt))
        failure = _failure(outcome, assets, self._limits.sync_deadline)
        costs, now = costs_of(outcome.usage, self._billing, plan=job.plan), self._clock()
        ending: Ending = "error" if failure else "finished"
        report = None
        if self._reports is not None:
            report = self._reports.of_job(job, outcome.usage, ending, now, costs=costs, fee=False)
        self._store.finish(
            *(job.id, job.attempt),
            now=now,
            failure=failure,
            usage=outcome.usage,
            costs=costs,
            report=report,
        )
        self._wake()
        if failure:
            if outcome.state != "error":
                self._store.log(job.id, "error", failure.message, self._clock(), code=failure.code)
            raise OpenEOError(failure.code, failure.message)
        return Computed(job, assets, task.folder, costs)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        busy = OpenEOError(
            "InfrastructureBusy",
            f"{self._limits.concurrent_sync} synchronous requests are being computed, which is as "
            "many as this backend does at a time. Try again in a few seconds or use a batch job.",
            headers={"Retry-After": "5"},
        )
        if not self._places.acquire(blocking=False):
            raise busy
        try:
            if not self._slots.acquire(timeout=self._limits.sync_patience):
                raise busy
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()

    def _task(self, job: Job, prepared: Prepared) -> Task:
        return Task(
            id=job.id,
            job_id=job.id,
            attempt=job.attempt,
            kind="sync",
            folder=self._folder / job.id,
            process=prepared.process,
            deadline=self._limits.sync_deadline,
            log_level=job.log_level,
            files=prepared.files,
        )


def _failure(outcome: Outcome, assets: tuple[Asset, ...], deadline: float) -> Failure | None:
    if outcome.state == "timeout":
        message = f"Computing took longer than the {deadline:g} s that a synchronous request may"
        return Failure("RequestTimeout", f"{message} take. Use a batch job, or ask for less.")
    if outcome.state == "lost":
        return Failure("Internal", "The computing process went away. Please try again.")
    if outcome.state == "finished" and not assets:
        message = "The process saved no file. Let a save_result node make the result."
        return Failure("ProcessGraphInvalid", message)
    return failure_of(outcome, deadline)
