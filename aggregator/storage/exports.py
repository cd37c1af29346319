"""Everything that was recorded, row by row, however much it is. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, and_, select, union

from aggregator.moments import month_bounds
from aggregator.storage.database import Database
from aggregator.storage.schema import (
    credit_grant,
    debtor,
    membership,
    misnaming,
    posting,
    subscriber,
    transfer,
    usage_report,
)

AT_A_TIME = 1000


def every_entry(database: Database, month: str | None = None) -> Iterator[dict[str, Any]]:
    """Each posting with its transfer, in order; of one UTC month if asked for.

    Raises ValueError for what is no month.
    """
    query = select(transfer, posting.c.account, posting.c.amount, posting.c.balance).join(
        posting, posting.c.transfer == transfer.c.id
    )
    if month is not None:
        start, end = month_bounds(month)
        query = query.where(transfer.c.at >= start, transfer.c.at < end)
    return _rows(database, query.order_by(transfer.c.id, posting.c.account))


def every_report(database: Database, month: str | None = None) -> Iterator[dict[str, Any]]:
    """Each usage report as it was received and charged; of one UTC month if asked for.

    `person` is the user whose usage it is, `named` another whom the report names, if it does.

    Raises ValueError for what is no month.
    """
    said = and_(
        misnaming.c.provider == usage_report.c.provider, misnaming.c.report == usage_report.c.key
    )
    query = select(usage_report, misnaming.c.named).select_from(
        usage_report.outerjoin(misnaming, said)
    )
    if month is not None:
        month_bounds(month)
        query = query.where(usage_report.c.day.between(f"{month}-01", f"{month}-31"))
    ordered = (usage_report.c.received, usage_report.c.provider, usage_report.c.key)
    return _rows(database, query.order_by(*ordered))


def every_wallet(database: Database) -> list[str]:
    """All wallets that ever had credits, debts or users, in the order of their names."""
    wallets = union(
        select(credit_grant.c.wallet), select(debtor.c.wallet), select(membership.c.wallet)
    )
    with database.read() as connection:
        people = connection.execute(select(subscriber.c.person).distinct()).scalars()
        return sorted({f"user/{one}" for one in people} | set(connection.scalars(wallets)))


def _rows(database: Database, query: Select[Any]) -> Iterator[dict[str, Any]]:
    with database.read() as connection:
        found = connection.execution_options(yield_per=AT_A_TIME).execute(query)
        for row in found.mappings():
            yield dict(row)
