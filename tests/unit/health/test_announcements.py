"""Breaking changes and removals, and whether they come early enough."""

from __future__ import annotations

import pytest

from aggregator.health.announcements import Announcement, lead_time, shortfall
from aggregator.health.policy import Policy
from aggregator.moments import day_start

POLICY = Policy()


def announced(kind: str, effective: str, on: str = "2026-08-31") -> Announcement:
    return Announcement("a", "terra", kind, "Title", "", day_start(on), day_start(effective))


@pytest.mark.parametrize(
    ("kind", "effective", "verdict"),
    [
        ("breaking-change", "2026-11-29", "too late"),
        ("breaking-change", "2026-11-30", "shorter than recommended"),
        ("removal", "2027-02-27", "shorter than recommended"),
        ("removal", "2027-02-28", "in time"),
        ("experimental", "2026-11-29", "too late"),
        ("notice", "2026-09-01", "in time"),
    ],
)
def test_three_months_are_the_limit_and_six_are_recommended(
    kind: str, effective: str, verdict: str
) -> None:
    assert lead_time(announced(kind, effective), POLICY) == verdict


def test_the_other_reading_is_a_setting() -> None:
    six = Policy(breaking_notice_months=6)
    assert lead_time(announced("breaking-change", "2026-11-30"), six) == "too late"


def test_what_comes_too_late_says_which_day_would_do() -> None:
    assert shortfall(announced("removal", "2026-11-29"), POLICY) == (
        "It is announced less than 3 months ahead; the earliest day would be 2026-11-30."
    )
    assert shortfall(announced("removal", "2026-11-30"), POLICY) == ""
