"""Two cubes made into one.

Ours: the library joins overlapping cubes without being asked and needs bands. Specification:
openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr

from backends.environment import Environment
from backends.errors import OpenEOError
from backends.processes.cubes import (
    Cube,
    as_cube,
    dimension_type,
    labels,
    names_of_type,
    rebuilt,
    single,
    spatial_dimensions,
)
from backends.processes.declaration import implements
from backends.processes.geometries import crs_of
from backends.processes.resampling import align, pixel_size, same_grid, spacing
from backends.processes.values import floating

Resolver = Callable[..., Any]
_MAX_SIDE: Final = 1_000_000


@dataclass(frozen=True)
class Axis:
    """One dimension of the merged cube: its labels and where each cube has them."""

    name: str
    coordinate: Any
    in_first: Any
    in_second: Any


@implements("merge_cubes")
def merge_cubes(
    cube1: Cube,
    cube2: Cube,
    overlap_resolver: Resolver | None = None,
    context: Any = None,
    *,
    environment: Environment,
) -> Cube:
    """All labels of both cubes; where they overlap, what the resolver makes of `x` and `y`.

    Grids that do not fit are resampled to `cube1` (nearest). A cube that lacks dimensions
    of the other is repeated along them. Labels of space and time are sorted, others keep
    their order, those of `cube2` behind. Between tiles that do not touch there is no-data.
    Raises `OverlapResolverMissing`, `IncompatibleDataCubes`, and `ProcessGraphComplexity`
    for more values than a collection may load.
    """
    first, second = as_cube(cube1, "cube1"), as_cube(cube2, "cube2")
    second = _on_grid(first, second)
    lead = first if set(second.dims) <= set(first.dims) else second
    if not set(first.dims) | set(second.dims) == set(lead.dims):
        raise OpenEOError(
            "IncompatibleDataCubes",
            f"The dimensions {first.dims} and {second.dims} do not fit: "
            "one cube must have all dimensions of the other.",
        )
    axes = [_axis(str(name), first, second) for name in lead.dims]
    size = math.prod(axis.coordinate.size for axis in axes)
    allowed = environment.limits.max_samples
    if size > max(allowed, first.size, second.size):
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The merged cube would have {size} values; at most {allowed} are possible.",
        )
    one, two = (_spread(cube, lead, axes) for cube in (first, second))
    resolve = None if overlap_resolver is None else partial(overlap_resolver, context=context)
    return _merged(one, two, axes, resolve, first)


def _on_grid(first: Cube, second: Cube) -> Cube:
    """The second cube on the grid of the first, if both have x and y."""
    if len(names_of_type(first, "spatial")) < 2 or len(names_of_type(second, "spatial")) < 2:
        return second
    y, x = spatial_dimensions(first)
    renamed = dict(zip(spatial_dimensions(second), (y, x), strict=True))
    second = second.rename({old: new for old, new in renamed.items() if old != new})
    if same_grid(first, second):
        return second.assign_coords({y: first[y].values, x: first[x].values})
    if crs_of(first) == crs_of(second) and _same_lattice(first, second):
        return second.assign_coords({name: _snapped(first, second, name) for name in (y, x)})
    return align(second, first)


def _same_lattice(first: Cube, second: Cube) -> bool:
    """Whether both cubes are parts of one grid."""
    for name in spatial_dimensions(first):
        one, other = first[name].values, second[name].values
        other_step = spacing(other)
        step = _step(first, second, name)
        if not step > 0 or not (math.isnan(other_step) or abs(step - other_step) < 1e-3 * step):
            return False
        shift = (other[0] - one[0]) / step
        if abs(shift - round(shift)) > 1e-3:
            return False
    return True


def _step(first: Cube, second: Cube, name: str) -> float:
    """The distance of pixels; that of the other axis where both cubes have a single one."""
    known = (spacing(first[name].values), spacing(second[name].values), pixel_size(first, name))
    return next((step for step in known if step > 0), math.nan)


def _snapped(first: Cube, second: Cube, name: str) -> Any:
    """The coordinates of the second cube as exact steps from the first's."""
    one, other = first[name].values, second[name].values
    many = len(one) > 1
    step = (one[-1] - one[0]) / (len(one) - 1) if many else _step(first, second, name)
    places = np.rint((other - one[0]) / step)
    inside = (places >= 0) & (places < len(one))
    exact = one[np.clip(places, 0, len(one) - 1).astype(int)]
    return np.where(inside, exact, one[0] + places * step)


