"""Observations, the days they are rolled up into, and what is carried on from one to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, insert, select

from aggregator.health.observations import Observation
from aggregator.health.status import Track
from aggregator.health.uptime import Day
from aggregator.storage.health_schema import health_day, health_track, observation

_ADD = insert(observation)


def add_observations(connection: Connection, observations: Sequence[Observation]) -> None:
    """Write raw observations, of which none is there."""
    if observations:
        connection.execute(_ADD, [one._asdict() for one in observations])


def read_observations(connection: Connection, backend: str, since: int) -> list[Observation]:
    """The raw observations of a member from a moment on, in order of time."""
    query = (
        select(observation)
        .where(observation.c.backend == backend, observation.c.at >= since)
        .order_by(observation.c.at)
    )
    return [Observation(*row) for row in connection.execute(query)]


def prune(connection: Connection, before: int) -> int:
    """Delete raw observations from before a moment; how many."""
    return connection.execute(delete(observation).where(observation.c.at < before)).rowcount


def oldest_observation(connection: Connection, backend: str) -> int | None:
    """The moment of the oldest raw observation that is kept."""
    query = select(func.min(observation.c.at)).where(observation.c.backend == backend)
    found: int | None = connection.execute(query).scalar_one()
    return found


def read_tracks(connection: Connection) -> dict[str, Track]:
    """What is carried on for each member that was ever observed."""
    return {row.backend: _track(row) for row in connection.execute(select(health_track))}


def write_tracks(connection: Connection, tracks: Mapping[str, Track], known: Iterable[str]) -> None:
    """Write these tracks; those of `known` members are there already."""
    there = set(known)
    for backend, track in tracks.items():
        values = {
            "state": track.state,
            "since": track.since,
            "last_up": track.last_up,
            "row": track.row,
            "row_since": track.row_since,
            "last": orjson.dumps(track.last and list(track.last)).decode(),
        }
        if backend in there:
            same = health_track.c.backend == backend
            connection.execute(health_track.update().where(same).values(values))
        else:
            connection.execute(insert(health_track), {"backend": backend, **values})


def read_days(
    connection: Connection, first: str, last: str, backend: str | None = None
) -> list[Day]:
    """The days from `first` to `last`, both included, by member and day."""
    query = select(health_day).where(health_day.c.day >= first, health_day.c.day <= last)
    if backend is not None:
        query = query.where(health_day.c.backend == backend)
    found = connection.execute(query.order_by(health_day.c.backend, health_day.c.day))
    return [_day(row) for row in found]


def write_days(connection: Connection, days: Iterable[Day], known: Iterable[Day]) -> None:
    """Write these days; those of `known` are there already and are changed."""
    there = {(day.backend, day.day) for day in known}
    for day in days:
        values = _day_values(day)
        if (day.backend, day.day) in there:
            same = (health_day.c.backend == day.backend) & (health_day.c.day == day.day)
            connection.execute(health_day.update().where(same).values(values))
        else:
            connection.execute(
                insert(health_day), {"backend": day.backend, "day": day.day, **values}
            )


def first_observations(connection: Connection) -> dict[str, int]:
    """The moment at which each member was observed first."""
    query = select(health_day.c.backend, func.min(health_day.c.first)).group_by(
        health_day.c.backend
    )
    return {row.backend: row[1] for row in connection.execute(query)}


def _day_values(day: Day) -> dict[str, Any]:
    return {
        "up": day.up,
        "down": day.down,
        "excused_up": day.excused_up,
        "excused_down": day.excused_down,
        "first": day.first,
        "last": day.last,
        "durations": orjson.dumps(day.durations).decode(),
    }


def _day(row: Any) -> Day:
    return Day(
        row.backend,
        row.day,
        row.up,
        row.down,
        row.excused_up,
        row.excused_down,
        row.first,
        row.last,
        tuple(orjson.loads(row.durations)),
    )


def _track(row: Any) -> Track:
    last = orjson.loads(row.last)
    seen = None if last is None else Observation(*last)
    return Track(row.state, row.since, seen, row.last_up, row.row, row.row_since)
