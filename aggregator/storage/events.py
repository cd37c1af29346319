"""Events of the availability record, and the webhooks that are to be told of them.

An event is written in the transaction of what it is about, and with it a delivery to each webhook:
a crash loses neither.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, func, insert, or_, select

from aggregator.storage.health_schema import delivery, health_event

LONGEST_PAUSE = 12 * 3600
"""Seconds: no delivery is put off for longer at a time."""

_LAST = select(func.coalesce(func.max(health_event.c.sequence), 0))


@dataclass(frozen=True)
class Event:
    """Something that happened: what the feed shows and webhooks are told.

    `data` are its facts for programs; `id` and `sequence` are given when it is written.
    """

    at: int
    kind: str
    backend: str
    title: str
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    sequence: int = 0


@dataclass(frozen=True)
class Delivery:
    """An event that a webhook has not been told of yet, after so many attempts."""

    event: Event
    target: str
    attempts: int


def write_event(connection: Connection, event: Event, targets: Sequence[str]) -> int:
    """Write an event and what is to be delivered; its number, which is larger than all before.

    The caller holds the record's lock, so that numbers follow the order of transactions.
    """
    number = last_event(connection) + 1
    identifier = uuid.uuid4().hex
    values = {
        "sequence": number,
        "id": identifier,
        "at": event.at,
        "kind": event.kind,
        "backend": event.backend,
        "title": event.title,
        "text": event.text,
        "data": orjson.dumps(dict(event.data)).decode(),
    }
    connection.execute(insert(health_event), values)
    for target in targets:
        queued = {"event": identifier, "target": target, "attempts": 0, "due": event.at}
        connection.execute(insert(delivery), queued | {"problem": ""})
    return number


def last_event(connection: Connection) -> int:
    """The number of the latest event; 0 if there was none."""
    return int(connection.execute(_LAST).scalar_one())


def read_events(connection: Connection, limit: int, backend: str | None = None) -> list[Event]:
    """The latest events, newest first."""
    query = select(health_event).order_by(health_event.c.sequence.desc()).limit(limit)
    if backend is not None:
        query = query.where(health_event.c.backend.in_([backend, ""]))
    return [_event(row) for row in connection.execute(query)]


def due_deliveries(
    connection: Connection, now: int, *, busy: Collection[str] = (), limit: int = 100
) -> list[Delivery]:
    """What is to be delivered by now, the oldest first, but nothing to targets that are `busy`.

    With what was put off for longer than anything is: the clock was set back since.
    """
    query = (
        select(health_event, delivery.c.target, delivery.c.attempts)
        .join(delivery, delivery.c.event == health_event.c.id)
        .where(
            or_(delivery.c.due <= now, delivery.c.due > now + LONGEST_PAUSE * 1000),
            delivery.c.target.not_in(busy),
        )
        .order_by(health_event.c.sequence)
        .limit(limit)
    )
    return [Delivery(_event(row), row.target, row.attempts) for row in connection.execute(query)]


def note_delivery(
    connection: Connection,
    made: Delivery,
    *,
    due: int | None,
    done: int | None = None,
    problem: str = "",
) -> None:
    """Note how an attempt went: done, or when to try again; neither if it is given up."""
    same = (delivery.c.event == made.event.id) & (delivery.c.target == made.target)
    values = {"attempts": made.attempts + 1, "due": due, "done": done, "problem": problem}
    connection.execute(delivery.update().where(same).values(values))


def _event(row: Any) -> Event:
    data = orjson.loads(row.data)
    return Event(
        row.at, row.kind, row.backend, row.title, row.text, data, row.id, int(row.sequence)
    )
