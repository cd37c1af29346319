"""The life of a batch job: queued, run, ended, canceled, deleted, survived a restart."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from backends.accounting.reports import Ending, Report, Reports
from backends.errors import OpenEOError, job_not_found
from backends.jobs.engine import RESULTS, Engine, Outcome, Prepare, Prepared, Task, as_it_is
from backends.jobs.folders import remove
from backends.jobs.records import Failure, Job, LogEntry, Usage, timestamp
from backends.jobs.store import JobGoneError, QueueFullError, Store
from backends.jobs.usage import costs_of
from backends.profile import Profile

LOG: Final = logging.getLogger(__name__)
MAX_INTERRUPTIONS: Final = 1
"""How often a job whose computation was lost is run again before it counts as failed."""


class Lifecycle:
    """Moves batch jobs through their statuses and hands them to the engine.

    Each run has its own number (the attempt) and its own folder, so that what a
    stopped run still does or reports never touches the next one.
    """

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
        self._profile = profile
        self._store = store
        self._engine = engine
        self._folder = folder
        self._clock = clock
        self._prepare = prepare
        # Claiming and handing over is one step against stopping and killing.
        self._lock = threading.RLock()
        # Folders in which processes may still read and write.
        self._in_use: set[Path] = set()

    def recover(self) -> None:
        """Take up what an earlier process of this backend left behind."""
        with self._lock:
            for job in self._store.running():
                if job.kind == "batch":
                    self._interrupted(job, "The backend was restarted while the job was running.")
                else:
                    self._fail_request(job)
            self._sweep()
        self.tidy()
        self.pump()

    def tidy(self) -> None:
        """Remove results and jobs that were kept as long as the limits promise."""
        now, limits = self._clock(), self._profile.limits
        with self._lock:
            for job_id in self._store.with_old_results(now - timedelta(limits.keep_results_days)):
                remove(self._folder / job_id)
                self._store.remove_assets(job_id)
                self._store.log(job_id, "info", "The results were kept long enough.", now)
            for job_id in self._store.unchanged_since(now - timedelta(limits.keep_jobs_days)):
                remove(self._folder / job_id)
                self._store.delete(job_id)

    def start(self, job: Job) -> None:
        """Queue the job; nothing happens where it is queued or running already.

        Raises ``InfrastructureBusy`` where the queue is full.
        """
        limits = self._profile.limits
        try:
            with self._lock:
                now = self._clock()
                if not self._store.enqueue(job.id, now, queue_length=limits.queue_length):
                    return
                self._clear(job.id)
                self._store.log(job.id, "info", "The job waits in the queue.", now)
        except JobGoneError:
            raise job_not_found(job.id) from None
        except QueueFullError:
            raise OpenEOError(
                "InfrastructureBusy",
                f"The queue is full: {limits.queue_length} jobs are waiting. Try again later.",
                headers={"Retry-After": "60"},
            ) from None
        self.pump()

    def cancel(self, job: Job) -> None:
        """Stop the job, and end its process with everything that it started."""
        with self._lock:
            try:
                stopped = self._store.stop(
                    job.id, self._clock(), self._open_report if self._reports else None
                )
            except JobGoneError:
                raise job_not_found(job.id) from None
            if stopped is None:
                return
            self._store.log(job.id, "info", "The job was canceled.", self._clock())
            if stopped.status == "running":
                self._engine.kill(_task_id(stopped))
        self.pump()

    def delete(self, job: Job) -> None:
        """Stop the job and remove it with its logs and files.

        The folder of a run that is being killed goes when its process is gone.
        """
        with self._lock:
            self.cancel(job)
            self._store.delete(job.id)
            self._clear(job.id)

    def results_folder(self, job: Job) -> Path:
        """Where the files of the job's latest run lie."""
        return self._run_folder(job) / RESULTS

    def pump(self) -> None:
        """Start as many waiting jobs as may run at the same time."""
        while True:
            with self._lock:
                limits = self._profile.limits
                job = self._store.claim_next(
                    self._clock(),
                    concurrent=limits.concurrent_jobs,
                    per_user=limits.concurrent_jobs_per_user,
                )
                if job is None:
                    return
                self._launch(job)

    def _launch(self, job: Job) -> None:
        self._store.log(job.id, "info", "The computation starts.", self._clock())
        try:
            task = self._task(job, self._prepare(job))
        except OpenEOError as error:
            self._ended(job, Outcome("error", Failure(error.code, error.message)))
            self._store.log(job.id, "error", error.message, self._clock(), code=error.code)
            return
        try:
            remove(task.folder)
            task.write()
        except OSError:
            LOG.exception("No folder for job %s", job.id)
            failure = Failure("StorageFailure", "The files of the job could not be stored.")
            self._ended(job, Outcome("error", failure))
            return
        self._in_use.add(task.folder)
        self._engine.run(task, lambda outcome: self._on_end(job, task, outcome))

    def _on_end(self, job: Job, task: Task, outcome: Outcome) -> None:
        # What is killed does not tidy up itself.
        remove(task.scratch)
        with self._lock:
            self._in_use.discard(task.folder)
            self._ended(job, outcome)
            self._forget_outdated(job)
        self.pump()

    def _ended(self, job: Job, outcome: Outcome) -> None:
        if outcome.state == "lost":
            self._interrupted(job, "The computing process went away.")
            return
        failure = failure_of(outcome, self._profile.limits.batch_deadline)
        costs, usage = self._costs(job, outcome.usage), outcome.usage
        finished = self._store.finish(
            *(job.id, job.attempt),
            now=self._clock(),
            failure=failure,
            usage=usage,
            costs=costs,
            report=self._report(job, usage, "error" if failure else "finished", costs),
        )
        if finished:
            self._log_end(job, outcome, failure)
        else:
            report = self._report(job, usage, "canceled", costs)
            self._store.charge(job.id, job.user, usage=usage, costs=costs, report=report)
        self._wake()

    def _costs(self, job: Job, usage: Usage) -> float:
        return costs_of(usage, self._profile.billing, batch=True, plan=job.plan)

    def _report(
        self, job: Job, usage: Usage, ending: Ending, costs: float, *, fee: bool = True
    ) -> Report | None:
        if self._reports is None:
            return None
        return self._reports.of_job(job, usage, ending, self._clock(), costs=costs, fee=fee)

    def _open_report(self, job: Job) -> Report:
        """What is known of a run that is told to stop: how long it ran."""
        began, now = job.started or job.updated, self._clock()
        usage = Usage(duration=max(0.0, (now - began).total_seconds()))
        report = self._report(job, usage, "canceled", self._costs(job, usage))
        if report is None:
            raise ValueError("this backend reports nothing")
        return report

    def _log_end(self, job: Job, outcome: Outcome, failure: Failure | None) -> None:
        now = self._clock()
        if failure and outcome.state != "error":
            self._store.log(job.id, "error", failure.message, now, code=failure.code)
        word = "failed" if failure else "finished"
        message = f"The computation {word} after {outcome.usage.duration:.1f} s."
        self._store.log(job.id, "info", message, now, data={"usage": outcome.usage.as_json()})

    def _interrupted(self, job: Job, reason: str) -> None:
        now = self._clock()
        again = job.interruptions < MAX_INTERRUPTIONS
        if again and self._store.requeue(job.id, job.attempt, now):
            self._store.log(job.id, "warning", f"{reason} It is queued again.", now)
            return
        failure = Failure("Internal", f"{reason} The job was interrupted too often; start it anew.")
        if self._give_up(job, failure):
            self._store.log(job.id, "error", failure.message, now, code=failure.code)

    def _give_up(self, job: Job, failure: Failure) -> bool:
        """Note the end of a run that is lost by our fault: it costs nothing."""
        usage = Outcome("lost").usage
        given_up = self._store.finish(
            *(job.id, job.attempt),
            now=self._clock(),
            failure=failure,
            usage=usage,
            costs=0.0,
            report=self._report(job, usage, "error", 0.0, fee=False),
        )
        self._wake()
        return given_up

    def _fail_request(self, job: Job) -> None:
        self._give_up(job, Failure("Internal", "The backend was restarted while computing."))

    def _forget_outdated(self, job: Job) -> None:
        """Remove what a run left whose job was deleted, or started anew, before it ended."""
        now = self._store.find(job.id)
        if now is None:
            self._clear(job.id)
        elif now.attempt != job.attempt:
            remove(self._run_folder(job))

    def _clear(self, job_id: str) -> None:
        """Remove the folders of all runs of the job in which no process works any more."""
        folder = self._folder / job_id
        kept = {path for path in self._in_use if path.parent == folder}
        for path in folder.glob("*") if kept else [folder]:
            if path not in kept:
                remove(path)

    def _run_folder(self, job: Job) -> Path:
        return self._folder / job.id / str(job.attempt)

    def _sweep(self) -> None:
        known = self._store.identifiers()
        for folder in self._folder.iterdir():
            if folder.name not in known:
                remove(folder)

    def _task(self, job: Job, prepared: Prepared) -> Task:
        return Task(
            id=_task_id(job),
            job_id=job.id,
            attempt=job.attempt,
            kind="batch",
            folder=self._run_folder(job),
            process=prepared.process,
            deadline=self._profile.limits.batch_deadline,
            log_level=job.log_level,
            files=prepared.files,
        )


def failure_of(outcome: Outcome, deadline: float) -> Failure | None:
    """Why a run that was not lost ended badly, in words for the user; None if it did not."""
    if outcome.state == "timeout":
        return Failure("RequestTimeout", f"Computing took longer than the {deadline:g} s allowed.")
    if outcome.state == "killed":
        return Failure("Internal", "The computation was stopped.")
    return outcome.failure


def last_error(logs: list[LogEntry], failure: Failure, ended: datetime) -> dict[str, str]:
    """The log entry that tells why a job failed (openEO API, 424 of GET results)."""
    matching = [entry for entry in logs if entry.message == failure.message]
    number = str(matching[-1].number) if matching else failure.id or "0"
    return {
        "id": number,
        "level": "error",
        "code": failure.code,
        "message": failure.message,
        "time": timestamp(ended),
    }


def _task_id(job: Job) -> str:
    return f"{job.id}.{job.attempt}"
