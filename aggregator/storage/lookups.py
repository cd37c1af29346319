"""What the operations look up."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, func, or_, select

from aggregator.ledger.accounts import revenue_account, settled_account
from aggregator.ledger.entries import Posting, Transfer
from aggregator.ledger.grants import Grant
from aggregator.moments import month_bounds
from aggregator.storage.balances import with_balance
from aggregator.storage.rows import grant_of
from aggregator.storage.schema import credit_grant, posting, transfer


def find_grant(connection: Connection, key: str) -> Grant | None:
    """The grant under a key."""
    row = connection.execute(select(credit_grant).where(credit_grant.c.key == key)).first()
    return grant_of(row) if row else None


def expired_grants(connection: Connection, now: int) -> list[Grant]:
    """Grants whose time is over and that are not empty."""
    rows = connection.execute(
        with_balance(credit_grant)
        .where(credit_grant.c.expires <= now, posting.c.balance > 0)
        .order_by(credit_grant.c.expires, credit_grant.c.key)
    )
    return [grant_of(row) for row in rows]


def revenue_between(connection: Connection, provider: str, start: int, end: int) -> int:
    """A provider's charges less refunds in [start, end)."""
    return _revenue(connection, provider, _within(start, end))


def late_revenue(connection: Connection, provider: str) -> int:
    """What was booked into a provider's closed months since its last settlement.

    A clock that was set back books so.
    """
    query = (
        select(transfer.c.id, transfer.c.reason)
        .join(posting, posting.c.transfer == transfer.c.id)
        .where(posting.c.account == settled_account(provider))
    )
    closed = connection.execute(query).all()
    if not closed:
        return 0
    months = or_(*(_within(*month_bounds(row.reason)) for row in closed))
    return _revenue(connection, provider, transfer.c.id > max(row.id for row in closed), months)


def _within(start: int, end: int) -> ColumnElement[bool]:
    return (transfer.c.at >= start) & (transfer.c.at < end)


def _revenue(connection: Connection, provider: str, *where: ColumnElement[bool]) -> int:
    total = connection.execute(
        select(func.coalesce(func.sum(posting.c.amount), 0))
        .join(transfer, transfer.c.id == posting.c.transfer)
        .where(
            posting.c.account == revenue_account(provider),
            transfer.c.event != "settlement",
            transfer.c.provider == provider,
            *where,
        )
    )
    return int(total.scalar_one())


def settlement_of(connection: Connection, provider: str, month: str) -> tuple[int, int] | None:
    """Amount and moment of a month's settlement, None if it is not closed (or had no revenue)."""
    row = connection.execute(
        select(posting.c.amount, transfer.c.at)
        .join(transfer, transfer.c.id == posting.c.transfer)
        .where(
            transfer.c.key == f"settlement/{provider}/{month}",
            posting.c.account == revenue_account(provider),
        )
    ).first()
    return (-row.amount, row.at) if row else None


def find_transfers(connection: Connection, condition: object) -> list[Transfer]:
    """Transfers with their postings, in order; `condition` is on the table of transfers."""
    rows = connection.execute(
        select(transfer, posting.c.account, posting.c.amount)
        .join(posting, posting.c.transfer == transfer.c.id)
        .where(condition)  # type: ignore[arg-type]
        .order_by(transfer.c.id)
    ).all()
    entries: dict[int, list[Posting]] = {}
    for row in rows:
        entries.setdefault(row.id, []).append(Posting(row.account, row.amount))
    first = {row.id: row for row in reversed(rows)}
    return [
        Transfer(
            key=first[number].key,
            event=first[number].event,
            at=first[number].at,
            postings=tuple(parts),
            wallet=first[number].wallet,
            provider=first[number].provider,
            job=first[number].job,
            regards=first[number].regards,
            reason=first[number].reason,
        )
        for number, parts in entries.items()
    ]
