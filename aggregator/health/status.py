"""Up or down now, and the incidents in a row of observations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from aggregator.health.maintenance import Excused
from aggregator.health.observations import Observation
from aggregator.health.policy import Policy

UP, DOWN, UNKNOWN = "up", "down", "unknown"


class Change(NamedTuple):
    """A member went down, or up again, at the moment of the first observation of the row.

    `noticed` is the moment of the observation that completed the row.
    """

    state: str
    at: int
    noticed: int
    cause: Observation


@dataclass(frozen=True)
class Track:
    """What is carried on from one observation of a member to the next.

    `row` observations like the last one came in a row, the first of them at `row_since`.
    """

    state: str = UNKNOWN
    since: int | None = None
    last: Observation | None = None
    last_up: int | None = None
    row: int = 0
    row_since: int = 0


@dataclass(frozen=True)
class Status:
    """How a member is at a moment: up, down or (no recent observation) unknown.

    `since` is when that began, `last` the latest observation, `last_up` the moment of the latest
    success.
    """

    state: str
    since: int | None = None
    last: Observation | None = None
    last_up: int | None = None


def follow(
    track: Track,
    observations: Iterable[Observation],
    policy: Policy,
    excused: Excused | None = None,
) -> tuple[Track, list[Change]]:
    """Carry on with later observations of one member, in order of time; also the changes.

    Failures in announced maintenance are passed over; a success there counts.
    """
    state, since, last, last_up = track.state, track.since, track.last, track.last_up
    row, row_since = track.row, track.row_since
    changes = []
    for observation in observations:
        up, at = observation.up, observation.at
        if not up and excused is not None and excused.covers(at):
            last, row = observation, 0
            continue
        if row and last is not None and last.up == up and at - last.at <= policy.stale_after:
            row += 1
        else:
            row, row_since = 1, at
        last = observation
        if up:
            last_up = at
        if state != (UP if up else DOWN) and row >= _needed(state, up, policy):
            state, since = UP if up else DOWN, row_since
            changes.append(Change(state, row_since, at, observation))
    return Track(state, since, last, last_up, row, row_since), changes


def _needed(state: str, up: bool, policy: Policy) -> int:
    if not up:
        return policy.failures_to_open
    return policy.successes_to_close if state == DOWN else 1


def current(track: Track, now: int, policy: Policy) -> Status:
    """The status that a track means at a moment."""
    if track.last is None:
        return Status(UNKNOWN)
    if now - track.last.at > policy.stale_after:
        return Status(UNKNOWN, track.last.at, track.last, track.last_up)
    return Status(track.state, track.since, track.last, track.last_up)
