"""Real rasters behind STAC as lazy cubes, through pystac, odc.stac and rasterio."""

from __future__ import annotations

import datetime as dt
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import dask.array as da
import numpy as np
import odc.stac
import pystac
import rasterio
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from shapely.geometry import box as box_polygon
from shapely.geometry import mapping

from backends.errors import OpenEOError, parameter_invalid
from backends.intervals import read_interval
from backends.loading import LoadRequest, check_size
from backends.profile import CollectionSpec
from backends.scenes.extents import (
    Area,
    Box,
    crs_name,
    read_area,
    shapes_in,
    spatial_error,
    transformed,
)
from backends.scenes.grid import unit_in_metres
from backends.scenes.masks import CHUNK, inside
from backends.scenes.world import band_names, located
from backends.stac_documents import (
    CONNECT_SECONDS,
    READ_SECONDS,
    RasterBand,
    Source,
    is_remote,
    item_bands,
    moment,
    read_source,
)

_GDAL: Final[Mapping[str, Any]] = {
    "GDAL_HTTP_TIMEOUT": str(int(READ_SECONDS)),
    "GDAL_HTTP_CONNECTTIMEOUT": str(int(CONNECT_SECONDS)),
    "GDAL_HTTP_MAX_RETRY": "1",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
}


Prepare = Callable[[pystac.Item, list[RasterBand]], pystac.Item]

_NOTHING: Final = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class _Grid:
    """Pixels of `size` (x, y; positive) that begin at `origin`."""

    crs: str
    origin: tuple[float, float]
    size: tuple[float, float]
    extent: Box
    """The edges of the raster whose pixels these are; nothing for other grids."""

    def window(self, bounds: Box) -> GeoBox:
        """The pixels with their centres in the bounds; one if there is none."""
        left, right = _span(bounds[0] - self.origin[0], bounds[2] - self.origin[0], self.size[0])
        top, bottom = _span(self.origin[1] - bounds[3], self.origin[1] - bounds[1], self.size[1])
        affine = Affine(
            self.size[0],
            0,
            self.origin[0] + left * self.size[0],
            0,
            -self.size[1],
            self.origin[1] - top * self.size[1],
        )
        return GeoBox((bottom - top + 1, right - left + 1), affine, self.crs)


def _span(low: float, high: float, size: float) -> tuple[int, int]:
    first = math.ceil(low / size - 0.5 - 1e-6)
    last = math.floor(high / size - 0.5 + 1e-6)
    if first > last:
        first = last = math.floor((low + high) / 2 / size)
    return first, last


def load_stac(spec: CollectionSpec, request: LoadRequest) -> xr.DataArray:
    """The rasters of a STAC collection as a lazy cube (t, bands, y, x).

    float32, as stored (no scale or offset applied), NaN for no data. Without `crs` and
    `resolution` the pixels are those of the first raster; other rasters are brought to
    them by nearest neighbour. Items of the same moment become one mosaic. Raises openEO
    errors for wrong requests before a pixel is read.
    """
    href = str(spec.options["href"])
    return load_source(read_source(href), request, lambda item, _bands: _checked(item, href))


def _common_names(source: Source) -> dict[str, str]:
    """The band that each common name stands for: the first of those that have it."""
    said = [
        (band.description.get("common_name") or band.description.get("eo:common_name"), band.name)
        for band in reversed(source.bands)
    ]
    return {str(common): name for common, name in said if common}


def load_source(source: Source, request: LoadRequest, prepare: Prepare) -> xr.DataArray:
    """As `load_stac`, of STAC that has been read.

    `prepare(item, bands)` gives an item in the form in which these bands of it are read; it
    may refuse it.
    """
    names = band_names([band.name for band in source.bands], request, _common_names(source))
    by_name = {band.name: band for band in source.bands}
    bands = [by_name[name] for name in names]
    area = read_area(request.spatial_extent, source.bbox)
    items = [with_footprint(prepare(item, bands)) for item in _items(source, request, area)]
    grid = _grid(items[0], bands[0], request)
    window = _window(grid, source, area, request)
    dates = len({moment(item) for item in items})
    check_size(request, len(bands), dates, window.shape.x, window.shape.y)
    cube = _read(items, bands, window)
    if area.shapes:
        mask = inside(shapes_in(area, grid.crs), window.affine, *window.shape)
        cube = cube.copy(data=da.where(mask, cube.data, np.float32(np.nan)))
    return located(cube, grid.crs, window.affine)


def _items(source: Source, request: LoadRequest, area: Area) -> list[pystac.Item]:
    """The items of the place, time and properties asked for, oldest first."""
    start, end = read_interval(request.temporal_extent)
    known = sorted({key for item in source.items for key in item.properties})
    unknown = [name for name in request.properties if name not in known]
    if unknown:
        raise parameter_invalid(
            "load_collection",
            "properties",
            f"no data have {', '.join(unknown)}; possible here: {', '.join(known)}.",
        )
    box = area.bounds_in("EPSG:4326")
    chosen = [
        item
        for item in source.items
        if _within(item, start, end) and _touches(item, box) and _passes(item, request)
    ]
    if not chosen:
        raise OpenEOError(
            "NoDataAvailable",
            f"No data pass the filters; the collection covers {list(source.bbox)} (west, south, "
            f"east, north) from {source.interval[0]} to {source.interval[1]}.",
        )
    return sorted(chosen, key=moment)


