"""Jobs that were seen to have ended, and those whose report is missing or says something else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from aggregator.storage.database import Database
from aggregator.storage.holding import ABANDONED, UNUSED, job_lock
from aggregator.storage.holds import ENDED, JOB, holds_of_jobs
from aggregator.storage.job_costs import REFUNDED, UserAtWork, costs_of_jobs
from aggregator.storage.schema import closing, hold, hold_job, misnaming, sighting, usage_report


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


def runs_again(database: Database, provider: str, job: str, user: str, now: int) -> bool:
    """Notes that a job was started which was seen to have ended; False if it was not."""
    here = and_(sighting.c.provider == provider, sighting.c.job == job)
    with database.read() as connection:
        status = connection.scalar(select(sighting.c.status).where(here))
    if status not in ENDED:
        return False
    note(database, [Sighting(provider, job, user, "queued", None, now)])
    return True


def _keep(connection: Connection, one: Sighting) -> None:
    here = and_(sighting.c.provider == one.provider, sighting.c.job == one.job)
    said = {"person": one.user, "status": one.status, "costs": one.costs, "at": one.at}
    if not connection.execute(update(sighting).where(here).values(said)).rowcount:
        new = {"provider": one.provider, "job": one.job} | said
        connection.execute(insert(sighting).values(new))


@dataclass(frozen=True)
class Unreconciled:
    """A job that does not agree, and why.

    `unreported` ended and `abandoned` had credits put aside, but no report came; `costs-differ` was
    charged otherwise than its provider states. `other-user`: the report named another than the
    `user` who had started it, who was charged; `charged-to-other`: it was charged to the user named
    before it was known that it is the work of `user`. Amounts are in millicredits, None is not
    known.
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
    named: str | None = None
    report: str | None = None


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
    misnamed = list(_misnamed(database, start, end, provider))
    told = {(one.provider, one.job, one.named) for one in misnamed}
    late = [one for one in late if (one.provider, one.job, one.named) not in told]
    every = [*late, *more, *misnamed]
    return sorted(every, key=lambda one: (one.at, one.provider, one.job or "", one.report or ""))


def _seen(database: Database, start: int, end: int, provider: str | None) -> Iterator[Unreconciled]:
    charged = (
        select(
            usage_report.c.provider,
            usage_report.c.job,
            usage_report.c.person,
            func.sum(usage_report.c.charged).label("charged"),
        )
        .group_by(usage_report.c.provider, usage_report.c.job, usage_report.c.person)
        .where(usage_report.c.job.in_(select(sighting.c.job).where(_during(sighting, start, end))))
        .subquery()
    )
    same = and_(charged.c.job == sighting.c.job, charged.c.provider == sighting.c.provider)
    query = (
        select(sighting, charged.c.charged, charged.c.person.label("payer"))
        .select_from(sighting.outerjoin(charged, same))
        .where(
            _during(sighting, start, end),
            _at(sighting.c.provider, provider),
            sighting.c.status.in_(ENDED),
        )
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
        spared = _spared(connection, {row.job for row in rows if row.charged is None})
        left = costs_of_jobs(connection, [row.job for row in rows if row.costs != row.charged])
    jobs: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in rows:
        if row.charged is not None or (row.provider, row.job) not in spared:
            jobs.setdefault((row.provider, row.job), []).append(row)
    for about in jobs.values():
        yield from _disagreement(about, left)


def _spared(connection: Connection, jobs: Collection[str]) -> set[tuple[str, str]]:
    """Those whose last run cost nothing, as their providers say: no report is missed."""
    last = {(one.hold.provider, one.hold.job): one for one in holds_of_jobs(connection, jobs)}
    return {(at, job) for (at, job), one in last.items() if job and one.closed == UNUSED}


def _disagreement(
    payers: Sequence[Row[Any]], left: Mapping[UserAtWork, int]
) -> Iterator[Unreconciled]:
    """What is wrong with a job that was seen to have ended, from a row for each who was charged.

    `left` is what they paid in the end: by refunds it may have come to what the provider states.
    """
    one = next((row for row in payers if row.payer == row.person), payers[0])
    about = (one.provider, one.job, one.person, one.status, one.at)
    paid = None if one.charged is None else int(one.charged)
    if paid is None:
        yield Unreconciled("unreported", *about, stated=one.costs)
    elif one.payer != one.person:
        yield Unreconciled(
            "charged-to-other", *about, stated=one.costs, charged=paid, named=one.payer
        )
    elif one.costs is not None and one.costs not in (paid, left.get((*about[:2], one.payer))):
        yield Unreconciled("costs-differ", *about, stated=one.costs, charged=paid)


def _misnamed(
    database: Database, start: int, end: int, provider: str | None
) -> Iterator[Unreconciled]:
    """The reports that name another user than the one who started the work.

    Those of which all was refunded are settled, and left out.
    """
    same = and_(
        usage_report.c.provider == misnaming.c.provider, usage_report.c.key == misnaming.c.report
    )
    query = (
        select(misnaming, usage_report.c.job, usage_report.c.person, usage_report.c.charged)
        .select_from(misnaming.join(usage_report, same))
        .where(
            _during(misnaming, start, end),
            _at(misnaming.c.provider, provider),
            or_(usage_report.c.charged == 0, usage_report.c.charged + REFUNDED > 0),
        )
    )
    with database.read() as connection:
        for row in connection.execute(query).all():
            why = "other-user" if row.person == row.starter else "charged-to-other"
            about = (row.provider, row.job, row.starter, None, row.at)
            told = {"charged": int(row.charged), "named": row.named, "report": row.report}
            yield Unreconciled(why, *about, **told)


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
