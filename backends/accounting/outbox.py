"""Reports on disk until they are answered, in the database of what they are about.

``write`` is called inside the transaction that notes the end of a run. A run that was told to stop
has an ``open`` report meanwhile, with what was known then, which its end replaces; what a crash
leaves open is sent as it is.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from backends.accounting.reports import Report
from backends.jobs.database import Database

WAITING: Final = "waiting"
OPEN: Final = "open"
LONGEST_SECONDS: Final = 3600.0
"""No report is put off for longer at a time."""


@dataclass(frozen=True)
class Entry:
    """A report that is due; ``tries`` says how often it was sent in vain."""

    key: str
    document: dict[str, Any]
    tries: int


def write(connection: sqlite3.Connection, report: Report, state: str = WAITING) -> None:
    """Puts a report into the outbox, in place of one that is open; nothing where it is there."""
    connection.execute(
        "INSERT INTO usage_reports (key, kind, subject, attempt, user, document, expected, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET document = excluded.document,"
        " expected = excluded.expected, state = excluded.state WHERE state = 'open'",
        (
            *(report.key, report.kind, report.subject, report.attempt, report.user),
            *(json.dumps(report.document), report.expected, state),
        ),
    )


class Outbox:
    """What waits, and what became of it. ``clock`` gives seconds."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def recover(self) -> None:
        """Send what a crash has left open."""
        with self._database.writing() as connection:
            connection.execute("UPDATE usage_reports SET state = 'waiting' WHERE state = 'open'")

    def due(self, limit: int) -> list[Entry]:
        """The reports to be sent now, the oldest first.

        With those that were put off for longer than any is: the clock was set back since.
        """
        now = self._clock()
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT key, document, tries FROM usage_reports WHERE state = 'waiting'"
                " AND (due <= ? OR due > ?) ORDER BY due, number LIMIT ?",
                (now, now + LONGEST_SECONDS, limit),
            )
            return [Entry(row["key"], json.loads(row["document"]), row["tries"]) for row in rows]

    def next_due(self) -> float | None:
        """Seconds until the next report is due, 0 where one is; None where nothing waits."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT min(due) AS due FROM usage_reports WHERE state = 'waiting'"
            ).fetchone()
        return None if row["due"] is None else max(0.0, row["due"] - self._clock())

    def waiting(self) -> int:
        """How many reports are not answered."""
        with self._database.reading() as connection:
            counted = "SELECT count(*) FROM usage_reports WHERE state <> 'taken'"
            return int(connection.execute(counted).fetchone()[0])

    def again(self, key: str, seconds: float, reason: str) -> None:
        """Send it again in so many seconds."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE usage_reports SET tries = tries + 1, due = ?, reason = ? WHERE key = ?",
                (self._clock() + seconds, reason[:1000], key),
            )

    def taken(self, key: str, costs: float) -> None:
        """Note the costs that the accounting told: they become those of the job or service."""
        with self._database.writing() as connection:
            row = connection.execute(
                "UPDATE usage_reports SET state = 'taken', costs = ?, reason = NULL"
                " WHERE key = ? AND state = 'waiting' RETURNING *",
                (costs, key),
            ).fetchone()
            if row is not None:
                _correct(connection, row, costs)

    def forget_taken(self, keep: int) -> None:
        """Keep so many answered reports, the newest."""
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM usage_reports WHERE state = 'taken' AND number NOT IN ("
                "SELECT number FROM usage_reports WHERE state = 'taken'"
                " ORDER BY number DESC LIMIT ?)",
                (keep,),
            )


def _correct(connection: sqlite3.Connection, row: sqlite3.Row, costs: float) -> None:
    difference = costs - row["expected"]
    if row["kind"] == "tile":
        connection.execute(
            "UPDATE services SET costs = costs + ? WHERE id = ?", (difference, row["subject"])
        )
    else:
        connection.execute(
            "UPDATE jobs SET costs = ? WHERE id = ? AND attempt = ?"
            " AND status NOT IN ('queued', 'running')",
            (costs, row["subject"], row["attempt"]),
        )
    connection.execute(
        "UPDATE spending SET amount = amount + ? WHERE user = ?", (difference, row["user"])
    )
