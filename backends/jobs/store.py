"""The persistent store of jobs, their logs and their files.

Every change of a status is one transaction that checks the status it starts
from, so two requests can never both win. The computing children write logs,
progress and assets here while they run.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from backends.accounting.outbox import OPEN, write
from backends.accounting.reports import Report
from backends.jobs.database import Database
from backends.jobs.logs import Logs
from backends.jobs.records import Asset, Failure, Job, NewJob, Usage

EDITABLE: Final = ("title", "description", "process", "plan", "budget", "log_level", "extra")
_JSON_COLUMNS: Final = ("process", "extra")


class QueueFullError(Exception):
    """The queue holds as many jobs as it may."""


class JobActiveError(Exception):
    """The job is queued or running, so it cannot be changed."""


class JobGoneError(Exception):
    """The job was deleted meanwhile."""


class Store:
    """Jobs on disk. Safe to use from many threads and processes at once."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        logs = Logs(self.database, "logs", "job", "jobs")
        self.log, self.logs = logs.add, logs.entries

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    # Jobs

    def add(self, new: NewJob, now: datetime) -> Job:
        """Store a new job with the status "created"."""
        with self.database.writing() as connection:
            connection.execute(
                "INSERT INTO jobs (id, user, kind, process, title, description, plan, budget,"
                " log_level, extra, status, created, updated)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'created', ?, ?)",
                (
                    *(new.id, new.user, new.kind, json.dumps(new.process), new.title),
                    *(new.description, new.plan, new.budget, new.log_level),
                    *(json.dumps(new.extra), _text(now), _text(now)),
                ),
            )
            return _required(connection, new.id)

    def find(self, job_id: str, user: str | None = None, *, kind: str | None = None) -> Job | None:
        """The job of that id; of that user and kind only, where these are given."""
        with self.database.reading() as connection:
            job = _find(connection, job_id)
        if job is None or (user or job.user) != job.user or (kind or job.kind) != job.kind:
            return None
        return job

    def of_user(self, user: str, *, limit: int | None, before: int | None) -> list[Job]:
        """The user's batch jobs, newest first, from below the number ``before``.

        The order never changes while new jobs arrive, so pages have no gaps.
        """
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM jobs WHERE user = ? AND kind = 'batch' AND number < ?"
                " ORDER BY number DESC LIMIT ?",
                (user, _LARGEST if before is None else before, -1 if limit is None else limit),
            )
            return [_job(row) for row in rows]

    def update(self, job_id: str, changes: Mapping[str, Any], now: datetime) -> None:
        """Change what a user may change; raises ``JobActiveError``."""
        columns = [name for name in EDITABLE if name in changes]
        assignments = "".join(f"{name} = ?, " for name in columns)
        values = [
            json.dumps(changes[name]) if name in _JSON_COLUMNS else changes[name]
            for name in columns
        ]
        with self.database.writing() as connection:
            done = connection.execute(
                f"UPDATE jobs SET {assignments} updated = ?"  # noqa: S608  # fixed names only
                " WHERE id = ? AND status NOT IN ('queued', 'running')",
                (*values, _text(now), job_id),
            )
            if done.rowcount == 0:
                raise JobActiveError(job_id)

    def delete(self, job_id: str) -> None:
        """Forget the job with its logs and assets."""
        with self.database.writing() as connection:
            connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def remove_requests(self, before: datetime) -> None:
        """Forget the synchronous requests that ended before that moment."""
        with self.database.writing() as connection:
            connection.execute(
                "DELETE FROM jobs WHERE kind = 'sync' AND updated < ?", (_text(before),)
            )

    # The queue

    def enqueue(self, job_id: str, now: datetime, *, queue_length: int) -> bool:
        """Put a job in the queue; False where it already is queued or running.

        Discards what an earlier run left. Raises ``QueueFullError``.
        """
        with self.database.writing() as connection:
            waiting = connection.execute(
                "SELECT count(*) FROM jobs WHERE status = 'queued' AND kind = 'batch'"
            ).fetchone()[0]
            job = _required(connection, job_id)
            if job.active:
                return False
            if waiting >= queue_length:
                raise QueueFullError(waiting)
            connection.execute(
                "UPDATE jobs SET status = 'queued', queued = ?, updated = ?, started = NULL,"
                " ended = NULL, progress = 0, costs = NULL, usage = NULL, failure = NULL,"
                " interruptions = 0 WHERE id = ?",
                (_text(now), _text(now), job_id),
            )
            connection.execute("DELETE FROM assets WHERE job = ?", (job_id,))
            return True

    def claim_next(
        self, now: datetime, *, concurrent: int, per_user: int | None = None
    ) -> Job | None:
        """Turn the longest waiting job to "running", if fewer than ``concurrent`` are.

        The jobs of users who have ``per_user`` running already let others pass.
        """
        with self.database.writing() as connection:
            running = connection.execute(
                "SELECT count(*) FROM jobs WHERE status = 'running' AND kind = 'batch'"
            ).fetchone()[0]
            if running >= concurrent:
                return None
            row = connection.execute(
                "SELECT id FROM jobs AS waiting WHERE status = 'queued' AND kind = 'batch'"
                " AND (SELECT count(*) FROM jobs WHERE user = waiting.user AND kind = 'batch'"
                " AND status = 'running') < ? ORDER BY queued, number LIMIT 1",
                (concurrent if per_user is None else per_user,),
            ).fetchone()
            if row is None:
                return None
            return _begin(connection, row["id"], now)

    def begin(self, job_id: str, now: datetime) -> Job:
        """Turn a synchronous request to "running"."""
        with self.database.writing() as connection:
            return _begin(connection, job_id, now)

    def finish(
        self,
        job_id: str,
        attempt: int,
        *,
        now: datetime,
        failure: Failure | None,
        usage: Usage,
        costs: float,
        report: Report | None = None,
    ) -> bool:
        """Note the end of a run, and what is to be reported of it, both or neither.

        False, and nothing is noted, where that run is no longer the current one.
        """
        with self.database.writing(lasting=report is not None) as connection:
            done = connection.execute(
                "UPDATE jobs SET status = ?, progress = CASE WHEN ? THEN progress ELSE 100 END,"
                " ended = ?, updated = ?, costs = ?, usage = ?, failure = ?"
                " WHERE id = ? AND attempt = ? AND status = 'running'",
                (
                    "error" if failure else "finished",
                    failure is not None,
                    *(_text(now), _text(now), costs, json.dumps(usage.as_json())),
                    json.dumps(failure.as_json()) if failure else None,
                    *(job_id, attempt),
                ),
            )
            if done.rowcount:
                spend(connection, _required(connection, job_id).user, costs)
                if report is not None:
                    write(connection, report)
            return done.rowcount == 1

    def stop(
        self, job_id: str, now: datetime, report: Callable[[Job], Report] | None = None
    ) -> Job | None:
        """Cancel a queued or running job; gives it as it was, None where it was neither.

        What is to be reported of a run stays open until ``charge`` says what it took; one that only
        waited has cost nothing.
        It becomes "canceled" if it left files to download, else "created"
        (openEO API, DELETE /jobs/{job_id}/results).
        """
        with self.database.writing(lasting=report is not None) as connection:
            job = _required(connection, job_id)
            if not job.active:
                return None
            if report is not None and job.status == "running":
                write(connection, report(job), OPEN)
            left = job.status == "running" and _assets(connection, job_id, job.attempt)
            connection.execute(
                "UPDATE jobs SET status = ?, ended = ?, updated = ?,"
                " costs = CASE status WHEN 'queued' THEN coalesce(costs, 0) ELSE costs END"
                " WHERE id = ?",
                ("canceled" if left else "created", _text(now), _text(now), job_id),
            )
            return job

    def charge(
        self, job_id: str, user: str, *, usage: Usage, costs: float, report: Report | None = None
    ) -> None:
        """Note what a stopped run took, and what is to be reported of it."""
        with self.database.writing(lasting=report is not None) as connection:
            connection.execute(
                "UPDATE jobs SET costs = coalesce(costs, 0) + ?, usage = ? WHERE id = ?",
                (costs, json.dumps(usage.as_json()), job_id),
            )
            spend(connection, user, costs)
            if report is not None:
                write(connection, report)

    def requeue(self, job_id: str, attempt: int, now: datetime) -> bool:
        """Put an interrupted run back at the head of the queue."""
        with self.database.writing() as connection:
            done = connection.execute(
                "UPDATE jobs SET status = 'queued', progress = 0, started = NULL, updated = ?,"
                " interruptions = interruptions + 1"
                " WHERE id = ? AND attempt = ? AND status = 'running'",
                (_text(now), job_id, attempt),
            )
            connection.execute("DELETE FROM assets WHERE job = ?", (job_id,))
            return done.rowcount == 1

    def running(self) -> list[Job]:
        """Whatever counts as running, of both kinds."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT * FROM jobs WHERE status = 'running'")
            return [_job(row) for row in rows]

    def latest_finished(self, at_most: int) -> list[Job]:
        """The batch jobs that finished last, of all users."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM jobs WHERE kind = 'batch' AND status = 'finished'"
                " ORDER BY number DESC LIMIT ?",
                (at_most,),
            )
            return [_job(row) for row in rows]

    def with_old_results(self, before: datetime) -> list[str]:
        """Ids of the jobs that ended before that moment and still have files."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT jobs.id FROM jobs JOIN assets ON assets.job = jobs.id"
                " WHERE kind = 'batch' AND status NOT IN ('queued', 'running') AND ended < ?",
                (_text(before),),
            )
            return [row["id"] for row in rows]

    def remove_assets(self, job_id: str) -> None:
        """Forget the files of a job."""
        with self.database.writing() as connection:
            connection.execute("DELETE FROM assets WHERE job = ?", (job_id,))

    def unchanged_since(self, before: datetime) -> list[str]:
        """Ids of the jobs that nothing has happened to since that moment."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT id FROM jobs WHERE kind = 'batch' AND updated < ?"
                " AND status NOT IN ('queued', 'running')",
                (_text(before),),
            )
            return [row["id"] for row in rows]

    def identifiers(self) -> set[str]:
        """The ids of all jobs and requests."""
        with self.database.reading() as connection:
            return {row["id"] for row in connection.execute("SELECT id FROM jobs")}

    def spent(self, user: str) -> float:
        """What the user's computations have cost so far, deleted ones included."""
        with self.database.reading() as connection:
            row = connection.execute(
                "SELECT amount FROM spending WHERE user = ?", (user,)
            ).fetchone()
            return float(row["amount"]) if row else 0.0

    # What a run writes

    def progress(self, job_id: str, attempt: int, percent: float, now: datetime) -> None:
        """Note how far a running job is, 0 to 100."""
        with self.database.writing() as connection:
            connection.execute(
                "UPDATE jobs SET progress = ?, updated = ?"
                " WHERE id = ? AND attempt = ? AND status = 'running'",
                (min(max(percent, 0.0), 100.0), _text(now), job_id, attempt),
            )

    def add_asset(self, job_id: str, attempt: int, asset: Asset) -> None:
        """Note a file that a run has written."""
        with self.database.writing() as connection:
            connection.execute(
                "INSERT INTO assets (job, attempt, document)"
                " SELECT id, ?, ? FROM jobs WHERE id = ?",
                (attempt, json.dumps(asset.as_json()), job_id),
            )

    def assets(self, job_id: str, attempt: int) -> list[Asset]:
        """The files of a run, in the order in which they were written."""
        with self.database.reading() as connection:
            return _assets(connection, job_id, attempt)


