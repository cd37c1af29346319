"""What users, providers and operators read. Nothing here writes."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from aggregator.ledger.accounts import revenue_account
from aggregator.ledger.entries import Transfer
from aggregator.ledger.grants import Grant, order_of_use
from aggregator.ledger.receipts import Receipt
from aggregator.moments import month_bounds
from aggregator.storage.balances import with_balance
from aggregator.storage.database import Database
from aggregator.storage.job_costs import costs_of_jobs
from aggregator.storage.lookups import find_transfers, settlement_of
from aggregator.storage.rows import grant_of, receipt_of
from aggregator.storage.schema import (
    closing,
    credit_grant,
    hold,
    posting,
    transfer,
    usage_report,
)

GROUPS: Mapping[str, ColumnElement[Any]] = {
    "day": usage_report.c.day,
    "month": func.substr(usage_report.c.day, 1, 7),
    "backend": usage_report.c.provider,
    "user": usage_report.c.person,
    "kind": usage_report.c.activity,
    "service": func.coalesce(usage_report.c.service, ""),
    "job": usage_report.c.provider + "-" + usage_report.c.job,
}
"""By what usage can be grouped."""


@dataclass(frozen=True)
class GrantLeft:
    """A grant with what is left of it; `status` is active, used or expired."""

    grant: Grant
    left: int
    status: str


def grants_of(database: Database, wallet: str, now: int) -> list[GrantLeft]:
    """All grants a wallet ever had: those in use in their order of use, then the others."""
    query = with_balance(credit_grant).where(credit_grant.c.wallet == wallet)
    with database.read() as connection:
        rows = connection.execute(query).all()
    found = [_left(grant_of(row), row.balance, now) for row in rows]
    return sorted(found, key=lambda one: (one.status != "active", order_of_use(one.grant)))


def _left(grant: Grant, left: int, now: int) -> GrantLeft:
    if grant.expired(now):
        return GrantLeft(grant, left, "expired")
    return GrantLeft(grant, left, "active" if left else "used")


def held_in(database: Database, wallet: str) -> dict[str, int]:
    """What a wallet has put aside for running work, by provider."""
    query = (
        select(hold.c.provider, func.sum(hold.c.amount))
        .outerjoin(closing)
        .where(hold.c.wallet == wallet, closing.c.hold.is_(None))
        .group_by(hold.c.provider)
    )
    with database.read() as connection:
        return {provider: int(amount) for provider, amount in connection.execute(query)}


def admitted_at(database: Database, user: str, now: int) -> frozenset[str]:
    """The providers at which credits are put aside for work of a user, from whichever wallet."""
    query = (
        select(hold.c.provider)
        .outerjoin(closing)
        .where(hold.c.holder == user, hold.c.expires > now, closing.c.hold.is_(None))
    )
    with database.read() as connection:
        return frozenset(connection.scalars(query))


def statement(database: Database, wallet: str, start: int, end: int) -> list[Transfer]:
    """Everything that happened to a wallet in [start, end), in order."""
    during = (transfer.c.wallet == wallet) & (transfer.c.at >= start) & (transfer.c.at < end)
    with database.read() as connection:
        return find_transfers(connection, during)


@dataclass(frozen=True)
class UsageRow:
    """Usage of one group (`keys` in the order asked for); amounts in millicredits."""

    keys: tuple[str, ...]
    reports: int
    jobs: int
    charged: int
    uncovered: int


@dataclass(frozen=True)
class UsageFilter:
    """Which usage is meant: None is all. A user sees their own, a provider that of its backend."""

    month: str | None = None
    provider: str | None = None
    user: str | None = None
    wallet: str | None = None

    def apply(self, query: Select[Any]) -> Select[Any]:
        """The query of usage reports, narrowed. Raises ValueError for what is no month."""
        if self.month is not None:
            month_bounds(self.month)
            first, last = f"{self.month}-01", f"{self.month}-31"
            query = query.where(usage_report.c.day.between(first, last))
        if self.provider is not None:
            query = query.where(usage_report.c.provider == self.provider)
        if self.user is not None:
            query = query.where(usage_report.c.person == self.user)
        if self.wallet is not None:
            query = query.where(usage_report.c.wallet == self.wallet)
        return query


def usage(database: Database, wanted: UsageFilter, groups: Sequence[str]) -> list[UsageRow]:
    """Usage, summed by some of GROUPS, in their order. Raises KeyError for another group."""
    columns = [GROUPS[name].label(f"group_{number}") for number, name in enumerate(groups)]
    job = usage_report.c.provider + "/" + usage_report.c.job
    query = select(
        *columns,
        func.count().label("reports"),
        func.count(job.distinct()).label("jobs"),
        func.coalesce(func.sum(usage_report.c.charged), 0).label("charged"),
        func.coalesce(func.sum(usage_report.c.uncovered), 0).label("uncovered"),
    )
    query = wanted.apply(query).group_by(*columns).order_by(*columns)
    with database.read() as connection:
        rows = connection.execute(query).all()
    size = len(groups)
    return [
        UsageRow(tuple(row[:size]), row.reports, row.jobs, int(row.charged), int(row.uncovered))
        for row in rows
        if row.reports
    ]


def _of_job(query: Select[Any], provider: str, job: str, user: str) -> Select[Any]:
    """The reports about a user's job, the earliest first."""
    theirs = (usage_report.c.provider == provider) & (usage_report.c.person == user)
    wanted = query.where(theirs, usage_report.c.job == job)
    return wanted.order_by(usage_report.c.received, usage_report.c.key)


