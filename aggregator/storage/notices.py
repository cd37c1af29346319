"""Incidents with their notes, maintenance, announcements: what people are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from aggregator.health.announcements import Announcement
from aggregator.health.maintenance import Window
from aggregator.health.status import Change
from aggregator.storage.health_schema import (
    announcement,
    incident,
    incident_note,
    maintenance,
    withdrawal,
)


@dataclass(frozen=True)
class Note:
    """What an operator wrote about an incident."""

    at: int
    by: str
    text: str


@dataclass(frozen=True)
class Incident:
    """A time in which a member was down, from its first failure to its first success.

    `closed` is None while it goes on. `error` is the class of the failure that completed the row;
    `detail` the same in words, for operators only.
    """

    id: str
    backend: str
    opened: int
    noticed: int
    closed: int | None
    error: str
    detail: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Withdrawal:
    """That maintenance was called off, or an announcement withdrawn."""

    at: int
    by: str
    reason: str


def open_incident(connection: Connection, backend: str, change: Change) -> Incident:
    """Write that a member went down."""
    cause = change.cause
    made = Incident(
        f"{backend}-{change.at}",
        backend,
        change.at,
        change.noticed,
        None,
        cause.error,
        cause.detail,
    )
    values = {key: value for key, value in vars(made).items() if key != "notes"}
    connection.execute(insert(incident), values)
    return made


def close_incident(connection: Connection, backend: str, at: int) -> Incident | None:
    """Write that a member is up again; the incident that ends, if one was open."""
    query = select(incident).where(incident.c.backend == backend, incident.c.closed.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    connection.execute(incident.update().where(incident.c.id == row.id).values(closed=at))
    return replace(_incident(row), closed=at)


def read_incidents(
    connection: Connection, *, limit: int | None, backend: str | None = None, since: int = 0
) -> list[Incident]:
    """The latest incidents (or all) that lasted beyond a moment, newest first, with their notes."""
    lasting = incident.c.closed.is_(None) | (incident.c.closed >= since)
    query = select(incident).where(lasting).order_by(incident.c.opened.desc()).limit(limit)
    if backend is not None:
        query = query.where(incident.c.backend == backend)
    rows = connection.execute(query).all()
    notes = _notes(connection, query.with_only_columns(incident.c.id))
    return [_incident(row, notes[row.id]) for row in rows]


def has_incident(connection: Connection, identifier: str) -> str | None:
    """The member that an incident was about; None if there is no such incident."""
    query = select(incident.c.backend).where(incident.c.id == identifier)
    return connection.execute(query).scalar_one_or_none()


def add_note(connection: Connection, sequence: int, identifier: str, note: Note) -> None:
    """Write an operator's note on an incident."""
    values = {"sequence": sequence, "incident": identifier, **vars(note)}
    connection.execute(insert(incident_note), values)


def add_window(connection: Connection, window: Window, *, entered: int, by: str) -> None:
    """Write announced maintenance."""
    values = {key: value for key, value in vars(window).items() if key != "cancelled"}
    connection.execute(insert(maintenance), values | {"entered": entered, "by": by})


def read_windows(
    connection: Connection, *, since: int = 0, backends: Iterable[str] | None = None
) -> list[Window]:
    """Maintenance that ends at a moment or later, in order of its beginning."""
    query = (
        select(maintenance, withdrawal.c.at.label("cancelled"))
        .outerjoin(withdrawal, withdrawal.c.subject == maintenance.c.id)
        .where(maintenance.c.ends >= since)
        .order_by(maintenance.c.starts, maintenance.c.id)
    )
    if backends is not None:
        query = query.where(maintenance.c.backend.in_(list(backends)))
    return [_window(row) for row in connection.execute(query)]


def add_announcement(connection: Connection, made: Announcement, *, entered: int, by: str) -> None:
    """Write an announcement."""
    connection.execute(insert(announcement), vars(made) | {"entered": entered, "by": by})


def read_announcements(connection: Connection, *, limit: int | None) -> list[Announcement]:
    """The latest announcements (or all) that were not withdrawn, newest first."""
    query = (
        select(announcement)
        .outerjoin(withdrawal, withdrawal.c.subject == announcement.c.id)
        .where(withdrawal.c.subject.is_(None))
        .order_by(announcement.c.announced.desc(), announcement.c.id)
        .limit(limit)
    )
    names = Announcement.__dataclass_fields__
    return [
        Announcement(**{n: getattr(row, n) for n in names}) for row in connection.execute(query)
    ]


def subject_of(connection: Connection, identifier: str) -> tuple[str, str] | None:
    """Kind (`maintenance`, `announcement`) and member of what can be withdrawn, if it is there."""
    for kind, table in (("maintenance", maintenance), ("announcement", announcement)):
        row = connection.execute(select(table.c.backend).where(table.c.id == identifier)).first()
        if row is not None:
            return kind, row.backend
    return None


def is_withdrawn(connection: Connection, identifier: str) -> bool:
    """Whether it was called off or withdrawn."""
    query = select(withdrawal.c.at).where(withdrawal.c.subject == identifier)
    return connection.execute(query).first() is not None


def add_withdrawal(connection: Connection, identifier: str, made: Withdrawal) -> None:
    """Write that maintenance was called off, or an announcement withdrawn."""
    connection.execute(insert(withdrawal), {"subject": identifier, **vars(made)})


def _notes(connection: Connection, incidents: Select[tuple[str]]) -> dict[str, list[Note]]:
    found: dict[str, list[Note]] = defaultdict(list)
    query = select(incident_note).where(incident_note.c.incident.in_(incidents))
    for row in connection.execute(query.order_by(incident_note.c.sequence)):
        found[row.incident].append(Note(row.at, row.by, row.text))
    return found


def _incident(row: Any, notes: Iterable[Note] = ()) -> Incident:
    return Incident(
        row.id,
        row.backend,
        row.opened,
        row.noticed,
        row.closed,
        row.error,
        row.detail,
        tuple(notes),
    )


def _window(row: Any) -> Window:
    return Window(row.id, row.backend, row.starts, row.ends, row.announced, row.text, row.cancelled)
