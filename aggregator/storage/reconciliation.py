"""Jobs that were seen to have ended, and those whose report is missing or says something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, func, insert, select, true, update

from aggregator.storage.database import Database
from aggregator.storage.holding import ABANDONED, job_lock
from aggregator.storage.holds import ENDED, JOB
from aggregator.storage.schema import closing, hold, hold_job, sighting, usage_report


@dataclass(frozen=True)
class Sighting:
    """What a provider said of a job to its owner at a moment; `costs` in millicredits if told."""

    provider: str
    job: str
    user: str
    status: str
    costs: int | None
    at: int


def note(database: Database, seen: Sequence[Sighting]) -> None:
    """Keeps what was seen if it is news; cheap where it is not."""
    jobs = sorted({one.job for one in seen})
    with database.read() as connection:
        rows = connection.execute(select(sighting).where(sighting.c.job.in_(jobs)))
        known = {(row.provider, row.job): (row.person, row.status, row.costs) for row in rows}
    news = [
        one
        for one in seen
        if known.get((one.provider, one.job)) != (one.user, one.status, one.costs)
    ]
    if not news:
        return
    with database.write() as connection:
        database.lock(connection, [job_lock(one.provider, one.job) for one in news])
        for one in news:
            _keep(connection, one)


def _keep(connection: Connection, one: Sighting) -> None:
    here = and_(sighting.c.provider == one.provider, sighting.c.job == one.job)
    said = {"person": one.user, "status": one.status, "costs": one.costs, "at": one.at}
    if not connection.execute(update(sighting).where(here).values(said)).rowcount:
        new = {"provider": one.provider, "job": one.job} | said
        connection.execute(insert(sighting).values(new))


@dataclass(frozen=True)
class Unreconciled:
    """A job that does not agree, and why: `unreported`, `costs-differ` or `abandoned`.

    `unreported` ended and `abandoned` had credits put aside, but no report came; `costs-differ` was
    charged otherwise than its provider states. Amounts are in millicredits, None is not known.
    """

    why: str
    provider: str
    job: str | None
    user: str | None
    status: str | None
    at: int
    stated: int | None = None
    charged: int | None = None
    held: int | None = None


def unreconciled(
    database: Database, start: int, end: int, *, provider: str | None, seen_before: int
) -> list[Unreconciled]:
    """The jobs of [start, end) that do not agree, of one provider or all, the oldest first.

    A job that ended after `seen_before` may be reported yet, and is left out.
    """
    jobs = {(one.provider, one.job): one for one in _seen(database, start, end, provider)}
    late = [one for one in jobs.values() if one.why != "unreported" or one.at <= seen_before]
    found = list(_abandoned(database, start, end, provider))
    more = [one for one in found if (one.provider, one.job) not in jobs]
    return sorted([*late, *more], key=lambda one: (one.at, one.provider, one.job or ""))


def _seen(database: Database, start: int, end: int, provider: str | None) -> Iterator[Unreconciled]:
    charged = (
        select(
            usage_report.c.provider,
            usage_report.c.job,
            func.sum(usage_report.c.charged).label("charged"),
        )
        .group_by(usage_report.c.provider, usage_report.c.job)
        .where(usage_report.c.job.in_(select(sighting.c.job).where(_during(sighting, start, end))))
        .subquery()
    )
    same = and_(charged.c.job == sighting.c.job, charged.c.provider == sighting.c.provider)
    query = (
        select(sighting, charged.c.charged)
        .select_from(sighting.outerjoin(charged, same))
        .where(
            _during(sighting, start, end),
            _at(sighting.c.provider, provider),
            sighting.c.status.in_(ENDED),
        )
    )
    with database.read() as connection:
        for row in connection.execute(query).all():
            paid = None if row.charged is None else int(row.charged)
            if paid is None or (row.costs is not None and row.costs != paid):
                why = "unreported" if paid is None else "costs-differ"
                about = (row.provider, row.job, row.person, row.status, row.at)
                yield Unreconciled(why, *about, stated=row.costs, charged=paid)


def _abandoned(
    database: Database, start: int, end: int, provider: str | None
) -> Iterator[Unreconciled]:
    reported = select(usage_report.c.job).where(
        usage_report.c.job == JOB, usage_report.c.provider == hold.c.provider
    )
    query = (
        select(hold, JOB.label("known"), closing.c.at.label("closed"))
        .select_from(hold.join(closing).outerjoin(hold_job, hold_job.c.hold == hold.c.key))
        .where(
            closing.c.reason == ABANDONED,
            _during(closing, start, end),
            _at(hold.c.provider, provider),
            ~reported.exists(),
        )
    )
    with database.read() as connection:
        for row in connection.execute(query).all():
            yield Unreconciled(
                "abandoned", row.provider, row.known, row.holder, None, row.closed, held=row.amount
            )


def _during(table: Table, start: int, end: int) -> ColumnElement[bool]:
    return and_(table.c.at >= start, table.c.at < end)


def _at(column: ColumnElement[Any], provider: str | None) -> ColumnElement[bool]:
    return true() if provider is None else column == provider
