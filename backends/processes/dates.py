"""Dates and times as ISO 8601 texts, UTC where no zone is given.

Ours: the library ignores zones. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

import calendar
import re
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from typing import Any, Final

from backends.arguments import parse_moment
from backends.processes.declaration import implements
from backends.processes.values import describe, invalid, is_number

_SECONDS: Final = {
    "millisecond": 0.001,
    "second": 1.0,
    "minute": 60.0,
    "hour": 3600.0,
    "day": 86400.0,
    "week": 604800.0,
}
_TIME: Final = re.compile(r"^\d{2}:\d{2}(:\d{2})?Z?$")
_DATE_LENGTH: Final = len("2020-01-31")


def _moment(value: Any, name: str) -> datetime:
    """The instant that a text means; times without a date are of one same day."""
    text = f"2000-01-01T{value}" if isinstance(value, str) and _TIME.match(value) else value
    moment = parse_moment(text) if isinstance(text, str) else None
    if moment is None:
        shown = repr(value) if isinstance(value, str) else describe(value)
        raise invalid(name, f"must be a date or time such as '2020-01-31', not {shown}.")
    return moment


@implements("date_between")
def date_between(
    x: Any,
    min: Any,  # noqa: A002  the names in openEO
    max: Any,  # noqa: A002
    exclude_max: bool = False,
) -> bool:
    """Whether an instant lies in [min, max], or [min, max) with `exclude_max`."""
    low, instant, high = _moment(min, "min"), _moment(x, "x"), _moment(max, "max")
    return low <= instant < high if exclude_max else low <= instant <= high


@implements("date_difference")
def date_difference(date1: Any, date2: Any, unit: str = "second") -> float:
    """`date2` minus `date1` in a unit; months and years count calendar ones, with fractions."""
    first, second = _moment(date1, "date1"), _moment(date2, "date2")
    if unit in _SECONDS:
        return _simple((second - first).total_seconds() / _SECONDS[unit])
    if unit not in ("month", "year"):
        raise invalid("unit", f"must be one of {', '.join((*_SECONDS, 'month', 'year'))}.")
    months = _months(first, second)
    return _simple(months if unit == "month" else months / 12)


def _months(first: datetime, second: datetime) -> float:
    """Whole calendar months, counted from the first instant, and the part of the next one."""
    count = (second.year - first.year) * 12 + second.month - first.month
    if _shifted(first, count) > second:
        count -= 1
    start = _shifted(first, count)
    # After the last December that can be told there would be a January of as many days.
    last = (start.year, start.month) == (MAXYEAR, 12)
    length = timedelta(days=31) if last else _shifted(first, count + 1) - start
    return count + (second - start) / length


def _shifted(moment: datetime, months: int) -> datetime:
    """The same day of another month, or its last one."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    if not MINYEAR <= year <= MAXYEAR:
        raise invalid("value", f"leads out of the years {MINYEAR} to {MAXYEAR}.")
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _simple(value: float) -> float:
    return int(value) if float(value).is_integer() else value


@implements("date_shift")
def date_shift(date: Any, value: Any, unit: str) -> str:
    """A date or time moved by a number of units; it keeps its form and zone.

    Days that a month does not have become its last day. Dates without a time stay so.
    """
    if not is_number(value) or int(value) != value:
        raise invalid("value", "must be a whole number.")
    _moment(date, "date")
    text = str(date)
    moment = datetime.fromisoformat(text)
    moved = _moved(moment, int(value), unit)
    if len(text) <= _DATE_LENGTH:
        return moved.date().isoformat()
    fraction = "milliseconds" if moved.microsecond else "seconds"
    result = moved.isoformat(timespec=fraction)
    return result.replace("+00:00", "Z") if text.endswith("Z") else result


def _moved(moment: datetime, value: int, unit: str) -> datetime:
    if unit in ("month", "year"):
        return _shifted(moment, value if unit == "month" else 12 * value)
    if unit not in _SECONDS:
        raise invalid("unit", f"must be one of {', '.join((*_SECONDS, 'month', 'year'))}.")
    return moment + timedelta(milliseconds=round(value * _SECONDS[unit] * 1000))
