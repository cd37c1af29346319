"""The web services that users have published, and what happened in them."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from backends.accounting.outbox import write
from backends.accounting.reports import Report
from backends.errors import OpenEOError
from backends.jobs.database import Database
from backends.jobs.logs import Logs
from backends.jobs.records import Level
from backends.jobs.store import spend

EDITABLE: Final = (
    *("title", "description", "process", "enabled", "configuration", "plan", "budget"),
    *("log_level", "extra"),
)
_JSON: Final = ("process", "configuration", "extra")
_LARGEST: Final = 2**62


@dataclass(frozen=True)
class NewService:
    """What a user publishes: checked, but not yet stored. ``id`` is part of its public URL
    and cannot be guessed.
    """

    id: str
    user: str
    type: str
    process: Mapping[str, Any]
    configuration: Mapping[str, Any]
    plan: str
    title: str | None = None
    description: str | None = None
    enabled: bool = True
    budget: float | None = None
    log_level: Level = "info"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Service(NewService):
    """One service as stored. ``version`` grows with each change of what it shows."""

    number: int
    created: datetime
    version: int
    costs: float


class Services:
    """Services on disk. Safe to use from many threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        logs = Logs(database, "service_logs", "service", "services")
        self.log, self.logs = logs.add, logs.entries

    def add(self, new: NewService, now: datetime, *, at_most: int) -> None:
        """Store a service; raises ``StorageQuotaExceeded`` where the user has too many."""
        values = {name: _stored(name, value) for name, value in vars(new).items()}
        values["created"] = now.isoformat()
        with self._database.writing() as connection:
            count = connection.execute(
                "SELECT count(*) FROM services WHERE user = ?", (new.user,)
            ).fetchone()[0]
            if count >= at_most:
                raise OpenEOError(
                    "StorageQuotaExceeded", f"No more than {at_most} services are possible."
                )
            names = ", ".join(values)
            marks = ", ".join("?" for _ in values)
            connection.execute(
                f"INSERT INTO services ({names}) VALUES ({marks})",  # noqa: S608  # fixed names
                tuple(values.values()),
            )

    def find(self, service_id: str, user: str | None = None) -> Service | None:
        """The service of that id; of that user only, where one is given."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT * FROM services WHERE id = ?", (service_id,)
            ).fetchone()
        if row is None or (user or row["user"]) != row["user"]:
            return None
        return _service(row)

    def of_user(self, user: str, *, limit: int | None, before: int | None) -> list[Service]:
        """The user's services, newest first, from below the number ``before``."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM services WHERE user = ? AND number < ? ORDER BY number DESC LIMIT ?",
                (user, _LARGEST if before is None else before, -1 if limit is None else limit),
            )
            return [_service(row) for row in rows]

    def update(self, service_id: str, changes: Mapping[str, Any]) -> None:
        """Change what a user may change."""
        names = [name for name in EDITABLE if name in changes]
        assignments = "".join(f"{name} = ?, " for name in names)
        values = [_stored(name, changes[name]) for name in names]
        with self._database.writing() as connection:
            connection.execute(
                f"UPDATE services SET {assignments} version = version + 1"  # noqa: S608  # fixed
                " WHERE id = ?",
                (*values, service_id),
            )

    def delete(self, service_id: str) -> None:
        """Forget the service with its log."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM services WHERE id = ?", (service_id,))

    def charge(self, service_id: str, costs: float, report: Report | None = None) -> None:
        """Add to what the service and its user have spent, and note what is to be reported."""
        with self._database.writing(lasting=report is not None) as connection:
            connection.execute(
                "UPDATE services SET costs = costs + ? WHERE id = ?", (costs, service_id)
            )
            owners = connection.execute("SELECT user FROM services WHERE id = ?", (service_id,))
            for (user,) in owners.fetchall():
                spend(connection, user, costs)
            if report is not None:
                write(connection, report)


def _stored(name: str, value: Any) -> Any:
    return json.dumps(value) if name in _JSON else value


def _service(row: sqlite3.Row) -> Service:
    values = {name: json.loads(row[name]) if name in _JSON else row[name] for name in row.keys()}  # noqa: SIM118  # a row iterates over its values
    values["enabled"] = bool(values["enabled"])
    values["created"] = datetime.fromisoformat(values["created"])
    return Service(**values)
