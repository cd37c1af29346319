"""Moments, and their days and months in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from aggregator.moments import (
    DAY,
    day_of,
    day_start,
    moment_of,
    month_bounds,
    month_of,
    months_between,
    months_later,
    next_month,
    rfc3339,
    shifted,
)


def at(text: str) -> int:
    return moment_of(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("month", "days"),
    [
        ("2026-02", 28),
        ("2024-02", 29),
        ("2000-02", 29),
        ("2100-02", 28),
        ("2026-04", 30),
        ("2026-12", 31),
    ],
)
def test_a_month_has_its_days(month: str, days: int) -> None:
    start, end = month_bounds(month)
    assert (end - start) // DAY == days
    assert month_of(start) == month_of(end - 1) == month
    assert month_of(end) == shifted(month, 1)


def test_a_month_ends_where_the_next_begins() -> None:
    assert month_bounds("2026-12") == (1796083200000, 1798761600000)
    assert next_month(at("2026-03-14T03:00:00")) == at("2026-04-01T00:00:00")


def test_days_and_months_are_those_of_utc() -> None:
    late = datetime(2026, 3, 31, 23, 30, tzinfo=timezone(timedelta(hours=-2)))
    assert day_of(moment_of(late)) == "2026-04-01"
    assert month_of(moment_of(late)) == "2026-04"
    assert rfc3339(moment_of(late)) == "2026-04-01T01:30:00Z"


def test_a_day_begins_at_midnight() -> None:
    assert day_start("2024-02-29") == at("2024-02-29T00:00:00")
    assert day_of(day_start("2024-02-29") - 1) == "2024-02-28"


@pytest.mark.parametrize(
    "wrong",
    ["2026-13", "2026-3", "26-03", "2026-03-01", "", "march", "1969-12", "9999-12", "0000-01"],
)
def test_what_is_no_month_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="a month is written like 2026-03"):
        month_bounds(wrong)


@pytest.mark.parametrize("wrong", ["2026-02-30", "2026-2-3", "today", "2026-03"])
def test_what_is_no_day_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"day"):
        day_start(wrong)


def test_months_are_counted_over_years() -> None:
    assert shifted("2026-11", 3) == "2027-02"
    assert shifted("2026-01", -1) == "2025-12"
    assert months_between("2025-11", "2026-02") == 3


@pytest.mark.parametrize(
    ("moment", "months", "later"),
    [
        ("2026-08-31T10:00:00", 3, "2026-11-30T10:00:00"),
        ("2023-11-30T23:59:59", 3, "2024-02-29T23:59:59"),
        ("2024-11-30T00:00:00", 3, "2025-02-28T00:00:00"),
        ("2026-01-15T12:00:00", 6, "2026-07-15T12:00:00"),
    ],
)
def test_three_months_later_is_the_same_day_or_the_last(
    moment: str, months: int, later: str
) -> None:
    assert months_later(at(moment), months) == at(later)
