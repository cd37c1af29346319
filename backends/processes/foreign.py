"""Data from elsewhere: STAC, results of batch jobs, files in the web and of the user.

Whatever is loaded goes through the `Environment`, which judges addresses and finds a user's
files. Rasters are copied first, as far as they are wanted, and then read lazily. Ours: the
library's load_stac wants schemas from the internet and cannot read static collections.
Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pystac
import xarray as xr

from backends.environment import Environment
from backends.errors import OpenEOError
from backends.loading import LoadRequest, check_size
from backends.processes.copies import Copies
from backends.processes.cubes import Cube
from backends.processes.declaration import implements
from backends.processes.files import joined, read_file, read_netcdf
from backends.processes.filters import filter_bands, filter_bbox, filter_spatial, filter_temporal
from backends.processes.job_results import read_complete
from backends.processes.stac_reading import foreign_data
from backends.processes.storage import load_request
from backends.processes.values import elements, invalid
from backends.scenes.extents import Area, Box, read_area
from backends.scenes.grid import unit_in_metres
from backends.stac_documents import RasterBand, Source
from backends.stac_source import load_source

_NETCDF: Final = ("application/netcdf", "application/x-netcdf")


@implements("load_stac")
def load_stac(
    url: str,
    spatial_extent: Any = None,
    temporal_extent: Any = None,
    bands: Any = None,
    properties: Any = None,
    *,
    environment: Environment,
) -> Cube:
    """The rasters of a STAC item, collection or catalogue, static or behind an API.

    A lazy cube (t, bands, y, x) on the grid of the first raster, as `load_collection` gives
    them. Results of batch jobs are read by their signed URL, complete ones only. Bands are
    chosen by name or common name. Assets are GeoTIFF, or else netCDF: a cube that was saved
    here or by a backend of this kind is the same again. Raises `NoDataAvailable`,
    `TemporalExtentEmpty`, `UrlNotAllowed`, `UrlNotAvailable`, `JobNotFinished`,
    `ProcessParameterInvalid`.
    """
    if not str(url).casefold().startswith(("http://", "https://")):
        raise invalid("url", "must be an http or https URL.")
    request = load_request(
        spatial_extent, temporal_extent, bands, properties, environment.limits.max_samples
    )
    copies = Copies(environment)
    with foreign_data():
        source = read_complete(url, environment)
        if not source.bands:
            return _from_netcdf(source, request, copies)
        wanted = replace(request, bands=_own_names(source, request.bands))
        extent = request.spatial_extent
        area = None if extent is None else read_area(extent, source.bbox)
        return load_source(source, wanted, _Part(wanted, area, copies).copied)


def _own_names(source: Source, wanted: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The names of bands that were asked for by name or common name."""
    if wanted is None:
        return None
    names = {band.name for band in source.bands}
    found: list[str] = []
    for name in wanted:
        common = [
            band.name
            for band in source.bands
            if name in (band.description.get("common_name"), band.description.get("eo:common_name"))
        ]
        found += [name] if name in names or not common else common
    return tuple(found)


@dataclass
class _Part:
    """What of the rasters behind STAC is wanted: an area, with a margin of some pixels."""

    request: LoadRequest
    area: Area | None
    copies: Copies
    margin: float = 0.0
    """In metres; more than a pixel of the cube, which has those of the first raster."""

    def copied(self, item: pystac.Item, bands: list[RasterBand]) -> pystac.Item:
        """The item with the parts of its assets that are needed, all of them on this machine."""
        local = item.clone()
        # Paths of copies are not to be taken as seen from where the item was.
        local.remove_links("self")
        needed = {key: {b.number for b in bands if b.asset == key} for key in item.assets}
        local.assets = {key: local.assets[key] for key, numbers in needed.items() if numbers}
        # The first band gives the pixels, so its raster is the first to be seen.
        for key in sorted(local.assets, key=lambda key: key != bands[0].asset):
            asset = local.assets[key]
            href = item.assets[key].get_absolute_href() or asset.href
            path = self.copies.raster(href, _driver(asset), needed[key], self)
            asset.href = str(path)
            # odc.stac counts bands by the field of STAC 1.1 only.
            fields = asset.extra_fields
            if "bands" not in fields and "eo:bands" in fields:
                fields["bands"] = [{"name": band.get("name")} for band in fields["eo:bands"]]
        return local

    def bounds(self, crs: str, pixel: tuple[float, float]) -> Box | None:
        """The edges of the area in a CRS, with the margin; None for everything."""
        unit = unit_in_metres(crs)
        # Metres make more degrees of longitude than of latitude, hence the factor.
        self.margin = self.margin or 3 * max(pixel) * unit
        if self.area is None:
            return None
        more = self.margin / unit + 2 * max(pixel)
        west, south, east, north = self.area.bounds_in(crs)
        return west - more, south - more, east + more, north + more

    def check(self, bands: int, width: int, height: int) -> None:
        """Raise `ProcessGraphComplexity` for what cannot but be too large, margin or not."""
        if bands * width * height > 2 * self.request.max_samples:
            check_size(self.request, bands, 1, width, height)


