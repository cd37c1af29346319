"""Statistics of rectangular windows. Ours: the library has the definition alone.

Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import dask.array
import numpy as np

from backends.environment import Environment
from backends.errors import OpenEOError
from backends.processes.cubes import Cube, as_cube, rebuilt, single, spatial_dimensions
from backends.processes.declaration import implements
from backends.processes.values import Array, elements, floating, invalid, is_lazy

_CORNERS: Final = ("lower-left", "upper-left", "lower-right", "upper-right")


@implements("aggregate_spatial_window")
def aggregate_spatial_window(  # noqa: PLR0917  the parameters of openEO
    data: Cube,
    reducer: Callable[..., Any],
    size: Any,
    boundary: str = "pad",
    align: str = "upper-left",
    context: Any = None,
    *,
    environment: Environment,
) -> Cube:
    """One value for each window of `size` [x, y] pixels, labelled by the window's centre.

    Windows begin at the corner `align`; where they do not come out even, the cube is padded
    with no-data or trimmed. Raises `DimensionNotAvailable`, `NoDataAvailable` where trimming
    leaves nothing, and `ProcessGraphComplexity` for more padding than could be loaded.
    """
    cube = as_cube(data)
    y, x = spatial_dimensions(cube)
    width, height = _size(size)
    if boundary not in ("pad", "trim"):
        raise invalid("boundary", "must be one of pad, trim.")
    if align not in _CORNERS:
        raise invalid("align", f"must be one of {', '.join(_CORNERS)}.")
    vertical, horizontal = align.split("-")
    _check_padding(cube, (width, height), boundary, environment.limits.max_samples)
    turned = cube.transpose(..., y, x)
    values = floating(turned.data)
    labels: dict[Any, Any] = {}
    for name, axis, length, low in (
        (y, turned.ndim - 2, height, vertical == "lower"),
        (x, turned.ndim - 1, width, horizontal == "left"),
    ):
        missing = _missing(cube[name].values, length, trim=boundary == "trim", low=low)
        values = _fitted(values, axis, missing)
        labels[name] = (name, _centres(cube[name].values, length, missing))
    parts = _windows(values, height, width)
    field = single(reducer(data=Array(parts), context=context), parts.shape[1:], parts, "reducer")
    kept = {key: value for key, value in cube.coords.items() if not {y, x} & set(value.dims)}
    return rebuilt(field, turned.dims, {**kept, **labels}, cube).transpose(*cube.dims)


def _size(size: Any) -> tuple[int, int]:
    given = elements(size, "size")
    if len(given) != 2 or not all(isinstance(n, int) and n > 0 for n in given):
        raise invalid("size", "must be two whole numbers above 0: pixels along x and y.")
    return given[0], given[1]


def _check_padding(cube: Cube, size: tuple[int, int], boundary: str, allowed: int) -> None:
    """Raise `ProcessGraphComplexity` where a window alone is larger than any cube may be."""
    y, x = spatial_dimensions(cube)
    layers = cube.size // max(1, cube.sizes[y] * cube.sizes[x])
    padded = layers * max(size[1], cube.sizes[y]) * max(size[0], cube.sizes[x])
    if boundary == "pad" and padded > max(allowed, 4 * cube.size):
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"Padded to windows of that size the cube has {padded:,} values; at most {allowed:,} "
            "are possible. Choose a smaller 'size', or 'trim' as 'boundary'.",
        )


def _missing(labels: Any, size: int, *, trim: bool, low: bool) -> tuple[int, int]:
    """How many pixels to add before and after an axis, negative to take away.

    `low`: windows begin where the labels are lowest.
    """
    rest = len(labels) % size
    change = 0 if rest == 0 else (-rest if trim else size - rest)
    if len(labels) + change == 0:
        raise OpenEOError(
            "NoDataAvailable",
            f"Nothing is left after trimming: a window has {size} pixels, the cube {len(labels)}.",
        )
    ascending = bool(labels[0] <= labels[-1])
    return (0, change) if low == ascending else (change, 0)


def _fitted(values: Any, axis: int, missing: tuple[int, int]) -> Any:
    """A field with no-data added, or pixels taken away, at the ends of an axis."""
    if min(missing) < 0:
        kept = slice(-missing[0], values.shape[axis] + missing[1])
        return values[(slice(None),) * axis + (kept,)]
    added = [(0, 0)] * values.ndim
    added[axis] = missing
    library = dask.array if is_lazy(values) else np
    return library.pad(values, added, constant_values=np.nan)


def _centres(labels: Any, size: int, missing: tuple[int, int]) -> Any:
    """The labels of windows along an axis; beyond the cube pixels go on at its spacing."""
    step = float(labels[1] - labels[0]) if len(labels) > 1 else 0.0
    count = len(labels) + sum(missing)
    first = float(labels[0]) - missing[0] * step
    return (first + step * np.arange(count)).reshape(-1, size).mean(1)


def _windows(values: Any, height: int, width: int) -> Any:
    """A field [..., y, x] as [pixel of the window, ..., window in y, window in x]."""
    *others, rows, columns = values.shape
    library = dask.array if is_lazy(values) else np
    cut = values.reshape((*others, rows // height, height, columns // width, width))
    turned = library.moveaxis(cut, (-3, -1), (0, 1))
    return turned.reshape((height * width, *turned.shape[2:]))
