"""Cubes of the generated world, computed chunk by chunk when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final, Protocol

import dask.array as da
import numpy as np
import numpy.typing as npt
import xarray as xr
from affine import Affine
from dask.base import tokenize

from backends.acquisitions import Visit, visits
from backends.bands import Band
from backends.errors import parameter_invalid
from backends.intervals import days_of, fewest_dates, nothing_then
from backends.loading import LoadRequest, check_size
from backends.products import Product
from backends.scenes.extents import (
    Area,
    clipped,
    read_area,
    shapes_in,
    window_of,
)
from backends.scenes.grid import Window, crs_of
from backends.scenes.ground import Ground
from backends.scenes.maps import Elevation, LandCover, Precipitation, Temperature
from backends.scenes.masks import CHUNK, chunks_of, inside
from backends.scenes.noise import Floats
from backends.scenes.ocean import OceanColour
from backends.scenes.optical import Surface
from backends.scenes.radar import Echo
from backends.scenes.vegetation import Snow, Vegetation


class Seen(Protocol):
    """A window at a date, as one product shows it."""

    def band(self, name: str) -> Floats:
        """The values of a band, NaN where there are none."""


def load_world(product: Product, request: LoadRequest) -> xr.DataArray:
    """A lazy cube of a product, dimensions t, bands, y and x (no t without dates).

    float32 with NaN for no data. Raises openEO errors for everything that is wrong
    with the request, before anything is allocated.
    """
    bands = band_names(product.band_names, request, common_names(product.bands))
    area = read_area(request.spatial_extent, product.bbox)
    window = window_of(product, request, area)
    dates = _dates(product, request, area, len(bands), window)
    values = _values(product.id, window, dates, bands)
    if area.shapes:
        values = da.where(_inside(area, window), values, np.float32(np.nan))
    return _labelled(product, window, dates, bands, values)


def common_names(bands: Sequence[Band]) -> dict[str, str]:
    """The band that each common name stands for: the first of those that have it."""
    return {band.common_name: band.name for band in reversed(bands) if band.common_name}


def band_names(
    available: Sequence[str], request: LoadRequest, common: Mapping[str, str]
) -> tuple[str, ...]:
    """The bands asked for by name or else common name, all if none are.

    `ProcessParameterInvalid` for unknown ones.
    """
    if request.bands is None:
        return tuple(available)
    asked = [name if name in available else common.get(name, name) for name in request.bands]
    unknown = [str(name) for name in asked if name not in available]
    if unknown or not request.bands:
        reason = f"there is no band {', '.join(unknown)}" if unknown else "no band is named"
        raise parameter_invalid(
            "load_collection", "bands", f"{reason}; available are {', '.join(available)}."
        )
    return tuple(dict.fromkeys(asked))


def _dates(
    product: Product, request: LoadRequest, area: Area, bands: int, window: Window
) -> list[Visit]:
    """The dates to load, checked against the allowed size."""
    if not product.dates:
        visits(product, range(0), product.bbox, request.properties)
        check_size(request, bands, 1, window.width, window.height)
        return [Visit(0)]
    days = days_of(product, request)
    box = clipped(product, area)
    # Saves judging every single day of a request that is far too large anyway.
    check_size(request, bands, fewest_dates(product, days), window.width, window.height)
    dates = visits(product, days, box, request.properties)
    if not dates:
        raise nothing_then(product)
    check_size(request, bands, len(dates), window.width, window.height)
    return dates


def _values(product: str, window: Window, dates: list[Visit], bands: tuple[str, ...]) -> da.Array:
    """The lazy values; tasks share the ground per chunk and the view per date."""
    token = tokenize(product, window, dates, bands)
    name = f"world-{token}"
    heights, widths = chunks_of(window.height), chunks_of(window.width)
    graph: dict[Any, Any] = {}
    for row, height in enumerate(heights):
        for column, width in enumerate(widths):
            part = window.part(column * CHUNK, row * CHUNK, width, height)
            ground = (f"ground-{token}", row, column)
            graph[ground] = (_ground, part)
            for time, visit in enumerate(dates):
                seen = (f"seen-{token}", time, row, column)
                graph[seen] = (_seen, product, ground, visit)
                for number, band in enumerate(bands):
                    graph[name, time, number, row, column] = (_band, seen, band)
    chunks = ((1,) * len(dates), (1,) * len(bands), heights, widths)
    return da.Array(graph, name, chunks, dtype=np.float32)  # type: ignore[no-untyped-call]


@lru_cache(maxsize=4)
def _ground(part: Window) -> Ground:
    """The ground of a chunk, kept for the other dates and products of it."""
    return Ground(part)


_SHOWN: Final[Mapping[str, Callable[[Ground, Visit], Seen]]] = MappingProxyType(
    {
        "sentinel2_l2a": partial(Surface, top_of_atmosphere=False),
        "sentinel2_l1c": partial(Surface, top_of_atmosphere=True),
        "sentinel1_grd": Echo,
        "sentinel3_olci_l1b": OceanColour,
        "landcover": LandCover,
        "elevation": Elevation,
        "temperature_daily": Temperature,
        "precipitation_daily": Precipitation,
        "vegetation_10daily": Vegetation,
        "snow_daily": Snow,
    }
)


def _seen(product: str, ground: Ground, visit: Visit) -> Seen:
    return _SHOWN[product](ground, visit)


def _band(seen: Seen, name: str) -> npt.NDArray[np.float32]:
    return seen.band(name)[None, None]


def _inside(area: Area, window: Window) -> da.Array:
    """Which pixels have their centre in the area's geometries."""
    west, _, _, north = window.bounds
    affine = Affine(window.resolution, 0, west, 0, -window.resolution, north)
    return inside(shapes_in(area, window.crs), affine, window.height, window.width)


def _labelled(
    product: Product, window: Window, dates: list[Visit], bands: tuple[str, ...], values: da.Array
) -> xr.DataArray:
    coordinates: dict[str, Any] = {"bands": list(bands), "y": window.y, "x": window.x}
    dimensions = ["t", "bands", "y", "x"]
    if product.dates:
        days = np.array([visit.day for visit in dates], "datetime64[D]")
        coordinates["t"] = days.astype("datetime64[ns]")
    else:
        values, dimensions = values[0], dimensions[1:]
    cube = xr.DataArray(values, coords=coordinates, dims=dimensions)
    west, _, _, north = window.bounds
    affine = Affine(window.resolution, 0, west, 0, -window.resolution, north)
    return located(cube, window.crs, affine)


def located(cube: xr.DataArray, crs: str, affine: Affine) -> xr.DataArray:
    """The cube with its CRS, and without the name that dask gives its arrays."""
    cube.name = None
    found: xr.DataArray = cube.rio.write_crs(crs_of(crs).to_wkt())
    if 1 in {cube.sizes["x"], cube.sizes["y"]}:
        # Coordinates alone do not tell how large a single pixel is.
        found = found.rio.write_transform(affine)
    return found
