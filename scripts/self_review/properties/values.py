"""Properties of values: arithmetic, reductions, bands and masks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.self_review.cubes import Cubes, Raster
from scripts.self_review.graphs import callback, graph, node, of, parameter
from scripts.self_review.properties.holding import (
    UnfitError,
    accepted,
    bands_of,
    holds,
    json_of,
)

Node = Mapping[str, Any]


def _over_time(data: Cubes, reducer: str) -> Raster:
    step = node(
        "reduce_dimension", data=of("load"), dimension=data.sample.time, reducer=callback(reducer)
    )
    return data.raster(f"reduced by {reducer}", step=step)


def same(found: Raster, wanted: Any, what: str) -> list[str]:
    """A problem if the values are not those that are wanted, no-data at the same places."""
    import numpy as np

    if found.values.shape != wanted.shape:
        return [f"{what}: the shape is {found.values.shape}, not {wanted.shape}"]
    close = np.isclose(found.values, wanted, rtol=1e-4, atol=1e-5, equal_nan=True)
    wrong = int((~close).sum())
    return [f"{what}: {wrong:,} of {close.size:,} values are wrong"] if wrong else []


@holds("apply", "2 x + 1 is computed of each value", "multiply", "add")
def each_value_is_computed(data: Cubes) -> list[str]:
    process = graph(
        twice=node("multiply", x=parameter("x"), y=2), more=node("add", x=of("twice"), y=1)
    )
    found = data.on_mean("apply 2 x + 1", node("apply", data=of("mean"), process=process))
    return same(found, data.base().values * 2 + 1, "2 x + 1")


@holds("reduce_dimension", "the sum over time is the mean times the count", "sum", "count")
def sums_are_means_times_counts(data: Cubes) -> list[str]:
    import numpy as np

    total, count, mean = _over_time(data, "sum"), _over_time(data, "count"), data.base()
    if not total.shape == count.shape == mean.shape:
        return [f"sum, count and mean differ in shape: {total.shape}, {count.shape}, {mean.shape}"]
    known = np.isfinite(mean.values)
    wanted = np.where(known, mean.values * count.values, total.values)
    return same(total, wanted, "the sum, compared with mean times count,")


@holds("apply_dimension", "the first of the sorted values is the smallest", "sort", "first", "min")
def sorting_puts_the_smallest_first(data: Cubes) -> list[str]:
    time = data.sample.time
    step = node("apply_dimension", data=of("load"), dimension=time, process=callback("sort"))
    rest = node("reduce_dimension", data=of("step"), dimension=time, reducer=callback("first"))
    found = data.raster(f"apply_dimension along {time}", step=step, rest=rest)
    return same(found, _over_time(data, "min").values, "the first of the sorted values")


@holds("aggregate_temporal", "the mean of one interval over all is the mean over time")
def one_interval_is_all(data: Cubes) -> list[str]:
    span = [data.sample.start, data.sample.end]
    step = node(
        "aggregate_temporal",
        data=of("load"),
        intervals=[span],
        labels=[span[0]],
        reducer=callback("mean"),
    )
    return _one_label_left(data, "aggregate_temporal mean of all", step)


@holds("aggregate_temporal_period", "the mean of one year is the mean over time")
def one_year_is_all(data: Cubes) -> list[str]:
    if data.sample.start[:4] != data.sample.end[:4]:
        raise UnfitError("the sample is not of one year")
    step = node(
        "aggregate_temporal_period", data=of("load"), period="year", reducer=callback("mean")
    )
    return _one_label_left(data, "aggregate_temporal_period mean of the year", step)


def _one_label_left(data: Cubes, key: str, step: Node) -> list[str]:
    rest = node(
        "reduce_dimension",
        data=of("step"),
        dimension=data.sample.time,
        reducer=callback("mean"),
    )
    return same(data.raster(key, step=step, rest=rest), data.base().values, "the mean")


@holds("ndvi", "it is (nir - red) / (nir + red), and between -1 and 1")
def ndvi_is_the_normalised_difference(data: Cubes) -> list[str]:
    import numpy as np

    bands_of(data, least=2)
    if tuple(data.sample.common_names) != ("red", "nir"):
        raise UnfitError("the sample has no bands with the common names red and nir")
    red, nir = data.sample.bands[:2]
    found = data.on_mean("ndvi", node("ndvi", data=of("mean"), nir=nir, red=red))
    base = data.base().values
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = (base[1] - base[0]) / (base[1] + base[0])
    known = np.isfinite(wanted)
    if found.shape[-2:] != wanted.shape:
        return [f"the shape is {found.shape[-2:]}, not {wanted.shape}"]
    values = found.values[0]
    beyond = int((np.abs(values[known & np.isfinite(values)]) > 1 + 1e-6).sum())
    wrong = int((~np.isclose(values[known], wanted[known], rtol=1e-3, atol=1e-4)).sum())
    problems = [f"{beyond:,} values are not between -1 and 1"] if beyond else []
    if wrong:
        problems.append(f"{wrong:,} of {int(known.sum()):,} values are not those of the bands")
    return problems


@holds("filter_bands", "the band that was asked for is left")
def the_band_is_left(data: Cubes) -> list[str]:
    bands_of(data, least=2)
    step = node("filter_bands", data=of("mean"), bands=[data.sample.bands[1]])
    found = data.on_mean("filter_bands", step)
    return same(found, data.base().values[1:2], data.sample.bands[1])


@holds("merge_cubes", "two bands merged are both there, with their values", "filter_bands")
def both_bands_are_there(data: Cubes) -> list[str]:
    bands_of(data, least=2)
    one, two = (node("filter_bands", data=of("mean"), bands=[b]) for b in data.sample.bands[:2])
    merged = node("merge_cubes", cube1=of("step0"), cube2=of("step1"))
    found = data.on_mean("merge_cubes", one, two, merged)
    return same(found, data.base().values[:2], "the merged bands")


@holds("mask", "there are no data where the mask is not 0, and only there", "apply", "gt")
def masks_take_away_what_they_cover(data: Cubes) -> list[str]:
    import numpy as np

    base = data.base().values
    middle = float(np.nanmedian(base))
    above = graph(it=node("gt", x=parameter("x"), y=middle))
    cover = node("apply", data=of("mean"), process=above)
    found = data.on_mean("mask", cover, node("mask", data=of("mean"), mask=of("step0")))
    if found.shape != base.shape:
        return [f"the shape is {found.shape}, not {base.shape}"]
    # Right at the middle the precision of the backend decides.
    clear = ~np.isclose(base, middle, rtol=1e-4)
    wanted = np.where(base > middle, np.nan, base)
    decided = Raster(
        np.where(clear, found.values, wanted), (), found.crs, found.pixel, found.bounds
    )
    return same(decided, wanted, "what is masked")


@holds("apply_kernel", "a kernel of 2 in the centre doubles each value")
def the_centre_doubles(data: Cubes) -> list[str]:
    kernel = [[0, 0, 0], [0, 2, 0], [0, 0, 0]]
    step = node("apply_kernel", data=of("mean"), kernel=kernel, border=0)
    found = data.on_mean("apply_kernel 0", step)
    return same(found, data.base().values * 2, "twice the centre")


@holds("inspect", "the data go through as they are")
def inspection_changes_nothing(data: Cubes) -> list[str]:
    step = node("inspect", data=of("mean"), message="openeo-self-review", level="info")
    return same(data.on_mean("inspect info", step), data.base().values, "what is inspected")


@holds("nan", "is_nan says true of it", "is_nan")
def it_is_no_number(data: Cubes) -> list[str]:
    process = graph(it=node("nan"), told=node("is_nan", x=of("it")))
    answer = accepted("is_nan(nan())", data.backend.making.result_once("nan", process))
    told = json_of(answer)
    return [] if told == True else [f"is_nan(nan()) is {told!r}"]  # noqa: E712 - 1 is true as well
