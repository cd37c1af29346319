"""Moments (milliseconds since the Unix epoch), and their days and months, in UTC."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta

SECOND = 1000
HOUR = 3_600_000
DAY = 86_400_000

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_EPOCH = date(1970, 1, 1)
_YEARS = range(1970, 9999)


def moment_of(when: datetime) -> int:
    """The moment of an aware datetime."""
    return round(when.timestamp() * 1000)


def datetime_of(moment: int) -> datetime:
    """The aware datetime of a moment."""
    return datetime.fromtimestamp(moment / 1000, tz=UTC)


def rfc3339(moment: int) -> str:
    """A moment as openEO writes it, in whole seconds: 2026-03-14T09:10:00Z."""
    return datetime_of(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_of(moment: int) -> str:
    """The day, such as 2026-03-14."""
    return (_EPOCH + timedelta(days=moment // DAY)).isoformat()


def month_of(moment: int) -> str:
    """The month, such as 2026-03."""
    return day_of(moment)[:7]


def day_start(day: str) -> int:
    """The first moment of a day. Raises ValueError if it is none."""
    if not _DAY.fullmatch(day):
        raise ValueError(f"a day is written like 2026-03-14, not {day!r}")
    return (date.fromisoformat(day) - _EPOCH).days * DAY


def month_bounds(month: str) -> tuple[int, int]:
    """The first moment of a month and that of the next. Raises ValueError if it is none."""
    if not _MONTH.fullmatch(month) or int(month[:4]) not in _YEARS:
        raise ValueError(f"a month is written like 2026-03, from 1970-01 to 9998-12, not {month!r}")
    start = day_start(f"{month}-01")
    days = calendar.monthrange(int(month[:4]), int(month[5:]))[1]
    return start, start + days * DAY


def next_month(moment: int) -> int:
    """The first moment of the month after."""
    return month_bounds(month_of(moment))[1]


def shifted(month: str, months: int) -> str:
    """The month so many months later, or earlier if negative."""
    index = _index(month) + months
    return f"{index // 12:04}-{index % 12 + 1:02}"


def months_between(earlier: str, later: str) -> int:
    """How many months later the second is; negative if it is earlier."""
    return _index(later) - _index(earlier)


def months_later(moment: int, months: int) -> int:
    """The same time of the same day so many months on; of the last day where there is no such.

    31 August and three months are 30 November.
    """
    when = datetime_of(moment)
    month = shifted(when.strftime("%Y-%m"), months)
    start, end = month_bounds(month)
    within = moment - month_bounds(month_of(moment))[0]
    last_day = (end - start) // DAY - 1
    return start + min(within // DAY, last_day) * DAY + within % DAY


def _index(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1
