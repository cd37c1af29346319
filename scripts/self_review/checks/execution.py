"""Processes at work: what the details of the process profiles promise, computed on a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scripts.self_review.backend import Backend
from scripts.self_review.cubes import Cubes, Raster, cubes, read
from scripts.self_review.findings import (
    Outcome,
    judged,
    not_applicable,
)
from scripts.self_review.graphs import callback, graph, node, of, parameter
from scripts.self_review.probe.answer import Answer
from scripts.self_review.reference import reference, values_of
from scripts.self_review.registry import check
from scripts.self_review.sample import raster_format

Node = Mapping[str, Any]
REDUCERS = ("max", "mean", "median", "min", "sum", "product", "sd", "variance", "first", "last")
MORE_REDUCERS = ("count", "max", "min")
SAMPLED_REDUCERS = ("max", "min", "mean", "median")
LEVELS = ("info", "warning", "error", "debug")


def worked(backend: Backend, problems: Iterable[str], good: str, sampled: str) -> Outcome:
    data = cubes(backend).sample
    where = f"{sampled}; {data.collection}, {data.start} to {data.end}, {data.size:g} degrees"
    return judged([one for one in problems if one], good, looked_at=where)


def refused(key: str, answer: Answer) -> str:
    return "" if answer.ok else f"{key} answers {answer.status}: {answer.beginning[:120]}"


def refusals_of(
    backend: Backend, reducers: Iterable[str], run: Callable[[str], Answer]
) -> list[str]:
    """The reducers that are refused, of those that are offered."""
    offered = [one for one in reducers if one in backend.processes_by_id]
    return [refused(one, run(one)) for one in offered]


# Reducers.


def _over_time(data: Cubes, reducer: str) -> Answer:
    step = node(
        "reduce_dimension",
        data=of("load"),
        dimension=data.sample.time,
        reducer=callback(reducer),
    )
    return data.answer(f"reduced by {reducer}", step=step)


@check("processes-L1-reduce_dimension-reducer-set")
def reducers_of_the_first_level_work(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    problems = refusals_of(backend, REDUCERS, lambda one: _over_time(data, one))
    problems += _chained(data)
    if not any(problems):
        problems += _out_of_order(data)
    return worked(backend, problems, "Each works, alone and chained.", ", ".join(REDUCERS))


def _chained(data: Cubes) -> list[str]:
    """Whether max - min, computed in one callback, is what it must be."""
    given = parameter("data")
    reducer = graph(
        high=node("max", data=given),
        low=node("min", data=given),
        width=node("subtract", x=of("high"), y=of("low")),
    )
    step = node("reduce_dimension", data=of("load"), dimension=data.sample.time, reducer=reducer)
    return [refused("max - min in one callback", data.answer("chained", step=step))]


def _out_of_order(data: Cubes) -> list[str]:
    """Where a minimum is above a mean, or a mean above a maximum."""
    import numpy as np

    low, mid, high = (read(_over_time(data, one)).values for one in ("min", "mean", "max"))
    if low.shape != mid.shape or mid.shape != high.shape:
        return ["minimum, mean and maximum differ in shape"]
    known = np.isfinite(low) & np.isfinite(mid) & np.isfinite(high)
    slack = 1e-4 * np.abs(high[known]) + 1e-6
    wrong = (low[known] > mid[known] + slack) | (mid[known] > high[known] + slack)
    return (
        [f"in {int(wrong.sum())} pixels the mean is not between minimum and maximum"]
        if wrong.any()
        else []
    )


@check("processes-L2-reduce_dimension-reducer-set")
def reducers_of_the_second_level_work(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    problems = refusals_of(backend, MORE_REDUCERS, lambda one: _over_time(data, one))
    problems += [refused("any and all", _truth(data, one)) for one in ("any", "all")]
    return worked(backend, problems, "They work.", "count, any, all")


def _truth(data: Cubes, reducer: str) -> Answer:
    """Whether any or all values are above zero, as a callback that chains comparisons."""
    positive = node("gt", x=parameter("x"), y=0)
    steps = {
        "above": node("apply", data=of("load"), process=graph(it=positive)),
        "step": node(
            "reduce_dimension",
            data=of("above"),
            dimension=data.sample.time,
            reducer=callback(reducer),
        ),
    }
    return data.answer(f"truth by {reducer}", **steps)


BY_LABEL = graph(it=node("array_element", data=parameter("data"), index=0))


@check("processes-L2-reduce_dimension-reducer-labels")
def reducers_see_labels(backend: Backend) -> Outcome:
    data = cubes(backend)
    base = data.base()
    if not data.sample.bands_dimension:
        return not_applicable("The sample has no dimension of bands, whose labels are names.")
    label = data.sample.bands[0]
    by_label = graph(it=node("array_element", data=parameter("data"), label=label))
    step = node(
        "reduce_dimension",
        data=of("mean"),
        dimension=data.sample.bands_dimension,
        reducer=by_label,
    )
    found = data.on_mean("the band by its label", step)
    problem = "" if is_band(found, base, 0) else f"what came is not the band {label}"
    return worked(backend, [problem], f"The band {label} was found by its label.", "one band")


def is_band(found: Raster, base: Raster, number: int) -> bool:
    import numpy as np

    if found.values.shape[-2:] != base.values.shape[-2:] or number >= len(base.values):
        return False
    return bool(np.allclose(found.values[0], base.values[number], rtol=1e-4, equal_nan=True))


@check("processes-L2-apply_dimension-callback-labels")
def callbacks_along_a_dimension_see_labels(backend: Backend) -> Outcome:
    data = cubes(backend)
    base = data.base()
    if not data.sample.bands_dimension:
        return not_applicable("The sample has no dimension of bands, whose labels are names.")
    label = data.sample.bands[0]
    given = parameter("data")
    process = graph(
        one=node("array_element", data=given, label=label),
        all=node("array_create", data=[of("one")]),
    )
    step = node(
        "apply_dimension",
        data=of("mean"),
        dimension=data.sample.bands_dimension,
        process=process,
    )
    found = data.on_mean("apply_dimension by label", step)
    problem = "" if is_band(found, base, 0) else f"what came is not the band {label}"
    return worked(backend, [problem], f"The band {label} was found by its label.", "one band")


@check("processes-L2-array_element-labeled-arrays")
def array_element_takes_labels(backend: Backend) -> Outcome:
    return reducers_see_labels(backend)


@check("processes-L1-reduce_dimension-dimension")
def every_dimension_can_be_reduced(backend: Backend) -> Outcome:
    return _on_dimensions(
        backend,
        "reduce_dimension",
        lambda name: node(
            "reduce_dimension", data=of("load"), dimension=name, reducer=callback("max")
        ),
    )


@check("processes-L1-apply_dimension-dimension")
def processes_apply_along_every_dimension(backend: Backend) -> Outcome:
    return _on_dimensions(
        backend,
        "apply_dimension",
        lambda name: node(
            "apply_dimension", data=of("load"), dimension=name, process=callback("sort")
        ),
        then_mean=True,
    )


def _on_dimensions(
    backend: Backend, process: str, step: Callable[[str], Node], *, then_mean: bool = False
) -> Outcome:
    """Whether a process works on time and on bands."""
    data = cubes(backend)
    data.base()
    problems = []
    names = [one for one in (data.sample.time, data.sample.bands_dimension) if one]
    for name in names:
        steps = {"step": step(name)}
        if then_mean or name != data.sample.time:
            time_ = data.sample.time
            steps["rest"] = node(
                "reduce_dimension", data=of("step"), dimension=time_, reducer=callback("first")
            )
        problems.append(refused(name, data.answer(f"{process} along {name}", **steps)))
    return worked(backend, problems, f"It works along {' and '.join(names)}.", ", ".join(names))


# What the modules beside use too.


def enum_of(backend: Backend, process: str, name: str) -> list[Any]:
    """The values that the backend lists for a parameter, else those of the reference."""
    listed = values_of(backend.processes_by_id.get(process, {}), name)
    known = reference().get(process, {}).get("parameters", [])
    return listed or next((one.get("values", []) for one in known if one["name"] == name), [])


def loaded_otherwise(data: Cubes, **changes: Any) -> dict[str, Any]:
    """The graph of a mean over time, of the sample loaded with other arguments."""
    form = raster_format(data.backend)
    save = node("save_result", data=of("mean"), format=form)
    return graph(load=data.sample.load(**changes), mean=data.mean(), save=save)


def differing(answers: Mapping[str, Answer]) -> list[str]:
    """The problem that these answers do not all give the same data, if it is one."""
    first, *others = [read(one) for one in answers.values()]
    same = all(one.is_like(first) for one in others)
    return [] if same else [f"{' and '.join(answers)} give different data"]
