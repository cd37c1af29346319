"""Processes over parts of cubes: windows and polygons.

Ours: the library has neither by these names. The callback is called when a part is computed,
with a cube in memory. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
import xarray as xr

from backends.errors import OpenEOError
from backends.processes.cubes import (
    Cube,
    as_cube,
    coordinates_without,
    dimension_type,
    existing,
    instants,
    rebuilt,
    spatial_dimensions,
)
from backends.processes.declaration import implements
from backends.processes.geometries import crs_of, inside, rasterized, within_box
from backends.processes.masks import replace_where
from backends.processes.resampling import spacing
from backends.processes.values import floating, invalid, is_lazy, is_null, is_number, lazy
from backends.processes.vectors import features_in
from backends.products import METRES_PER_DEGREE

_DURATION: Final = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_SECONDS: Final = (365.25 * 86400, 30.4375 * 86400, 7 * 86400, 86400, 3600, 60, 1)
MAX_WINDOWS: Final = 100_000


@dataclass(frozen=True)
class _Window:
    """The windows along one dimension: their lengths, the overlap, and all labels that they
    see, with those beyond the border. `whole`: there is a single one of all labels."""

    name: str
    lengths: tuple[int, ...]
    overlap: int
    labels: Any
    whole: bool

    def seen(self, number: int) -> Any:
        """The labels of a window with its overlap."""
        start = sum(self.lengths[:number])
        return self.labels[start : start + self.lengths[number] + 2 * self.overlap]

    @property
    def padded(self) -> int:
        return sum(self.lengths)


@implements("apply_neighborhood")
def apply_neighborhood(
    data: Cube,
    process: Callable[..., Any],
    size: Any,
    overlap: Any = None,
    context: Any = None,
) -> Cube:
    """A process applied to windows of the cube, each with its overlap, as cubes.

    Windows are full at the borders too: beyond the cube all is no-data. A dimension without
    a size is in each window as a whole, and the process may give other labels there. Units:
    `px` counts labels, `m` are metres; without one numbers count in units of the CRS (labels
    in dimensions that are not spatial), texts are durations. What the process gives for the
    overlap is dropped. Raises `DimensionNotAvailable`, `DataCubePropertiesImmutable`.
    """
    cube = as_cube(data)
    sizes, overlaps = _measures(cube, size, "size"), _measures(cube, overlap or [], "overlap")
    windows = [_windows(cube, str(name), sizes, overlaps) for name in cube.dims]
    if math.prod(len(window.lengths) for window in windows) > MAX_WINDOWS:
        raise invalid("size", f"cuts the cube into more than {MAX_WINDOWS} windows.")
    values = _overlapping(cube, windows)
    work = _Work(process, context, tuple(windows), cube)
    first = work.on_block(_first(values, windows), (0,) * cube.ndim)
    chunks = tuple(
        (first.sizes[window.name],) if window.whole else window.lengths for window in windows
    )

    def on_block(block: Any, block_info: Any = None) -> Any:
        found = work.on_block(np.asarray(block), block_info[0]["chunk-location"])
        return found.values.astype(values.dtype, copy=False)

    field = values.map_blocks(
        on_block, dtype=values.dtype, chunks=chunks, meta=np.empty((0,) * cube.ndim, values.dtype)
    )
    cropped = field[
        tuple(
            slice(None) if window.whole else slice(0, cube.sizes[window.name]) for window in windows
        )
    ]
    coords = dict(cube.coords)
    for window in windows:
        if window.whole and _changed(first, cube, window.name):
            coords = coordinates_without(rebuilt(cube.data, cube.dims, coords, cube), window.name)
            coords[window.name] = first[window.name].variable
    return rebuilt(cropped, cube.dims, coords, cube)


def _changed(result: Cube, cube: Cube, name: str) -> bool:
    if name not in result.coords:
        return result.sizes[name] != cube.sizes[name]
    return name not in cube.coords or not np.array_equal(
        result.coords[name].values, cube.coords[name].values
    )


def _measures(cube: Cube, listed: Any, parameter: str) -> dict[str, int | float | None]:
    """Dimension -> number of labels, or seconds (as float) for durations; None for all."""
    if not isinstance(listed, list):
        raise invalid(parameter, "must be a list of objects with `dimension` and `value`.")
    found: dict[str, int | float | None] = {}
    for item in listed:
        if not isinstance(item, Mapping) or "dimension" not in item:
            raise invalid(parameter, "must be a list of objects with `dimension` and `value`.")
        name = existing(cube, item["dimension"])
        found[name] = _measure(cube, name, item.get("value"), item.get("unit"), parameter)
    return found


def _measure(cube: Cube, name: str, value: Any, unit: Any, parameter: str) -> int | float | None:
    if value is None:
        return None
    if isinstance(value, str):
        if dimension_type(cube, name) != "temporal":
            raise invalid(parameter, f"gives a duration for '{name}', which is not temporal.")
        return _seconds(value, parameter)
    if not is_number(value) or value < 0:
        raise invalid(parameter, "must give numbers (0 or more), durations or null.")
    if unit not in (None, "px", "m"):
        raise invalid(parameter, f"has a unit {unit!r}; possible are 'px' and 'm'.")
    if unit == "px" or dimension_type(cube, name) != "spatial":
        if unit == "m":
            raise invalid(parameter, f"gives metres for '{name}', which is not spatial.")
        return int(value)
    step = spacing(cube[name].values) or 1.0
    scale = METRES_PER_DEGREE if unit == "m" and crs_of(cube).is_geographic else 1.0
    return round(float(value) / (step * scale))


def _seconds(text: str, parameter: str) -> float:
    parts = _DURATION.fullmatch(text)
    seconds = (
        sum(
            float(number or 0) * unit for number, unit in zip(parts.groups(), _SECONDS, strict=True)
        )
        if parts
        else 0.0
    )
    if not seconds > 0:
        raise invalid(parameter, f"has a duration {text!r}; one is written like 'P10D'.")
    return seconds


def _windows(
    cube: Cube, name: str, sizes: Mapping[str, Any], overlaps: Mapping[str, Any]
) -> _Window:
    size, overlap = sizes.get(name), overlaps.get(name) or 0
    labels = cube[name].values if name in cube.coords else np.arange(cube.sizes[name])
    length = len(labels)
    if isinstance(overlap, float):
        moments = instants(cube, name)
        steps = np.diff(moments).astype("timedelta64[s]").astype(float)
        overlap = math.ceil(overlap / max(float(np.median(steps)) if len(steps) else 1.0, 1.0))
    if size is None:
        return _Window(name, (length,), overlap, _extended(labels, overlap, 0), overlap == 0)
    if isinstance(size, float):
        lengths = _spans(instants(cube, name), size)
    else:
        lengths = _even(length, max(size, 1), full=dimension_type(cube, name) == "spatial")
    if overlap > min(lengths):
        raise invalid("overlap", f"is larger than a window along '{name}'.")
    labels = _extended(labels, overlap, sum(lengths) - length)
    return _Window(name, lengths, overlap, labels, False)


def _even(length: int, size: int, *, full: bool) -> tuple[int, ...]:
    """Windows of a size; the last one is full, or what is left."""
    count = math.ceil(length / size)
    if full:
        return (size,) * count
    return (*(size,) * (count - 1), length - size * (count - 1))


def _spans(moments: Any, seconds: float) -> tuple[int, ...]:
    """How many instants lie in each span, counted from the first one; empty ones left out."""
    since = (moments - moments[0]).astype("timedelta64[ns]").astype(np.int64) / 1e9
    _spans_with, counts = np.unique(since // seconds, return_counts=True)
    return tuple(int(count) for count in counts)


def _extended(labels: Any, overlap: int, more: int) -> Any:
    """Labels that go on beyond the border: regularly for numbers, as NaT or empty text else."""
    before, after = overlap, overlap + more
    if labels.dtype.kind in "iuf" and len(labels) > 1:
        step = (labels[-1] - labels[0]) / (len(labels) - 1)
        head = labels[0] - step * np.arange(before, 0, -1)
        tail = labels[-1] + step * np.arange(1, after + 1)
    elif labels.dtype.kind == "M":
        head, tail = (np.full(count, np.datetime64("NaT")) for count in (before, after))
    else:
        head, tail = (np.full(count, labels[:1]) for count in (before, after))
    return np.concatenate([head, labels, tail]) if before or after else labels


def _overlapping(cube: Cube, windows: list[_Window]) -> Any:
    """The values as one block per window, with its overlap; no-data beyond the border."""
    values = floating(lazy.asarray(cube.data))
    more = [(0, window.padded - cube.sizes[window.name]) for window in windows]
    if any(after for _, after in more):
        values = lazy.pad(values, more, mode="constant", constant_values=np.nan)
    values = values.rechunk(tuple(window.lengths for window in windows))
    depth = {axis: window.overlap for axis, window in enumerate(windows)}
    if not any(depth.values()):
        return values
    nothing = dict.fromkeys(depth, np.nan)
    return lazy.overlap.overlap(values, depth=depth, boundary=nothing, allow_rechunk=False)


def _first(values: Any, windows: list[_Window]) -> Any:
    return values.blocks[(0,) * len(windows)].compute()


@dataclass(frozen=True)
class _Work:
    """What is done with each window."""

    process: Callable[..., Any]
    context: Any
    windows: tuple[_Window, ...]
    cube: Cube

    def on_block(self, block: Any, place: tuple[int, ...]) -> Cube:
        """The result for one window without its overlap."""
        coords = {
            key: value
            for key, value in self.cube.coords.items()
            if not value.dims and key not in self.cube.dims
        }
        for window, number in zip(self.windows, place, strict=True):
            coords[window.name] = self._labels(window, number)
        part = rebuilt(block, self.cube.dims, coords, self.cube)
        found = as_cube(self.process(data=part, context=self.context), "process").compute()
        if set(found.dims) != set(self.cube.dims):
            raise OpenEOError(
                "DataCubePropertiesImmutable",
                f"The process must keep the dimensions {', '.join(map(str, self.cube.dims))}, "
                f"not give {', '.join(map(str, found.dims)) or 'none'}.",
            )
        found = found.transpose(*self.cube.dims)
        for window, number in zip(self.windows, place, strict=True):
            found = _cropped(found, window, number)
        return found

    def _labels(self, window: _Window, number: int) -> Any:
        known = self.cube.coords.get(window.name)
        attributes = {} if known is None else known.attrs
        return xr.Variable((window.name,), window.seen(number), attributes)


def _cropped(found: Cube, window: _Window, number: int) -> Cube:
    length = found.sizes[window.name]
    wanted = window.lengths[number]
    if window.whole or length == wanted:
        return found
    if length != wanted + 2 * window.overlap:
        raise OpenEOError(
            "DataCubePropertiesImmutable",
            f"The process must give {wanted + 2 * window.overlap} labels along "
            f"'{window.name}', as it was given, not {length}.",
        )
    return found.isel({window.name: slice(window.overlap, window.overlap + wanted)})


@implements("apply_polygon")
def apply_polygon(
    data: Cube,
    process: Callable[..., Any],
    polygons: Any = None,
    mask_value: Any = None,
    *,
    context: Any = None,
    geometries: Any = None,
) -> Cube:
    """A process applied to the pixels of each polygon, as a cube of the box around it.

    Pixels whose centre is outside of the polygon are `mask_value` there. The process keeps
    dimensions and numbers of labels. Pixels in no polygon become no-data. Raises
    `GeometriesOverlap` if a pixel is in several polygons.
    """
    cube = as_cube(data)
    y, x = spatial_dimensions(cube)
    if (polygons is None) == (geometries is None):
        raise OpenEOError(
            "ProcessParameterRequired", "Exactly one of 'geometries' and 'polygons' is needed."
        )
    given = geometries if polygons is None else polygons
    areas = [
        feature.shape
        for feature in features_in(given, crs_of(cube), "polygons")
        if feature.shape.geom_type in {"Polygon", "MultiPolygon"}
    ]
    if not areas:
        raise invalid("polygons", "holds no polygon.")
    turned = cube.transpose(..., y, x)
    _check_overlaps(areas, turned[y].values, turned[x].values)
    values = floating(turned.data)
    result = (lazy.full if is_lazy(values) else np.full)(values.shape, np.nan, dtype=values.dtype)
    for area in areas:
        _apply_within(turned, area, process, mask_value, context, result=result)
    return rebuilt(result, turned.dims, turned.coords, cube).transpose(*cube.dims)


def _apply_within(
    cube: Cube,
    area: Any,
    process: Callable[..., Any],
    mask_value: Any,
    context: Any,
    *,
    result: Any,
) -> None:
    """Compute one polygon and put its pixels into the result."""
    y, x = cube.dims[-2:]
    try:
        part = within_box(cube, area.bounds)
    except OpenEOError:
        return
    covered = inside(part, area)
    masked = replace_where(part, ~covered, None if is_null(mask_value) else mask_value)
    found = as_cube(process(data=masked, context=context), "process")
    if dict(found.sizes) != dict(part.sizes):
        raise OpenEOError(
            "DataCubePropertiesImmutable",
            f"The process must give a cube of {dict(part.sizes)}, not {dict(found.sizes)}.",
        )
    down, across = (
        slice(
            start := int(np.flatnonzero(cube[name].values == part[name].values[0])[0]),
            start + part.sizes[name],
        )
        for name in (y, x)
    )
    computed = found.transpose(*part.dims).data
    library = lazy if is_lazy(result) else np
    where = covered if is_lazy(result) else np.asarray(covered)
    result[..., down, across] = library.where(where, computed, result[..., down, across])


def _check_overlaps(areas: list[Any], rows: Any, columns: Any) -> None:
    """Raises `GeometriesOverlap` if the centre of a pixel lies in two polygons."""
    tree = shapely.STRtree(areas)
    for one, other in zip(*tree.query(areas, predicate="intersects"), strict=True):
        if one >= other:
            continue
        west, south, east, north = areas[one].intersection(areas[other]).bounds
        near_rows = rows[(rows >= south) & (rows <= north)]
        near_columns = columns[(columns >= west) & (columns <= east)]
        if not len(near_rows) or not len(near_columns):
            continue
        both = [rasterized(areas[index], near_rows, near_columns) for index in (one, other)]
        if np.logical_and(*both).any():
            raise OpenEOError(
                "GeometriesOverlap",
                f"The polygons {one} and {other} (counted from 0) have pixels in common.",
            )
