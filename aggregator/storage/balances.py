"""The balance of an account: that of its last posting, found by index however many there are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Table, func, select

from aggregator.storage.schema import posting


def with_balance(table: Table) -> Select[Any]:
    """Rows of a table that has a column `account`, each with `sequence` and `balance` now.

    Rows whose account has no posting are left out.
    """
    every = posting.alias("every")
    last = (
        select(func.max(every.c.sequence))
        .where(every.c.account == table.c.account)
        .correlate(table)
        .scalar_subquery()
    )
    same = (posting.c.account == table.c.account) & (posting.c.sequence == last)
    joined = table.join(posting, same)
    return select(table, posting.c.sequence, posting.c.balance).select_from(joined)
