"""Properties in space: extents, polygons and grids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scripts.self_review.cubes import Cubes, Raster, needs
from scripts.self_review.graphs import callback, graph, node, of
from scripts.self_review.properties.holding import (
    UnfitError,
    accepted,
    holds,
    json_of,
)
from scripts.self_review.shapes import polygon, vector_format

if TYPE_CHECKING:
    import numpy as np

    Values = np.ndarray[Any, np.dtype[np.float64]]

Window = tuple[float, float, float, float]
"""A part of a raster, in shares of it: west, north, east, south."""
WEST: Final[Window] = (0.1, 0.1, 0.4, 0.9)
EAST: Final[Window] = (0.6, 0.0, 1.0, 1.0)
MIDDLE: Final[Window] = (0.3, 0.3, 0.7, 0.7)
CORNER: Final[Window] = (0.0, 0.0, 0.1, 0.1)
PLACES: Final = frozenset({"geometry", "coordinates", "bbox"})


@holds("load_collection", "the raster covers the extent that was asked for, and not much more")
def what_was_asked_for_is_loaded(data: Cubes) -> list[str]:
    base = data.base()
    bands = len(data.sample.bands)
    problems = []
    if bands and base.shape[0] != bands:
        problems.append(f"{base.shape[0]} bands came, not {bands}")
    asked = tuple(data.sample.extent.values())
    found = _in_degrees(base)
    slack = data.sample.size * 0.15 + 2 * (found[2] - found[0]) / base.shape[2]
    if any(abs(a - b) > slack for a, b in zip(found, asked, strict=True)):
        problems.append(f"{_said(found)} came, not {_said(asked)}")
    return problems


def _in_degrees(raster: Raster) -> tuple[float, ...]:
    if not raster.crs:
        raise UnfitError("the raster says no reference system")
    warp = needs("rasterio.warp")
    return tuple(warp.transform_bounds(raster.crs, "EPSG:4326", *raster.bounds))


def _said(bounds: tuple[float, ...]) -> str:
    return "/".join(f"{one:.4f}" for one in bounds)


@holds("filter_bbox", "the values inside stay as they are, and what is outside goes")
def a_box_keeps_what_is_inside(data: Cubes) -> list[str]:
    box = data.sample.extent
    half = {**box, "east": (box["west"] + box["east"]) / 2}
    found = data.on_mean("filter_bbox", node("filter_bbox", data=of("mean"), extent=half))
    return _part(data.base(), found, WEST, EAST)


@holds("filter_spatial", "the values in a polygon stay as they are, and others go")
def a_polygon_keeps_what_is_inside(data: Cubes) -> list[str]:
    step = node("filter_spatial", data=of("mean"), geometries=polygon(data))
    return _part(data.base(), data.on_mean("filter_spatial", step), MIDDLE, CORNER)


@holds("mask_polygon", "the values in a polygon stay as they are, and others go")
def a_polygon_masks_what_is_outside(data: Cubes) -> list[str]:
    step = node("mask_polygon", data=of("mean"), mask=polygon(data))
    return _part(data.base(), data.on_mean("mask_polygon", step), MIDDLE, CORNER)


def _part(base: Raster, found: Raster, kept: Window, gone: Window) -> list[str]:
    """Whether a raster is a part of the other: the one window as it was, no data in the other."""
    import numpy as np

    whole = _in_place(base, found)
    if whole is None:
        return [f"{_said(found.bounds)} is no part of {_said(base.bounds)} on the same grid"]
    inside, wanted = _window(whole, kept), _window(base.values, kept)
    wrong = int((~np.isclose(inside, wanted, rtol=1e-4, atol=1e-5, equal_nan=True)).sum())
    left = int(np.isfinite(_window(whole, gone)).sum())
    problems = [f"{wrong:,} of {wanted.size:,} values inside are not as before"] if wrong else []
    return [*problems, f"{left:,} values outside are there yet"] if left else problems


def _window(values: Values, shares: Window) -> Values:
    rows, columns = values.shape[1:]
    west, north, east, south = shares
    return values[
        :, int(north * rows) : round(south * rows), int(west * columns) : round(east * columns)
    ]


def _in_place(base: Raster, found: Raster) -> Values | None:
    """The values of a part where they lie in the whole; None if it is not on its grid."""
    import numpy as np

    width, height = base.pixel
    across = (found.bounds[0] - base.bounds[0]) / width
    down = (base.bounds[3] - found.bounds[3]) / height
    x, y = round(across), round(down)
    bands, rows, columns = found.shape
    whole = np.full_like(base.values, np.nan)
    place = whole[:, y : y + rows, x : x + columns] if min(x, y) >= 0 else whole[:0]
    if place.shape != (bands, rows, columns) or max(abs(across - x), abs(down - y)) > 0.05:
        return None
    place[:] = found.values
    return whole


def _coarser(data: Cubes) -> dict[str, Any]:
    """The node that makes pixels twice as wide."""
    width = data.base().pixel[0] * 2
    return node("resample_spatial", data=of("mean"), resolution=width, method="near")


@holds("resample_spatial", "pixels get the width that was asked for, and the extent stays")
def resampling_keeps_the_extent(data: Cubes) -> list[str]:
    base, found = data.base(), data.on_mean("resample_spatial near", _coarser(data))
    problems = []
    if abs(found.pixel[0] - 2 * base.pixel[0]) > 1e-6 * base.pixel[0]:
        problems.append(f"pixels are {found.pixel[0]:g} wide, not {2 * base.pixel[0]:g}")
    if any(abs(a - b) > 4 * base.pixel[0] for a, b in zip(found.bounds, base.bounds, strict=True)):
        problems.append(f"the extent is {_said(found.bounds)}, not {_said(base.bounds)}")
    if not found.has_data:
        problems.append("there are no data left")
    return problems


@holds("resample_cube_spatial", "the grid of the other cube is taken over", "resample_spatial")
def the_grid_of_the_target_is_taken_over(data: Cubes) -> list[str]:
    target = data.on_mean("resample_spatial near", _coarser(data))
    step = node("resample_cube_spatial", data=of("mean"), target=of("step0"), method="near")
    found = data.on_mean("resample_cube_spatial", _coarser(data), step)
    problems = [] if found.has_data else ["there are no data left"]
    if found.shape != target.shape:
        problems.append(f"the shape is {found.shape}, not {target.shape}")
    off = [abs(a - b) for a, b in zip(found.bounds, target.bounds, strict=True)]
    if max(off) > 1e-3 * target.pixel[0]:
        problems.append(f"the extent is {_said(found.bounds)}, not {_said(target.bounds)}")
    return problems


@holds("aggregate_spatial", "the mean of a polygon is between its minimum and maximum")
def means_are_between_the_extremes(data: Cubes) -> list[str]:
    low, mid, high = (_of_polygon(data, one) for one in ("min", "mean", "max"))
    if not low or not len(low) == len(mid) == len(high):
        raise UnfitError("the numbers cannot be told from what it writes")
    slack = [1e-4 * abs(one) + 1e-6 for one in high]
    wrong = [
        f"{b:g} is not between {a:g} and {c:g}"
        for a, b, c, more in zip(low, mid, high, slack, strict=True)
        if not a - more <= b <= c + more
    ]
    return wrong[:3]


def _of_polygon(data: Cubes, reducer: str) -> list[float]:
    """The numbers that a polygon gives, as far as they are written as JSON."""
    step = node(
        "aggregate_spatial", data=of("mean"), geometries=polygon(data), reducer=callback(reducer)
    )
    save = node("save_result", data=of("step"), format=vector_format(data.backend))
    process = graph(load=data.sample.load(), mean=data.mean(), step=step, save=save)
    key = f"aggregate_spatial {reducer}"
    return list(_numbers(json_of(accepted(key, data.backend.making.result_once(key, process)))))


def _numbers(found: object) -> list[float]:
    """The numbers in a document, but for those that are places."""
    if isinstance(found, dict):
        return [n for key, one in found.items() if key not in PLACES for n in _numbers(one)]
    if isinstance(found, list):
        return [n for one in found for n in _numbers(one)]
    return [float(found)] if isinstance(found, float) and not isinstance(found, bool) else []
