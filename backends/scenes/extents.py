"""Which place and pixels a request means, judged before anything is loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyproj
from pyproj.exceptions import CRSError, ProjError
from rasterio.warp import transform_geom
from shapely.errors import ShapelyError
from shapely.geometry import shape

from backends.errors import OpenEOError, parameter_invalid
from backends.loading import LoadRequest, check_size
from backends.products import METRES_PER_DEGREE, Product
from backends.scenes.grid import Window, crs_of, in_degrees, unit_in_metres

Box = tuple[float, float, float, float]

_WGS84: Final = "EPSG:4326"


def spatial_error(reason: str) -> OpenEOError:
    """The error for a spatial extent that makes no sense."""
    return parameter_invalid("load_collection", "spatial_extent", reason)


@dataclass(frozen=True)
class Area:
    """A place asked for: its bounds in `crs`, and the geometries that it is cut to.

    `shapes` are GeoJSON geometries in WGS84; empty for a bounding box.
    """

    bounds: Box
    crs: str
    shapes: tuple[Mapping[str, Any], ...] = ()

    def bounds_in(self, crs: str) -> Box:
        """The smallest box in another CRS that holds the area."""
        return transformed(self.bounds, self.crs, crs)


def transformed(bounds: Box, source: str, target: str) -> Box:
    """The box in another CRS; not finite where the CRS does not reach."""
    if source == target:
        return bounds
    transformer = pyproj.Transformer.from_crs(crs_of(source), crs_of(target), always_xy=True)
    try:
        west, south, east, north = transformer.transform_bounds(*bounds, densify_pts=21)
    except ProjError:
        return (math.inf, math.inf, math.inf, math.inf)
    return west, south, east, north


def crs_name(definition: Any) -> str:
    """The CRS as a string that pyproj reads: EPSG code where there is one, else WKT2.

    Raises ValueError for what is no CRS.
    """
    if isinstance(definition, bool) or not isinstance(definition, str | int | Mapping):
        raise ValueError(f"{definition!r} is no coordinate reference system")
    try:
        crs = pyproj.CRS.from_user_input(definition)
    except CRSError as error:
        message = f"{definition!r} is no known coordinate reference system; give an EPSG code"
        raise ValueError(message) from error
    code = crs.to_epsg(min_confidence=100)
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def read_area(extent: Mapping[str, Any] | None, whole: Box) -> Area:
    """The area of a `spatial_extent`: bounding box, GeoJSON, or None for `whole`.

    Raises `ProcessParameterInvalid` that says what is wrong.
    """
    if extent is None:
        return Area(whole, _WGS84)
    if not isinstance(extent, Mapping):
        raise spatial_error("it must be a bounding box or GeoJSON.")
    return _geojson_area(extent) if "type" in extent else _box_area(extent)


def _box_area(extent: Mapping[str, Any]) -> Area:
    sides = ("west", "south", "east", "north")
    missing = [side for side in sides if side not in extent]
    if missing:
        raise spatial_error(f"a bounding box needs {', '.join(missing)}.")
    for side in sides:
        value = extent[side]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise spatial_error(f"{side} must be a number, not {value!r}.")
    west, south, east, north = (float(extent[side]) for side in sides)
    if west > east:
        raise spatial_error(f"west ({west}) is greater than east ({east}).")
    if south > north:
        raise spatial_error(f"south ({south}) is greater than north ({north}).")
    crs = _box_crs(extent.get("crs"))
    if in_degrees(crs) and (south < -90 or north > 90 or west < -180 or east > 180):
        raise spatial_error(
            f"longitudes go from -180 to 180 and latitudes from -90 to 90, but the box is "
            f"{west}, {south}, {east}, {north}. Coordinates in another CRS need 'crs'."
        )
    return Area((west, south, east, north), crs)


def _box_crs(definition: Any) -> str:
    try:
        return _WGS84 if definition is None else crs_name(definition)
    except ValueError as error:
        raise spatial_error(f"crs: {error}.") from error


def _geojson_area(extent: Mapping[str, Any]) -> Area:
    geometries = tuple(_geometries(extent))
    if not geometries:
        raise spatial_error("the GeoJSON holds no geometry.")
    try:
        boxes = [shape(geometry).bounds for geometry in geometries]
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise spatial_error("the coordinates of the GeoJSON cannot be read.") from error
    if any(len(box) != 4 or not all(map(math.isfinite, box)) for box in boxes):
        raise spatial_error("the GeoJSON holds an empty geometry.")
    bounds = (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
    area = _box_area(dict(zip(("west", "south", "east", "north"), bounds, strict=True)))
    return Area(area.bounds, _WGS84, geometries)


_TYPES: Final = {
    *("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"),
    "GeometryCollection",
}


def _geometries(extent: Any) -> list[Mapping[str, Any]]:
    kind = extent.get("type") if isinstance(extent, Mapping) else None
    if kind == "FeatureCollection":
        return [found for one in extent.get("features") or [] for found in _geometries(one)]
    if kind == "Feature":
        return _geometries(extent["geometry"]) if extent.get("geometry") else []
    if kind == "GeometryCollection":
        return [found for one in extent.get("geometries") or [] for found in _geometries(one)]
    if kind in _TYPES:
        return [extent]
    raise spatial_error(f"{kind!r} is no type of GeoJSON; give Polygon, MultiPolygon or Feature.")


def shapes_in(area: Area, crs: str) -> list[dict[str, Any]]:
    """The geometries of the area in another CRS."""
    if crs == _WGS84:
        return [dict(geometry) for geometry in area.shapes]
    target = crs_of(crs).to_wkt()
    return [transform_geom(_WGS84, target, dict(geometry)) for geometry in area.shapes]


def window_of(product: Product, request: LoadRequest, area: Area) -> Window:
    """The pixels whose centres lie in the area, at least one, on the product's grid.

    Raises `ProcessParameterInvalid`, `NoDataAvailable` outside of the product's
    extent, and `ProcessGraphComplexity` where there are more than may be loaded.
    """
    box = clipped(product, area)
    crs = _target_crs(product, request, box)
    resolution = _resolution(product, request, crs)
    check_size(request, len(request.bands or product.bands), 1, *_rough_size(box, crs, resolution))
    bounds = area.bounds_in(crs)
    if box != area.bounds_in(_WGS84):
        bounds = _common(bounds, transformed(box, _WGS84, crs))
    if not all(map(math.isfinite, bounds)):
        raise spatial_error("it cannot be expressed in the coordinate reference system asked for.")
    return snapped(bounds, crs, resolution)


def clipped(product: Product, area: Area) -> Box:
    """What the area (in WGS84) and the product's extent have in common."""
    box = area.bounds_in(_WGS84)
    if not all(map(math.isfinite, box)):
        raise spatial_error("it does not lie on the Earth; are its coordinates in its 'crs'?")
    common = _common(box, product.bbox)
    if common[0] > common[2] or common[1] > common[3]:
        raise OpenEOError(
            "NoDataAvailable",
            f"There are no data in the spatial extent {[round(v, 5) for v in box]}; the "
            f"collection covers {list(product.bbox)} (west, south, east, north).",
        )
    return common


