"""Cubes on other grids in space and time.

Warping is odc-geo's (GDAL), lazily; no-data stays out of it. Ours: the library takes
metres for degrees and drops labels. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import odc.geo.xr  # noqa: F401  gives cubes their `odc`
import pyproj
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox

from backends.environment import Environment
from backends.errors import OpenEOError
from backends.processes.cubes import (
    Cube,
    as_cube,
    instants,
    names_of_type,
    rebuilt,
    spatial_dimensions,
    temporal_dimension,
)
from backends.processes.declaration import implements
from backends.processes.geometries import crs_of, user_crs
from backends.processes.values import floating, invalid, is_lazy, is_number, lazy, whole

_METHODS: Final = {
    "average": "average",
    "bilinear": "bilinear",
    "cubic": "cubic",
    "cubicspline": "cubic_spline",
    "lanczos": "lanczos",
    "max": "max",
    "med": "med",
    "min": "min",
    "mode": "mode",
    "near": "nearest",
    "q1": "q1",
    "q3": "q3",
    "rms": "rms",
    "sum": "sum",
}
_CORNERS: Final = ("lower-left", "upper-left", "lower-right", "upper-right")
_TOLERANCE: Final = 1e-3
"""Part of a pixel by which grids may differ and still count as the same."""


def spacing(values: Any) -> float:
    """The distance of neighbouring pixels along an axis; NaN for a single one."""
    return abs(float(values[-1] - values[0])) / (len(values) - 1) if len(values) > 1 else math.nan


def pixel_size(cube: Cube, name: str) -> float:
    """The distance of pixels along an axis; for a single one that along the other axis."""
    own = spacing(cube[name].values)
    axes = [axis for axis in names_of_type(cube, "spatial") if axis != name]
    return own if own > 0 or len(axes) != 1 else spacing(cube[axes[0]].values)


def same_grid(one: Cube, other: Cube) -> bool:
    """Whether two cubes have the same pixels: CRS, x and y."""
    if crs_of(one) != crs_of(other):
        return False
    pairs = zip(spatial_dimensions(one), spatial_dimensions(other), strict=True)
    return all(_same_axis(one[a].values, other[b].values) for a, b in pairs)


def _same_axis(one: Any, other: Any) -> bool:
    if len(one) != len(other):
        return False
    step = spacing(one)
    allowed = _TOLERANCE * step if step > 0 else 1e-9
    return bool(np.all(np.abs(one - other) <= allowed))


def align(cube: Cube, target: Cube, method: str = "near") -> Cube:
    """A cube on the pixels of another one; no-data where it has none."""
    y, x = spatial_dimensions(cube)
    target_y, target_x = spatial_dimensions(target)
    wanted = {y: target[target_y].values, x: target[target_x].values}
    if same_grid(cube, target):
        return cube.assign_coords(wanted)
    if method == "near" and crs_of(cube) == crs_of(target):
        return _nearest(cube, wanted)
    warped = warp(cube, _geobox(target, "target"), method)
    return warped.assign_coords(wanted)


def apart(cube: Cube, target: Cube) -> bool:
    """Whether two cubes have no place in common."""
    if crs_of(cube) != crs_of(target):
        return _apart(_geobox(cube, "data"), _geobox(target, "target"))
    pairs = zip(spatial_dimensions(cube), spatial_dimensions(target), strict=True)
    return any(
        _ends_before(one, other) or _ends_before(other, one)
        for one, other in ((_edges(cube[a].values), _edges(target[b].values)) for a, b in pairs)
    )


def _edges(centres: Any) -> tuple[float, float]:
    half = spacing(centres) / 2 if len(centres) > 1 else 0.0
    return float(centres.min()) - half, float(centres.max()) + half


def _ends_before(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] < other[0]


def _apart(box: GeoBox, target: GeoBox) -> bool:
    footprint = box.footprint(str(target.crs), 2)
    return bool(footprint.is_empty or footprint.disjoint(target.extent))


def _nearest(cube: Cube, wanted: dict[str, Any]) -> Cube:
    """The nearest pixel for each wanted centre that lies inside of one."""
    floated = rebuilt(floating(cube.data), cube.dims, cube.coords, cube)
    for name, values in wanted.items():
        step = pixel_size(cube, name)
        reach = step / 2 * (1 + _TOLERANCE) if step > 0 else None
        floated = floated.reindex({name: values}, method="nearest", tolerance=reach)
    return floated


def _geobox(cube: Cube, parameter: str) -> GeoBox:
    y, x = spatial_dimensions(cube)
    rows, columns = cube[y].values, cube[x].values
    if len(rows) < 2 or len(columns) < 2:
        raise invalid(parameter, "needs at least 2 x 2 pixels to be resampled.")
    step_x, step_y = columns[1] - columns[0], rows[1] - rows[0]
    corner = Affine.translation(columns[0] - step_x / 2, rows[0] - step_y / 2)
    shape = (len(rows), len(columns))
    return GeoBox(shape, corner @ Affine.scale(step_x, step_y), crs_of(cube).to_wkt())


def warp(cube: Cube, target: GeoBox, method: str) -> Cube:
    """A cube warped to a grid; dimensions keep their names, order and other labels."""
    if method not in _METHODS:
        raise invalid("method", f"must be one of {', '.join(_METHODS)}.")
    y, x = spatial_dimensions(cube)
    box = _geobox(cube, "data")
    others = [name for name in cube.dims if name not in (y, x)]
    turned = cube.transpose(*others, y, x).rename({y: "y", x: "x"})
    turned = rebuilt(floating(turned.data), turned.dims, turned.coords, cube)
    shape = (*turned.shape[:-2], *target.shape)
    if _apart(box, target):  # what warps is only made for cubes that meet
        values, (rows, columns) = _nothing(shape, turned), _centres(target)
    else:
        plain = turned.drop_vars([name for name in turned.coords if name not in ("x", "y")])
        flat = _flattened(plain, len(others)).odc.assign_crs(crs_of(cube).to_wkt())
        warped = flat.odc.reproject(
            target, resampling=_METHODS[method], dst_nodata=math.nan, always_yx=True
        )
        values = warped.data.reshape(shape)
        rows, columns = warped["y"].values, warped["x"].values
    kept: dict[Any, Any] = {
        key: value
        for key, value in cube.coords.items()
        if not {y, x} & set(value.dims) and key != "spatial_ref"
    }
    grid: dict[Any, Any] = {y: (y, rows), x: (x, columns)}
    result = rebuilt(values, (*others, y, x), {**kept, **grid}, cube).transpose(*cube.dims)
    located: Cube = result.rio.write_crs(pyproj.CRS(target.crs).to_wkt())
    return located


def _nothing(shape: tuple[int, ...], like: Cube) -> Any:
    library = lazy if is_lazy(like.data) else np
    return library.full(shape, math.nan, dtype=like.dtype)


def _centres(box: GeoBox) -> tuple[Any, Any]:
    """Where the rows and columns of pixels are."""
    across, _, left, _, down, top, *_ = box.transform
    height, width = box.shape
    return top + down * (np.arange(height) + 0.5), left + across * (np.arange(width) + 0.5)


def _flattened(cube: Cube, extra: int) -> Cube:
    """All dimensions but y and x as one."""
    if extra == 0:
        return cube
    values = cube.data.reshape((-1, *cube.shape[-2:]))
    coords = {"y": cube["y"], "x": cube["x"]}
    return xr.DataArray(values, dims=("layer", "y", "x"), coords=coords)


@implements("resample_spatial")
def resample_spatial(
    data: Cube,
    resolution: Any = 0,
    projection: Any = None,
    method: str = "near",
    align: str = "upper-left",
    *,
    environment: Environment,
) -> Cube:
    """x and y on a grid of another resolution (0: as before) and perhaps another CRS.

    The resolution is in units of the CRS, one number or [x, y], of which one may be 0 too;
    pixels start from the corner `align`. Raises `DimensionNotAvailable`, and
    `ProcessGraphComplexity` for more values than a collection may load.
    """
    cube = as_cube(data)
    if align not in _CORNERS:
        raise invalid("align", f"must be one of {', '.join(_CORNERS)}.")
    spatial_dimensions(cube)
    steps = _resolution(resolution)
    target = None if projection is None else user_crs(projection, "projection")
    if target is None or target == crs_of(cube):
        if steps is None:
            return cube
        box = _geobox(cube, "data")
    else:
        box = _geobox(cube, "data").to_crs(target.to_wkt())
    if steps is not None:
        own = (abs(box.transform.a), abs(box.transform.e))
        steps = (steps[0] or own[0], steps[1] or own[1])
        layers = cube.size // max(1, math.prod(box_sizes(cube)))
        _check_size(box, steps, layers, environment.limits.max_samples)
        box = _refined(box, steps, align)
    return warp(cube, box, method)


def box_sizes(cube: Cube) -> tuple[int, int]:
    """The numbers of rows and columns."""
    y, x = spatial_dimensions(cube)
    return cube.sizes[y], cube.sizes[x]


def _check_size(box: GeoBox, steps: tuple[float, float], layers: int, allowed: int) -> None:
    bounds = box.boundingbox
    width = math.ceil((bounds.right - bounds.left) / steps[0])
    height = math.ceil((bounds.top - bounds.bottom) / steps[1])
    if width * height * layers > allowed:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The resolution asks for {width} x {height} pixels in {layers} layers, "
            f"which is {width * height * layers} values; at most {allowed} are possible.",
        )


def _resolution(resolution: Any) -> tuple[float, float] | None:
    pair = resolution if isinstance(resolution, list) else [resolution, resolution]
    if len(pair) != 2 or not all(is_number(step) and step >= 0 for step in pair):
        raise invalid("resolution", "must be a number or two numbers, not negative.")
    return (float(pair[0]), float(pair[1])) if any(pair) else None


def _refined(box: GeoBox, steps: tuple[float, float], align: str) -> GeoBox:
    """A grid of other steps over the same area, with its pixels starting from a corner."""
    step_x, step_y = steps
    bounds = box.boundingbox
    height = max(1, math.ceil((bounds.top - bounds.bottom) / step_y - _TOLERANCE))
    width = max(1, math.ceil((bounds.right - bounds.left) / step_x - _TOLERANCE))
    vertical, horizontal = align.split("-")
    left = bounds.left if horizontal == "left" else bounds.right - width * step_x
    top = bounds.top if vertical == "upper" else bounds.bottom + height * step_y
    corner = Affine.translation(left, top)
    return GeoBox((height, width), corner @ Affine.scale(step_x, -step_y), box.crs)


@implements("resample_cube_spatial")
def resample_cube_spatial(data: Cube, target: Cube, method: str = "near") -> Cube:
    """x and y on the pixels of another cube; all other dimensions stay.

    Raises `DimensionNotAvailable`.
    """
    return align(as_cube(data), as_cube(target, "target"), method)


@implements("resample_cube_temporal")
def resample_cube_temporal(
    data: Cube, target: Cube, dimension: str | None = None, valid_within: float | None = None
) -> Cube:
    """The nearest date (the earlier of two) for each date of another cube.

    With `valid_within` the nearest valid value of each pixel within so many days, or no-data.
    Raises `DimensionNotAvailable`,
    `TooManyDimensions`.
    """
    cube, other = as_cube(data), as_cube(target, "target")
    name = temporal_dimension(cube, dimension)
    wanted_name = name if name in other.dims else temporal_dimension(other)
    present, wanted = instants(cube, name), instants(other, wanted_name)
    distance = np.abs(wanted[:, np.newaxis] - present[np.newaxis, :])
    orders = [np.lexsort((present, far)) for far in distance]
    chosen = [order[0] for order in orders]
    result = cube.isel({name: chosen}).assign_coords({name: other[wanted_name].values})
    if valid_within is None:
        return result
    reach = np.timedelta64(round(valid_within * 86_400_000), "ms")
    turned = cube.transpose(name, ...)
    near = [order[far[order] <= reach] for order, far in zip(orders, distance, strict=True)]
    values = whole(floating(turned.data), partial(_first_valid, near), length=len(near))
    return result.transpose(*turned.dims).copy(data=values).transpose(*cube.dims)


def _first_valid(places: Sequence[Any], block: Any) -> Any:
    """For each list of places along axis 0 the first valid value, in each pixel."""
    found = np.full((len(places), *block.shape[1:]), math.nan, dtype=block.dtype)
    for field, listed in zip(found, places, strict=True):
        for place in reversed(listed):
            np.copyto(field, block[place], where=np.isfinite(block[place]))
    return found
