"""How the members stand, in lines for a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import Connection

from aggregator.health.maintenance import Window
from aggregator.health.policy import Policy
from aggregator.health.standing import standing_of
from aggregator.health.status import Track, current
from aggregator.health.uptime import uptime_of
from aggregator.moments import DAY, day_of, month_of, rfc3339
from aggregator.settings import Settings
from aggregator.storage import notices, verdicts
from aggregator.storage.observations import read_days, read_tracks
from aggregator.usecases.record import Record


def lines(settings: Settings, record: Record) -> Iterator[str]:
    """A line for each member, then what is open: incidents, maintenance, announcements."""
    now = round(time.time() * 1000)
    with record.database.read() as connection:
        yield from _members(connection, settings, record, now)
        yield from _open(connection, record, now)


def _members(connection: Connection, settings: Settings, record: Record, now: int) -> Iterator[str]:
    month, steps, tracks = month_of(now), verdicts.read_steps(connection), read_tracks(connection)
    days = read_days(connection, f"{month}-01", day_of(now))
    width = max(map(len, settings.order))
    for backend in settings.order:
        standing = standing_of(backend, steps.get(backend, []))
        status = current(tracks.get(backend, Track()), now, record.policy)
        uptime = uptime_of(day for day in days if day.backend == backend)
        yield (
            f"{backend:<{width}}  {status.state:<7}  {standing.standing:<8}  "
            f"{uptime.percent()} % in {month} ({uptime.down} of {uptime.counted} probes failed)"
        )
        if standing.reason:
            yield f"{'':<{width}}  {standing.as_text()}"
        if standing.proposal:
            yield f"{'':<{width}}  proposed: {standing.proposal}"


def _open(connection: Connection, record: Record, now: int) -> Iterator[str]:
    for incident in notices.read_incidents(connection, limit=50, since=now - 7 * DAY):
        end = "open" if incident.closed is None else f"until {rfc3339(incident.closed)}"
        yield (
            f"incident {incident.id}: {incident.backend} down since {rfc3339(incident.opened)}, "
            f"{end}; {incident.detail or incident.error}"
        )
    for window in notices.read_windows(connection, since=now):
        yield (
            f"{window.id}: {window.backend} from {rfc3339(window.starts)} to "
            f"{rfc3339(window.ends)}, {_effect(window, record.policy)}"
        )
    for made in notices.read_announcements(connection, limit=50):
        yield f"{made.id}: {made.kind} of {made.backend or 'the federation'}: {made.title}"


def _effect(window: Window, policy: Policy) -> str:
    if window.cancelled is not None and window.cancelled <= window.starts:
        return "called off"
    counts = "does not count" if window.in_time(policy) else "counts as downtime"
    return counts if window.cancelled is None else f"{counts}, called off at {rfc3339(window.end)}"
