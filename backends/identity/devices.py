"""Requests of devices to be let in, until their user has decided (RFC 8628)."""

import json
import re
import sqlite3
from dataclasses import asdict, dataclass
from typing import Final

from backends.identity.store import REMEMBERED, Database, Login, digest

SLOWER: Final = 5.0
"""Seconds that a device that asks too often has to wait longer (section 3.5)."""


@dataclass(frozen=True)
class Device:
    """A device's request. ``approved`` is None as long as its user has not decided."""

    hash: str
    user_code: str
    client: str
    scope: str
    good_until: float
    code_challenge: str | None = None
    approved: bool | None = None
    login: Login | None = None
    now: float = 0.0

    def get_client_id(self) -> str:
        return self.client

    def get_scope(self) -> str:
        return self.scope

    def get_user_code(self) -> str:
        return self.user_code

    def is_expired(self) -> bool:
        return self.good_until < self.now


def plain(user_code: str) -> str:
    """The code as it is kept, however somebody typed it."""
    letters = re.sub(r"[^A-Za-z]", "", user_code).upper()
    return f"{letters[:4]}-{letters[4:]}"


class Devices:
    """All requests of devices."""

    def __init__(self, database: Database, lifetime: float, interval: float) -> None:
        self._database = database
        self._lifetime = lifetime
        self._interval = interval

    def add(
        self, secret: str, user_code: str, *, client: str, scope: str, code_challenge: str | None
    ) -> bool:
        """Note a request; False if another has that user code, which is not asked for then."""
        now = self._database.clock()
        until = now + self._lifetime
        row = (digest(secret), user_code, client, scope, code_challenge, until)
        times = (until + REMEMBERED, self._interval, now - self._interval)
        with self._database.working() as connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                (*row, *times),
            )
            return added.rowcount == 1

    def find(self, secret: str) -> Device | None:
        """The request whose device has that code."""
        with self._database.working() as connection:
            found = connection.execute("SELECT * FROM devices WHERE hash = ?", (digest(secret),))
            return self._device(found.fetchone())

    def waiting(self, user_code: str) -> Device | None:
        """The request with that user code, if its user has still to decide."""
        with self._database.working() as connection:
            found = connection.execute(
                "SELECT * FROM devices WHERE user_code = ? AND approved IS NULL"
                " AND good_until >= ?",
                (plain(user_code), self._database.clock()),
            )
            return self._device(found.fetchone())

    def decide(self, user_code: str, login: Login | None) -> bool:
        """Let the device in as that login, or None: not at all. False if it is too late."""
        known = login and json.dumps(asdict(login))
        with self._database.working() as connection:
            decided = connection.execute(
                "UPDATE devices SET approved = ?, login = ? WHERE user_code = ?"
                " AND approved IS NULL AND good_until >= ?",
                (login is not None, known, plain(user_code), self._database.clock()),
            )
            return decided.rowcount == 1

    def asks_too_often(self, device: Device) -> bool:
        """Note that the device asks; it has to wait longer if it did not wait long enough."""
        now = self._database.clock()
        with self._database.working() as connection:
            slower = connection.execute(
                "UPDATE devices SET asked = ?, interval = interval + ?"
                " WHERE hash = ? AND asked + interval > ?",
                (now, SLOWER, device.hash, now),
            )
            connection.execute("UPDATE devices SET asked = ? WHERE hash = ?", (now, device.hash))
            return slower.rowcount == 1

    def take(self, device: Device) -> bool:
        """Let the device in, which happens once; False if it was done before."""
        with self._database.working() as connection:
            taken = connection.execute("DELETE FROM devices WHERE hash = ?", (device.hash,))
            return taken.rowcount == 1

    def _device(self, row: sqlite3.Row | None) -> Device | None:
        if row is None:
            return None
        approved = None if row["approved"] is None else bool(row["approved"])
        login = Login(**json.loads(row["login"])) if row["login"] else None
        return Device(
            row["hash"],
            row["user_code"],
            row["client"],
            row["scope"],
            row["good_until"],
            row["code_challenge"],
            approved,
            login,
            self._database.clock(),
        )
