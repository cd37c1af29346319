"""Processes at work in space, and on bands."""

from __future__ import annotations

from scripts.self_review.backend import Backend
from scripts.self_review.checks.execution import (
    SAMPLED_REDUCERS,
    enum_of,
    is_band,
    loaded_otherwise,
    refusals_of,
    worked,
)
from scripts.self_review.cubes import cubes, read
from scripts.self_review.findings import (
    Cause,
    Outcome,
    could_not_tell,
    failed,
    not_applicable,
    shown_answer,
)
from scripts.self_review.graphs import callback, graph, node, of
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.shapes import polygon, vector_format


@check("processes-L2A-aggregate_spatial-reducer-set")
def polygons_take_reducers(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()

    def run(reducer: str) -> Answer:
        step = node(
            "aggregate_spatial",
            data=of("mean"),
            geometries=polygon(data),
            reducer=callback(reducer),
        )
        save = node("save_result", data=of("step"), format=vector_format(backend))
        process = graph(load=data.sample.load(), mean=data.mean(), step=step, save=save)
        return backend.making.result_once(f"aggregate_spatial {reducer}", process)

    problems = refusals_of(backend, SAMPLED_REDUCERS, run)
    return worked(backend, problems, "They work.", ", ".join(SAMPLED_REDUCERS))


@check("processes-L2A-apply_kernel-border-enum")
def every_border_works(backend: Backend) -> Outcome:
    data = cubes(backend)
    base = data.base()
    listed = [0, *enum_of(backend, "apply_kernel", "border")]
    kernel = [[0, 0, 0], [0, 2, 0], [0, 0, 0]]
    problems = []
    for border in listed:
        step = node("apply_kernel", data=of("mean"), kernel=kernel, border=border)
        found = data.on_mean(f"apply_kernel {border}", step)
        # The weights beside the centre are 0, so that nothing depends on the border.
        problems += (
            [] if found.is_like(base, 2) else [f"{border}: twice the centre is not twice the data"]
        )
    return worked(backend, problems, f"{len(listed)} borders work.", ", ".join(map(str, listed)))


@check("processes-L2A-resample_spatial-method-enum")
def every_method_works(backend: Backend) -> Outcome:
    data = cubes(backend)
    base = data.base()
    listed = enum_of(backend, "resample_spatial", "method")
    width = base.pixel[0] * 2
    problems = []
    for method in listed:
        step = node("resample_spatial", data=of("mean"), resolution=width, method=method)
        found = data.on_mean(f"resample_spatial {method}", step)
        good = found.has_data and abs(found.pixel[0] - width) < 1e-6 * width
        problems += [] if good else [f"{method}: pixels of {found.pixel[0]:g}, not {width:g}"]
    return worked(backend, problems, f"{len(listed)} methods work.", ", ".join(map(str, listed)))


@check("processes-L2A-filter_bands-band-names")
def bands_are_filtered_by_name(backend: Backend) -> Outcome:
    data = cubes(backend)
    if len(data.sample.bands) < 2:
        return not_applicable("The sample has no two bands.")
    base = data.base()
    name = data.sample.bands[1]
    found = data.on_mean("filter_bands", node("filter_bands", data=of("mean"), bands=[name]))
    problem = "" if found.shape[0] == 1 and is_band(found, base, 1) else f"what came is not {name}"
    return worked(backend, [problem], f"The band {name} was kept.", "one band")


@check("processes-L2A-load_collection-band-names")
def bands_are_loaded_by_both_names(backend: Backend) -> Outcome:
    data = cubes(backend)
    if not data.sample.bands:
        return not_applicable("The sample has no bands.")
    base = data.base()
    if len(data.sample.common_names) < len(data.sample.bands):
        says = "The bands of the sample have no common names; their names work."
        return could_not_tell(says, Cause.STATEMENT)
    names = list(data.sample.common_names)
    answer = backend.making.result_once("cube by common names", loaded_otherwise(data, bands=names))
    if not answer.ok:
        said = f"{', '.join(names)}: it answers {answer.status}."
        return failed(said, shown_answer(answer))
    problem = "" if read(answer).is_like(base) else "names and common names give different data"
    return worked(backend, [problem], "Both give the same data.", ", ".join(names))
