"""Files of others as cubes: GeoTIFF, netCDF and GeoJSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import rasterio
import rioxarray
import xarray as xr

from backends.cube_form import restored
from backends.errors import OpenEOError
from backends.processes.cubes import Cube
from backends.processes.values import invalid
from backends.processes.vectors import load_geojson

_CHUNK: Final = 512
_NAMES: Final = {"lat": "y", "latitude": "y", "lon": "x", "longitude": "x", "time": "t"}
_MAX_TEXT: Final = 50_000_000
MAX_PART: Final = 256 * 2**20
"""How many bytes a block of a raster or a chunk of an array may have."""


def read_file(path: Path, format_: str) -> Cube:
    """A file as a cube: lazy (t, bands, y, x) for rasters, a vector cube for GeoJSON.

    Raises `FormatUnsuitable` for other formats and for what is no such file.
    """
    reader = _READERS.get(format_.casefold())
    if reader is None:
        raise OpenEOError(
            "FormatUnsuitable",
            f"The input format {format_!r} is not offered; there are GeoJSON, GTiff and netCDF.",
        )
    try:
        return reader(path)
    except (OSError, ValueError, rasterio.errors.RasterioError, KeyError) as error:
        raise OpenEOError(
            "FormatUnsuitable", f"The data cannot be read as {format_} ({type(error).__name__})."
        ) from error


def read_geotiff(path: Path) -> Cube:
    """A GeoTIFF as a cube (bands, y, x), its bands named by their descriptions."""
    # This driver alone: others open files that the file names, wherever they are.
    with rasterio.open(path, driver="GTiff") as raster:
        check_blocks(raster)
        names = [text or f"B{number}" for number, text in enumerate(raster.descriptions, start=1)]
    cube: Any = rioxarray.open_rasterio(
        path, masked=True, chunks={"x": _CHUNK, "y": _CHUNK}, driver="GTiff"
    )
    unique = names if len(set(names)) == len(names) else [f"B{n + 1}" for n in range(len(names))]
    cube = cube.astype(np.float32).rename(band="bands").assign_coords(bands=unique)
    return _cleaned(cube)


def read_netcdf(path: Path) -> Cube:
    """A netCDF file as a cube (t, bands, y, x): each variable with x and y is a band.

    A cube that a backend of this kind has saved is the same again in every respect.
    """
    check_self_contained(path)
    data = xr.open_dataset(
        path, engine="h5netcdf", chunks={}, decode_coords="all", mask_and_scale=True
    )
    same = restored(data)
    if same is not None:
        return same
    lower = {str(name): str(name).casefold() for name in data.dims}
    data = data.rename({name: _NAMES[low] for name, low in lower.items() if low in _NAMES})
    layers = {
        str(item.attrs.get("long_name") or name): item
        for name, item in data.data_vars.items()
        if {"x", "y"} <= set(map(str, item.dims))
    }
    if not layers:
        raise ValueError("no raster")
    crs = next(iter(layers.values())).rio.crs
    if len(layers) == 1 and "bands" in next(iter(layers.values())).dims:
        cube: Any = next(iter(layers.values()))
    else:
        joined = xr.concat(layers.values(), dim="bands", coords="minimal", compat="override")
        cube = joined.assign_coords(bands=list(layers))
    order = [name for name in ("t", "bands", "y", "x") if name in cube.dims]
    cube = cube.transpose(..., *order).astype(np.float32)
    if cube.y.size > 1 and cube.y.values[0] < cube.y.values[-1]:
        cube = cube.isel(y=slice(None, None, -1))
    cube = cube.chunk({"x": _CHUNK, "y": _CHUNK})
    return _cleaned(cube.rio.write_crs(crs) if crs is not None else cube)


def check_blocks(raster: Any) -> None:
    """Raise `FileSizeExceeded` for a raster whose parts are too large to be unpacked one by one.

    A file of a few bytes can hold a part of gigabytes, if all of it is the same.
    """
    pixels = max(height * width for height, width in raster.block_shapes)
    together = raster.count if str(raster.profile.get("interleave", "")) == "pixel" else 1
    _check_part(pixels * together * np.dtype(raster.dtypes[0]).itemsize)


def _check_part(size: int) -> None:
    if size > MAX_PART:
        raise OpenEOError(
            "FileSizeExceeded",
            f"The file has parts of {size:,} bytes; at most {MAX_PART:,} can be read at a time. "
            "Store it in smaller tiles or chunks.",
        )


def check_self_contained(path: Path) -> None:
    """Raise `ValueError` for an HDF5 file with values that lie in other files.

    HDF5 can keep values in any file that it names, and reads them with the rights of this
    process: those of other users' results too. Raises `FileSizeExceeded` for chunks that are
    too large.
    """
    with h5py.File(path, "r") as file:
        pending: list[Any] = [file]
        seen: set[Any] = set()
        while pending:
            group = pending.pop()
            if group.id in seen:
                continue
            seen.add(group.id)
            for name in group:
                if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                    raise ValueError("it leads to another file")
                item = group.get(name)
                if isinstance(item, h5py.Group):
                    pending.append(item)
                elif isinstance(item, h5py.Dataset):
                    if item.external or item.is_virtual:
                        raise ValueError("its values lie in another file")
                    _check_part(math.prod(item.chunks or ()) * item.dtype.itemsize)


def _cleaned(cube: Any) -> Cube:
    """The cube without what its file has said of packing and names."""
    cube.attrs, cube.encoding, cube.name = {}, {}, None
    found: Cube = cube
    return found


def read_geojson(path: Path) -> Cube:
    """GeoJSON as a vector cube; its values are the properties that are numbers."""
    if path.stat().st_size > _MAX_TEXT:
        raise OpenEOError("FileSizeExceeded", f"GeoJSON may have at most {_MAX_TEXT} bytes.")
    document = json.loads(path.read_bytes())
    return load_geojson(document, _numeric(document))


def _numeric(document: Any) -> list[str]:
    if not isinstance(document, Mapping) or not isinstance(document.get("type"), str):
        raise ValueError("no GeoJSON")
    features = document.get("features") or ([document] if document["type"] == "Feature" else [])
    found: dict[str, bool] = {}
    for feature in features:
        if not isinstance(feature, Mapping):
            raise ValueError("no GeoJSON")
        for name, value in (feature.get("properties") or {}).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            found[name] = found.get(name, True) and (number or value is None)
    return [name for name, is_numeric in found.items() if is_numeric]


_READERS: Final[Mapping[str, Callable[[Path], Cube]]] = {
    "geojson": read_geojson,
    "gtiff": read_geotiff,
    "netcdf": read_netcdf,
}


def joined(cubes: list[Cube]) -> Cube:
    """Several files as one cube: dates one after the other. Raises `ProcessParameterInvalid`."""
    if len(cubes) == 1:
        return cubes[0]
    if any("t" not in cube.dims for cube in cubes):
        raise invalid("paths", "leads to several files without dates: load and merge them.")
    try:
        whole = xr.concat(cubes, dim="t", join="exact", coords="minimal", compat="override")
    except ValueError:
        raise invalid("paths", "leads to files of different grids or bands.") from None
    return whole.sortby("t")