def _within(item: pystac.Item, start: dt.datetime | None, end: dt.datetime | None) -> bool:
    when = dt.datetime.fromisoformat(moment(item))
    return (start is None or when >= start) and (end is None or when < end)


def _touches(item: pystac.Item, box: Box) -> bool:
    if item.bbox is None:
        return True
    half = len(item.bbox) // 2
    west, south, east, north = *item.bbox[:2], *item.bbox[half : half + 2]
    return west <= box[2] and east >= box[0] and south <= box[3] and north >= box[1]


def _passes(item: pystac.Item, request: LoadRequest) -> bool:
    return all(
        item.properties.get(name) is not None and wanted(item.properties[name])
        for name, wanted in request.properties.items()
    )


def _checked(item: pystac.Item, href: str) -> pystac.Item:
    """The item with a footprint; what came from the web may only lead into the web."""
    for asset in item.assets.values():
        target = asset.get_absolute_href() or asset.href
        if target.startswith("/vsi") or (is_remote(href) and not is_remote(target)):
            raise OpenEOError("Internal", f"STAC item '{item.id}' leads to a forbidden place.")
    return item


def with_footprint(item: pystac.Item) -> pystac.Item:
    """The item with a geometry: that of its first raster if it states none."""
    if item.geometry is None:
        grid = _native_grid(item, next(item_bands(item)))
        item.bbox = list(transformed(grid.extent, grid.crs, "EPSG:4326"))
        item.geometry = mapping(box_polygon(*item.bbox))
    return item


def _grid(item: pystac.Item, band: RasterBand, request: LoadRequest) -> _Grid:
    """The pixels wanted: those of the first raster unless others are asked for."""
    native = _native_grid(item, band)
    if request.crs is None and not request.resolution:
        return native
    try:
        crs = native.crs if request.crs is None else crs_name(request.crs)
    except ValueError as error:
        raise parameter_invalid("resample_spatial", "projection", f"{error}.") from error
    size = request.resolution or native.size[0] * unit_in_metres(native.crs) / unit_in_metres(crs)
    return _Grid(crs, (0.0, 0.0), (size, size), _NOTHING)


def _native_grid(item: pystac.Item, band: RasterBand) -> _Grid:
    asset = item.assets.get(band.asset) or next(iter(item.assets.values()))
    try:
        with rasterio.Env(**_GDAL), rasterio.open(asset.get_absolute_href()) as raster:
            affine, crs, bounds = raster.transform, raster.crs, tuple(raster.bounds)
    except RasterioError as error:
        raise OpenEOError("Internal", f"A raster of item '{item.id}' cannot be read.") from error
    if crs is None:
        raise OpenEOError("Internal", f"A raster of item '{item.id}' has no CRS.")
    size = (abs(affine.a), abs(affine.e))
    return _Grid(crs_name(crs.to_wkt()), (affine.c, affine.f), size, bounds)


def _window(grid: _Grid, source: Source, area: Area, request: LoadRequest) -> GeoBox:
    alike = len({tuple(item.bbox or ()) for item in source.items}) == 1
    if request.spatial_extent is None and alike and grid.extent != _NOTHING:
        return grid.window(grid.extent)
    bounds = area.bounds_in(grid.crs)
    whole = transformed(source.bbox, "EPSG:4326", grid.crs)
    if not all(map(math.isfinite, (*bounds, *whole))):
        raise spatial_error("it cannot be expressed in the coordinate reference system asked for.")
    if request.spatial_extent is not None:
        bounds = (
            max(bounds[0], whole[0]),
            max(bounds[1], whole[1]),
            min(bounds[2], whole[2]),
            min(bounds[3], whole[3]),
        )
    return grid.window(bounds)


def _read(items: list[pystac.Item], bands: list[RasterBand], window: GeoBox) -> xr.DataArray:
    """The lazy cube of the bands, named by their own names."""
    odc.stac.configure_rio(**_GDAL)
    keys = [f"{band.asset}.{band.number}" for band in bands]
    with warnings.catch_warnings():
        # odc.geo calls a function of shapely that shapely has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        loaded = odc.stac.load(
            items,
            bands=keys,
            geobox=window,
            chunks={"x": CHUNK, "y": CHUNK},
            groupby="time",
            dtype="float32",
            nodata=float("nan"),
            resampling="nearest",
        )
    layers = [loaded[key].data for key in keys]
    times = loaded[keys[0]].time.values.astype("datetime64[ns]")
    height, width = window.shape
    affine = window.affine
    return xr.DataArray(
        da.stack(layers, axis=1),  # type: ignore[no-untyped-call]
        dims=("t", "bands", "y", "x"),
        coords={
            "t": times,
            "bands": [band.name for band in bands],
            "y": affine.f + (np.arange(height) + 0.5) * affine.e,
            "x": affine.c + (np.arange(width) + 0.5) * affine.a,
        },
    )