def receipts_of_job(database: Database, provider: str, job: str, user: str) -> list[Receipt]:
    """The receipts of all reports about a user's job or request: its costs are their sum."""
    with database.read() as connection:
        rows = connection.execute(_of_job(select(usage_report), provider, job, user))
        return [receipt_of(row, repeated=True) for row in rows]


def costs_by_job(
    database: Database, jobs: Collection[tuple[str, str]], user: str
) -> dict[tuple[str, str], int]:
    """What a user paid for each of these jobs (provider, id) that were reported.

    It is what was charged to them less what was refunded; others' reports do not count.
    """
    with database.read() as connection:
        found = costs_of_jobs(connection, {job for _, job in jobs})
    return {job: found[(*job, user)] for job in jobs if (*job, user) in found}


def metrics_of_job(
    database: Database, provider: str, job: str, user: str
) -> dict[str, dict[str, Any]]:
    """What was reported for a user's job, by metric, later reports of the same metric last."""
    query = _of_job(select(usage_report.c.metrics), provider, job, user)
    with database.read() as connection:
        rows = connection.execute(query)
        found: dict[str, dict[str, Any]] = {}
        for row in rows:
            found |= json.loads(row.metrics)
    return found


@dataclass(frozen=True)
class MonthStatement:
    """What a provider earned in a month, and from which kind of credits (debt: not covered).

    `earned` is `charged` less `refunded`; `by_kind` says who paid the charges. `settled` is the
    amount with which the month was closed, None if it is open (or nothing was earned).
    """

    provider: str
    month: str
    charged: int
    refunded: int
    by_kind: Mapping[str, int]
    settled: int | None

    @property
    def earned(self) -> int:
        """What the provider is to be paid."""
        return self.charged - self.refunded


def month_statement(database: Database, provider: str, month: str) -> MonthStatement:
    """A provider's month, open or closed. Raises ValueError for what is no month."""
    start, end = month_bounds(month)
    during = (transfer.c.provider == provider) & (transfer.c.at >= start) & (transfer.c.at < end)
    flows = (
        select(transfer.c.event, func.sum(posting.c.amount))
        .join(posting, posting.c.transfer == transfer.c.id)
        .where(during, posting.c.account == revenue_account(provider))
        .group_by(transfer.c.event)
    )
    payer = func.coalesce(credit_grant.c.kind, "debt").label("kind")
    payers = (
        select(payer, func.sum(-posting.c.amount))
        .join(transfer, transfer.c.id == posting.c.transfer)
        .outerjoin(credit_grant, credit_grant.c.account == posting.c.account)
        .where(during, transfer.c.event == "charge", posting.c.amount < 0)
        .group_by(payer)
    )
    with database.read() as connection:
        sums = {event: int(total) for event, total in connection.execute(flows)}
        kinds = {kind: int(total) for kind, total in connection.execute(payers)}
        closed = settlement_of(connection, provider, month)
    charged, refunded = sums.get("charge", 0), -sums.get("refund", 0)
    return MonthStatement(provider, month, charged, refunded, kinds, closed[0] if closed else None)
