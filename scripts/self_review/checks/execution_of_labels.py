"""Processes at work on dimensions and their labels."""

from __future__ import annotations

from scripts.self_review.backend import Backend
from scripts.self_review.checks.execution import (
    LEVELS,
    enum_of,
    is_band,
    refused,
    worked,
)
from scripts.self_review.cubes import Cubes, cubes
from scripts.self_review.findings import (
    Outcome,
    not_applicable,
)
from scripts.self_review.graphs import graph, node, of
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.registry import check


@check("processes-L2-add_dimension-name")
def dimensions_can_be_added(backend: Backend) -> Outcome:
    data = cubes(backend)
    base = data.base()
    types = ("temporal", "other")
    problems = []
    for kind_ in types:
        name = f"review_{kind_}"
        label = "2024-01-01" if kind_ == "temporal" else "one"
        add = node("add_dimension", data=of("mean"), name=name, label=label, type=kind_)
        drop = node("drop_dimension", data=of("step0"), name=name)
        found = data.on_mean(f"add_dimension {kind_}", add, drop)
        problems += [] if found.is_like(base) else [f"{name} added and dropped changes the data"]
    return worked(backend, problems, "Added and dropped again, nothing changed.", ", ".join(types))


@check("processes-L2-drop_dimension-name")
def dimensions_can_be_dropped(backend: Backend) -> Outcome:
    data = cubes(backend)
    if not data.sample.bands_dimension:
        return not_applicable("The sample has no dimension of bands that could be dropped.")
    base = data.base()
    name = data.sample.bands_dimension
    keep = node("filter_bands", data=of("mean"), bands=[data.sample.bands[0]])
    found = data.on_mean(
        f"drop_dimension {name}", keep, node("drop_dimension", data=of("step0"), name=name)
    )
    problem = "" if is_band(found, base, 0) else "what came is not the band that was kept"
    return worked(backend, [problem], f"{name} was dropped.", name)


@check("processes-L2-dimension_labels-dimension")
def labels_can_be_told(backend: Backend) -> Outcome:
    data = cubes(backend)
    data.base()
    problems = []
    names = [one for one in (data.sample.time, data.sample.bands_dimension) if one]
    for name in names:
        labels = node("dimension_labels", data=of("load"), dimension=name)
        process = graph(load=data.sample.load(), labels=labels)
        answer = backend.making.result_once(f"labels of {name}", process)
        problems.append(refused(name, answer) or _wrong_labels(data, name, answer))
    return worked(backend, problems, f"Those of {' and '.join(names)} are told.", ", ".join(names))


def _wrong_labels(data: Cubes, name: str, answer: Answer) -> str:
    try:
        found = answer.json()
    except NotJsonError as error:
        return f"{name}: {error}"
    if name == data.sample.bands_dimension and found != list(data.sample.bands):
        return f"{name}: {found!r} came, not {list(data.sample.bands)}"
    return "" if isinstance(found, list) and found else f"{name}: {found!r} is no list of labels"


@check("processes-L2-rename_labels-dimension")
def labels_can_be_renamed(backend: Backend) -> Outcome:
    data = cubes(backend)
    if not data.sample.bands_dimension:
        return not_applicable("The sample has no dimension of bands.")
    base = data.base()
    name = data.sample.bands_dimension
    target = [f"review_{i}" for i in range(len(data.sample.bands))]
    rename = node("rename_labels", data=of("mean"), dimension=name, target=target)
    keep = node("filter_bands", data=of("step0"), bands=[target[-1]])
    found = data.on_mean("rename_labels", rename, keep)
    good = is_band(found, base, len(target) - 1)
    problem = "" if good else "the renamed band is not the one that was renamed"
    return worked(backend, [problem], f"Labels of {name} were renamed.", name)


@check("processes-L2-inspect-level-enum")
def every_level_can_be_inspected(backend: Backend) -> Outcome:
    listed = enum_of(backend, "inspect", "level") or list(LEVELS)
    data = cubes(backend)
    base = data.base()
    problems = []
    for level in listed:
        step = node("inspect", data=of("mean"), message="openeo-self-review", level=level)
        found = data.on_mean(f"inspect {level}", step)
        problems += [] if found.is_like(base) else [f"{level} changes the data"]
    return worked(backend, problems, f"{len(listed)} levels work.", ", ".join(map(str, listed)))