def _driver(asset: pystac.Asset) -> str:
    """What reads an asset. Only formats that name no other files are read."""
    told = f"{asset.media_type or ''} {asset.href.split('?')[0]}".casefold()
    return "JP2OpenJPEG" if "jp2" in told else "GTiff"


def _from_netcdf(source: Source, request: LoadRequest, copies: Copies) -> Cube:
    """The cube of STAC whose data are netCDF files."""
    hrefs = [
        asset.get_absolute_href() or asset.href
        for item in source.items
        for asset in item.assets.values()
        if _is_netcdf(asset)
    ]
    hrefs += [
        str(asset.get("href"))
        for asset in source.document.get("assets", {}).values()
        if not hrefs and str(asset.get("type", "")).startswith(_NETCDF)
    ]
    if not hrefs:
        raise OpenEOError("NoDataAvailable", "The STAC leads to no GeoTIFF and no netCDF file.")
    try:
        cube = joined([read_netcdf(copies.copy(href)) for href in dict.fromkeys(hrefs)])
    except (OSError, ValueError) as error:
        raise invalid("url", "leads to a netCDF file that cannot be read.") from error
    cube = _filtered(cube, request)
    if cube.size > request.max_samples:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The cube would hold {cube.size:,} values; the limit is {request.max_samples:,}.",
        )
    return cube


def _is_netcdf(asset: pystac.Asset) -> bool:
    kind = (asset.media_type or "").casefold()
    return kind.startswith(_NETCDF) or (not kind and asset.href.split("?")[0].endswith(".nc"))


def _filtered(cube: Cube, request: LoadRequest) -> Cube:
    extent = request.spatial_extent
    if request.temporal_extent is not None and "t" in cube.dims:
        cube = filter_temporal(cube, list(request.temporal_extent))
    if request.bands is not None:
        cube = filter_bands(cube, list(request.bands))
    if extent is not None:
        cube = filter_spatial(cube, extent) if "type" in extent else filter_bbox(cube, extent)
    return cube


@implements("load_url")
def load_url(
    url: str,
    format: str,  # noqa: A002  the name in openEO
    options: Mapping[str, Any] | None = None,
    *,
    environment: Environment,
) -> Cube:
    """A file in the web as a cube: GeoTIFF, netCDF or GeoJSON.

    Raises `FormatUnsuitable`, `UrlNotAllowed`, `UrlNotAvailable`, `FileSizeExceeded`.
    """
    _no_options(options)
    return _bounded(read_file(Copies(environment).copy(url), format), environment)


@implements("load_uploaded_files")
def load_uploaded_files(
    paths: Any,
    format: str,  # noqa: A002  the name in openEO
    options: Mapping[str, Any] | None = None,
    *,
    environment: Environment,
) -> Cube:
    """Files of the user's workspace as a cube; several must be of one grid and have dates.

    Raises `FileNotFound`, `FormatUnsuitable`, `ProcessParameterInvalid`.
    """
    _no_options(options)
    listed = [str(path) for path in elements(paths, "paths")]
    if not listed:
        raise invalid("paths", "must name at least one file.")
    cubes = [read_file(environment.user_file(path), format) for path in listed]
    return _bounded(joined(cubes), environment)


def _no_options(options: Mapping[str, Any] | None) -> None:
    if options:
        raise invalid("options", f"has {', '.join(options)}: the input formats have no options.")


def _bounded(cube: Cube, environment: Environment) -> Cube:
    limit = environment.limits.max_samples
    if cube.size > limit:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The file holds {cube.size:,} values; the limit is {limit:,}.",
        )
    return cube


@implements("create_data_cube")
def create_data_cube() -> Cube:
    """A cube without dimensions, to which add_dimension adds some; its value is no-data."""
    return xr.DataArray(np.float32(np.nan))
