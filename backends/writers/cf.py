"""Cubes as datasets that follow the CF conventions, for netCDF and Zarr."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any, Final

import numpy as np
import orjson
import shapely
import xarray as xr

from backends.cube_form import FORM, GEOMETRY, TYPE, exact_geometries, form_of
from backends.writers.cubes import (
    as_raster,
    band_dimension,
    date_text,
    labels_of,
    moments,
    time_dimension,
)

CRS: Final = "crs"
"""The variable that holds the coordinate reference system."""

_CHUNK: Final = 512


def dataset_of(cube: xr.DataArray, *, as_variables: bool) -> xr.Dataset:
    """The cube with the attributes that CF asks for, without computing it.

    Each band is a variable of its own name, or all stand in `data`. The attribute
    `openeo_dimensions` tells in JSON the names, types and labels of the cube's dimensions,
    and `openeo_cube` whatever else it takes to have the same cube again.
    """
    plain = _plain(cube)
    bands = band_dimension(cube)
    if bands is None or not as_variables:
        dataset, form = plain.to_dataset(name="data"), form_of(cube)
    else:
        dataset = _split(plain, bands)
        form = form_of(cube, [str(name) for name in dataset.data_vars], bands)
    return _described(dataset, cube).assign_attrs({FORM: form})


def _plain(cube: xr.DataArray) -> xr.DataArray:
    """The cube with labels that a file can hold, and without its old grid mapping."""
    changed: dict[Hashable, Any] = {}
    for name, coordinate in cube.coords.items():
        if coordinate.dtype.kind == "O":
            changed[name] = (coordinate.dims, [_text(label) for label in coordinate.values.flat])
    # An index of geometries cannot be written; the labels become text.
    kept = cube.drop_indexes([name for name in changed if name in cube.xindexes])
    kept = kept.assign_coords({**changed, **exact_geometries(cube)}) if changed else kept
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
        name = _variable_name(str(label), taken={*map(str, cube.coords), *variables, CRS})
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
    crs = cube.rio.crs if {"x", "y"} <= set(cube.dims) else None
    if crs is not None:
        dataset = dataset.rio.write_crs(crs, grid_mapping_name=CRS)
        dataset = dataset.rio.write_coordinate_system()
    time = time_dimension(cube)
    if time is not None and time in dataset.coords:
        dataset[time].attrs |= {"long_name": "time", "axis": "T"}
        if dataset[time].dtype.kind == "M":
            dataset[time].attrs["standard_name"] = "time"
    dataset.attrs = {
        "Conventions": "CF-1.9",
        "institution": "openEO",
        "openeo_dimensions": orjson.dumps(_dimensions(cube)).decode(),
    }
    return dataset


def _dimensions(cube: xr.DataArray) -> dict[str, Any]:
    """The dimensions as the datacube extension of STAC writes them, in their order."""
    time = time_dimension(cube)
    found: dict[str, Any] = {}
    for name in cube.dims:
        if name in {"x", "y"}:
            found[str(name)] = _spatial(cube, name)
        elif name == time:
            dates = [date_text(label) for label in labels_of(cube, name)]
            known = moments(dates)
            ends = [known.get(key, known.get("datetime")) for key in _ENDS]
            found[str(name)] = {"type": "temporal", "extent": ends, "values": dates}
        else:
            texts = [_text(label) for label in labels_of(cube, name)]
            kind = _kind(cube, name)
            found[str(name)] = {"type": kind, **_outline(cube, kind), "values": texts}
    return found


_ENDS: Final = ("start_datetime", "end_datetime")


def _spatial(cube: xr.DataArray, name: Hashable) -> dict[str, Any]:
    labels = cube.coords[name].values if name in cube.coords else [0]
    ends = [float(min(labels)), float(max(labels))]
    crs = cube.rio.crs if {"x", "y"} <= set(cube.dims) else None
    system = {} if crs is None else {"reference_system": crs.to_epsg() or crs.to_wkt()}
    return {"type": "spatial", "axis": name, "extent": ends, **system}


def _outline(cube: xr.DataArray, kind: str) -> dict[str, Any]:
    """The box around all geometries, in their own CRS; nothing for other dimensions."""
    if kind != "geometry" or GEOMETRY not in cube.coords:
        return {}
    box = shapely.total_bounds(list(cube.coords[GEOMETRY].values))
    if not np.isfinite(box).all():
        return {}
    system = cube.coords[GEOMETRY].attrs.get("crs")
    known = {} if system is None else {"reference_system": _code(str(system))}
    return {"bbox": [float(side) for side in box], **known}


def _code(crs: str) -> int | str:
    number = crs.removeprefix("EPSG:")
    return int(number) if number.isdecimal() else crs


def _kind(cube: xr.DataArray, name: Hashable) -> str:
    stated = cube.coords[name].attrs.get(TYPE) if name in cube.coords else None
    if stated == "geometries" or _holds_geometries(cube, name):
        return "geometry"
    return "bands" if name == band_dimension(cube) else "other"


def _holds_geometries(cube: xr.DataArray, name: Hashable) -> bool:
    return any(hasattr(label, "wkt") for label in labels_of(cube, name)[:1])


def chunk_sizes(variable: xr.DataArray) -> tuple[int, ...]:
    """How large the chunks of a variable are stored."""
    spatial = {"x", "y"}
    return tuple(
        max(1, min(size, _CHUNK)) if name in spatial or not spatial & set(variable.dims) else 1
        for name, size in variable.sizes.items()
    )


def coordinate_encoding(dataset: xr.Dataset) -> dict[Hashable, dict[str, Any]]:
    """How the labels are stored: dates as whole numbers, coordinates without gaps."""
    encoding: dict[Hashable, dict[str, Any]] = {}
    for name, coordinate in dataset.coords.items():
        if coordinate.dtype.kind == "M":
            encoding[name] = {"units": _time_units(coordinate), "dtype": "int64"}
        elif coordinate.dtype.kind == "f":
            encoding[name] = {"_FillValue": None}
    return encoding


def _time_units(coordinate: xr.DataArray) -> str:
    nanoseconds = coordinate.values.astype("datetime64[ns]").astype(np.int64)
    for unit, length in (("days", 86_400_000_000_000), ("seconds", 1_000_000_000)):
        if not (nanoseconds % length).any():
            return f"{unit} since 1970-01-01"
    return "nanoseconds since 1970-01-01"


def metadata_of(cube: xr.DataArray, format_: str) -> dict[str, Any]:
    """What STAC should know of the file that holds the whole cube."""
    time = time_dimension(cube)
    dates = [] if time is None else [date_text(label) for label in labels_of(cube, time)]
    if {"x", "y"} <= set(cube.dims):
        found = as_raster(cube, format_).metadata(None)
    else:
        bands = band_dimension(cube)
        names = [] if bands is None else [str(label) for label in labels_of(cube, bands)]
        found = {"bands": [{"name": name} for name in names]} if names else {}
    layers = [{**band, **_stored(cube)} for band in found.get("bands", [])]
    described = {"bands": layers} if layers else {}
    return {**found, **described, **moments(dates), "cube:dimensions": _dimensions(cube)}


def _stored(cube: xr.DataArray) -> dict[str, str]:
    """How the raster extension tells the values of each band are stored."""
    if cube.dtype.kind == "b":
        return {}
    return {"data_type": cube.dtype.name, **({"nodata": "nan"} if cube.dtype.kind == "f" else {})}
