"""Times in documents: compared as moments, whatever they are written like."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from aggregator.merging.times import moment


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2015", datetime(2015, 1, 1, tzinfo=UTC)),
        ("2015-06", datetime(2015, 6, 1, tzinfo=UTC)),
        ("2015-06-23", datetime(2015, 6, 23, tzinfo=UTC)),
        ("2015-06-23T10:30", datetime(2015, 6, 23, 10, 30, tzinfo=UTC)),
        ("2015-06-23t10:30:15z", datetime(2015, 6, 23, 10, 30, 15, tzinfo=UTC)),
        ("2015-06-23 10:30:15.25Z", datetime(2015, 6, 23, 10, 30, 15, 250000, tzinfo=UTC)),
        ("2015-06-23T00:30:00+02:00", datetime(2015, 6, 22, 22, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_the_moment_at_which_it_begins(written: str, meant: datetime) -> None:
    assert moment(written) == meant


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server whose own time is not UTC."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_time_without_a_zone_is_utc_wherever_the_server_is() -> None:
    assert moment("2015-06-23T10:31") == datetime(2015, 6, 23, 10, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        *("", "soon", "2015-13", "2015-02-30", "201", "2015-06-23T25:00:00Z", "2015T10:30:00Z"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", None, 2015, ["2015"]),
    ],
)
def test_what_is_no_time_or_none_that_can_be_compared_is_none(written: object) -> None:
    assert moment(written) is None
