"""What jobs have cost each user: what was charged for the reports about them, less refunds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, and_, bindparam, func, literal, select

from aggregator.storage.schema import posting, transfer, usage_report

_OF = (usage_report.c.provider, usage_report.c.job, usage_report.c.person)
_ABOUT_THEM = usage_report.c.job.in_(bindparam("jobs", expanding=True))
_CHARGED = select(*_OF, func.sum(usage_report.c.charged)).where(_ABOUT_THEM).group_by(*_OF)

_CHARGE = literal("charge/") + usage_report.c.provider + "/" + usage_report.c.key
_REFUND = and_(transfer.c.regards == _CHARGE, transfer.c.event == "refund")
_EARNED = and_(
    posting.c.transfer == transfer.c.id,
    posting.c.account == literal("revenue:") + usage_report.c.provider,
)
_REFUNDED = (
    select(*_OF, func.sum(posting.c.amount))
    .select_from(usage_report.join(transfer, _REFUND).join(posting, _EARNED))
    .where(_ABOUT_THEM)
    .group_by(*_OF)
)

REFUNDED = (
    select(func.coalesce(func.sum(posting.c.amount), 0))
    .select_from(transfer.join(posting, _EARNED))
    .where(_REFUND)
    .correlate(usage_report)
    .scalar_subquery()
)
"""What was refunded of a usage report, as a change of what its provider earned: 0 or less."""

AT_A_TIME = 500

UserAtWork = tuple[str, str, str]
"""A provider, a job there and a user."""


def costs_of_jobs(connection: Connection, jobs: Collection[str]) -> Mapping[UserAtWork, int]:
    """What each user paid for jobs of these ids, in millicredits.

    Who paid nothing because the reports cost nothing is among them, who was never reported not.
    """
    found: dict[UserAtWork, int] = defaultdict(int)
    asked = sorted(set(jobs))
    for first in range(0, len(asked), AT_A_TIME):
        some = {"jobs": asked[first : first + AT_A_TIME]}
        for query in (_CHARGED, _REFUNDED):
            for provider, job, person, amount in connection.execute(query, some):
                found[(provider, job, person)] += int(amount)
    return found
