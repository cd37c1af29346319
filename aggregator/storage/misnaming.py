"""Reports that name another user than the one who started the work.

If it is known by then who did, that user is charged. If it turns out later, the user whom the
report names has been charged already; both are kept for operators to see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, and_, select

from aggregator.ledger.events import Hold
from aggregator.storage.schema import misnaming, usage_report


def misnaming_values(report: tuple[str, str], named: str, starter: str, at: int) -> dict[str, Any]:
    """The row that says so of a report, known by its provider and key."""
    provider, key = report
    return {"provider": provider, "report": key, "named": named, "starter": starter, "at": at}


def charged_before(
    connection: Connection, made: Hold, starters: Collection[str | None], at: int
) -> Iterator[dict[str, Any]]:
    """Rows for the earlier reports about a hold's job that were charged to others than `starters`.

    What was noted before is left out.
    """
    noted = and_(
        misnaming.c.provider == usage_report.c.provider, misnaming.c.report == usage_report.c.key
    )
    query = (
        select(usage_report.c.provider, usage_report.c.key, usage_report.c.person)
        .select_from(usage_report.outerjoin(misnaming, noted))
        .where(
            usage_report.c.job == made.job,
            usage_report.c.provider == made.provider,
            usage_report.c.person.not_in([one for one in starters if one is not None]),
            misnaming.c.report.is_(None),
        )
    )
    for row in connection.execute(query).all():
        yield misnaming_values((row.provider, row.key), row.person, made.user or "", at)
