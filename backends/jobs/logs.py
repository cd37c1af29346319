"""Log entries in the database: those of jobs, and those of web services."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backends.jobs.database import Database
from backends.jobs.records import LEVELS, Level, LogEntry


@dataclass(frozen=True)
class Logs:
    """The log of each job, or of each service.

    `table` holds the entries, its column `owner` says whose they are, by the ids of the
    table `owners`. Safe to use from many threads and processes.
    """

    database: Database
    table: str
    owner: str
    owners: str

    def add(
        self,
        owner_id: str,
        level: Level,
        message: str,
        now: datetime,
        *,
        code: str | None = None,
        data: Any = None,
    ) -> None:
        """Add an entry; nothing happens where its owner is gone or keeps graver ones only."""
        number = LEVELS.index(level)
        kept = None if data is None else json.dumps(data)
        moment = now.isoformat(timespec="microseconds")
        marks = ", ".join("?" * (number + 1))
        with self.database.writing() as connection:
            connection.execute(
                f"INSERT INTO {self.table} ({self.owner}, level, message, time, code, data)"  # noqa: S608  # fixed names
                f" SELECT id, ?, ?, ?, ?, ? FROM {self.owners} WHERE id = ?"
                f" AND log_level IN ({marks})",
                (number, message, moment, code, kept, owner_id, *LEVELS[: number + 1]),
            )

    def entries(
        self, owner_id: str, *, after: int = 0, level: Level = "debug", limit: int | None = None
    ) -> list[LogEntry]:
        """Entries in order: those after the number ``after`` and from ``level`` up."""
        with self.database.reading() as connection:
            rows = connection.execute(
                f"SELECT * FROM {self.table} WHERE {self.owner} = ? AND number > ?"  # noqa: S608  # fixed names
                " AND level >= ? ORDER BY number LIMIT ?",
                (owner_id, after, LEVELS.index(level), -1 if limit is None else limit),
            )
            return [_entry(row) for row in rows]


def _entry(row: sqlite3.Row) -> LogEntry:
    return LogEntry(
        number=row["number"],
        level=LEVELS[row["level"]],
        message=row["message"],
        time=datetime.fromisoformat(row["time"]),
        code=row["code"],
        data=None if row["data"] is None else json.loads(row["data"]),
    )
