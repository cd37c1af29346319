"""What users agreed to and withdrew from: a record that only grows.

Nothing is kept in memory: what is withdrawn in one process holds in all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from aggregator.identity.consent import Event
from aggregator.storage.consent_schema import consent_event
from aggregator.storage.database import Database

_OF_PERSON = (
    select(consent_event.c.deed, consent_event.c.version, consent_event.c.at)
    .where(consent_event.c.issuer == bindparam("issuer"))
    .where(consent_event.c.person == bindparam("person"))
)
_RECORD = _OF_PERSON.order_by(consent_event.c.id)
_LAST = _OF_PERSON.order_by(consent_event.c.id.desc()).limit(1)
_ADD = insert(consent_event)


class Consents:
    """The record, by issuer and person. Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, issuer: str, person: str) -> Event | None:
        """What a user did last."""
        with self._database.read() as connection:
            return _last(connection, issuer, person)

    def record(self, issuer: str, person: str) -> list[Event]:
        """All that a user did, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(_RECORD, {"issuer": issuer, "person": person})
            return [_event(row) for row in rows]

    def add(self, issuer: str, person: str, then: Callable[[Event | None], Event | None]) -> None:
        """Record what follows from what the user did last; None is not recorded."""
        with self._database.write() as connection:
            self._database.lock(connection, [f"consent/{issuer}/{person}"])
            event = then(_last(connection, issuer, person))
            if event is not None:
                connection.execute(
                    _ADD,
                    {
                        "issuer": issuer,
                        "person": person,
                        "deed": event.deed,
                        "version": event.version,
                        "at": event.at,
                    },
                )


def _last(connection: Connection, issuer: str, person: str) -> Event | None:
    row = connection.execute(_LAST, {"issuer": issuer, "person": person}).first()
    return None if row is None else _event(row)


def _event(row: Any) -> Event:
    return Event(row.deed, row.version, row.at)
