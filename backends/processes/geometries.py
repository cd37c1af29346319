"""GeoJSON and bounding boxes on the grids of cubes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyproj
import rasterio.features
import rioxarray  # noqa: F401  gives cubes their `rio`
import shapely
import shapely.geometry
from affine import Affine

from backends.arguments import box_mistake
from backends.errors import OpenEOError
from backends.processes.cubes import Cube, spatial_dimensions
from backends.processes.values import invalid, lazy

WGS84: Final = "EPSG:4326"
_AREAS: Final = ("Polygon", "MultiPolygon")
_BLOCK: Final = 2048

Box = tuple[float, float, float, float]
"""West, south, east, north."""


def crs_of(cube: Cube) -> pyproj.CRS:
    """The CRS of a cube; longitude and latitude where none is stated."""
    stated = cube.rio.crs
    return pyproj.CRS.from_user_input(WGS84 if stated is None else stated.to_wkt())


def user_crs(value: Any, parameter: str) -> pyproj.CRS:
    """An EPSG code, WKT2 or PROJ text of a user. Raises `ProcessParameterInvalid`."""
    text = value
    if isinstance(value, str) and value.isdecimal():
        text = int(value)
    if isinstance(value, float) and value.is_integer():
        text = int(value)
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError:
        raise invalid(parameter, f"names no known CRS: {value!r}.") from None


def box_in(extent: Mapping[str, Any], target: pyproj.CRS) -> Box:
    """A bounding box of a user in another CRS: the box around its curved sides."""
    mistake = box_mistake(extent)
    if mistake:
        raise invalid("extent", f"is invalid: {mistake}")
    source = user_crs(extent.get("crs") or WGS84, "extent")
    west, south, east, north = (float(extent[side]) for side in ("west", "south", "east", "north"))
    if source == target:
        return west, south, east, north
    mover = pyproj.Transformer.from_crs(source, target, always_xy=True)
    moved = mover.transform_bounds(west, south, east, north, densify_pts=21)
    if not all(np.isfinite(side) for side in moved):
        raise invalid("extent", f"lies outside of where {target.name} is defined.")
    return moved


def within_box(cube: Cube, box: Box) -> Cube:
    """The pixels whose centres lie in a box (sides included). Raises `NoDataAvailable`."""
    y, x = spatial_dimensions(cube)
    west, south, east, north = box
    columns = np.flatnonzero((cube[x].values >= west) & (cube[x].values <= east))
    rows = np.flatnonzero((cube[y].values >= south) & (cube[y].values <= north))
    if not len(columns) or not len(rows):
        raise OpenEOError(
            "NoDataAvailable",
            "No pixel has its centre in the given extent; the cube reaches from "
            f"{cube[x].values.min()} to {cube[x].values.max()} ({x}) and from "
            f"{cube[y].values.min()} to {cube[y].values.max()} ({y}).",
        )
    return cube.isel({x: slice(columns[0], columns[-1] + 1), y: slice(rows[0], rows[-1] + 1)})


def geometries(geojson: Any, parameter: str) -> Iterator[Any]:
    """The polygons of GeoJSON, in its own coordinates; empty ones are left out."""
    if not isinstance(geojson, Mapping):
        raise invalid(parameter, "must be GeoJSON.")
    kind = geojson.get("type")
    if kind == "FeatureCollection":
        for feature in geojson.get("features") or ():
            yield from geometries(feature, parameter)
    elif kind == "Feature":
        if geojson.get("geometry"):
            yield from geometries(geojson["geometry"], parameter)
    elif kind == "GeometryCollection":
        for part in geojson.get("geometries") or ():
            yield from geometries(part, parameter)
    elif kind in _AREAS:
        yield from _shape(geojson, parameter)
    else:
        raise invalid(parameter, f"must hold polygons, not {kind!r}.")


def _shape(geojson: Mapping[str, Any], parameter: str) -> Iterator[Any]:
    shape = sound_shape(geojson, parameter)
    if not shape.is_empty:
        yield shape


def sound_shape(geojson: Any, parameter: str) -> Any:
    """A geometry of GeoJSON, made valid. Raises `ProcessParameterInvalid` for a malformed one."""
    try:
        shape = shapely.geometry.shape(geojson)
        if not np.isfinite(shapely.get_coordinates(shape)).all():
            raise invalid(parameter, "holds a geometry with coordinates that are no numbers.")
        return shape if shape.is_valid else shapely.make_valid(shape)
    except (TypeError, ValueError, LookupError, AttributeError, shapely.errors.ShapelyError):
        raise invalid(parameter, "holds a geometry with malformed coordinates.") from None


def area_in(geojson: Any, target: pyproj.CRS, parameter: str) -> Any:
    """The union of all polygons of GeoJSON in another CRS.

    Coordinates are longitudes and latitudes (RFC 7946) unless a legacy member `crs` of
    the outermost object says otherwise. Raises `ProcessParameterInvalid`.
    """
    shapes = list(geometries(geojson, parameter))
    if not shapes:
        raise invalid(parameter, "holds no polygon.")
    (union,) = moved([shapely.union_all(shapes)], geojson, target, parameter)
    return union


def moved(shapes: Sequence[Any], geojson: Any, target: pyproj.CRS, parameter: str) -> list[Any]:
    """Shapes of GeoJSON in another CRS."""
    named = _named_crs(geojson.get("crs"), parameter)
    source = user_crs(named, parameter)
    if source.to_epsg() == 4326 or named.endswith("CRS84"):
        source = user_crs(WGS84, parameter)
    if source == target:
        return list(shapes)
    mover = pyproj.Transformer.from_crs(source, target, always_xy=True)
    return [shapely.transform(shape, mover.transform, interleaved=False) for shape in shapes]


def _named_crs(crs: Any, parameter: str) -> str:
    """The name in the member `crs` that GeoJSON had before RFC 7946; WGS84 without one."""
    if crs is None:
        return str(WGS84)
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = properties.get("name", WGS84) if isinstance(properties, Mapping) else None
    if not isinstance(name, str):
        raise invalid(parameter, "has a member 'crs' that names no coordinate reference system.")
    return name


def inside(cube: Cube, area: Any) -> Any:
    """A lazy boolean field (y, x): which pixels have their centre in an area."""
    y, x = spatial_dimensions(cube)
    rows, columns = cube[y].values, cube[x].values
    shapely.prepare(area)

    def block(info: Any) -> Any:
        (top, bottom), (left, right) = info[None]["array-location"]
        return rasterized(area, rows[top:bottom], columns[left:right])

    template = lazy.empty((len(rows), len(columns)), chunks=_BLOCK, dtype=bool)

    def covered(_empty: Any, block_info: Any = None) -> Any:
        return block(block_info)

    return lazy.map_blocks(covered, template, dtype=bool, meta=np.empty((0, 0), dtype=bool))


def rasterized(area: Any, rows: Any, columns: Any) -> Any:
    """Whether the points of a grid lie in an area or on its border.

    GDAL leaves out points on some sides of the border: those near it are looked at exactly.
    """
    if len(rows) < 2 or len(columns) < 2:
        xs, ys = np.meshgrid(columns, rows)
        return shapely.intersects_xy(area, xs, ys)
    step_x = (columns[-1] - columns[0]) / (len(columns) - 1)
    step_y = (rows[-1] - rows[0]) / (len(rows) - 1)
    transform = Affine(step_x, 0, columns[0] - step_x / 2, 0, step_y, rows[0] - step_y / 2)

    def burnt(shapes: Sequence[Any], *, all_touched: bool) -> Any:
        return rasterio.features.geometry_mask(
            [shapely.geometry.mapping(shape) for shape in shapes],
            out_shape=(len(rows), len(columns)),
            transform=transform,
            all_touched=all_touched,
            invert=True,
        )

    chosen = burnt([area], all_touched=False)
    near = burnt(_borders(area), all_touched=True)
    down, across = np.nonzero(near)
    chosen[down, across] = shapely.intersects_xy(area, columns[across], rows[down])
    return chosen


def _borders(area: Any) -> list[Any]:
    parts = shapely.get_parts(area)
    return [part.boundary if part.geom_type == "Polygon" else part for part in parts]
