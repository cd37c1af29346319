"""Months and days of moments, in UTC. A moment is milliseconds since the Unix epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
YEARS = range(1970, 9999)
"""Of which moments can be told, and of the months beside them."""


def moment_of(when: datetime) -> int:
    """The moment of an aware datetime."""
    return round(when.timestamp() * 1000)


def datetime_of(moment: int) -> datetime:
    """The aware datetime of a moment."""
    return datetime.fromtimestamp(moment / 1000, tz=UTC)


def rfc3339(moment: int) -> str:
    """A moment as openEO writes it: 2026-03-14T09:10:00Z."""
    return datetime_of(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_of(moment: int) -> str:
    """The UTC day, such as 2026-03-14."""
    return datetime_of(moment).strftime("%Y-%m-%d")


def month_of(moment: int) -> str:
    """The UTC month, such as 2026-03."""
    return datetime_of(moment).strftime("%Y-%m")


def month_bounds(month: str) -> tuple[int, int]:
    """First moment of a month and of the one after it. Raises ValueError if it is no month."""
    if not MONTH.fullmatch(month) or int(month[:4]) not in YEARS:
        raise ValueError(f"a month is written like 2026-03, from 1970-01 to 9998-12, not {month!r}")
    year, number = int(month[:4]), int(month[5:])
    start = datetime(year, number, 1, tzinfo=UTC)
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return moment_of(start), moment_of(following)


def next_month(moment: int) -> int:
    """The first moment of the month after: when free credits are renewed."""
    return month_bounds(month_of(moment))[1]
