"""Calendar periods and their labels (openEO processes 2.0.0-rc.1, aggregate_temporal_period)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import numpy as np

_EPOCH: Final = date(1970, 1, 1)
_SEASONS: Final = ("djf", "mam", "jja", "son")
_TROPICAL: Final = ("ndjfma", "mjjaso")


@dataclass(frozen=True)
class Period:
    """A kind of period: `number` counts the period of each instant (datetime64), so that
    the next period has the next number; `label` names a period by its number."""

    number: Callable[[Any], Any]
    label: Callable[[int], str]


def _unit(instants: Any, unit: str) -> Any:
    return instants.astype(f"datetime64[{unit}]").astype(np.int64)


def _year(instants: Any) -> Any:
    return _unit(instants, "Y") + 1970


def _month(instants: Any) -> Any:
    """Months since the year 0."""
    return _unit(instants, "M") + 1970 * 12


def _dekad(instants: Any) -> Any:
    months = instants.astype("datetime64[M]")
    day = (instants.astype("datetime64[D]") - months).astype(np.int64)
    return _month(instants) * 3 + np.minimum(day // 10, 2)


def _hour_label(number: int) -> str:
    return (datetime(1970, 1, 1) + timedelta(hours=number)).strftime("%Y-%m-%d-%H")  # noqa: DTZ001  UTC throughout


def _day_label(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).strftime("%Y-%j")


def _week_label(number: int) -> str:
    # The first of January 1970 was a Thursday: week 0 began on Monday, three days before.
    year, week, _ = (_EPOCH + timedelta(days=7 * number - 3)).isocalendar()
    return f"{year:04}-{week:02}"


PERIODS: Final = MappingProxyType(
    {
        "hour": Period(lambda instants: _unit(instants, "h"), _hour_label),
        "day": Period(lambda instants: _unit(instants, "D"), _day_label),
        "week": Period(lambda instants: (_unit(instants, "D") + 3) // 7, _week_label),
        "dekad": Period(_dekad, lambda n: f"{n // 36:04}-{n % 36 + 1:02}"),
        "month": Period(_month, lambda n: f"{n // 12:04}-{n % 12 + 1:02}"),
        # December counts to the season of the next year, whose January it comes before.
        "season": Period(
            lambda instants: (_month(instants) + 1) // 3, lambda n: f"{n // 4:04}-{_SEASONS[n % 4]}"
        ),
        "tropical-season": Period(
            lambda instants: (_month(instants) + 2) // 6,
            lambda n: f"{n // 2:04}-{_TROPICAL[n % 2]}",
        ),
        "year": Period(_year, lambda n: f"{n:04}"),
        "decade": Period(lambda instants: _year(instants) // 10, lambda n: f"{n * 10:04}"),
        "decade-ad": Period(
            lambda instants: (_year(instants) - 1) // 10, lambda n: f"{n * 10 + 1:04}"
        ),
    }
)
"""The periods of the specification by name. Weeks are those of ISO 8601; dekads count from
01 to 36; a season that spans two years bears the later one."""
