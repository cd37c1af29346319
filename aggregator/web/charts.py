"""Charts as shapes: numbers in, geometry out; the templates draw them as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aggregator.moments import day_of, month_bounds

HEIGHT = 100
WIDTH = 10
GAP = 2
DAY = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Column:
    """A bar from the bottom of the chart; `label` says what it is for, `value` its credits."""

    label: str
    value: float
    x: int
    y: float
    width: int
    height: float


@dataclass(frozen=True)
class Chart:
    """Columns in a box of `width` by HEIGHT; `most` is the value of the highest."""

    width: int
    columns: tuple[Column, ...]
    most: float

    @property
    def highest(self) -> Column:
        """The day of most usage, the first if there are several."""
        return max(self.columns, key=lambda column: column.value)


def columns(values: Mapping[str, float], month: str) -> Chart:
    """A column for each day of a month, also for days without a value."""
    start, end = month_bounds(month)
    days = [day_of(moment) for moment in range(start, end, DAY)]
    most = max(values.values(), default=0.0)
    bars = tuple(
        _column(day, values.get(day, 0.0), number * WIDTH, most) for number, day in enumerate(days)
    )
    return Chart(len(days) * WIDTH, bars, most)


def _column(label: str, value: float, x: int, most: float) -> Column:
    # What is more than nothing is to be seen.
    height = max(round(value / most * HEIGHT, 2), 1.0) if value > 0 else 0.0
    return Column(label, value, x + GAP // 2, HEIGHT - height, WIDTH - GAP, height)


def shares(values: Mapping[str, float]) -> dict[str, float]:
    """Each value in per cent of the largest, for a bar beside it."""
    most = max(values.values(), default=0.0)
    return {
        name: round(value / most * 100, 1) if most > 0 else 0.0 for name, value in values.items()
    }
