"""Values as JSON: cubes with their dimensions and labels, anything else as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import xarray as xr

from backends.errors import OpenEOError
from backends.formats import SavedAsset
from backends.writers.cubes import (
    Progress,
    date_text,
    labels_known,
    labels_of,
    sized,
)

MEDIA_TYPE: Final = "application/json"

MAX_VALUES: Final = 20_000_000
"""The text of more values would fill the memory."""


def write_json(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write a cube as {"dims", "coords", "shape", "dtype", "crs", "data"}, where `data` is
    nested in the order of `dims`; a cube without dimensions and other values as they
    are. No data and infinite numbers become null, dates RFC 3339.
    """
    document, metadata = _document(value), _metadata(value)
    progress(0.9)
    path = folder / f"{options['filename_prefix']}.json"
    path.write_bytes(orjson.dumps(document, option=_OPTIONS, default=_other))
    return [SavedAsset(path, MEDIA_TYPE, ("data",), sized(path, metadata))]


_OPTIONS: Final = (
    orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
)


def _document(value: Any) -> Any:
    if isinstance(value, xr.Dataset):
        value = value.to_array(dim="bands")
    if not isinstance(value, xr.DataArray):
        return value
    if value.size > MAX_VALUES:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The data cube has {value.size:,} values; JSON is written for {MAX_VALUES:,} at most. "
            "Aggregate it, or save it as GTiff or netCDF.",
        )
    values = value.compute().values
    if not value.dims:
        return values.item() if values.dtype.kind != "M" else date_text(values[()])
    return _cube(value, values)


def _cube(cube: xr.DataArray, values: Any) -> dict[str, Any]:
    dimensions = [str(name) for name in cube.dims]
    document: dict[str, Any] = {
        "dims": dimensions,
        "shape": list(cube.shape),
        "dtype": str(cube.dtype),
        "coords": {str(name): _labels(cube, name) for name in cube.dims},
    }
    crs = cube.rio.crs if {"x", "y"} <= set(dimensions) else None
    if crs is not None:
        epsg = crs.to_epsg()
        document["crs"] = f"EPSG:{epsg}" if epsg else crs.to_wkt()
    document["data"] = _nested(values)
    return document


def _labels(cube: xr.DataArray, dimension: Any) -> list[Any]:
    labels = labels_of(cube, dimension)
    return [date_text(item) if isinstance(item, np.datetime64) else item for item in labels]


def _nested(values: Any) -> Any:
    if values.dtype.kind in "iufb" and values.dtype.itemsize <= 8:
        return np.ascontiguousarray(values)
    if values.dtype.kind == "M":
        return [
            _nested(part) if part.ndim else date_text(part[()]) for part in map(np.asarray, values)
        ]
    return values.tolist()


def _other(value: Any) -> Any:
    """What the encoder does not know: dates, geometries, arrays and numbers of libraries."""
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    if hasattr(value, "__geo_interface__"):
        return value.__geo_interface__
    return value.compute() if hasattr(value, "compute") else str(value)


_CONVERSIONS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    ((xr.DataArray, xr.Dataset), _document),
    (np.datetime64, lambda value: None if np.isnat(value) else date_text(value)),
    ((np.ndarray, np.generic), lambda value: value.tolist()),
    (dt.timedelta, lambda value: value.total_seconds()),
    ((set, frozenset), sorted),
)


def _metadata(value: Any) -> dict[str, Any]:
    return labels_known(value) if isinstance(value, xr.DataArray) else {}
