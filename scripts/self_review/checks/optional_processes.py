"""Details of the optional process profiles: what a sample can show, and why not the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.self_review.backend import Backend
from scripts.self_review.catalogue import AUTHENTICATED, REQUIRED, Requirement
from scripts.self_review.checks.execution import (
    enum_of,
    is_band,
    refused,
    worked,
)
from scripts.self_review.cubes import Cubes, cubes
from scripts.self_review.findings import Cause, Outcome, could_not_tell, not_applicable
from scripts.self_review.graphs import callback, graph, node, of, parameter
from scripts.self_review.registry import check, check_each
from scripts.self_review.shapes import polygon, vector_format

CONTEXT = 100.0
CONTEXT_SHOWN = (
    *("processes-L3-apply-context", "processes-L3-reduce_dimension-context"),
    "processes-L3-aggregate_temporal_period-context",
)
COMPUTED = frozenset(
    {
        *CONTEXT_SHOWN,
        "processes-L3-apply-callback-math",
        "processes-L4-reduce_dimension-reducer-math",
        "processes-L3-add_dimension-type-enum",
        "processes-L3-filter_bands-common-names",
        "processes-L3-ndvi-common-names",
        "processes-L3-resample_spatial-align-enum",
        "processes-L3-resample_cube_spatial-method-enum",
        "processes-L3-aggregate_spatial-context",
        "processes-L3-reduce_spatial-reducer-set",
    }
)


def _plus(inner: Mapping[str, Any]) -> dict[str, Any]:
    """A callback that adds the context to what another node gives."""
    return graph(inner=inner, sum=node("add", x=of("inner"), y=parameter("context")))


@check("processes-L3-apply-context")
def context_reaches_apply(backend: Backend) -> Outcome:
    data = cubes(backend)
    process = graph(sum=node("add", x=parameter("x"), y=parameter("context")))
    step = node("apply", data=of("mean"), process=process, context=CONTEXT)
    found = data.on_mean("apply with context", step)
    return _shifted(backend, found.values - data.base().values)


@check("processes-L3-reduce_dimension-context")
def context_reaches_reducers(backend: Backend) -> Outcome:
    data = cubes(backend)
    step = node(
        "reduce_dimension",
        data=of("load"),
        dimension=data.sample.time,
        reducer=_plus(node("mean", data=parameter("data"))),
        context=CONTEXT,
    )
    found = data.raster("reduced with context", step=step)
    return _shifted(backend, found.values - data.base().values)


@check("processes-L3-aggregate_temporal_period-context")
def context_reaches_periods(backend: Backend) -> Outcome:
    data = cubes(backend)
    step = node(
        "aggregate_temporal_period",
        data=of("load"),
        period="year",
        reducer=_plus(node("mean", data=parameter("data"))),
        context=CONTEXT,
    )
    rest = node(
        "reduce_dimension", data=of("step"), dimension=data.sample.time, reducer=callback("max")
    )
    found = data.raster("period with context", step=step, rest=rest)
    return _shifted(backend, found.values - data.base().values)


def _shifted(backend: Backend, difference: Any) -> Outcome:
    import numpy as np

    known = difference[np.isfinite(difference)]
    good = known.size > 0 and bool(np.allclose(known, CONTEXT, atol=0.1))
    problem = "" if good else f"the context {CONTEXT:g} is not in the result"
    return worked(backend, [problem], f"The context {CONTEXT:g} was added.", "one callback")


@check("processes-L3-apply-callback-math")
def mathematics_work_in_apply(backend: Backend) -> Outcome:
    data = cubes(backend)
    process = graph(
        size=node("absolute", x=parameter("x")),
        root=node("sqrt", x=of("size")),
        square=node("power", base=of("root"), p=2),
        large=node("gt", x=of("square"), y=0),
        chosen=node("if", value=of("large"), accept=of("square"), reject=parameter("x")),
    )
    found = data.on_mean("mathematics in apply", node("apply", data=of("mean"), process=process))
    good = found.is_like(data.base(), tolerance=1e-3)
    problem = "" if good else "the square of the root is not the value"
    sampled = "absolute, sqrt, power, gt and if, chained"
    return worked(backend, [problem], "The chain gave what it must.", sampled)


@check("processes-L4-reduce_dimension-reducer-math")
def mathematics_work_in_reducers(backend: Backend) -> Outcome:
    data = cubes(backend)
    given = parameter("data")
    reducer = graph(
        high=node("max", data=given),
        low=node("min", data=given),
        sum=node("add", x=of("high"), y=of("low")),
        half=node("divide", x=of("sum"), y=2),
        between=node("between", x=of("half"), min=of("low"), max=of("high")),
        chosen=node("if", value=of("between"), accept=of("half"), reject=-1),
    )
    step = node("reduce_dimension", data=of("load"), dimension=data.sample.time, reducer=reducer)
    found = data.raster("mathematics in a reducer", step=step)
    problem = "" if found.has_data else "no value came"
    sampled = "max, min, add, divide, between and if, chained"
    return worked(backend, [problem], "The chain was computed.", sampled)


@check("processes-L3-add_dimension-type-enum")
def dimensions_of_every_type_can_be_added(backend: Backend) -> Outcome:
    data = cubes(backend)
    listed = [one for one in enum_of(backend, "add_dimension", "type") if one != "spatial"]
    problems = []
    for kind in listed:
        label = "2024-01-01" if kind == "temporal" else "one"
        add = node("add_dimension", data=of("mean"), name="review", label=label, type=kind)
        drop = node("drop_dimension", data=of("step0"), name="review")
        found = data.on_mean(f"add_dimension {kind}", add, drop)
        problems += [] if found.is_like(data.base()) else [f"{kind} changes the data"]
    return worked(backend, problems, f"{len(listed)} types work.", ", ".join(listed))


def _common(data: Cubes) -> list[str]:
    names = list(data.sample.common_names)
    return names if len(names) == len(data.sample.bands) >= 2 else []


@check("processes-L3-filter_bands-common-names")
def bands_are_filtered_by_common_name(backend: Backend) -> Outcome:
    data = cubes(backend)
    names = _common(data)
    if not names:
        return not_applicable("The bands of the sample have no common names.")
    step = node("filter_bands", data=of("mean"), bands=[names[1]])
    found = data.on_mean("filter_bands by common name", step)
    problem = "" if is_band(found, data.base(), 1) else f"what came is not {names[1]}"
    return worked(backend, [problem], f"{names[1]} was kept.", "one band")


@check("processes-L3-ndvi-common-names")
def ndvi_takes_common_names(backend: Backend) -> Outcome:
    data = cubes(backend)
    if _common(data) != ["red", "nir"]:
        return not_applicable("The sample has no bands red and nir.")
    step = node("ndvi", data=of("mean"), red="red", nir="nir")
    found = data.on_mean("ndvi by common names", step)
    problem = "" if found.has_data else "no value came"
    return worked(backend, [problem], "It takes red and nir.", "one computation")


@check("processes-L3-resample_spatial-align-enum")
def every_alignment_works(backend: Backend) -> Outcome:
    data = cubes(backend)
    width = data.base().pixel[0] * 2
    listed = enum_of(backend, "resample_spatial", "align")
    problems = []
    for align in listed:
        step = node("resample_spatial", data=of("mean"), resolution=width, align=align)
        found = data.on_mean(f"resample_spatial {align}", step)
        problems += [] if found.has_data else [f"{align}: no value came"]
    return worked(backend, problems, f"{len(listed)} alignments work.", ", ".join(listed))


@check("processes-L3-resample_cube_spatial-method-enum")
def every_method_fits_cubes(backend: Backend) -> Outcome:
    data = cubes(backend)
    base = data.base()
    listed = enum_of(backend, "resample_cube_spatial", "method")
    problems = []
    for method in listed:
        coarse = node("resample_spatial", data=of("mean"), resolution=base.pixel[0] * 2)
        fit = node("resample_cube_spatial", data=of("mean"), target=of("step0"), method=method)
        found = data.on_mean(f"resample_cube_spatial {method}", coarse, fit)
        good = found.has_data and found.pixel[0] > base.pixel[0]
        problems += [] if good else [f"{method}: the cube does not fit its target"]
    return worked(backend, problems, f"{len(listed)} methods work.", ", ".join(listed))


@check("processes-L3-aggregate_spatial-context")
def context_reaches_polygons(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    step = node(
        "aggregate_spatial",
        data=of("mean"),
        geometries=polygon(data),
        reducer=_plus(node("mean", data=parameter("data"))),
        context=CONTEXT,
    )
    save = node("save_result", data=of("step"), format=vector_format(backend))
    process = graph(load=data.sample.load(), mean=data.mean(), step=step, save=save)
    answer = backend.making.result_once("aggregate_spatial with context", process)
    good = "It is taken; its value is not looked at."
    return worked(backend, [refused("context", answer)], good, "one polygon")


@check("processes-L3-reduce_spatial-reducer-set")
def space_takes_reducers(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    names = [one for one in ("max", "min", "mean") if one in backend.processes_by_id]
    problems = []
    for one in names:
        step = node("reduce_spatial", data=of("mean"), reducer=callback(one))
        save = node("save_result", data=of("step"), format=vector_format(backend))
        process = graph(load=data.sample.load(), mean=data.mean(), step=step, save=save)
        answer = backend.making.result_once(f"reduce_spatial {one}", process)
        problems.append(refused(one, answer))
    return worked(backend, problems, "They work.", ", ".join(names))


# The others, and why they are not computed.

REASONS = {
    "labeled-arrays": "arrays with labels exist only inside callbacks; results do not show them",
    "callback-labels": "what a callback sees of labels does not show in a result for certain",
    "reducer-labels": "what a reducer sees of labels does not show in a result for certain",
    "context": "no result of it shows for certain that the callback got its context",
    "dimension": "which further dimensions make sense depends on the cubes of the backend",
    "base-height": "it needs a collection with a vertical dimension",
    "wavelength": "it needs bands whose wavelengths are agreed on",
    "queryables": "which values of a property there are is not known from outside",
    "stac-api": "it needs a STAC API that the backend may reach",
    "static-stac": "it needs a STAC catalogue that the backend may reach",
    "temporal-formats": "it needs data of which it is known when they were taken",
    "band-names": "it needs a STAC catalogue that the backend may reach",
    "label-types": "it needs cubes with labels of every type",
    "units": "the size of a neighborhood in metres depends on the cube",
    "method-enum": "it corrects data of a certain kind, which the sample is not",
    "coefficient-enum": "it needs radar data that are not corrected yet",
    "math": "the combinations are hundreds; those of apply and reduce_dimension are sampled",
}


def _is_left(row: Requirement) -> bool:
    detail = row.family == "processes" and row.parent is not None and row.method == AUTHENTICATED
    return detail and row.severity != REQUIRED and row.id not in COMPUTED


@check_each(_is_left)
def it_is_not_computed(backend: Backend, row: Requirement) -> Outcome:
    if row.process not in backend.processes_by_id:
        return not_applicable(f"There is no process {row.process}.")
    why = next(
        (said for key, said in REASONS.items() if key in row.id.removeprefix("processes-")), ""
    )
    says = f"It is not computed: {why or 'no sample can show it'}. The provider may attest it."
    return could_not_tell(says, Cause.STATEMENT)