def _axis(name: str, first: Cube, second: Cube) -> Axis:
    """The labels of a dimension in the merged cube."""
    cubes = [cube for cube in (first, second) if name in cube.dims]
    values = [np.asarray(_values(cube, name)) for cube in cubes]
    merged = values[0]
    if len(values) == 2:
        fresh = ~np.isin(values[1], values[0])
        merged = np.concatenate([values[0], values[1][fresh]]) if fresh.any() else values[0]
        if fresh.any() and dimension_type(cubes[0], name) in ("spatial", "temporal"):
            merged = np.sort(merged)
            if dimension_type(cubes[0], name) == "spatial":
                merged = _without_gaps(merged, _step(first, second, name))
            if len(values[0]) > 1 and values[0][0] > values[0][-1]:
                merged = merged[::-1]
    everywhere = np.ones(len(merged), dtype=bool)
    has = [
        np.isin(merged, _values(cube, name)) if name in cube.dims else everywhere
        for cube in (first, second)
    ]
    coordinate = xr.DataArray(merged, dims=[name], attrs=_attributes(cubes[0], name))
    return Axis(name, coordinate, has[0], has[1])


def _without_gaps(places: Any, step: float) -> Any:
    """Sorted places of pixels with those between tiles filled in: grids stay regular."""
    if not step > 0 or np.diff(places).max() < 1.5 * step:
        return places
    numbers = np.rint((places - places[0]) / step).astype(np.int64)
    if numbers[-1] >= _MAX_SIDE:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The cubes lie too far apart: {numbers[-1] + 1} pixels from one end to the other.",
        )
    filled = places[0] + np.arange(numbers[-1] + 1) * step
    filled[numbers] = places
    return filled


def _values(cube: Cube, name: str) -> Any:
    return cube[name].values if name in cube.coords else np.array(labels(cube, name))


def _attributes(cube: Cube, name: str) -> dict[Any, Any]:
    return dict(cube.coords[name].attrs) if name in cube.coords else {}


def _spread(cube: Cube, lead: Cube, axes: list[Axis]) -> Cube:
    """A cube with all dimensions of the merged one, in its order."""
    for axis in axes:
        if axis.name not in cube.dims:
            cube = cube.drop_vars(axis.name, errors="ignore").expand_dims(
                {axis.name: axis.coordinate.values}
            )
    return cube.transpose(*lead.dims)


def _merged(one: Cube, two: Cube, axes: list[Axis], resolver: Resolver | None, first: Cube) -> Cube:
    coords: dict[Any, Any] = {axis.name: axis.coordinate for axis in axes}
    coords.update({key: value for key, value in first.coords.items() if not value.dims})
    coords.update(_beside(first, axes))
    for key, value in two.coords.items():
        if not value.dims:
            coords.setdefault(key, value)
    overlap = all((axis.in_first & axis.in_second).any() for axis in axes)
    if overlap and resolver is None:
        raise OpenEOError(
            "OverlapResolverMissing",
            "The cubes overlap: give an 'overlap_resolver', such as a process graph with 'max'.",
        )
    names = [axis.name for axis in axes]
    if all((axis.in_first & axis.in_second).all() for axis in axes):
        one, two = _ordered(one, axes), _ordered(two, axes)
        return rebuilt(_resolved(one, two, resolver), names, coords, first)
    single_axis = [axis for axis in axes if not (axis.in_first & axis.in_second).all()]
    gaps = any(not (axis.in_first | axis.in_second).all() for axis in axes)
    if len(single_axis) == 1 and not gaps:
        values = _along_one(one, two, single_axis[0], axes, resolver)
    else:
        values = _anywhere(one, two, axes, resolver if overlap else None)
    return rebuilt(values, names, coords, first)


