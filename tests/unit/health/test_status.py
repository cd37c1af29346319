"""Up or down now, and the incidents in a row of observations."""

from __future__ import annotations

import pytest

from aggregator.health.maintenance import Excused, Window
from aggregator.health.observations import Observation
from aggregator.health.policy import Policy
from aggregator.health.status import Change, Status, Track, current, follow

POLICY = Policy()
STEP = POLICY.probe_interval


def row(pattern: str, start: int = 0) -> list[Observation]:
    """Observations one interval apart: `+` up, `-` down, a space none."""
    return [
        Observation("terra", start + i * STEP, sign == "+")
        for i, sign in enumerate(pattern)
        if sign != " "
    ]


def changes(pattern: str, policy: Policy = POLICY) -> list[tuple[str, int, int]]:
    found = follow(Track(), row(pattern), policy)[1]
    return [(c.state, c.at // STEP, c.noticed // STEP) for c in found]


def status(pattern: str, now: int) -> Status:
    return current(follow(Track(), row(pattern), POLICY)[0], now, POLICY)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", []),
        ("+++", [("up", 0, 0)]),
        ("+--+--+", [("up", 0, 0)]),
        ("+---", [("up", 0, 0), ("down", 1, 3)]),
        ("+---+-++", [("up", 0, 0), ("down", 1, 3), ("up", 6, 7)]),
        ("---", [("down", 0, 2)]),
        (
            "+---++---++",
            [("up", 0, 0), ("down", 1, 3), ("up", 4, 5), ("down", 6, 8), ("up", 9, 10)],
        ),
        # A gap longer than `stale_after` begins the count anew.
        ("+--    -", [("up", 0, 0)]),
        ("+--  -", [("up", 0, 0), ("down", 1, 5)]),
    ],
)
def test_three_failures_open_and_two_successes_close(
    pattern: str, found: list[tuple[str, int, int]]
) -> None:
    assert changes(pattern) == found


def test_how_many_it_takes_is_a_choice() -> None:
    policy = Policy(failures_to_open=1, successes_to_close=1)
    assert changes("+-+", policy) == [("up", 0, 0), ("down", 1, 1), ("up", 2, 2)]


@pytest.mark.parametrize(
    ("pattern", "state"),
    [
        ("", "unknown"),
        ("-", "unknown"),
        ("+", "up"),
        ("+--", "up"),
        ("+---", "down"),
        ("+---+", "down"),
        ("+---++", "up"),
    ],
)
def test_the_status_is_that_of_the_last_change(pattern: str, state: str) -> None:
    assert status(pattern, len(pattern) * STEP).state == state


def test_without_a_recent_observation_nothing_is_known() -> None:
    last = 2 * STEP
    assert status("+++", last + POLICY.stale_after).state == "up"
    stale = status("+++", last + POLICY.stale_after + 1)
    assert (stale.state, stale.since, stale.last_up) == ("unknown", last, last)


def test_failures_in_announced_maintenance_open_nothing() -> None:
    window = Window("w", "terra", STEP, 5 * STEP, announced=0)
    excused = Excused([window], POLICY)
    assert follow(Track(), row("+----+"), POLICY, excused)[1] == [
        Change("up", 0, 0, row("+")[0]),
    ]
    later = follow(Track(), row("+-------"), POLICY, excused)[1]
    assert [(c.state, c.at // STEP) for c in later] == [("up", 0), ("down", 5)]


def test_maintenance_parts_a_row_of_failures_and_a_success_in_it_counts() -> None:
    excused = Excused([Window("w", "terra", 3 * STEP, 4 * STEP, announced=0)], POLICY)
    apart = follow(Track(), row("+-----"), POLICY, excused)[1]
    assert [(c.state, c.at // STEP) for c in apart] == [("up", 0)]
    long = Excused([Window("w", "terra", 4 * STEP, 9 * STEP, announced=0)], POLICY)
    closed = follow(Track(), row("+---++"), POLICY, long)[1]
    assert [(c.state, c.at // STEP) for c in closed] == [("up", 0), ("down", 1), ("up", 4)]


def test_the_last_time_that_it_was_up_is_known() -> None:
    assert status("++--", 4 * STEP).last_up == STEP
    assert status("--", 2 * STEP).last_up is None


def test_a_track_carries_on_where_it_stopped() -> None:
    seen = row("+--+---++-")
    whole = follow(Track(), seen, POLICY)
    for cut in range(len(seen)):
        first, early = follow(Track(), seen[:cut], POLICY)
        second, late = follow(first, seen[cut:], POLICY)
        assert (second, early + late) == whole
