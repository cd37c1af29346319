"""Callbacks over cubes: on pixels, along dimensions, over neighbourhoods.

All keep cubes lazy, with CRS, coordinates and attributes. Ours: the library's functions lose
labels and attributes and turn kernels around. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
import scipy.ndimage

from backends.errors import OpenEOError
from backends.processes.cubes import (
    Cube,
    as_array,
    as_cube,
    coordinates_without,
    dimension_type,
    existing,
    rebuilt,
    reduced,
    several,
    single,
    spatial_dimensions,
    typed,
)
from backends.processes.declaration import implements
from backends.processes.frames import framed
from backends.processes.values import (
    Array,
    Relabeled,
    floating,
    invalid,
    is_lazy,
    is_number,
    lazy,
)

_PADDING: Final = {
    "replicate": "edge",
    "reflect": "symmetric",
    "reflect_pixel": "reflect",
    "wrap": "wrap",
}


@implements("apply")
def apply(data: Cube, process: Callable[..., Any], context: Any = None) -> Cube:
    """A process applied to each pixel value `x`; dimensions and labels stay."""
    cube = as_cube(data)
    with framed(cube):
        value = process(x=cube.data, context=context)
    result = single(value, cube.shape, cube.data, "process")
    return rebuilt(result, cube.dims, cube.coords, cube)


@implements("reduce_dimension")
def reduce_dimension(
    data: Cube, reducer: Callable[..., Any], dimension: str, context: Any = None
) -> Cube:
    """A dimension reduced: the reducer sees the labeled array `data` and gives one value.

    Raises `DimensionNotAvailable`.
    """
    cube = as_cube(data)
    return reduced(cube, existing(cube, dimension), reducer, context)


@implements("reduce_spatial")
def reduce_spatial(data: Cube, reducer: Callable[..., Any], context: Any = None) -> Cube:
    """The dimensions x and y reduced at once: `data` are all pixels of an image, unlabeled."""
    cube = as_cube(data)
    y, x = spatial_dimensions(cube)
    turned = cube.transpose(y, x, ...)
    flat = turned.data.reshape((-1, *turned.shape[2:]))
    result = reducer(data=Array(flat), context=context)
    values = single(result, turned.shape[2:], turned.data, "reducer")
    return rebuilt(values, turned.dims[2:], coordinates_without(cube, y, x), cube)


@implements("apply_dimension")
def apply_dimension(
    data: Cube,
    process: Callable[..., Any],
    dimension: str,
    target_dimension: str | None = None,
    context: Any = None,
) -> Cube:
    """A process applied to the labeled array `data` along a dimension; it gives an array.

    Labels stay if the length does, else they are 0, 1, 2, ... With a target dimension (new, or
    existing with a single label) the source dimension gives way to it. Raises
    `DimensionNotAvailable`.
    """
    cube = as_cube(data)
    name = existing(cube, dimension)
    target = name if target_dimension is None else target_dimension
    if target != name and target in cube.dims:
        if cube.sizes[target] != 1:
            raise invalid("target_dimension", f"'{target}' exists and has more than one label.")
        kind = dimension_type(cube, target)
        cube = cube.isel({target: 0}, drop=True)
    else:
        kind = "other"
    array, turned = as_array(cube, name)
    with framed(turned, name):
        result = process(data=array, context=context)
    values = several(result, turned.shape[1:], turned.data, "process")
    placed = _placed(values, cube, name, target, kind)
    if isinstance(result, Relabeled) and result.labels is not None:
        kept = placed.coords[target].attrs if target in placed.coords else {}
        placed = placed.assign_coords({target: (target, np.array(result.labels), kept)})
    return placed


def _placed(values: Any, cube: Cube, name: str, target: str, kind: str) -> Cube:
    """The computed array where the source dimension stood."""
    others = [other for other in cube.dims if other != name]
    coords = coordinates_without(cube, name)
    if target == name and values.shape[0] == cube.sizes[name]:
        coords = dict(cube.coords)
    else:
        coords[target] = np.arange(values.shape[0])
    result = rebuilt(values, [target, *others], coords, cube)
    if target != name:
        result = typed(result, target, kind)
    elif target not in cube.coords or values.shape[0] != cube.sizes[name]:
        result = typed(result, target, dimension_type(cube, name))
    return result.transpose(*(target if other == name else other for other in cube.dims))


@implements("apply_kernel")
def apply_kernel(
    data: Cube,
    kernel: list[list[float]],
    factor: float = 1,
    border: Any = 0,
    replace_invalid: float = 0,
) -> Cube:
    """A two-dimensional convolution over x and y; lists of the kernel run along x.

    No-data and infinite values count as `replace_invalid`. Beyond the border: a number, or
    `replicate`, `reflect`, `reflect_pixel`, `wrap`. Raises `KernelDimensionsUneven`.
    """
    cube = as_cube(data)
    y, x = spatial_dimensions(cube)
    weights = _kernel(kernel) * factor
    depth = tuple(size // 2 for size in weights.shape)
    turned = cube.transpose(..., y, x)
    values = floating(turned.data)
    filled = np.where(np.isfinite(values), values, np.array(replace_invalid, values.dtype))
    padded = _padded(filled, depth, border)
    result = _convolved(padded, weights, depth).astype(values.dtype)
    return rebuilt(result, turned.dims, cube.coords, cube).transpose(*cube.dims)


def _kernel(kernel: Any) -> Any:
    try:
        weights = np.asarray(kernel, dtype=np.float64)
    except (TypeError, ValueError):
        raise invalid("kernel", "must be a list of equally long lists of numbers.") from None
    if weights.ndim != 2:
        raise invalid("kernel", "must be a list of equally long lists of numbers.")
    if any(size % 2 == 0 for size in weights.shape):
        raise OpenEOError(
            "KernelDimensionsUneven",
            f"Each dimension of the kernel needs an uneven number of elements; "
            f"it is {weights.shape[0]} x {weights.shape[1]}.",
        )
    return weights


def _padded(values: Any, depth: tuple[int, int], border: Any) -> Any:
    library = lazy if is_lazy(values) else np
    width = [(0, 0)] * (values.ndim - 2) + [(size, size) for size in depth]
    if is_number(border):
        return library.pad(values, width, mode="constant", constant_values=border)
    if border not in _PADDING:
        raise invalid("border", f"must be a number or one of {', '.join(_PADDING)}.")
    for axis, size in zip((-2, -1), depth, strict=True):
        if size:
            values = _extended(values, values.ndim + axis, size, _PADDING[border])
    return values


def _extended(values: Any, axis: int, size: int, mode: str) -> Any:
    """An axis continued by `size` at both ends, also by more pixels than there are."""
    places = np.pad(np.arange(values.shape[axis]), size, mode=cast("Any", mode))
    before, after = (
        values[(slice(None),) * axis + (beyond,)] for beyond in (places[:size], places[-size:])
    )
    return np.concatenate([before, values, after], axis=axis)


def _convolved(padded: Any, weights: Any, depth: tuple[int, int]) -> Any:
    """Convolve blocks with their neighbours, then cut off the padding."""
    full = weights.reshape((1,) * (padded.ndim - 2) + weights.shape)

    def convolve(block: Any) -> Any:
        return scipy.ndimage.convolve(block.astype(np.float64), full, mode="nearest")

    if is_lazy(padded):
        around = {padded.ndim - 2: depth[0], padded.ndim - 1: depth[1]}
        result = lazy.map_overlap(
            convolve,
            padded,
            depth=around,
            boundary="none",
            dtype=np.float64,
            meta=np.empty((), np.float64),
        )
    else:
        result = convolve(padded)
    rows, columns = (slice(size, -size or None) for size in depth)
    return result[..., rows, columns]
