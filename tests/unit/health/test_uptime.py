"""Daily roll-ups, uptime as whole numbers, error budgets."""

from __future__ import annotations

import pytest

from aggregator.health.maintenance import Excused, Window
from aggregator.health.observations import Observation
from aggregator.health.policy import Policy
from aggregator.health.uptime import (
    NO_DURATIONS,
    Budget,
    Day,
    Uptime,
    budget,
    durations_of,
    quantile,
    roll_up,
    uptime_of,
)
from aggregator.moments import day_start, month_bounds

POLICY = Policy()
NOON = day_start("2026-03-14") + 12 * 3_600_000
MINUTES = 60_000
NONE = Excused([], POLICY)


def seen(minutes: int, up: bool = True, backend: str = "terra", took: int = 80) -> Observation:
    return Observation(backend, NOON + minutes * MINUTES, up, took)


def window(start: int, end: int, announced: int = -60, cancelled: int | None = None) -> Window:
    starts, ends, known = (NOON + m * MINUTES for m in (start, end, announced))
    return Window("w", "terra", starts, ends, known, cancelled=cancelled)


@pytest.mark.parametrize(
    ("up", "counted", "two", "three"),
    [
        (994_999, 1_000_000, "99.49", "99.499"),
        (9950, 10_000, "99.50", "99.500"),
        (8639, 8640, "99.98", "99.988"),
        (99_999, 100_000, "99.99", "99.999"),
        (5, 5, "100.00", "100.000"),
        (0, 5, "0.00", "0.000"),
        (0, 0, "–", "–"),
    ],
)
def test_uptime_is_never_rounded_up(up: int, counted: int, two: str, three: str) -> None:
    assert (Uptime(up, counted).percent(), Uptime(up, counted).percent(3)) == (two, three)


def test_uptime_is_compared_exactly() -> None:
    assert Uptime(1990, 2000).at_least(99_500)
    assert not Uptime(994_999, 1_000_000).at_least(99_500)
    assert not Uptime(1990, 2000).above(99_500)
    assert Uptime(1991, 2000).above(99_500)
    # As fractions of two floats these would be equal.
    huge = 10**17
    assert not Uptime(995 * huge - 1, 1000 * huge).at_least(99_500)
    assert not Uptime(0, 0).at_least(0)


def test_a_day_counts_its_probes() -> None:
    [day] = roll_up([seen(0), seen(5, up=False, took=5000), seen(10, took=7)])
    assert (day.backend, day.day, day.up, day.down) == ("terra", "2026-03-14", 2, 1)
    assert (day.first, day.last) == (NOON, NOON + 10 * MINUTES)
    assert day.uptime == Uptime(2, 3)
    assert quantile(day.durations, 0.5) == 10  # of 7 and 80; failures have no duration
    assert quantile(day.durations, 0.95) == 100


def test_days_are_apart_by_member_and_by_utc_midnight() -> None:
    late = 12 * 60
    days = roll_up([seen(late), seen(late - 1), seen(0, backend="aurora"), seen(0)])
    assert [(d.backend, d.day, d.up) for d in days] == [
        ("aurora", "2026-03-14", 1),
        ("terra", "2026-03-14", 2),
        ("terra", "2026-03-15", 1),
    ]


def test_maintenance_counts_neither_as_up_nor_as_down() -> None:
    excused = {"terra": Excused([window(5, 15)], POLICY)}
    probes = [seen(0), seen(5, up=False), seen(10), seen(15, up=False), seen(5, backend="aurora")]
    aurora, terra = roll_up(probes, excused)
    assert (terra.up, terra.down, terra.excused_up, terra.excused_down) == (1, 1, 1, 1)
    assert (terra.uptime, terra.excused, terra.probes) == (Uptime(1, 2), 2, 4)
    assert aurora.up == 1


@pytest.mark.parametrize(
    ("announced", "notice", "in_time"),
    [(-1, 0, True), (0, 0, False), (1, 0, False), (-60, 60, True), (-59, 60, False)],
)
def test_only_maintenance_announced_in_time_is_left_out(
    announced: int, notice: int, in_time: bool
) -> None:
    policy = Policy(maintenance_notice=notice * MINUTES)
    excused = Excused([window(0, 10, announced)], policy)
    assert excused.covers(NOON) == in_time


def test_maintenance_ends_where_it_was_called_off_and_after_the_longest_time() -> None:
    called_off = Excused([window(0, 60, cancelled=NOON + 10 * MINUTES)], POLICY)
    assert called_off.covers(NOON + 9 * MINUTES)
    assert not called_off.covers(NOON + 10 * MINUTES)
    never_begun = Excused([window(0, 60, cancelled=NOON - 1)], POLICY)
    assert never_begun.spans == ()
    limited = Excused([window(0, 60)], Policy(maintenance_longest=30 * MINUTES))
    assert limited.covers(NOON + 29 * MINUTES)
    assert not limited.covers(NOON + 30 * MINUTES)


def test_windows_that_overlap_are_counted_once() -> None:
    excused = Excused([window(0, 20), window(10, 30), window(40, 50)], POLICY)
    assert excused.within(NOON, NOON + 60 * MINUTES) == 40 * MINUTES
    assert excused.within(NOON + 15 * MINUTES, NOON + 45 * MINUTES) == 20 * MINUTES


def test_the_month_is_the_sum_of_its_days() -> None:
    days = [Day("terra", "2026-03-01", 280, 8), Day("terra", "2026-03-02", 280, 0, 8)]
    assert uptime_of(days) == Uptime(560, 568)
    assert uptime_of([]) == Uptime(0, 0)
    assert durations_of([]) == NO_DURATIONS


def test_parts_of_different_days_do_not_sum_up() -> None:
    with pytest.raises(ValueError, match="same day"):
        _ = Day("terra", "2026-03-01", 1) + Day("terra", "2026-03-02", 1)


def test_the_budget_is_what_may_still_fail_this_month() -> None:
    start, end = month_bounds("2026-04")
    assert budget([], "2026-04", start, NONE, POLICY) == Budget(43, 0)
    half = [Day("terra", "2026-04-15", up=4300, down=20)]
    assert budget(half, "2026-04", (start + end) // 2, NONE, POLICY) == Budget(43, 20)
    assert budget(half, "2026-04", (start + end) // 2, NONE, POLICY).left == 23
    over = [Day("terra", "2026-04-30", up=8590, down=50)]
    assert budget(over, "2026-04", end, NONE, POLICY).left == -7


def test_probes_that_were_missed_make_the_budget_smaller() -> None:
    start, end = month_bounds("2026-04")
    assert budget([], "2026-04", (start + end) // 2, NONE, POLICY).allowed == 21


def test_a_quantile_without_successes_is_unknown() -> None:
    assert quantile(NO_DURATIONS, 0.5) is None
    [slow] = roll_up([seen(0, took=3_600_000)])
    assert quantile(slow.durations, 0.5) == 30_000


def test_maintenance_counts_once_in_whatever_order_it_was_announced() -> None:
    excused = Excused([window(30, 40), window(0, 20), window(10, 15), window(20, 25)], POLICY)
    assert excused.within(NOON, NOON + 60 * MINUTES) == 35 * MINUTES
    assert [excused.covers(NOON + at * MINUTES) for at in (0, 17, 24, 25, 30, 40)] == [
        True,
        True,
        True,
        False,
        True,
        False,
    ]
