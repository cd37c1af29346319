"""The processes that users have defined, each under its owner and an id."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, and_, delete, func, insert, or_, select, update

from aggregator.errors import StorageQuotaExceeded
from aggregator.storage.database import Database
from aggregator.storage.process_schema import user_process


@dataclass(frozen=True)
class StoredProcess:
    """A user-defined process; `key` is the secret part of its address if it is public."""

    owner: str
    id: str
    document: Mapping[str, Any]
    key: str | None = None


class StoredProcesses:
    """User-defined processes in the federation's database.

    Every method raises DatabaseUnavailable while the database cannot be reached.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, stored: StoredProcess, *, at: int, at_most: int) -> None:
        """Store a process in the place of the one of its id.

        A public process keeps its key for as long as it stays public. `at` is in milliseconds.
        Raises StorageQuotaExceeded if the owner would have more than `at_most`.
        """
        mine = user_process.c.owner == stored.owner
        this = and_(mine, user_process.c.id == stored.id)
        values = {"document": orjson.dumps(stored.document).decode(), "updated": at}
        with self._database.write() as connection:
            self._database.lock(connection, [f"processes/{stored.owner}"])
            before = connection.execute(select(user_process.c.key).where(this)).one_or_none()
            if before is not None:
                key = stored.key and (before.key or stored.key)
                connection.execute(update(user_process).where(this).values({**values, "key": key}))
                return
            count = connection.execute(select(func.count()).where(mine)).scalar_one()
            if count >= at_most:
                raise StorageQuotaExceeded(
                    f"No more than {at_most} processes can be stored. Delete some first."
                )
            own = {"owner": stored.owner, "id": stored.id, "key": stored.key, "created": at}
            connection.execute(insert(user_process).values(values | own))

    def get(self, owner: str, identifier: str) -> StoredProcess | None:
        """The owner's process of that id."""
        return self.some({(owner, identifier)}).get((owner, identifier))

    def some(self, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], StoredProcess]:
        """Those of the wanted (owner, id) that there are."""
        if not wanted:
            return {}
        by_owner: dict[str, list[str]] = {}
        for owner, identifier in wanted:
            by_owner.setdefault(owner, []).append(identifier)
        conditions = [
            and_(user_process.c.owner == owner, user_process.c.id.in_(identifiers))
            for owner, identifiers in by_owner.items()
        ]
        with self._database.read() as connection:
            rows = connection.execute(select(user_process).where(or_(*conditions)))
            found = [_stored(row) for row in rows]
        return {(stored.owner, stored.id): stored for stored in found}

    def of_owner(
        self, owner: str, *, limit: int | None = None, after: str = ""
    ) -> list[StoredProcess]:
        """The owner's processes by id, those after `after`."""
        wanted = and_(user_process.c.owner == owner, user_process.c.id > after)
        query = select(user_process).where(wanted).order_by(user_process.c.id).limit(limit)
        with self._database.read() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def shared(self, key: str) -> StoredProcess | None:
        """The public process at that address."""
        with self._database.read() as connection:
            query = select(user_process).where(user_process.c.key == key)
            row = connection.execute(query).one_or_none()
        return None if row is None else _stored(row)

    def named(self, identifiers: Collection[str]) -> frozenset[str]:
        """Which of these ids any user's process has."""
        named = user_process.c.id.in_(identifiers)
        with self._database.read() as connection:
            query = select(user_process.c.id).where(named).distinct()
            return frozenset(connection.execute(query).scalars())

    def delete(self, owner: str, identifier: str) -> bool:
        """Forget a process; false if there was none."""
        this = and_(user_process.c.owner == owner, user_process.c.id == identifier)
        with self._database.write() as connection:
            return connection.execute(delete(user_process).where(this)).rowcount == 1


def _stored(row: Row[Any]) -> StoredProcess:
    return StoredProcess(row.owner, row.id, orjson.loads(row.document), row.key)