def _common(one: Box, other: Box) -> Box:
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )


def _target_crs(product: Product, request: LoadRequest, box: Box) -> str:
    if request.crs is not None:
        try:
            return crs_name(request.crs)
        except ValueError as error:
            raise parameter_invalid("resample_spatial", "projection", f"{error}.") from error
    return utm_zone(box) if product.utm else _WGS84


def utm_zone(box: Box) -> str:
    """EPSG code of the UTM zone that holds the centre of a box in WGS84."""
    longitude, latitude = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    zone = min(60, max(1, int((longitude + 180) // 6) + 1))
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def _resolution(product: Product, request: LoadRequest, crs: str) -> float:
    if request.resolution is None or request.resolution == 0:
        return product.degrees if in_degrees(crs) else product.metres / unit_in_metres(crs)
    if request.resolution < 0 or not math.isfinite(request.resolution):
        raise parameter_invalid("resample_spatial", "resolution", "it must be greater than 0.")
    return float(request.resolution)


def _rough_size(box: Box, crs: str, resolution: float) -> tuple[int, int]:
    """About how many columns and rows; safe for areas that the CRS cannot hold."""
    pixel = resolution * unit_in_metres(crs)
    width = (box[2] - box[0]) * METRES_PER_DEGREE
    if not in_degrees(crs):
        # Where a box reaches far, the narrow end must not hide the wide one.
        width *= math.cos(math.radians(min(abs(box[1]), abs(box[3]))))
    height = (box[3] - box[1]) * METRES_PER_DEGREE
    return int(width / pixel / 2), int(height / pixel / 2)


def snapped(bounds: Box, crs: str, resolution: float) -> Window:
    """The window of pixels with centres in the bounds; of one pixel if there is none."""
    left, right = _centres(bounds[0], bounds[2], resolution)
    top, bottom = _centres(-bounds[3], -bounds[1], resolution)
    return Window(crs, resolution, left, top, right - left + 1, bottom - top + 1)


def _centres(low: float, high: float, resolution: float) -> tuple[int, int]:
    """First and last index of pixels with their centre from `low` to `high`."""
    # A hair of tolerance: bounds that were computed hit the centres only nearly.
    first = math.ceil(low / resolution - 0.5 - 1e-6)
    last = math.floor(high / resolution - 0.5 + 1e-6)
    if first > last:
        first = last = math.floor((low + high) / 2 / resolution)
    return first, last
