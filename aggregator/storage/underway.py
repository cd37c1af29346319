"""How much work is under way at each provider, by the credits that are put aside for it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, and_, func, or_, select

from aggregator.storage.holds import ENDED, JOB
from aggregator.storage.schema import closing, hold, hold_job, sighting


def work_under_way(connection: Connection, activities: Collection[str], now: int) -> dict[str, int]:
    """How many holds for work of these kinds are open at each provider that has any.

    Work that has been seen to have ended does not count, though its report has not come yet.
    """
    seen = and_(sighting.c.provider == hold.c.provider, sighting.c.job == JOB)
    query = (
        select(hold.c.provider, func.count())
        .select_from(hold)
        .outerjoin(closing, closing.c.hold == hold.c.key)
        .outerjoin(hold_job, hold_job.c.hold == hold.c.key)
        .outerjoin(sighting, seen)
        .where(
            hold.c.expires > now,
            hold.c.activity.in_(sorted(activities)),
            closing.c.hold.is_(None),
            or_(
                sighting.c.status.is_(None),
                sighting.c.status.not_in(ENDED),
                sighting.c.at <= hold.c.opened,
            ),
        )
        .group_by(hold.c.provider)
    )
    return {provider: int(count) for provider, count in connection.execute(query)}
