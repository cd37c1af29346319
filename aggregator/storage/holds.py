"""Holds as they stand in the database: what each is for, and whether it is open.

A batch job has its id before it starts. The id of a synchronous request, or of a new web service,
is known only when its backend answers, while a report about it may come before. Until then holds of
one user, at one provider, for one kind of work can stand for one another: a report takes the one
that fits, an answer that comes later takes its own or what is left, so that there are always as
many holds as requests that are neither reported nor refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, func, select, union_all

from aggregator.ledger.events import Hold
from aggregator.storage.job_costs import AT_A_TIME
from aggregator.storage.rows import hold_of
from aggregator.storage.schema import closing, hold, hold_job, sighting

JOB = func.coalesce(hold.c.job, hold_job.c.job)
"""The id of the job that a hold is for, None while nobody knows it."""

_COLUMNS = [
    *(column for column in hold.c if column is not hold.c.job),
    JOB.label("job"),
    closing.c.reason.label("closed"),
]
_HOLDS: Select[Any] = (
    select(*_COLUMNS)
    .select_from(hold)
    .outerjoin(closing, closing.c.hold == hold.c.key)
    .outerjoin(hold_job, hold_job.c.hold == hold.c.key)
)
_IS_OPEN = closing.c.hold.is_(None)
_IS_UNCLAIMED = hold.c.job.is_(None) & hold_job.c.hold.is_(None)

_JOBS: BindParameter[Any] = bindparam("jobs", expanding=True)
_HOLDS_OF_JOBS = union_all(
    _HOLDS.where(hold.c.job.in_(_JOBS)), _HOLDS.where(hold_job.c.job.in_(_JOBS))
)
_HOLD = _HOLDS.where(hold.c.key == bindparam("wanted"))
_UNCLAIMED = _HOLDS.where(
    hold.c.holder.in_(bindparam("people", expanding=True)),
    hold.c.activity == bindparam("activity"),
    hold.c.expires > bindparam("now"),
    _IS_OPEN,
    _IS_UNCLAIMED,
).order_by(hold.c.opened, hold.c.key)

ENDED = ("finished", "error", "canceled", "deleted")
"""What backends say of a job that runs no more (and `deleted`, which is said by us)."""


@dataclass(frozen=True)
class FoundHold:
    """A hold, and the reason why it was closed, if it was."""

    hold: Hold
    closed: str | None

    @property
    def unclaimed(self) -> bool:
        """Whether it is open and no job has claimed it."""
        return self.closed is None and self.hold.job is None


def _found(row: Row[Any]) -> FoundHold:
    return FoundHold(hold_of(row), row.closed)


def find_hold(connection: Connection, key: str) -> FoundHold | None:
    """The hold under a key, open or closed."""
    row = connection.execute(_HOLD, {"wanted": key}).first()
    return _found(row) if row else None


def open_holds(connection: Connection) -> list[Hold]:
    """All holds that are open, the oldest first."""
    rows = connection.execute(_HOLDS.where(_IS_OPEN).order_by(hold.c.opened, hold.c.key))
    return [hold_of(row) for row in rows]


def overdue_holds(connection: Connection, now: int, patience: int, since: int) -> list[Hold]:
    """The open holds whose time is over, or whose job ended `patience` ago without a report.

    Those that were due at `since` already are not looked for.
    """
    overdue = connection.execute(
        _HOLDS.where(_IS_OPEN, hold.c.expires > since, hold.c.expires <= now)
    )
    ended = connection.execute(
        _HOLDS.join(
            sighting, (sighting.c.job == JOB) & (sighting.c.provider == hold.c.provider)
        ).where(
            _IS_OPEN,
            sighting.c.status.in_(ENDED),
            sighting.c.at > hold.c.opened,
            sighting.c.at > since - patience,
            sighting.c.at <= now - patience,
        )
    )
    found = {row.key: hold_of(row) for row in [*overdue, *ended]}
    return sorted(found.values(), key=lambda one: (one.expires, one.key))


def holds_of_jobs(connection: Connection, jobs: Collection[str]) -> list[FoundHold]:
    """The holds for jobs of these ids, of whatever provider, the oldest first."""
    asked = sorted(jobs)
    some = (asked[first : first + AT_A_TIME] for first in range(0, len(asked), AT_A_TIME))
    rows = (row for few in some for row in connection.execute(_HOLDS_OF_JOBS, {"jobs": few}))
    found = [_found(row) for row in rows]
    return sorted(found, key=lambda one: (one.hold.opened, one.hold.key))


def unclaimed_holds(
    connection: Connection, users: Collection[str], activity: str, now: int
) -> list[Hold]:
    """The open holds of users for a kind of work whose id is not known, the oldest first."""
    asked = {"people": sorted(users), "activity": activity, "now": now}
    rows = connection.execute(_UNCLAIMED, asked)
    return [hold_of(row) for row in rows]


def fitting(spare: Sequence[Hold], cost: float, wallet: str) -> Hold | None:
    """Which of the holds that can stand for one another is for work of this cost; None of none.

    One of the wallet that is to pay, before others; then the one with the smallest budget that
    covers the cost, so that larger ones are left to those who need them. As long as no request
    costs more than its budget all are charged in full, in whatever order reports and answers come.
    Of equals it is the oldest.
    """

    def order(one: Hold) -> tuple[bool, bool, float, int, str]:
        budget = inf if one.budget is None else one.budget
        short = budget < cost
        return one.wallet != wallet, short, -budget if short else budget, one.opened, one.key

    return min(spare, key=order, default=None)


def claimed(one: Hold, job: str) -> Hold:
    """The hold of which is known now what it is for."""
    return replace(one, job=job)


def claim_values(one: Hold, job: str, now: int) -> dict[str, Any]:
    """The row that says so."""
    return {"hold": one.key, "job": job, "at": now}
