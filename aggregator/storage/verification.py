"""Are the books in order? Rebuilds every balance from the entries and runs all validators."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from aggregator.ledger.books import Books, ChargedReport, Line, mistakes_in, rebuilt
from aggregator.ledger.entries import Posting, Transfer
from aggregator.storage.database import Database
from aggregator.storage.schema import closing, hold, posting, transfer, usage_report


def read_books(database: Database) -> Books:
    """Everything that was ever booked, as of one moment."""
    with database.read() as connection:
        if not database.sqlite:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        lines = [
            Line(row.transfer, row.account, row.amount, row.sequence, row.balance)
            for row in connection.execute(select(posting).order_by(posting.c.transfer))
        ]
        return Books(
            transfers=_transfers(connection, lines),
            lines=lines,
            reports=[
                ChargedReport(f"{row.provider}/{row.key}", row.charged)
                for row in connection.execute(
                    select(usage_report.c.provider, usage_report.c.key, usage_report.c.charged)
                )
            ],
            holds={
                row.key: row.closed is not None
                for row in connection.execute(
                    select(hold.c.key, closing.c.hold.label("closed")).outerjoin(closing)
                )
            },
        )


def _transfers(connection: Connection, lines: list[Line]) -> dict[int, Transfer]:
    parts: dict[int, list[Posting]] = {}
    for line in lines:
        parts.setdefault(line.transfer, []).append(Posting(line.account, line.amount))
    return {
        row.id: Transfer(row.key, row.event, row.at, tuple(parts.get(row.id, ())))
        for row in connection.execute(select(transfer).order_by(transfer.c.id))
    }


def verify(database: Database) -> list[str]:
    """Everything that is wrong with the books; empty if they are in order."""
    return mistakes_in(read_books(database))


def rebuild(database: Database) -> dict[str, int]:
    """Every balance from nothing but the entries: account to millicredits."""
    return rebuilt(read_books(database).lines)


def balances(database: Database) -> dict[str, int]:
    """Every balance as the ledger goes by it: the last running one, or the sum in the database."""
    last = (
        select(posting.c.account, func.max(posting.c.sequence).label("sequence"))
        .where(posting.c.sequence.is_not(None))
        .group_by(posting.c.account)
        .subquery()
    )
    is_last = (posting.c.account == last.c.account) & (posting.c.sequence == last.c.sequence)
    heads = select(posting.c.account, posting.c.balance).select_from(posting.join(last, is_last))
    sums = (
        select(posting.c.account, func.sum(posting.c.amount))
        .where(posting.c.sequence.is_(None))
        .group_by(posting.c.account)
    )
    with database.read() as connection:
        found = [*connection.execute(heads), *connection.execute(sums)]
    return {account: int(balance) for account, balance in found}
