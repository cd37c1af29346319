"""Masks: pixels replaced where another cube, or a polygon, says so.

Ours: the library's polygons lose their holes and parts. Specification: openEO processes
2.0.0-rc.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backends.errors import OpenEOError
from backends.processes.cubes import Cube, as_cube, labels, rebuilt, spatial_dimensions
from backends.processes.declaration import implements
from backends.processes.geometries import crs_of, inside
from backends.processes.resampling import align, apart, same_grid
from backends.processes.values import floating, invalid, is_lazy, is_null, is_number, lazy
from backends.processes.vectors import polygons_in


@implements("mask")
def mask(data: Cube, mask: Cube, replacement: Any = None) -> Cube:
    """`data` with `replacement` (no-data) where the mask is true or not zero.

    No-data in the mask replaces nothing. The mask is resampled to the grid of `data` if need
    be (nearest); dimensions that it lacks are masked for each label, others must have the
    same labels. Raises `IncompatibleDataCubes`, also for a mask that lies elsewhere.
    """
    cube, other = as_cube(data), as_cube(mask, "mask")
    if not same_grid(other, cube):
        if apart(other, cube):
            raise OpenEOError(
                "IncompatibleDataCubes",
                "The mask lies elsewhere: it has no place in common with the data.",
            )
        other = align(other, cube)
    _check_labels(cube, other)
    turned = other.transpose(*(name for name in cube.dims if name in other.dims))
    values = turned.data
    where = values != 0
    if values.dtype.kind == "f":
        where &= ~np.isnan(values)
    missing = tuple(axis for axis, name in enumerate(cube.dims) if name not in other.dims)
    return replace_where(cube, np.expand_dims(where, missing), replacement)


def _check_labels(cube: Cube, other: Cube) -> None:
    spatial = set(spatial_dimensions(cube))
    for name in other.dims:
        if name not in cube.dims:
            raise OpenEOError(
                "IncompatibleDataCubes",
                f"The mask has a dimension '{name}' that the data lack: reduce or drop it first.",
            )
        if name not in spatial and labels(cube, str(name)) != labels(other, str(name)):
            raise OpenEOError(
                "IncompatibleDataCubes",
                f"The mask has other labels than the data in the dimension '{name}'; "
                "drop the dimension to mask all of its labels.",
            )


def replace_where(cube: Cube, where: Any, replacement: Any) -> Cube:
    """The cube with pixels replaced; `where` has the axes of the cube or its last ones."""
    if (
        not is_null(replacement)
        and not is_number(replacement)
        and not isinstance(replacement, bool)
    ):
        raise invalid("replacement", "must be a number, a boolean or null.")
    values = floating(cube.data) if is_null(replacement) else cube.data
    number = math.nan if is_null(replacement) else float(replacement)
    if is_lazy(values) and not is_lazy(where):
        where = lazy.asarray(where)
    filled = np.where(where, np.array(number, dtype=values.dtype), values)
    return rebuilt(filled, cube.dims, cube.coords, cube)


@implements("mask_polygon")
def mask_polygon(data: Cube, mask: Any, replacement: Any = None, inside: bool = False) -> Cube:
    """`data` with `replacement` (no-data) outside of polygons (GeoJSON, vector cube), or inside.

    A pixel is inside if its centre is, or lies on the border. No-data stay no-data.
    """
    cube = as_cube(data)
    y, x = spatial_dimensions(cube)
    area = polygons_in(mask, crs_of(cube), "mask")
    turned = cube.transpose(..., y, x)
    covered = _covered(turned, area)
    where = (covered if inside else ~covered) & turned.notnull().data
    replaced = replace_where(turned, where, replacement)
    return replaced.transpose(*cube.dims)


def _covered(cube: Cube, area: Any) -> Any:
    return inside(cube, area)
