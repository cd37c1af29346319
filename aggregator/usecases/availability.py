"""How available the members are and were: what pages, the feed and the export are made of.

No page request probes. The state now is that of the members' snapshots, which routing reads too;
all that was comes from the monitor's record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from aggregator.documents import flag, objects, text
from aggregator.health.announcements import Announcement
from aggregator.health.maintenance import Excused, Window
from aggregator.health.standing import Decision, Standing, State, standing_of
from aggregator.health.status import Status, Track, current
from aggregator.health.uptime import (
    Budget,
    Day,
    Uptime,
    budget,
    durations_of,
    quantile,
    uptime_of,
)
from aggregator.moments import DAY, SECOND, day_of, month_bounds, month_of
from aggregator.settings import Settings
from aggregator.storage import notices, verdicts
from aggregator.storage.database import Database
from aggregator.storage.events import Event, last_event, read_events
from aggregator.storage.observations import read_days, read_tracks
from aggregator.storage.verdicts import ClosedMonth
from aggregator.upstream.metadata import COLLECTIONS
from aggregator.upstream.snapshots import Snapshots
from aggregator.usecases import knowledge
from aggregator.usecases.operations import Operations
from aggregator.usecases.record import Record
from aggregator.usecases.rounds import Threads
from aggregator.usecases.standings import Standings

WINDOW_DAYS = 30
LATEST = 50
KEPT = 5 * SECOND


@dataclass(frozen=True)
class MemberHealth:
    """One member at a moment.

    `online` is the state by which requests are routed; `status` what the monitor's record says,
    with its last probe. `days` are those that have probes, in order; `month` is the current one,
    with its uptime and error budget so far. `latency` are the median and the 95th percentile of
    successful probes in the last 30 days, in milliseconds. `verdicts` are the closed months, in
    order. `joined` is None while it was never probed and its settings name no day. `collections`
    are the member's own ids of its non-experimental collections, which need an uptime of their own.
    """

    backend: str
    title: str
    online: bool
    status: Status
    standing: Standing
    state: State
    days: tuple[Day, ...]
    uptime: Uptime
    month: str
    month_uptime: Uptime
    budget: Budget
    latency: tuple[int | None, int | None]
    verdicts: tuple[ClosedMonth, ...]
    joined: int | None = None
    experimental: bool = False
    deprecated: bool = False
    collections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overview:
    """All members at a moment, and what is known around them.

    `windows` are those that have not ended, and those of the days shown; `incidents` those of the
    days shown, newest first. `version` grows with every event.
    """

    at: int
    members: tuple[MemberHealth, ...]
    windows: tuple[Window, ...]
    incidents: tuple[notices.Incident, ...]
    announcements: tuple[Announcement, ...]
    decisions: tuple[Decision, ...]
    version: int


class Availability:
    """The availability of a federation's members: reading, and what operators do (`operations`)."""

    def __init__(
        self,
        settings: Settings,
        record: Record,
        snapshots: Snapshots,
        *,
        watch: Threads | None,
        clock: Callable[[], float],
    ) -> None:
        self.record = record
        self.operations = Operations(record, settings.order, clock)
        self.standings = Standings(record.database, snapshots)
        self._settings, self._snapshots = settings, snapshots
        self._watch, self._clock = watch, clock
        self._following = Threads(self.standings)
        self._listed: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._overviews: dict[tuple[int, str | None, int | None], tuple[Any, Overview]] = {}

    @property
    def database(self) -> Database:
        """Where the record is kept."""
        return self.record.database

    def start(self) -> None:
        """Begin to follow the record and, if it runs inside, to monitor."""
        self.standings.round()
        self._following.start()
        if self._watch is not None:
            self._watch.start()

    def stop(self) -> None:
        """End what runs in the background."""
        if self._watch is not None:
            self._watch.stop()
        self._following.stop()

    def decided(self) -> None:
        """Let a decision count at once in this process; the others follow within seconds."""
        self.standings.refresh()

    def now(self) -> int:
        """The moment now."""
        return round(self._clock() * 1000)

    def overview(
        self, *, days: int = 90, backend: str | None = None, latest: int | None = LATEST
    ) -> Overview:
        """All members now (or one), with so many days. Raises DatabaseUnavailable.

        Of incidents and announcements there are the `latest` so many, or all.

        The last one is given again for some seconds, unless there is something new in it.
        """
        now = self.now()
        with self.database.read() as connection:
            tracks = read_tracks(connection)
            mark = (
                now // KEPT,
                last_event(connection),
                tuple(snapshot.online for snapshot in self._snapshots.current().values()),
                tuple((name, track.last) for name, track in tracks.items()),
            )
            kept = self._overviews.get((days, backend, latest))
            if kept is None or kept[0] != mark:
                since = now - (days - 1) * DAY
                kept = mark, self._overview(connection, now, since, backend, latest)
                self._overviews[days, backend, latest] = kept
        return kept[1]

    def present(self, backend: str | None = None) -> Overview:
        """All members now (or one), without the record: for when it cannot be read."""
        seen, nothing = _Seen(self.now(), self.now(), {}, {}, {}, (), {}), ()
        snapshots = self._snapshots.current()
        members = [
            self._member(name, seen, snapshots[name].standing or Standing(name), State())
            for name in self._settings.order
            if backend in (None, name)
        ]
        return Overview(seen.now, tuple(members), nothing, nothing, nothing, nothing, 0)

    def states(self) -> tuple[tuple[bool, Standing | None], ...]:
        """Which members are online, and how they stand: what pages must follow at once."""
        return tuple((s.online, s.standing) for s in self._snapshots.current().values())

    def events(self, limit: int = 100, backend: str | None = None) -> list[Event]:
        """The latest events, newest first. Raises DatabaseUnavailable."""
        with self.database.read() as connection:
            return read_events(connection, limit, backend)

    def incidents(self) -> list[notices.Incident]:
        """The latest incidents, newest first."""
        with self.database.read() as connection:
            return notices.read_incidents(connection, limit=LATEST)

    def windows(self, since: int) -> list[Window]:
        """Maintenance that ends at a moment or later, in order of its beginning."""
        with self.database.read() as connection:
            return notices.read_windows(connection, since=since)

    def announcements(self) -> list[Announcement]:
        """The latest announcements that hold, newest first."""
        with self.database.read() as connection:
            return notices.read_announcements(connection, limit=LATEST)

    def decisions(self) -> list[Decision]:
        """The operators' decisions, newest first."""
        with self.database.read() as connection:
            return verdicts.read_decisions(connection)

    def months(self, backend: str | None = None) -> list[ClosedMonth]:
        """The closed months, by member and month."""
        with self.database.read() as connection:
            return verdicts.read_months(connection, backend=backend)

    def _overview(
        self,
        connection: Connection,
        now: int,
        since: int,
        backend: str | None,
        latest: int | None,
    ) -> Overview:
        names = [name for name in self._settings.order if backend in (None, name)]
        first = min(since, month_bounds(month_of(now))[0])
        windows = notices.read_windows(connection, since=first)
        seen = _Seen(
            now,
            since,
            _by_member(read_days(connection, day_of(first), day_of(now), backend)),
            read_tracks(connection),
            _verdicts(verdicts.read_months(connection, backend=backend)),
            windows,
            self.record.joined(connection),
        )
        steps = verdicts.read_steps(connection)
        members = []
        for name in names:
            own = steps.get(name, [])
            state = own[-1].state if own else State()
            members.append(self._member(name, seen, standing_of(name, own), state))
        return Overview(
            now,
            tuple(members),
            tuple(w for w in windows if w.ends >= since and w.backend in names),
            tuple(notices.read_incidents(connection, limit=latest, backend=backend, since=since)),
            tuple(
                a
                for a in notices.read_announcements(connection, limit=latest)
                if a.backend in ("", *names)
            ),
            tuple(verdicts.read_decisions(connection, backend)),
            last_event(connection),
        )

    def _member(self, name: str, seen: _Seen, standing: Standing, state: State) -> MemberHealth:
        backend, policy = self._settings.backend(name), self.record.policy
        days = seen.days.get(name, [])
        month = month_of(seen.now)
        of_month = [day for day in days if day.day[:7] == month]
        recent = [day for day in days if day.day > day_of(seen.now - WINDOW_DAYS * DAY)]
        durations = durations_of(recent)
        excused = Excused([w for w in seen.windows if w.backend == name], policy)
        snapshot = self._snapshots.current()[name]
        return MemberHealth(
            name,
            knowledge.title(self._settings, snapshot),
            snapshot.online,
            current(seen.tracks.get(name, Track()), seen.now, policy),
            standing,
            state,
            tuple(day for day in days if day.day >= day_of(seen.since)),
            uptime_of(recent),
            month,
            uptime_of(of_month),
            budget(of_month, month, seen.now, excused, policy),
            (quantile(durations, 0.5), quantile(durations, 0.95)),
            tuple(seen.verdicts.get(name, ())),
            seen.joined.get(name),
            backend.experimental,
            backend.deprecated,
            self._collections(name),
        )

    def _collections(self, backend: str) -> tuple[str, ...]:
        """Read once per version of the member's listing, which may be large."""
        stored = self._snapshots.current()[backend].documents.get(COLLECTIONS)
        if stored is None:
            return ()
        kept = self._listed.get(backend)
        if kept is None or kept[0] != stored.digest:
            found = objects(stored.document, "collections")
            names = tuple(text(c, "id") for c in found if not flag(c, "experimental", False))
            kept = self._listed[backend] = (stored.digest, names)
        return kept[1]


@dataclass(frozen=True)
class _Seen:
    """What was read of all members at once."""

    now: int
    since: int
    days: Mapping[str, Sequence[Day]]
    tracks: Mapping[str, Track]
    verdicts: Mapping[str, Sequence[ClosedMonth]]
    windows: Sequence[Window]
    joined: Mapping[str, int]


def _by_member(days: Sequence[Day]) -> dict[str, list[Day]]:
    found: dict[str, list[Day]] = {}
    for day in days:
        found.setdefault(day.backend, []).append(day)
    return found


def _verdicts(months: Sequence[ClosedMonth]) -> dict[str, list[ClosedMonth]]:
    found: dict[str, list[ClosedMonth]] = {}
    for month in months:
        found.setdefault(month.verdict.evidence.backend, []).append(month)
    return found
