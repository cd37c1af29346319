"""Vector cubes: geometries with values.

A vector cube is a `xarray.DataArray` with a dimension of type `geometries`: its labels are
the features' ids (or 0, 1, 2, ...), and the coordinate `geometry` along it holds Shapely
geometries, with their CRS as text in its attribute `crs`. Ours: the library's functions take
other types. Specification: openEO processes 2.0.0-rc.1, filter_vector, vector_to_*: 2.0.0-dev.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyproj
import shapely
import shapely.geometry
import xarray as xr

from backends.cube_form import GEOMETRY, TYPE
from backends.errors import OpenEOError
from backends.processes.cubes import Cube, rebuilt
from backends.processes.declaration import implements
from backends.processes.feature_properties import properties_of
from backends.processes.geometries import WGS84, Box, area_in, moved, sound_shape, user_crs
from backends.processes.values import invalid, is_null, is_number

DIMENSION: Final = "geometries"
PROPERTIES: Final = "properties"
MAX_GEOMETRIES: Final = 10_000
MAX_POINTS: Final = 100_000


@dataclass(frozen=True)
class Feature:
    """A geometry with its label and its properties."""

    label: Any
    shape: Any
    properties: Mapping[str, Any]


def is_vector_cube(value: Any) -> bool:
    """Whether a value is a cube with geometries."""
    return isinstance(value, xr.DataArray) and GEOMETRY in value.coords


def features_in(source: Any, target: pyproj.CRS, parameter: str) -> list[Feature]:
    """The features of GeoJSON or of a vector cube, with shapes in a CRS.

    Raises `ProcessParameterInvalid` for what holds no geometry or too many.
    """
    if is_vector_cube(source):
        name = str(source.coords[GEOMETRY].dims[0])
        shapes = _moved(list(source.coords[GEOMETRY].values), cube_crs(source), target)
        labels, known = source.coords[name].values.tolist(), properties_of(source, name)
        found = [
            Feature(label, shape, {key: listed[place] for key, listed in known.items()})
            for place, (label, shape) in enumerate(zip(labels, shapes, strict=True))
        ]
    else:
        raw = list(_features(source, parameter))
        shapes = moved([item.shape for item in raw], source, target, parameter) if raw else []
        found = [replace(item, shape=shape) for item, shape in zip(raw, shapes, strict=True)]
    if not 0 < len(found) <= MAX_GEOMETRIES:
        raise invalid(parameter, f"must hold 1 to {MAX_GEOMETRIES} geometries.")
    return found


def polygons_in(source: Any, target: pyproj.CRS, parameter: str) -> Any:
    """The union of all polygons of GeoJSON or of a vector cube in a CRS.

    Raises `ProcessParameterInvalid` where there is none.
    """
    if not is_vector_cube(source):
        return area_in(source, target, parameter)
    shapes = [
        item.shape
        for item in features_in(source, target, parameter)
        if item.shape.geom_type in {"Polygon", "MultiPolygon"} and not item.shape.is_empty
    ]
    if not shapes:
        raise invalid(parameter, "holds no polygon.")
    return shapely.union_all(shapes)


def _features(geojson: Any, parameter: str) -> Iterator[Feature]:
    if not isinstance(geojson, Mapping):
        raise invalid(parameter, "must be GeoJSON or a vector cube.")
    if geojson.get("type") == "FeatureCollection":
        for feature in geojson.get("features") or ():
            yield from _features(feature, parameter)
    elif geojson.get("type") == "Feature":
        geometry = geojson.get("geometry") or {"type": "Polygon", "coordinates": []}
        shape = next(_features(geometry, parameter)).shape
        yield Feature(geojson.get("id"), shape, geojson.get("properties") or {})
    else:
        yield Feature(None, sound_shape(geojson, parameter), {})


def cube_crs(cube: Cube) -> pyproj.CRS:
    """The CRS of a vector cube's geometries."""
    return pyproj.CRS.from_user_input(cube.coords[GEOMETRY].attrs.get("crs", WGS84))


