"""Indices of bands: NDVI. Specification: openEO processes 2.0.0-rc.1."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from backends.errors import OpenEOError
from backends.processes.cubes import Cube, as_cube, labels, names_of_type
from backends.processes.declaration import implements
from backends.processes.library import library
from backends.products import PRODUCT, PRODUCTS, Band


def _known_bands(cube: Cube, dimension: str) -> dict[str, Band]:
    """What is known of a cube's bands: from the product that it was loaded from, or else
    from the first product in the catalogue that has them all."""
    names = set(map(str, labels(cube, dimension)))
    stated = PRODUCTS.get(str(cube.attrs.get(PRODUCT)))
    listed = [stated] if stated is not None else list(PRODUCTS.values())
    found = next((p for p in listed if names <= set(p.band_names)), None) or stated
    candidates = [found] if found is not None else listed[::-1]
    return {band.name: band for product in candidates for band in product.bands}


def common_names(cube: Cube, dimension: str) -> list[str | None]:
    """The common name of each band: of the coordinate `common_name`, or of the catalogue."""
    if "common_name" in cube.coords and cube.coords["common_name"].dims == (dimension,):
        return [str(name) for name in cube.coords["common_name"].values]
    known = _known_bands(cube, dimension)
    found = (known.get(str(label)) for label in labels(cube, dimension))
    return [band.common_name if band is not None else None for band in found]


def band_positions(cube: Cube, dimension: str, name: Any) -> list[int]:
    """Where a band of that name is, or else all bands of that common name."""
    present = labels(cube, dimension)
    if name in present:
        return [present.index(name)]
    named = common_names(cube, dimension)
    return [index for index, common in enumerate(named) if common == name]


def bands_within(cube: Cube, dimension: str, low: float, high: float) -> list[int]:
    """Where the bands are whose central wavelength (micrometres) lies in [low, high]."""
    known = _known_bands(cube, dimension)
    found = [known.get(str(label)) for label in labels(cube, dimension)]
    centres = [None if band is None else band.wavelength for band in found]
    return [
        index
        for index, centre in enumerate(centres)
        if centre is not None and low <= centre <= high
    ]


@implements("ndvi")
def ndvi(data: Cube, nir: Any = None, red: Any = None, target_band: str | None = None) -> Cube:
    """(nir - red) / (nir + red) of two bands, named or found by their common names.

    The dimension of bands is dropped, or kept with `target_band` as one more band. float32
    stays; no-data in either band gives no-data; 0 / 0 too. Raises `DimensionAmbiguous`,
    `NirBandAmbiguous`, `RedBandAmbiguous`, `BandExists`. The arithmetic is the library's.
    """
    cube = as_cube(data)
    found = names_of_type(cube, "bands")
    if len(found) != 1:
        raise OpenEOError(
            "DimensionAmbiguous", "There must be exactly one dimension of bands in the cube."
        )
    dimension = found[0]
    bright = _band(cube, dimension, "nir" if nir is None else nir, "NirBandAmbiguous", "nir")
    dark = _band(cube, dimension, "red" if red is None else red, "RedBandAmbiguous", "red")
    index: Cube = library.normalized_difference(bright, dark)
    index.attrs = dict(cube.attrs)
    if target_band is None:
        return index
    if target_band in labels(cube, dimension):
        raise OpenEOError("BandExists", f"A band {target_band!r} exists already.")
    return _with_band(cube, dimension, index, target_band)


def _band(cube: Cube, dimension: str, name: Any, code: str, parameter: str) -> Cube:
    positions = band_positions(cube, dimension, name)
    if not positions:
        known = ", ".join(repr(str(label)) for label in labels(cube, dimension))
        raise OpenEOError(
            code, f"No band is called {name!r}: name one in '{parameter}'. There are {known}."
        )
    return cube.isel({dimension: positions[0]}, drop=True)


def _with_band(cube: Cube, dimension: str, index: Cube, name: str) -> Cube:
    """The cube with one more band behind the others."""
    along = [
        key
        for key, coordinate in cube.coords.items()
        if key != dimension and dimension in coordinate.dims
    ]
    bare = cube.drop_vars(along)
    added = index.expand_dims({dimension: np.array([name])}).transpose(*cube.dims)
    joined = xr.concat(
        [bare, added],
        dim=dimension,
        join="exact",
        coords="minimal",
        compat="override",
        combine_attrs="override",
    )
    return joined.assign_attrs(cube.attrs)