def _beside(first: Cube, axes: list[Axis]) -> dict[Any, Any]:
    """What the first cube knows beside the labels of a dimension whose labels are still its own:
    the geometries of zones.
    """
    names = {axis.name for axis in axes}
    same = {
        axis.name
        for axis in axes
        if axis.name in first.dims
        and np.array_equal(axis.coordinate.values, _values(first, axis.name))
    }
    return {
        key: value.variable
        for key, value in first.coords.items()
        if key not in names and value.dims and set(map(str, value.dims)) <= same
    }


def _resolved(one: Cube, two: Cube, resolver: Resolver | None) -> Any:
    """What the resolver makes of two cubes of the same labels."""
    assert resolver is not None  # noqa: S101  an overlap without one has been refused
    result = resolver(x=one.data, y=two.data)
    return single(result, one.shape, one.data, "overlap_resolver")


def _select(cube: Cube, axis: Axis, chosen: Any) -> Cube:
    wanted = axis.coordinate.values[chosen]
    order = {label: index for index, label in enumerate(_values(cube, axis.name).tolist())}
    return cube.isel({axis.name: [order[label] for label in wanted.tolist()]})


def _ordered(cube: Cube, axes: list[Axis]) -> Cube:
    """A cube with its labels in the order of the merged ones."""
    for axis in axes:
        present = np.isin(axis.coordinate.values, _values(cube, axis.name))
        wanted = axis.coordinate.values[present]
        if not np.array_equal(wanted, _values(cube, axis.name)):
            cube = _select(cube, axis, present)
    return cube


def _along_one(
    one: Cube,
    two: Cube,
    axis: Axis,
    axes: list[Axis],
    resolver: Resolver | None,
) -> Any:
    """Cubes that differ along one dimension only: parts put together, then sorted."""
    one, two = _ordered(one, axes), _ordered(two, axes)
    both = axis.in_first & axis.in_second
    number = one.get_axis_num(axis.name)
    chosen = [axis.in_first & ~both, axis.in_second & ~both]
    parts = [
        floating(_select(cube, axis, keep).data)
        for cube, keep in zip((one, two), chosen, strict=True)
        if keep.any()
    ]
    places = [np.flatnonzero(keep) for keep in chosen if keep.any()]
    if both.any():
        shared = _resolved(_select(one, axis, both), _select(two, axis, both), resolver)
        parts.append(shared)
        places.append(np.flatnonzero(both))
    joined = np.concatenate(parts, axis=number)
    order = np.argsort(np.concatenate(places))
    return joined if np.array_equal(order, np.arange(len(order))) else _taken(joined, order, number)


def _taken(values: Any, order: Any, axis: int) -> Any:
    index: list[Any] = [slice(None)] * values.ndim
    index[axis] = order
    return values[tuple(index)]


def _anywhere(one: Cube, two: Cube, axes: list[Axis], resolver: Resolver | None) -> Any:
    """Cubes that differ along several dimensions: no-data where neither has values."""
    wanted = {axis.name: axis.coordinate.values for axis in axes}
    a, b = (_reindexed(cube, wanted) for cube in (one, two))
    in_one = _present([axis.in_first for axis in axes])
    in_two = _present([axis.in_second for axis in axes])
    # Where neither has values, the second cube holds no-data from its reindexing.
    values = np.where(in_one, a.data, b.data)
    if resolver is None:
        return values
    return np.where(in_one & in_two, _resolved(a, b, resolver), values)


def _reindexed(cube: Cube, wanted: dict[str, Any]) -> Cube:
    return rebuilt(floating(cube.data), cube.dims, cube.coords, cube).reindex(wanted)


def _present(along: list[Any]) -> Any:
    """Which cells of the merged cube have a label of one cube in every dimension."""
    result: Any = np.ones((1,) * len(along), dtype=bool)
    for axis, flags in enumerate(along):
        shape = [1] * len(along)
        shape[axis] = -1
        result = result & flags.reshape(shape)
    return result
