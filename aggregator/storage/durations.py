"""How long the latest batch jobs of a provider took, by its own reports."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from aggregator.moments import day_of
from aggregator.storage.database import Database
from aggregator.storage.schema import usage_report

LATEST = 200
PERIOD = 90 * 24 * 3600 * 1000


def durations_of(database: Database, provider: str, now: int) -> list[int]:
    """Milliseconds of up to 200 batch jobs that finished well, reported in the last 90 days.

    From a job's start to its end where the report has both, otherwise its metric `time`.
    """
    query = (
        select(usage_report.c.started, usage_report.c.finished, usage_report.c.metrics)
        .where(
            usage_report.c.day >= day_of(now - PERIOD),
            usage_report.c.provider == provider,
            usage_report.c.activity == "batch",
            usage_report.c.state == "FINISHED",
            usage_report.c.service.is_(None),
        )
        .order_by(usage_report.c.received.desc(), usage_report.c.key)
        .limit(LATEST)
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
    found = (_duration(row.started, row.finished, json.loads(row.metrics)) for row in rows)
    return [duration for duration in found if duration is not None]


def _duration(started: int | None, finished: int | None, metrics: Any) -> int | None:
    if started is not None and finished is not None and finished >= started:
        return finished - started
    time = metrics.get("time")
    return int(time["value"]) if time else None
