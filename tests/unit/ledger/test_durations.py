"""What past jobs at a provider tell of how long the next one takes."""

from __future__ import annotations

import pytest

from aggregator.ledger.durations import iso_8601, summarised


def test_half_took_at_most_the_median_and_nine_in_ten_at_most_the_long_one() -> None:
    ten = [9000, 1000, 3000, 10_000, 5000, 7000, 2000, 8000, 4000, 6000]
    known = summarised(ten)
    assert known is not None
    assert known.as_json() == {"jobs": 10, "median": "PT5S", "long": "PT9S"}


def test_fewer_than_five_jobs_tell_nothing_and_a_clock_that_ran_backwards_neither() -> None:
    assert summarised([1, 2, 3, 4]) is None
    assert summarised([1, 2, 3, 4, -1]) is None
    known = summarised([0, 1000, 2000, 3000, 4000])
    assert known is not None
    assert known.as_json() == {"jobs": 5, "median": "PT2S", "long": "PT4S"}


@pytest.mark.parametrize(
    ("milliseconds", "written"), [(0, "PT0S"), (1, "PT1S"), (42_000, "PT42S"), (42_001, "PT43S")]
)
def test_durations_are_whole_seconds_rounded_up(milliseconds: int, written: str) -> None:
    assert iso_8601(milliseconds) == written
