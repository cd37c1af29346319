"""netCDF-4 by the CF conventions: the whole cube in one file."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from backends.formats import SavedAsset
from backends.writers.cubes import (
    BAND_NAMES,
    Progress,
    as_cube,
    as_raster,
    date_text,
    labels_of,
    moments,
    sized,
    time_dimension,
    unsuitable,
)

MEDIA_TYPE: Final = "application/x-netcdf"

_CRS: Final = "crs"
_CHUNK: Final = 512


def write_netcdf(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write the cube chunk by chunk with h5netcdf.

    Each band is a variable of its own name, or all stand in `data`. Dimensions keep
    their names and labels; the CRS is the grid mapping `crs`. Several threads must
    never write with the netCDF4 library (it crashes), hence the engine.
    """
    cube = as_cube(value, "netCDF")
    if 0 in cube.shape:
        raise unsuitable("netCDF", "it is empty.")
    path = folder / f"{options['filename_prefix']}.nc"
    path.unlink(missing_ok=True)
    dataset = _dataset(cube, as_variables=options["bands_as_variables"])
    progress(0.05)
    dataset.to_netcdf(
        path, engine="h5netcdf", encoding=_encoding(dataset, options["compression_level"])
    )
    return [SavedAsset(path, MEDIA_TYPE, ("data",), sized(path, _metadata(cube)))]


def _dataset(cube: xr.DataArray, *, as_variables: bool) -> xr.Dataset:
    plain = _plain(cube)
    bands = next((name for name in BAND_NAMES if name in cube.dims), None)
    if bands is None or not as_variables:
        dataset = plain.to_dataset(name="data")
    else:
        dataset = _split(plain, bands)
    return _described(dataset, cube)


def _plain(cube: xr.DataArray) -> xr.DataArray:
    """The cube with labels that a file can hold, and without its old grid mapping."""
    changed: dict[Hashable, Any] = {}
    for name, coordinate in cube.coords.items():
        if coordinate.dtype.kind == "O":
            changed[name] = (coordinate.dims, [_text(label) for label in coordinate.values.flat])
    kept = cube.assign_coords(changed) if changed else cube
    # An index of geometries cannot be written; the labels are text by now.
    kept = kept.drop_indexes([name for name in changed if name in kept.xindexes])
    encoded = kept.drop_vars("spatial_ref", errors="ignore")
    encoded.attrs = {key: item for key, item in cube.attrs.items() if _is_plain(item)}
    encoded.encoding = {}
    return encoded


def _text(label: Any) -> str:
    return str(getattr(label, "wkt", label))


def _is_plain(item: Any) -> bool:
    return isinstance(item, str | int | float) and not isinstance(item, bool)


def _split(cube: xr.DataArray, bands: Hashable) -> xr.Dataset:
    """One variable per band, its label kept as `long_name`."""
    variables: dict[str, xr.DataArray] = {}
    for index, label in enumerate(labels_of(cube, bands)):
        name = _variable_name(str(label), taken={*map(str, cube.coords), *variables, _CRS})
        layer = cube.isel({bands: index}).drop_vars([bands], errors="ignore")
        layer.attrs = {**layer.attrs, "long_name": str(label)}
        variables[name] = layer
    return xr.Dataset(variables)


def _variable_name(label: str, taken: set[str]) -> str:
    """A name that CF allows: a letter first, then letters, digits and `_`; not taken."""
    name = re.sub(r"\W", "_", label, flags=re.ASCII)
    if not name or not name[0].isalpha():
        name = f"band_{name}"
    while name in taken:
        name = f"band_{name}"
    return name


def _described(dataset: xr.Dataset, cube: xr.DataArray) -> xr.Dataset:
    """The dataset with the attributes that CF asks for."""
    crs = cube.rio.crs if {"x", "y"} <= set(cube.dims) else None
    if crs is not None:
        dataset = dataset.rio.write_crs(crs, grid_mapping_name=_CRS)
        dataset = dataset.rio.write_coordinate_system()
    time = time_dimension(cube)
    if time is not None and time in dataset.coords:
        dataset[time].attrs |= {"long_name": "time", "axis": "T"}
        if dataset[time].dtype.kind == "M":
            dataset[time].attrs["standard_name"] = "time"
    dataset.attrs = {"Conventions": "CF-1.9", "institution": "openEO"}
    return dataset


def _encoding(dataset: xr.Dataset, level: int) -> dict[Hashable, dict[str, Any]]:
    encoding: dict[Hashable, dict[str, Any]] = {}
    for name, variable in dataset.data_vars.items():
        encoding[name] = {"chunksizes": _chunk_sizes(variable)} if variable.ndim else {}
        if _CRS in dataset.coords:
            encoding[name]["grid_mapping"] = _CRS
        if level and variable.ndim:
            encoding[name] |= {"zlib": True, "complevel": level, "shuffle": True}
    for name, coordinate in dataset.coords.items():
        if coordinate.dtype.kind == "M":
            encoding[name] = {"units": _time_units(coordinate), "dtype": "int64"}
        elif coordinate.dtype.kind == "f":
            encoding[name] = {"_FillValue": None}
    return encoding


def _chunk_sizes(variable: xr.DataArray) -> tuple[int, ...]:
    spatial = {"x", "y"}
    return tuple(
        min(size, _CHUNK) if name in spatial or not spatial & set(variable.dims) else 1
        for name, size in variable.sizes.items()
    )


def _time_units(coordinate: xr.DataArray) -> str:
    nanoseconds = coordinate.values.astype("datetime64[ns]").astype(np.int64)
    for unit, length in (("days", 86_400_000_000_000), ("seconds", 1_000_000_000)):
        if not (nanoseconds % length).any():
            return f"{unit} since 1970-01-01"
    return "nanoseconds since 1970-01-01"


def _metadata(cube: xr.DataArray) -> dict[str, Any]:
    time = time_dimension(cube)
    dates = [] if time is None else [date_text(label) for label in labels_of(cube, time)]
    if {"x", "y"} <= set(cube.dims):
        found = as_raster(cube, "netCDF").metadata(None)
    else:
        bands = next((name for name in BAND_NAMES if name in cube.dims), None)
        names = [] if bands is None else [str(label) for label in labels_of(cube, bands)]
        found = {"bands": [{"name": name} for name in names]} if names else {}
    return {**found, **moments(dates)}