def _moved(shapes: Sequence[Any], source: pyproj.CRS, target: pyproj.CRS) -> list[Any]:
    if source == target:
        return list(shapes)
    mover = pyproj.Transformer.from_crs(source, target, always_xy=True)
    return [shapely.transform(shape, mover.transform, interleaved=False) for shape in shapes]


def unique_labels(labels: Sequence[Any]) -> Any:
    """The ids of features as labels if all have one of their own, else 0, 1, 2, ..."""
    named = None not in labels and len(set(labels)) == len(labels)
    return np.array([str(label) for label in labels]) if named else np.arange(len(labels))


def geometry_coordinates(labels: Any, shapes: Sequence[Any], crs: pyproj.CRS) -> dict[str, Any]:
    """The coordinates that make a cube with a dimension `geometries` a vector cube."""
    column = np.empty(len(shapes), dtype=object)
    column[:] = list(shapes)
    code = crs.to_epsg()
    name = f"EPSG:{code}" if code else crs.to_wkt()
    return {
        DIMENSION: xr.Variable((DIMENSION,), labels, {TYPE: "geometries"}),
        GEOMETRY: xr.Variable((DIMENSION,), column, {"crs": name}),
    }


@implements("load_geojson")
def load_geojson(data: Any, properties: Any = ()) -> Cube:
    """GeoJSON as a vector cube, with a dimension `properties` of the wanted numbers.

    A single property that is a list gives one label for each element, 0, 1, 2, ...; other
    values that are missing or no numbers become no-data.
    """
    wanted = list(properties or ())
    features = features_in(data, user_crs(WGS84, "data"), "data")
    if isinstance(data, Mapping) and data.get("type") == "GeometryCollection":
        raise invalid("data", "must not be a GeometryCollection.")
    labels = unique_labels([feature.label for feature in features])
    crs = user_crs(WGS84, "data")
    coords = geometry_coordinates(labels, [feature.shape for feature in features], crs)
    if not wanted:
        return xr.DataArray(np.full(len(features), np.nan), dims=[DIMENSION], coords=coords)
    columns, rows = _columns(features, wanted)
    coords[PROPERTIES] = xr.Variable((PROPERTIES,), columns, {TYPE: "other"})
    return xr.DataArray(rows, dims=[DIMENSION, PROPERTIES], coords=coords)


def _columns(features: list[Feature], wanted: list[str]) -> tuple[Any, Any]:
    """Labels and numbers of the dimension `properties`."""
    values = [[feature.properties.get(name) for name in wanted] for feature in features]
    longest = max((len(row[0]) for row in values if isinstance(row[0], list)), default=None)
    if len(wanted) == 1 and longest is not None:
        listed = [row[0] if isinstance(row[0], list) else [row[0]] for row in values]
        width = max(longest, 1)
        values = [[*row, *[None] * (width - len(row))] for row in listed]
        return np.arange(width), np.array([[_number(v) for v in row] for row in values])
    return np.array(wanted), np.array([[_number(value) for value in row] for row in values])


def _number(value: Any) -> float:
    known = is_number(value) or isinstance(value, bool)
    return float(value) if known and not is_null(value) else math.nan


def _as_vectors(value: Any, parameter: str) -> Cube:
    """A vector cube; GeoJSON is made one."""
    if is_vector_cube(value):
        cube: Cube = value
        return cube
    if isinstance(value, Mapping):
        return load_geojson(value)
    raise invalid(parameter, "must be a vector cube.")


def _with_shapes(cube: Cube, shapes: Sequence[Any], crs: pyproj.CRS) -> Cube:
    """The cube with other geometries, labels and values unchanged."""
    dimension = str(cube.coords[GEOMETRY].dims[0])
    made = geometry_coordinates(cube[dimension].values, shapes, crs)[GEOMETRY]
    coords = {**cube.coords, GEOMETRY: xr.Variable((dimension,), made.values, made.attrs)}
    return rebuilt(cube.data, cube.dims, coords, cube)


