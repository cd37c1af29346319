"""Properties of dimensions and their labels."""

from __future__ import annotations

from scripts.self_review.cubes import Cubes
from scripts.self_review.graphs import graph, node, of
from scripts.self_review.properties.holding import UnfitError, bands_of, holds, labels_of
from scripts.self_review.properties.values import same

NAME = "review_other"


def _days(data: Cubes) -> list[str]:
    """The days of the time steps that are loaded; raises UnfitError if that is not known."""
    found = labels_of(data, f"labels of {data.sample.time}", data.sample.time)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise UnfitError("the labels of time are not told as texts")
    return [one[:10] for one in found]


def _are(found: object, wanted: list[str]) -> list[str]:
    return [] if found == wanted else [f"the labels are {found!r}, not {wanted!r}"[:300]]


@holds("dimension_labels", "bands have the labels asked for, and times are in the interval")
def labels_are_those_asked_for(data: Cubes) -> list[str]:
    days = _days(data)
    late = [one for one in days if not data.sample.start <= one <= data.sample.end]
    problems = [f"{one} is not in the interval that was loaded" for one in late[:3]]
    if data.sample.bands_dimension:
        name = data.sample.bands_dimension
        problems += _are(labels_of(data, f"labels of {name}", name), list(data.sample.bands))
    return problems


@holds("filter_temporal", "the times before the end stay, and others go", "dimension_labels")
def an_interval_keeps_what_is_inside(data: Cubes) -> list[str]:
    days = sorted(_days(data))
    cut = days[len(days) // 2] if days else ""
    if not days or cut == days[0]:
        raise UnfitError("the sample has no two days")
    step = node("filter_temporal", data=of("load"), extent=[data.sample.start, cut])
    found = labels_of(data, "filter_temporal", data.sample.time, step=step)
    kept = [str(one)[:10] for one in found] if isinstance(found, list) else found
    return _are(kept, [one for one in days if one < cut])


@holds("rename_dimension", "it has the new name, and its labels", "dimension_labels")
def dimensions_are_renamed(data: Cubes) -> list[str]:
    name = bands_of(data)
    step = node("rename_dimension", data=of("load"), source=name, target=NAME)
    return _are(labels_of(data, "rename_dimension", NAME, step=step), list(data.sample.bands))


@holds("rename_labels", "it has the new labels", "dimension_labels")
def labels_are_renamed(data: Cubes) -> list[str]:
    name = bands_of(data)
    target = [f"review_{i}" for i in range(len(data.sample.bands))]
    step = node("rename_labels", data=of("load"), dimension=name, target=target)
    return _are(labels_of(data, "rename_labels", name, step=step), target)


@holds("add_dimension", "it is there, with its one label", "dimension_labels")
def dimensions_are_added(data: Cubes) -> list[str]:
    step = node("add_dimension", data=of("load"), name=NAME, label="one", type="other")
    return _are(labels_of(data, "add_dimension", NAME, step=step), ["one"])


@holds(
    "drop_dimension",
    "it is gone, and a band that is left stays as it is",
    "filter_bands",
    "dimension_labels",
)
def a_dimension_is_dropped(data: Cubes) -> list[str]:
    name = bands_of(data)
    keep = node("filter_bands", data=of("mean"), bands=[data.sample.bands[0]])
    drop = node("drop_dimension", data=of("step0"), name=name)
    found = data.on_mean(f"drop_dimension {name}", keep, drop)
    problems = same(found, data.base().values[:1], data.sample.bands[0])
    labels = node("dimension_labels", data=of("step1"), dimension=name)
    process = graph(load=data.sample.load(), mean=data.mean(), step0=keep, step1=drop, it=labels)
    told = data.backend.making.result_once("labels of what was dropped", process)
    return [*problems, f"{name} has labels yet: {told.beginning[:80]}"] if told.ok else problems
