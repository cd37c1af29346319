"""Which requests a fault strikes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backends.faults.effects import Reset
from backends.faults.exchange import Asked
from backends.faults.schedule import Cycle, Daily, Window
from backends.faults.scope import Armed, Fault, Scope

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def struck(scope: Scope, *asked: Asked) -> list[bool]:
    armed = Armed(Fault(Reset(), scope))
    return [armed.strikes(one, NOON, NOON) for one in asked]


def test_a_fault_without_a_scope_strikes_everything() -> None:
    assert struck(Scope(), Asked("GET", "/"), Asked("POST", "/jobs")) == [True, True]


def test_only_the_methods_and_paths_named_are_struck() -> None:
    scope = Scope(methods=("GET", "PUT"), paths=("/jobs", "/jobs/*", "//health"))
    asked = [
        Asked("GET", "/jobs"),
        Asked("POST", "/jobs"),
        Asked("GET", "/jobs/1/results"),
        Asked("GET", "/health"),
        Asked("GET", "//health"),
    ]
    assert struck(scope, *asked) == [True, False, True, False, True]


def test_a_count_ends_a_fault_and_the_first_can_be_spared() -> None:
    asked = [Asked("GET", "/")] * 5
    assert struck(Scope(after=1, times=2), *asked) == [False, True, True, False, False]


def test_a_rate_strikes_its_share_and_always_the_same_requests() -> None:
    asked = [Asked("GET", "/")] * 1000
    first = struck(Scope(rate=0.3, seed=5), *asked)
    assert 250 < sum(first) < 350
    assert struck(Scope(rate=0.3, seed=5), *asked) == first
    assert struck(Scope(rate=0.3, seed=6), *asked) != first
    assert not any(struck(Scope(rate=0.0), *asked))


@pytest.mark.parametrize(
    ("window", "seconds"),
    [
        (Window(10.0, 20.0), (10, 19)),
        (Window(None, 5.0), (0, 4)),
        (Window(25.0, None), (25, 29)),
        (Window(NOON + timedelta(seconds=3), NOON + timedelta(seconds=6)), (3, 5)),
    ],
)
def test_a_window_has_a_beginning_and_an_end(window: Window, seconds: tuple[int, int]) -> None:
    held = [n for n in range(30) if window.holds(NOON + timedelta(seconds=n), NOON)]
    assert held == list(range(seconds[0], seconds[1] + 1))


def test_a_cycle_comes_again_and_again() -> None:
    held = [n for n in range(25) if Cycle(10, 3).holds(NOON + timedelta(seconds=n), NOON)]
    assert held == [0, 1, 2, 10, 11, 12, 20, 21, 22]


def test_a_daily_outage_may_go_past_midnight() -> None:
    nightly = Daily(23 * 60 + 50, 1200.0)
    day = datetime(2026, 3, 1, tzinfo=UTC)
    held = [m for m in range(1440) if nightly.holds(day + timedelta(minutes=m), NOON)]
    assert held == [*range(10), *range(1430, 1440)]
