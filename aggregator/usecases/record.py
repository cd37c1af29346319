"""The record of availability: what is observed, and what the contract makes of each month.

Everything that follows from an observation (days, incidents, events, webhooks to be told) is
written in one transaction with it. Nothing here reads a clock: moments are arguments.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from aggregator.health.judging import Evidence, Verdict, due_in, judge, membership
from aggregator.health.maintenance import Excused, Window
from aggregator.health.observations import Observation
from aggregator.health.policy import Policy
from aggregator.health.standing import State, Step, standing_of
from aggregator.health.status import DOWN, UP, Change, Track, follow
from aggregator.health.uptime import Day, roll_up, uptime_of
from aggregator.moments import DAY, day_of, month_bounds, month_of, shifted
from aggregator.storage import notices, verdicts
from aggregator.storage.database import Database
from aggregator.storage.events import Event, write_event
from aggregator.storage.lease import Lease
from aggregator.storage.observations import (
    add_observations,
    first_observations,
    oldest_observation,
    prune,
    read_days,
    read_observations,
    read_tracks,
    write_days,
    write_tracks,
)
from aggregator.usecases import happenings

LOG = logging.getLogger(__name__)

LOCK = ["availability"]


class LeaseLost(Exception):  # noqa: N818 - a state, not a programming error
    """Another monitor has taken over: nothing was written."""


class Record:
    """The availability of all members in a database, judged by one policy.

    `targets` are the webhooks that are told of events; `joined` the moments at which members
    joined, where that is known otherwise than by their first observation.
    """

    def __init__(
        self,
        database: Database,
        policy: Policy,
        *,
        targets: Sequence[str] = (),
        joined: Mapping[str, int] | None = None,
    ) -> None:
        self.database, self.policy = database, policy
        self._targets, self._joined = tuple(targets), dict(joined or {})

    def observe(
        self,
        observations: Iterable[Observation],
        lease: Lease | None = None,
        *,
        raw_since: int = 0,
    ) -> int:
        """Write what was seen of any members, in any order; how many were kept.

        Raises LeaseLost, with a `lease`. What is not later than the last observation of the same
        member is passed over, and so is what lies in a month that is closed: no time is counted
        twice. Raw observations are kept from `raw_since` on; all of them count.
        """
        by_backend = _grouped(observations)
        with self.database.write() as connection:
            if lease is not None and not lease.held(connection):
                raise LeaseLost
            self.database.lock(connection, LOCK)
            tracks = read_tracks(connection)
            fresh = _fresh(by_backend, tracks, verdicts.last_months(connection))
            excused = self._excused(connection, fresh)
            self._follow(connection, fresh, tracks, excused)
            every = [one for seen in fresh.values() for one in seen]
            self._add_to_days(connection, every, excused)
            add_observations(connection, [one for one in every if one.at >= raw_since])
        return len(every)

    def close_months(self, now: int, delay: int = 0, lease: Lease | None = None) -> list[Verdict]:
        """Judge and freeze every month that ended `delay` milliseconds ago or earlier.

        Each once, whoever asks and how often: a month that is closed stays as it is.
        """
        found = []
        with self.database.write() as connection:
            if lease is not None and not lease.held(connection):
                raise LeaseLost
            self.database.lock(connection, LOCK)
            last = verdicts.last_months(connection)
            for backend, first in sorted(first_observations(connection).items()):
                month = shifted(last[backend], 1) if backend in last else month_of(first)
                while month_bounds(month)[1] + delay <= now:
                    found.append(self._close(connection, backend, month, now))
                    month = shifted(month, 1)
        return found

    def prune(self, before: int) -> int:
        """Delete raw observations of days that ended before a moment; how many."""
        with self.database.write() as connection:
            return prune(connection, before // DAY * DAY)

    def write(self, connection: Connection, event: Event) -> int:
        """Write an event, and what webhooks are to be told; its number."""
        return write_event(connection, event, self._targets)

    def state(self, connection: Connection, backend: str) -> tuple[State, list[Step]]:
        """The state of a member, and the steps that led to it."""
        steps = verdicts.read_steps(connection, backend).get(backend, [])
        return (steps[-1].state if steps else State()), steps

    def joined(self, connection: Connection) -> dict[str, int]:
        """The moment at which each member joined: by the settings, else as it was first seen."""
        return first_observations(connection) | self._joined

    def recount(self, connection: Connection, window: Window) -> None:
        """Roll up the days of past maintenance anew; ValueError if that is no longer possible.

        It is possible while the raw observations are kept and the month is not closed.
        """
        if not window.in_time(self.policy):
            return
        days = read_days(connection, day_of(window.starts), day_of(window.ends), window.backend)
        oldest = oldest_observation(connection, window.backend)
        closed = verdicts.last_months(connection).get(window.backend, "")
        for day in days:
            if day.day[:7] <= closed:
                raise ValueError(f"The month {day.day[:7]} is closed: its days are frozen.")
            if oldest is None or day.first < oldest:
                raise ValueError(f"The single probes of {day.day} are no longer kept.")
        if days:
            seen = read_observations(connection, window.backend, days[0].first)
            last = days[-1].last
            excused = self._excused(connection, {window.backend: seen})
            anew = roll_up([one for one in seen if one.at <= last], excused)
            write_days(connection, anew, anew)

    def _follow(
        self,
        connection: Connection,
        fresh: Mapping[str, Sequence[Observation]],
        tracks: Mapping[str, Track],
        excused: Mapping[str, Excused],
    ) -> None:
        carried = {}
        for backend, seen in fresh.items():
            before = tracks.get(backend, Track())
            carried[backend], changes = follow(before, seen, self.policy, excused.get(backend))
            for change in changes:
                self._note_change(connection, backend, change)
        write_tracks(connection, carried, known=tracks)

    def _note_change(self, connection: Connection, backend: str, change: Change) -> None:
        if change.state == DOWN:
            self.write(
                connection, happenings.opened(notices.open_incident(connection, backend, change))
            )
        elif change.state == UP:
            ended = notices.close_incident(connection, backend, change.at)
            if ended is not None:
                self.write(connection, happenings.closed(ended, change.noticed))

    def _add_to_days(
        self,
        connection: Connection,
        seen: Sequence[Observation],
        excused: Mapping[str, Excused],
    ) -> None:
        if not seen:
            return
        parts = roll_up(seen, excused)
        names = [part.day for part in parts]
        known = {(d.backend, d.day): d for d in read_days(connection, min(names), max(names))}
        summed = [
            known[part.backend, part.day] + part if (part.backend, part.day) in known else part
            for part in parts
        ]
        write_days(connection, summed, known.values())

    def _excused(
        self, connection: Connection, seen: Mapping[str, Sequence[Observation]]
    ) -> dict[str, Excused]:
        """The announced maintenance of these members, as far as it matters to what was seen."""
        if not any(seen.values()):
            return {}
        since = min(one[0].at for one in seen.values() if one)
        windows: dict[str, list[Window]] = {}
        for window in notices.read_windows(connection, since=since, backends=seen):
            windows.setdefault(window.backend, []).append(window)
        return {backend: Excused(found, self.policy) for backend, found in windows.items()}

    def _close(self, connection: Connection, backend: str, month: str, now: int) -> Verdict:
        before, steps = self.state(connection, backend)
        verdict = judge(self._evidence(connection, backend, month, before), before, self.policy)
        number = self.write(connection, happenings.judged(verdict, now))
        verdicts.add_month(connection, number, verdict, now, self.policy)
        was = standing_of(backend, steps)
        if verdict.standing != was.standing:
            step = Step(month_bounds(month)[1], verdict.after, verdict.reason)
            self.write(connection, happenings.stands(standing_of(backend, [*steps, step]), now))
        return verdict

    def _evidence(self, connection: Connection, backend: str, month: str, state: State) -> Evidence:
        start, end = month_bounds(month)
        days: list[Day] = read_days(connection, day_of(start), day_of(end - 1), backend)
        windows = notices.read_windows(connection, since=start, backends=[backend])
        excused = Excused(windows, self.policy)
        joined = self.joined(connection)[backend]
        return Evidence(
            backend,
            month,
            uptime_of(days),
            due_in(month, excused, self.policy, joined),
            excused=sum(day.excused for day in days),
            number=membership(joined, month, self.policy)[0],
            full=membership(max(joined, state.began), month, self.policy)[1],
        )


def _grouped(observations: Iterable[Observation]) -> dict[str, list[Observation]]:
    found: dict[str, list[Observation]] = {}
    for one in observations:
        found.setdefault(one.backend, []).append(one)
    return found


def _fresh(
    by_backend: Mapping[str, list[Observation]],
    tracks: Mapping[str, Track],
    closed: Mapping[str, str],
) -> dict[str, list[Observation]]:
    """Of each member what is later than all that is known of it, in order of time."""
    found = {}
    for backend, seen in by_backend.items():
        last = tracks[backend].last if backend in tracks else None
        latest = -1 if last is None else last.at
        if backend in closed:
            latest = max(latest, month_bounds(closed[backend])[1] - 1)
        kept = []
        for one in sorted(seen, key=lambda o: o.at):
            if one.at > latest:
                kept.append(one)
                latest = one.at
        found[backend] = kept
        if len(kept) < len(seen):
            LOG.warning("%d observations of %s are not new", len(seen) - len(kept), backend)
    return found
