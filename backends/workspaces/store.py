"""The workspaces of users on disk."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from backends.errors import OpenEOError
from backends.jobs.database import Database
from backends.workspaces.records import NewWorkspace, Workspace
from backends.workspaces.sealing import Sealer

EDITABLE: Final = ("title", "description")
_LARGEST: Final = 2**62


class WorkspaceStore:
    """Workspaces, each of one user. Safe to use from many threads and processes."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def add(self, new: NewWorkspace, now: datetime, *, at_most: int) -> None:
        """Store a workspace; raises ``StorageQuotaExceeded`` where the user has too many."""
        sealed = self._sealer.seal(new.secrets) if new.secrets else None
        values = (
            *(new.id, new.user, new.provider, json.dumps(dict(new.place)), sealed),
            *(new.title, new.description, new.quota, now.isoformat()),
        )
        with self._database.writing() as connection:
            count = connection.execute(
                "SELECT count(*) FROM workspaces WHERE user = ?", (new.user,)
            ).fetchone()[0]
            if count >= at_most:
                raise OpenEOError(
                    "StorageQuotaExceeded", f"No more than {at_most} workspaces are possible."
                )
            connection.execute(
                "INSERT INTO workspaces (id, user, provider, place, sealed, title, description,"
                " quota, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def find(self, identifier: str, user: str) -> Workspace | None:
        """The user's workspace of that id."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT * FROM workspaces WHERE id = ? AND user = ?", (identifier, user)
            ).fetchone()
        return None if row is None else self._workspace(row)

    def of_user(self, user: str, *, limit: int | None, before: int | None) -> list[Workspace]:
        """The user's workspaces, newest first, from below the number ``before``."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM workspaces WHERE user = ? AND number < ?"
                " ORDER BY number DESC LIMIT ?",
                (user, _LARGEST if before is None else before, -1 if limit is None else limit),
            )
            return [self._workspace(row) for row in rows]

    def update(self, identifier: str, changes: Mapping[str, Any]) -> None:
        """Change what a user may change."""
        names = [name for name in EDITABLE if name in changes]
        assignments = ", ".join(f"{name} = ?" for name in names)
        with self._database.writing() as connection:
            connection.execute(
                f"UPDATE workspaces SET {assignments} WHERE id = ?",  # noqa: S608  # fixed names
                (*(changes[name] for name in names), identifier),
            )

    def note(self, identifier: str, problem: str) -> None:
        """Remember how the storage was when it was last asked."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE workspaces SET problem = ? WHERE id = ?", (problem, identifier)
            )

    def delete(self, identifier: str) -> None:
        """Forget the workspace, with what opens its storage."""
        with self._database.writing() as connection:
            # What was there is overwritten, not only marked as free.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("DELETE FROM workspaces WHERE id = ?", (identifier,))

    def _workspace(self, row: sqlite3.Row) -> Workspace:
        values = dict(zip(row.keys(), row, strict=True))
        sealed = values.pop("sealed")
        values["place"] = json.loads(values["place"])
        values["created"] = datetime.fromisoformat(values["created"])
        # Without the key nothing opens, and the storage itself says so when it is asked.
        return Workspace(**values, secrets=(sealed and self._sealer.open(sealed)) or {})
