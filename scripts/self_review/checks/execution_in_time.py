"""Processes at work along time: intervals, periods and filters."""

from __future__ import annotations

from typing import Any

from scripts.self_review.backend import Backend
from scripts.self_review.checks.execution import (
    BY_LABEL,
    SAMPLED_REDUCERS,
    Node,
    differing,
    enum_of,
    loaded_otherwise,
    refusals_of,
    refused,
    worked,
)
from scripts.self_review.cubes import Cubes, cubes
from scripts.self_review.findings import (
    Outcome,
)
from scripts.self_review.graphs import callback, node, of
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check


@check("processes-L1-load_collection-temporal-formats")
def dates_and_times_are_understood(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    spans = {
        "dates": [data.sample.start, data.sample.end],
        "date-times": [f"{data.sample.start}T00:00:00Z", f"{data.sample.end}T00:00:00Z"],
    }
    answers = {
        name: backend.making.result_once(
            f"cube loaded by {name}", loaded_otherwise(data, temporal_extent=span)
        )
        for name, span in spans.items()
    }
    problems = [refused(name, one) for name, one in answers.items()]
    if not any(problems):
        problems += differing(answers)
    return worked(backend, problems, "Both give the same data.", "dates and date-times")


@check("processes-L2-filter_temporal-temporal-formats")
def filters_understand_dates_and_times(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    spans = {
        "dates": [data.sample.start, data.sample.end],
        "date-times": [f"{data.sample.start}T00:00:00Z", f"{data.sample.end}T00:00:00Z"],
    }
    answers = {name: _filtered(data, name, extent=span) for name, span in spans.items()}
    problems = [refused(name, one) for name, one in answers.items()]
    problems += [] if any(problems) else differing(answers)
    return worked(backend, problems, "Both give the same data.", "dates and date-times")


def _filtered(data: Cubes, key: str, **arguments: Any) -> Answer:
    step = node("filter_temporal", data=of("load"), **arguments)
    rest = node(
        "reduce_dimension", data=of("step"), dimension=data.sample.time, reducer=callback("mean")
    )
    return data.answer(f"filter_temporal by {key}", step=step, rest=rest)


@check("processes-L2-filter_temporal-dimension")
def filters_take_the_dimension(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    span = [data.sample.start, data.sample.end]
    name = data.sample.time
    answer = _filtered(data, f"dimension {name}", extent=span, dimension=name)
    return worked(backend, [refused(name, answer)], f"It takes {name}.", name)


def _periods(data: Cubes, period: str, reducer: str = "mean", **more: Any) -> Answer:
    step = node(
        "aggregate_temporal_period",
        data=of("load"),
        period=period,
        reducer=more.pop("process", callback(reducer)),
        **more,
    )
    rest = node(
        "reduce_dimension", data=of("step"), dimension=data.sample.time, reducer=callback("max")
    )
    key = f"by {period}, {reducer}, {sorted(more)}"
    return data.answer(f"aggregate_temporal_period {key}", step=step, rest=rest)


@check("processes-L2-aggregate_temporal_period-period-enum")
def every_period_works(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    listed = enum_of(backend, "aggregate_temporal_period", "period")
    problems = [refused(one, _periods(data, one)) for one in listed]
    return worked(backend, problems, f"{len(listed)} periods work.", ", ".join(listed))


@check("processes-L2-aggregate_temporal_period-reducer-set")
def periods_take_reducers(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    problems = refusals_of(backend, SAMPLED_REDUCERS, lambda one: _periods(data, "month", one))
    return worked(backend, problems, "They work.", ", ".join(SAMPLED_REDUCERS))


@check("processes-L2-aggregate_temporal_period-reducer-labels")
def reducers_of_periods_see_labels(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    answer = _periods(data, "month", "first by position", process=BY_LABEL)
    return worked(backend, [refused("array_element", answer)], "They do.", "one callback")


@check("processes-L2-aggregate_temporal_period-dimension")
def periods_take_the_dimension(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    answer = _periods(data, "month", dimension=data.sample.time)
    good = f"It takes {data.sample.time}."
    return worked(backend, [refused(data.sample.time, answer)], good, data.sample.time)


def _intervals(data: Cubes, key: str, reducer: Node | None = None, **more: Any) -> Answer:
    step = node(
        "aggregate_temporal",
        data=of("load"),
        intervals=[[data.sample.start, data.sample.end]],
        labels=[data.sample.start],
        reducer=reducer or callback(key),
        **more,
    )
    rest = node(
        "reduce_dimension", data=of("step"), dimension=data.sample.time, reducer=callback("max")
    )
    return data.answer(f"aggregate_temporal {key}", step=step, rest=rest)


@check("processes-L2-aggregate_temporal-reducer-set")
def intervals_take_reducers(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    problems = refusals_of(backend, SAMPLED_REDUCERS, lambda one: _intervals(data, one))
    return worked(backend, problems, "They work.", ", ".join(SAMPLED_REDUCERS))


@check("processes-L2-aggregate_temporal-reducer-labels")
def reducers_of_intervals_see_labels(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    answer = _intervals(data, "first by position", BY_LABEL)
    return worked(backend, [refused("array_element", answer)], "They do.", "one callback")


@check("processes-L2-aggregate_temporal-dimension")
def intervals_take_the_dimension(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    answer = _intervals(data, "with dimension", callback("mean"), dimension=data.sample.time)
    good = f"It takes {data.sample.time}."
    return worked(backend, [refused(data.sample.time, answer)], good, data.sample.time)
