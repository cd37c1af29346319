"""Time reduced to periods and intervals.

Each group of dates is handed to the reducer as one labeled array, empty groups too. Values
stay lazy, float32 and in their place. Ours: the library is silently wrong with reducers of
several nodes, and labels otherwise. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import dask.array
import numpy as np

from backends.arguments import parse_moment
from backends.errors import OpenEOError
from backends.processes.cubes import (
    Cube,
    as_array,
    as_cube,
    coordinates_without,
    instants,
    rebuilt,
    single,
    temporal_dimension,
    typed,
)
from backends.processes.declaration import implements
from backends.processes.filters import interval, within
from backends.processes.periods import PERIODS
from backends.processes.values import Array, elements, floating, invalid, is_lazy

MAX_PERIODS: Final = 10_000
_TIME: Final = re.compile(r"^\d{2}:\d{2}(:\d{2})?Z?$")


@implements("aggregate_temporal_period")
def aggregate_temporal_period(
    data: Cube,
    period: str,
    reducer: Callable[..., Any],
    dimension: str | None = None,
    context: Any = None,
) -> Cube:
    """One value for each calendar period from the first date to the last, without gaps.

    Labels are texts such as `2020-01` (see `periods`). Raises `TooManyDimensions`,
    `DimensionNotAvailable`, `ProcessGraphComplexity` for more than 10,000 periods.
    """
    cube = as_cube(data)
    name = temporal_dimension(cube, dimension)
    if period not in PERIODS:
        raise invalid("period", f"must be one of {', '.join(PERIODS)}.")
    kind = PERIODS[period]
    moments = instants(cube, name)
    if not len(moments):
        raise OpenEOError("NoDataAvailable", f"The dimension '{name}' has no dates.")
    numbers = kind.number(moments)
    first, last = int(numbers.min()), int(numbers.max())
    if last - first >= MAX_PERIODS:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The dates span {last - first + 1} periods; at most {MAX_PERIODS} are possible.",
        )
    groups = [np.flatnonzero(numbers == number) for number in range(first, last + 1)]
    labels = np.array([kind.label(number) for number in range(first, last + 1)])
    return grouped(cube, name, groups, labels, partial(reducer, context=context))


@implements("aggregate_temporal")
def aggregate_temporal(  # noqa: PLR0917  the parameters of openEO
    data: Cube,
    intervals: Any,
    reducer: Callable[..., Any],
    labels: Any = None,
    dimension: str | None = None,
    context: Any = None,
) -> Cube:
    """One value for each half-open interval; intervals may overlap, or be times of day.

    Labels are those given, or the starts of the intervals. Raises `TooManyDimensions`,
    `DimensionNotAvailable`, `DistinctDimensionLabelsRequired`, `TemporalExtentEmpty`.
    """
    cube = as_cube(data)
    name = temporal_dimension(cube, dimension)
    spans = elements(intervals, "intervals")
    if not spans:
        raise invalid("intervals", "must hold at least one interval.")
    moments = instants(cube, name)
    groups = [np.flatnonzero(_in_interval(moments, span)) for span in spans]
    return grouped(cube, name, groups, _labels(spans, labels), partial(reducer, context=context))


def _in_interval(moments: Any, span: Any) -> Any:
    if _is_times(span):
        seconds = (moments - moments.astype("datetime64[D]")) / np.timedelta64(1, "s")
        start, end = (_seconds(text) for text in span)
        if start < end:
            return (seconds >= start) & (seconds < end)
        return (seconds >= start) | (seconds < end)
    start, end = interval(span, "intervals")
    return within(moments, start, end)


def _is_times(span: Any) -> bool:
    """Whether an interval is one of times without dates."""
    return (
        isinstance(span, list)
        and len(span) == 2
        and all(isinstance(text, str) and _TIME.match(text) for text in span)
    )


def _seconds(text: str) -> float:
    hours, minutes, *rest = text.removesuffix("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest[0] if rest else 0)


def _labels(spans: Sequence[Any], labels: Any) -> Any:
    """The labels of the new dimension: instants where none are given and all starts are."""
    given = elements(labels, "labels") if labels else []
    if given and len(given) != len(spans):
        raise invalid("labels", f"has {len(given)} elements for {len(spans)} intervals.")
    chosen = given or [span[0] for span in spans]
    if None in chosen:
        raise invalid("labels", "is needed where an interval has no start.")
    moments = [None if _TIME.match(str(label)) else parse_moment(str(label)) for label in chosen]
    told = chosen if given or None in moments else moments
    if len(set(told)) < len(told):
        raise OpenEOError(
            "DistinctDimensionLabelsRequired", "The labels have duplicates: give distinct 'labels'."
        )
    if given or None in moments:
        mixed = len({type(label) for label in chosen}) > 1
        return np.array(chosen, dtype=object if mixed else None)
    naive = [moment.replace(tzinfo=None) for moment in moments if moment is not None]
    return np.array(naive, dtype="datetime64[ns]")


def grouped(
    cube: Cube,
    name: str,
    groups: Sequence[Any],
    labels: Any,
    reducer: Callable[..., Any],
) -> Cube:
    """The cube with each group of positions along a temporal dimension reduced to one label."""
    array, turned = as_array(cube, name)
    shape = turned.shape[1:]
    fields = []
    for group in groups:
        part = _part(array, group)
        fields.append(single(reducer(data=part), shape, turned.data, "reducer"))
    stacked = (dask.array if any(is_lazy(field) for field in fields) else np).stack(fields)
    coords = {**coordinates_without(cube, name), name: (name, labels)}
    result = typed(rebuilt(stacked, turned.dims, coords, cube), name, "temporal")
    return result.transpose(*cube.dims)


def _part(array: Array, group: Any) -> Array:
    """The elements at some positions; a slice where they lie side by side, as that is cheap."""
    names = tuple(array.labels[index] for index in group) if array.labels else None
    values = floating(array.values)
    if len(group) and group[-1] - group[0] + 1 == len(group):
        return Array(values[group[0] : group[-1] + 1], names)
    return Array(values[group] if len(group) else values[:0], names)