_LARGEST: Final = 2**62


def _find(connection: sqlite3.Connection, job_id: str) -> Job | None:
    row = connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return None if row is None else _job(row)


def _required(connection: sqlite3.Connection, job_id: str) -> Job:
    job = _find(connection, job_id)
    if job is None:
        raise JobGoneError(job_id)
    return job


def _begin(connection: sqlite3.Connection, job_id: str, now: datetime) -> Job:
    connection.execute(
        "UPDATE jobs SET status = 'running', started = ?, updated = ?, attempt = attempt + 1"
        " WHERE id = ?",
        (_text(now), _text(now), job_id),
    )
    return _required(connection, job_id)


def _assets(connection: sqlite3.Connection, job_id: str, attempt: int) -> list[Asset]:
    rows = connection.execute(
        "SELECT document FROM assets WHERE job = ? AND attempt = ? ORDER BY number",
        (job_id, attempt),
    )
    return [Asset.from_json(json.loads(row["document"])) for row in rows]


def spend(connection: sqlite3.Connection, user: str, costs: float) -> None:
    """Add to what a user has spent, in the transaction of the connection."""
    connection.execute(
        "INSERT INTO spending (user, amount) VALUES (?, ?)"
        " ON CONFLICT (user) DO UPDATE SET amount = amount + excluded.amount",
        (user, costs),
    )


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    for column in _JSON_COLUMNS:
        values[column] = json.loads(values[column])
    for column in ("created", "updated", "queued", "started", "ended"):
        values[column] = _moment(values[column])
    values["usage"] = json.loads(values["usage"]) if values["usage"] else None
    values["failure"] = Failure(**json.loads(values["failure"])) if values["failure"] else None
    return Job(**values)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