@implements("vector_buffer")
def vector_buffer(geometries: Any, distance: float) -> Cube:
    """Each geometry with a zone of `distance` around it (negative: shrunk, perhaps to nothing).

    The distance is in units of the CRS, which must not be degrees. Raises `UnitMismatch`.
    """
    cube = _as_vectors(geometries, "geometries")
    if not is_number(distance) or distance == 0 or not math.isfinite(distance):
        raise invalid("distance", "must be a number that is not 0.")
    crs = cube_crs(cube)
    if crs.is_geographic:
        raise OpenEOError(
            "UnitMismatch",
            "The geometries are in degrees, a distance needs metres: use vector_reproject first.",
        )
    shapes = [shape.buffer(distance) for shape in cube.coords[GEOMETRY].values]
    return _with_shapes(cube, shapes, crs)


@implements("vector_reproject")
def vector_reproject(data: Any, projection: Any, dimension: str | None = None) -> Cube:
    """The geometries in another CRS (EPSG code or WKT2). Raises `DimensionNotAvailable`."""
    cube = _as_vectors(data, "data")
    if dimension is not None and dimension not in cube.coords[GEOMETRY].dims:
        raise OpenEOError(
            "DimensionNotAvailable", f"There is no dimension of geometries '{dimension}'."
        )
    target = user_crs(projection, "projection")
    shapes = _moved(list(cube.coords[GEOMETRY].values), cube_crs(cube), target)
    return _with_shapes(cube, shapes, target)


_RELATIONS: Final = {
    "intersects": shapely.intersects,
    "disjoint": shapely.disjoint,
    "equals": shapely.equals,
    "touches": shapely.touches,
    "crosses": shapely.crosses,
    "overlaps": shapely.overlaps,
    "contains": shapely.contains,
    "within": shapely.within,
}


@implements("filter_vector")
def filter_vector(data: Any, geometries: Any, relation: str = "intersects") -> Cube:
    """The geometries that have a relation to any of the given ones, values kept.

    Raises `NoDataAvailable` if there are none.
    """
    cube = _as_vectors(data, "data")
    if relation not in _RELATIONS:
        raise invalid("relation", f"must be one of {', '.join(_RELATIONS)}.")
    others = [item.shape for item in features_in(geometries, cube_crs(cube), "geometries")]
    shapes = cube.coords[GEOMETRY].values
    matching = np.array([_RELATIONS[relation](shape, others).any() for shape in shapes])
    if not matching.any():
        raise OpenEOError("NoDataAvailable", f"No geometry {relation} any of the given ones.")
    chosen: Cube = cube.isel({cube.coords[GEOMETRY].dims[0]: np.flatnonzero(matching)})
    return chosen


def vectors_within(cube: Cube, box: Box) -> Cube:
    """The geometries that lie fully in a box of their CRS, values kept; empty ones do not.

    Raises `NoDataAvailable` if there are none.
    """
    inside = shapely.within(cube.coords[GEOMETRY].values, shapely.box(*box))
    if not inside.any():
        raise OpenEOError("NoDataAvailable", "No geometry lies fully in the given extent.")
    chosen: Cube = cube.isel({cube.coords[GEOMETRY].dims[0]: np.flatnonzero(inside)})
    return chosen


@implements("vector_to_random_points")
def vector_to_random_points(
    data: Any,
    geometry_count: Any = None,
    total_count: Any = None,
    group: bool = True,
    seed: int | None = None,
) -> Cube:
    """Points at random places in the geometries, as a vector cube without values.

    `geometry_count`: points in each geometry, `total_count`: points at most in all (one by
    default). Grouped, the points of a geometry become one multipoint under its label; else
    each is a geometry with a label of its own.
    """
    cube = _as_vectors(data, "data")
    shapes = list(cube.coords[GEOMETRY].values)
    counts = _counts(len(shapes), geometry_count, total_count)
    dice = np.random.default_rng(seed)
    places = [_random_points(shape, n, dice) for shape, n in zip(shapes, counts, strict=True)]
    return _of_points(cube, places, group)


