"""How fast a backend works, by what its jobs took."""

from __future__ import annotations

import pytest

from backends.jobs.pace import LARGE, SMALL, Pace, pace_of

ASSUMED = Pace(1.0, 2_000_000.0)


def test_without_jobs_it_is_assumed() -> None:
    assert pace_of([]) == ASSUMED
    assert pace_of([(10, 4.0), (20, 5.0), (LARGE, 9.0), (LARGE, 9.0)]) == ASSUMED
    assert ASSUMED.seconds(4_000_000) == 3.0


def test_small_jobs_tell_the_start_and_large_ones_the_rate() -> None:
    small = [(10.0, 4.0), (SMALL, 5.0), (20.0, 90.0)]
    assert pace_of(small) == Pace(5.0, 2_000_000.0)
    between = [(SMALL * 2, 1000.0)]
    large = [(LARGE, 5.0 + LARGE / 1e6), (2 * LARGE, 5.0 + 2 * LARGE / 1e6), (LARGE, 1000.0)]
    found = pace_of([*small, *between, *large])
    assert found.start == 5.0
    assert found.rate == pytest.approx(1e6)
    assert found.seconds(3e6) == pytest.approx(8.0)


def test_a_large_job_that_took_no_time_tells_nothing() -> None:
    assert pace_of([(10, 4.0)] * 3 + [(LARGE, 4.0)] * 5).rate == ASSUMED.rate
