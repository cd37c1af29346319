"""One holder at a time among several programs, by a row and the database's own clock.

The holder renews; whoever finds the row expired takes it. The clocks of the programs do not matter,
only that of the database: with SQLite all of them are on one machine. A holder that was paused
notices when it writes, since `held` is asked in the same transaction.
"""

from __future__ import annotations

from sqlalchemy import Connection, select, text

from aggregator.storage.database import Database
from aggregator.storage.health_schema import lease

LONGEST = 600_000
"""Milliseconds: one that ends later was made before the database's clock went back."""

_NOW_SQLITE = text("SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)")
_NOW_POSTGRESQL = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)")


class Lease:
    """The lease of that name, for `seconds` at a time (ten minutes at most).

    `holder` must be unique among all programs.
    """

    def __init__(self, database: Database, name: str, holder: str, seconds: float) -> None:
        self._database, self._name, self.holder = database, name, holder
        self._milliseconds = round(seconds * 1000)

    def acquire(self) -> bool:
        """Take it or renew it; whether it is ours now."""
        with self._database.write() as connection:
            self._database.lock(connection, [f"lease {self._name}"])
            now = self._now(connection)
            if not self._is_free(connection, now):
                return False
            values = {"holder": self.holder, "expires": now + self._milliseconds}
            mine = lease.c.name == self._name
            if not connection.execute(lease.update().where(mine).values(values)).rowcount:
                connection.execute(lease.insert().values(name=self._name, **values))
            return True

    def release(self) -> None:
        """Give it up, if it is ours, so that another takes it at once."""
        with self._database.write() as connection:
            mine = (lease.c.name == self._name) & (lease.c.holder == self.holder)
            connection.execute(lease.delete().where(mine))

    def held(self, connection: Connection) -> bool:
        """Whether nobody has taken it from us; nobody does before this transaction ends."""
        self._database.lock(connection, [f"lease {self._name}"])
        row = self._row(connection)
        return row is not None and row[0] == self.holder

    def _is_free(self, connection: Connection, now: int) -> bool:
        row = self._row(connection)
        if row is None or row[0] == self.holder:
            return True
        return not now < row[1] <= now + LONGEST

    def _row(self, connection: Connection) -> tuple[str, int] | None:
        query = select(lease.c.holder, lease.c.expires).where(lease.c.name == self._name)
        row = connection.execute(query).one_or_none()
        return None if row is None else (row.holder, row.expires)

    def _now(self, connection: Connection) -> int:
        query = _NOW_SQLITE if self._database.sqlite else _NOW_POSTGRESQL
        return int(connection.execute(query).scalar_one())
