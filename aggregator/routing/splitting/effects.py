"""What processes do to data cubes, as far as their size and their dimensions go.

Every effect gives at least what comes out, never less: what is not known stays None, and a limit
that is not understood limits nothing. Source: openEO processes 2.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from aggregator.documents import is_number
from aggregator.routing.splitting.areas import geometries_in
from aggregator.routing.splitting.cubes import (
    NO_CUBE,
    UNKNOWN,
    Cube,
    Grid,
    Times,
)
from aggregator.routing.splitting.facts import DAY
from aggregator.routing.splitting.loading import (
    Call,
    cut,
    cut_in_time,
    load_collection,
    load_file,
    load_stac,
)

_PERIODS = {
    "hour": DAY / 24,
    "day": DAY,
    "week": 7 * DAY,
    "dekad": 8 * DAY,
    "month": 28 * DAY,
    "season": 89 * DAY,
    "tropical-season": 181 * DAY,
    "year": 365 * DAY,
    "decade": 3650 * DAY,
    "decade-ad": 3650 * DAY,
}
"""The shortest that each period can be, in seconds."""

_CONVENTION = {
    "x": "spatial",
    "y": "spatial",
    "t": "temporal",
    "time": "temporal",
    "bands": "bands",
    "band": "bands",
}


def _filter_bbox(call: Call) -> Cube:
    return cut(call.data, call.get("extent"))


def _filter_spatial(call: Call) -> Cube:
    return cut(call.data, call.get("geometries") or call.get("mask"))


def _filter_temporal(call: Call) -> Cube:
    return cut_in_time(call.data, call.get("extent"))


def _filter_bands(call: Call) -> Cube:
    bands, others = call.get("bands"), call.get("wavelengths")
    if isinstance(bands, list) and bands and not others:
        return replace(call.data, bands=len(bands), labels=tuple(map(str, bands)))
    return replace(call.data, labels=None)


def _same(call: Call) -> Cube:
    return call.data


def _reduce_dimension(call: Call) -> Cube:
    return _dropped(call.data, call.get("dimension"))


def _drop_dimension(call: Call) -> Cube:
    return _dropped(call.data, call.get("name"))


def _dropped(cube: Cube, name: object) -> Cube:
    if not isinstance(name, str):
        return replace(cube, kind="unknown", dimensions=None)
    left = cube.without(name)
    if cube.dimensions is not None and name not in cube.dimensions:
        return replace(left, dimensions=None)
    of_type = _CONVENTION.get(name) if cube.dimensions is None else cube.dimensions[name]
    return _counted(left, of_type, 1)


def _counted(cube: Cube, of_type: str | None, count: int | None) -> Cube:
    """The cube with so many labels along the dimension of a type."""
    if of_type == "bands":
        return replace(cube, bands=count, labels=None)
    if of_type == "temporal":
        return replace(cube, times=replace(cube.times, count=count))
    return cube


def _aggregate_temporal(call: Call) -> Cube:
    intervals = call.get("intervals")
    count = len(intervals) if isinstance(intervals, list) and intervals else None
    return _counted(call.data, "temporal", count)


def _aggregate_temporal_period(call: Call) -> Cube:
    step = _PERIODS.get(str(call.get("period")))
    times = Times(None, call.data.times.interval)
    if step is not None:
        times = times.every(step)
        if times.count is not None:
            times = replace(times, count=times.count + 1)
    return replace(call.data, times=times)


def _resample_spatial(call: Call) -> Cube:
    size, target = call.get("resolution"), call.get("projection")
    size = size if isinstance(size, list) else [size, size]
    grid = call.data.grid
    if len(size) == 2 and all(is_number(s) and s > 0 for s in size):
        degrees = _is_degrees(target) if target is not None else bool(grid and grid.degrees)
        return replace(call.data, grid=Grid(float(size[0]), float(size[1]), degrees))
    return call.data if size in ([0, 0], [None, None]) else replace(call.data, grid=None)


def _is_degrees(projection: object) -> bool:
    return str(projection).casefold() in {"4326", "epsg:4326", "4258", "epsg:4258"}


def _resample_cube_spatial(call: Call) -> Cube:
    target = call.cubes.get("target", UNKNOWN)
    return replace(call.data, grid=target.grid, area=target.area)


def _resample_cube_temporal(call: Call) -> Cube:
    return replace(call.data, times=call.cubes.get("target", UNKNOWN).times)


def _aggregate_spatial(call: Call) -> Cube:
    geometries = call.cubes.get("geometries")
    count = geometries_in(call.get("geometries")) if geometries is None else geometries.geometries
    data = call.data
    left = {n: k for n, k in (data.dimensions or {}).items() if k != "spatial"}
    dimensions = None if data.dimensions is None else {"geometries": "geometry", **left}
    return replace(data, kind="vector", dimensions=dimensions, geometries=count)


def _aggregate_spatial_window(call: Call) -> Cube:
    size, grid = call.get("size"), call.data.grid
    if not (isinstance(size, list) and len(size) == 2 and grid is not None):
        return call.data
    x, y = (float(s) if is_number(s) and s >= 1 else 1.0 for s in size)
    return replace(call.data, grid=replace(grid, x=grid.x * x, y=grid.y * y))


def _geometries(call: Call) -> Cube:
    return Cube("vector", {"geometries": "geometry"}, geometries=geometries_in(call.get("data")))


def _ndvi(call: Call) -> Cube:
    cube = call.data
    if call.get("target_band") is not None:
        return replace(cube, bands=None if cube.bands is None else cube.bands + 1, labels=None)
    names = [name for name, kind in (cube.dimensions or {}).items() if kind == "bands"]
    dropped = cube.without(names[0]) if len(names) == 1 else replace(cube, dimensions=None)
    return replace(dropped, bands=1, labels=None)


def _merge_cubes(call: Call) -> Cube:
    one, two = call.cubes.get("cube1", UNKNOWN), call.cubes.get("cube2", UNKNOWN)
    known = one.dimensions is not None and two.dimensions is not None
    return Cube(
        one.kind if one.kind == two.kind else "unknown",
        {**(one.dimensions or {}), **(two.dimensions or {})} if known else None,
        one.area.around(two.area) if one.area and two.area else None,
        one.grid.finer(two.grid, one.area) if one.grid else None,
        *_merged_bands(one, two),
        _merged_times(one, two),
        one.geometries if one.geometries == two.geometries else None,
    )


def _merged_bands(one: Cube, two: Cube) -> tuple[int | None, tuple[str, ...] | None]:
    counted = [cube for cube in (one, two) if cube.has("bands") is not False]
    if len(counted) == 2 and one.labels is not None and two.labels is not None:
        labels = tuple(dict.fromkeys([*one.labels, *two.labels]))
        return len(labels), labels
    counts = [cube.bands for cube in counted]
    if None in counts:
        return None, None
    return sum(filter(None, counts)) or 1, counted[0].labels if len(counted) == 1 else None


def _merged_times(one: Cube, two: Cube) -> Times:
    counted = [cube.times for cube in (one, two) if cube.has("temporal") is not False]
    if len(counted) < 2:
        return counted[0] if counted else Times(1)
    a, b = counted
    # Dates that only one of them has are kept.
    count = None if a.count is None or b.count is None else a.count + b.count
    interval = None
    if a.interval is not None and b.interval is not None:
        start, end = min(a.interval.start, b.interval.start), max(a.interval.end, b.interval.end)
        interval = type(a.interval)(start, end)
    return Times(a.count if a == b else count, interval)


def _apply_dimension(call: Call) -> Cube:
    cube, source, target = call.data, call.get("dimension"), call.get("target_dimension")
    if not isinstance(source, str):
        return replace(cube, dimensions=None)
    if target is None or target == source:
        known = cube.dimensions or _CONVENTION
        return _counted(cube, known.get(source), None) if call.has_code() else cube
    if not isinstance(target, str):
        return replace(cube, dimensions=None)
    dropped = _dropped(cube, source)
    if dropped.dimensions is None:
        return dropped
    of_type = dropped.dimensions.get(target, "other")
    return _counted(
        replace(dropped, dimensions={**dropped.dimensions, target: of_type}), of_type, None
    )


def _add_dimension(call: Call) -> Cube:
    name, of_type = call.get("name"), call.get("type") or "other"
    if call.data.dimensions is None or not isinstance(name, str):
        return replace(call.data, dimensions=None)
    cube = replace(call.data, dimensions={**call.data.dimensions, name: str(of_type)})
    return _counted(cube, str(of_type), 1)


def _rename_dimension(call: Call) -> Cube:
    source, target, known = call.get("source"), call.get("target"), call.data.dimensions
    if known is None or not (isinstance(source, str) and isinstance(target, str)):
        return replace(call.data, dimensions=None)
    if source not in known:
        return replace(call.data, dimensions=None)
    renamed = {target if name == source else name: kind for name, kind in known.items()}
    return replace(call.data, dimensions=renamed)


def _relabelled(call: Call) -> Cube:
    return replace(call.data, labels=None)


def _reshaped(call: Call) -> Cube:
    return Cube(call.data.kind)


def _no_pixels(call: Call) -> Cube:
    kept = {n: k for n, k in (call.data.dimensions or {}).items() if k != "spatial"}
    return replace(call.data, kind="other", dimensions=kept or None)


def _no_cube(_call: Call) -> Cube:
    return NO_CUBE


Effect = Callable[[Call], Cube]

EFFECTS: Mapping[str, Effect] = {
    "load_collection": load_collection,
    "load_stac": load_stac,
    "load_result": load_stac,
    "load_uploaded_files": load_file,
    "load_url": load_file,
    "load_geojson": _geometries,
    "filter_bbox": _filter_bbox,
    "filter_spatial": _filter_spatial,
    "filter_temporal": _filter_temporal,
    "filter_bands": _filter_bands,
    "filter_labels": _relabelled,
    "rename_labels": _relabelled,
    "mask": _same,
    "mask_polygon": _same,
    "mask_scl_dilation": _same,
    "apply": _same,
    "apply_kernel": _same,
    "apply_neighborhood": _same,
    "apply_polygon": _same,
    "apply_dimension": _apply_dimension,
    "anomaly": _same,
    "linear_scale_range": _no_cube,
    "reduce_dimension": _reduce_dimension,
    "drop_dimension": _drop_dimension,
    "add_dimension": _add_dimension,
    "rename_dimension": _rename_dimension,
    "flatten_dimensions": _reshaped,
    "unflatten_dimension": _reshaped,
    "reduce_spatial": _no_pixels,
    "aggregate_temporal": _aggregate_temporal,
    "aggregate_temporal_period": _aggregate_temporal_period,
    "aggregate_spatial": _aggregate_spatial,
    "aggregate_spatial_window": _aggregate_spatial_window,
    "resample_spatial": _resample_spatial,
    "resample_cube_spatial": _resample_cube_spatial,
    "resample_cube_temporal": _resample_cube_temporal,
    "ndvi": _ndvi,
    "merge_cubes": _merge_cubes,
    "save_result": _no_cube,
    "export_workspace": _no_cube,
}
"""The effect of each process that is known, by its id."""