def _counts(shapes: int, each: Any, total: Any) -> list[int]:
    for name, value in (("geometry_count", each), ("total_count", total)):
        if value is not None and (not is_number(value) or value < 1 or int(value) != value):
            raise invalid(name, "must be a whole number of at least 1.")
    limit = MAX_POINTS if total is None else int(total)
    if each is None:
        wanted = shapes if total is None else limit
        counts = [wanted // shapes + (number < wanted % shapes) for number in range(shapes)]
    else:
        counts = [int(each)] * shapes
    left = min(limit, MAX_POINTS)
    for number, count in enumerate(counts):
        counts[number] = min(count, left)
        left -= counts[number]
    return counts


def _random_points(shape: Any, count: int, dice: np.random.Generator) -> list[Any]:
    if shape.is_empty or not count:
        return []
    if shape.area == 0:
        if shape.length == 0:
            parts = shapely.get_parts(shape)
            return [parts[i] for i in dice.integers(len(parts), size=count)]
        return [shape.interpolate(share, normalized=True) for share in dice.random(count)]
    west, south, east, north = shape.bounds
    found: list[Any] = []
    shapely.prepare(shape)
    for _ in range(1000):
        xs, ys = dice.uniform(west, east, count * 2), dice.uniform(south, north, count * 2)
        within = shapely.intersects_xy(shape, xs, ys)
        found += list(shapely.points(xs[within], ys[within]))
        if len(found) >= count:
            return found[:count]
    # A sliver that random places hardly ever hit.
    return [*found, *[shape.representative_point()] * (count - len(found))]


@implements("vector_to_regular_points")
def vector_to_regular_points(data: Any, distance: float, group: bool = True) -> Cube:
    """Points on a regular grid within the geometries, `distance` apart (units of the CRS).

    Grids start half a distance inside the box around each geometry.
    """
    cube = _as_vectors(data, "data")
    if not is_number(distance) or not 0 < distance < math.inf:
        raise invalid("distance", "must be a number greater than 0.")
    shapes = list(cube.coords[GEOMETRY].values)
    expected = sum(_grid_size(shape, distance) for shape in shapes)
    if expected > MAX_POINTS:
        raise invalid("distance", f"is too small: it makes more than {MAX_POINTS} points.")
    return _of_points(cube, [_regular_points(shape, distance) for shape in shapes], group)


def _grid_size(shape: Any, distance: float) -> float:
    if shape.is_empty:
        return 0
    west, south, east, north = shape.bounds
    return float((1 + (east - west) / distance) * (1 + (north - south) / distance))


def _regular_points(shape: Any, distance: float) -> list[Any]:
    if shape.is_empty:
        return []
    west, south, east, north = shape.bounds
    columns = np.arange(west + distance / 2, east, distance)
    rows = np.arange(south + distance / 2, north, distance)
    xs, ys = (part.ravel() for part in np.meshgrid(columns, rows))
    within = shapely.intersects_xy(shape, xs, ys)
    return list(shapely.points(xs[within], ys[within]))


def _of_points(cube: Cube, places: list[list[Any]], group: bool) -> Cube:
    dimension = str(cube.coords[GEOMETRY].dims[0])
    if group:
        labels = cube[dimension].values
        shapes = [shapely.MultiPoint(points) for points in places]
    else:
        shapes = [point for points in places for point in points]
        labels = np.arange(len(shapes))
    if not shapes:
        raise OpenEOError("NoDataAvailable", "No point lies in any of the geometries.")
    coords = geometry_coordinates(labels, shapes, cube_crs(cube))
    return xr.DataArray(np.full(len(shapes), np.nan), dims=[DIMENSION], coords=coords)
