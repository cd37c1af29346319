"""Statistics of the pixels in geometries.

Ours: the library starts processes of its own and hands reducers whole images.
Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import rasterio.features
import shapely
import shapely.geometry
from affine import Affine

from backends.errors import OpenEOError
from backends.processes.cubes import (
    Cube,
    as_cube,
    coordinates_without,
    rebuilt,
    single,
    spatial_dimensions,
    typed,
)
from backends.processes.declaration import implements
from backends.processes.feature_properties import property_coordinates
from backends.processes.geometries import crs_of, rasterized
from backends.processes.resampling import spacing
from backends.processes.values import Array, floating, is_lazy, lazy
from backends.processes.vectors import (
    DIMENSION,
    Feature,
    features_in,
    geometry_coordinates,
    unique_labels,
)

_COUNTS: Final = ("value", "total_count", "valid_count")


@implements("aggregate_spatial")
def aggregate_spatial(
    data: Cube,
    geometries: Any,
    reducer: Callable[..., Any],
    target_dimension: str | None = None,
    context: Any = None,
) -> Cube:
    """x and y replaced by a dimension `geometries`: one value for each geometry (GeoJSON).

    The reducer sees the pixels of a geometry as an unlabeled array: those with their centre
    in a polygon, crossed by a line, or nearest to a point. Labels are the ids of the features
    if all have one, else 0, 1, 2, ...; their properties stay beside them. A
    `target_dimension` holds `value`, `total_count` and `valid_count`. Raises
    `TargetDimensionExists`, `DimensionNotAvailable`.
    """
    cube = as_cube(data)
    y, x = spatial_dimensions(cube)
    if target_dimension is not None and target_dimension in cube.dims:
        raise OpenEOError(
            "TargetDimensionExists", f"The dimension '{target_dimension}' exists already."
        )
    features = features_in(geometries, crs_of(cube), "geometries")
    turned = cube.transpose(y, x, ...)
    fields = []
    for feature in features:
        pixels = floating(_pixels(turned, y, x, feature.shape))
        value = single(
            reducer(data=Array(pixels), context=context), pixels.shape[1:], pixels, "reducer"
        )
        fields.append(value if target_dimension is None else _counted(value, pixels))
    return _vector_cube(fields, features, cube, (y, x), target_dimension)


def _pixels(cube: Cube, y: str, x: str, shape: Any) -> Any:
    """The values of a geometry's pixels: pixels first, then the other dimensions."""
    rows, columns = cube[y].values, cube[x].values
    half_y, half_x = (_half(values) for values in (rows, columns))
    if shape.is_empty:
        return cube.data[:0, 0]
    west, south, east, north = shape.bounds
    near_rows = np.flatnonzero((rows >= south - half_y) & (rows <= north + half_y))
    near_columns = np.flatnonzero((columns >= west - half_x) & (columns <= east + half_x))
    if not len(near_rows) or not len(near_columns):
        return cube.data[:0, 0]
    down = slice(near_rows[0], near_rows[-1] + 1)
    across = slice(near_columns[0], near_columns[-1] + 1)
    chosen = _chosen(shape, rows[down], columns[across], (half_y, half_x))
    part = cube.data[down, across]
    return part.reshape((-1, *part.shape[2:]))[np.flatnonzero(chosen)]


def _half(values: Any) -> float:
    step = spacing(values)
    return step / 2 if step > 0 else 0.0


def _chosen(shape: Any, rows: Any, columns: Any, half: tuple[float, float]) -> Any:
    """Which pixels of a grid belong to a geometry, by the kind of its parts."""
    chosen = np.zeros((len(rows), len(columns)), dtype=bool)
    for part in shapely.get_parts(shape):
        if part.geom_type == "GeometryCollection":
            chosen |= _chosen(part, rows, columns, half)
        elif part.geom_type == "Polygon":
            chosen |= rasterized(part, rows, columns)
        elif part.geom_type == "Point":
            row, column = np.abs(rows - part.y).argmin(), np.abs(columns - part.x).argmin()
            within = abs(rows[row] - part.y) <= half[0] and abs(columns[column] - part.x) <= half[1]
            chosen[row, column] |= within
        else:
            chosen |= _crossed(part, rows, columns, half)
    return chosen


def _crossed(line: Any, rows: Any, columns: Any, half: tuple[float, float]) -> Any:
    """Which pixels a line goes through."""
    down = 1 if len(rows) > 1 and rows[1] > rows[0] else -1
    across = 1 if len(columns) < 2 or columns[1] > columns[0] else -1
    corner = (columns[0] - across * half[1], rows[0] - down * half[0])
    transform = Affine(2 * half[1] * across, 0, corner[0], 0, 2 * half[0] * down, corner[1])
    return rasterio.features.geometry_mask(
        [shapely.geometry.mapping(line)],
        out_shape=(len(rows), len(columns)),
        transform=transform,
        all_touched=True,
        invert=True,
    )


def _counted(value: Any, pixels: Any) -> Any:
    """A value with the number of all and of valid pixels behind it, along a new first axis."""
    valid = np.isfinite(pixels).sum(axis=0).astype(value.dtype)
    library = lazy if is_lazy(pixels) else np
    return library.stack([value, library.full_like(value, pixels.shape[0]), valid])


def _vector_cube(
    fields: list[Any],
    features: list[Feature],
    cube: Cube,
    spatial: tuple[str, str],
    target: str | None,
) -> Cube:
    library = lazy if any(is_lazy(field) for field in fields) else np
    others = [name for name in cube.dims if name not in spatial]
    labels = unique_labels([feature.label for feature in features])
    made = geometry_coordinates(labels, [feature.shape for feature in features], crs_of(cube))
    coords: dict[Any, Any] = {**coordinates_without(cube, *spatial), **made}
    coords.pop("spatial_ref", None)
    # Bands become variables and columns in files.
    bands = [str(label) for name in others for label in cube[name].values]
    taken = {*cube.dims, *cube.coords, *bands, target}
    coords.update(property_coordinates([one.properties for one in features], DIMENSION, taken))
    if target is None:
        result = rebuilt(library.stack(fields), [DIMENSION, *others], coords, cube)
    else:
        coords[target] = np.array(_COUNTS)
        result = rebuilt(library.stack(fields), [DIMENSION, target, *others], coords, cube)
        result = typed(result, target, "other").transpose(..., target)
    return result
