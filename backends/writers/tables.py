"""Cubes as tables: rows of labels, a column for each band, and geometries."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
import xvec  # noqa: F401 - gives cubes of geometries their `xvec`
from shapely.geometry.base import BaseGeometry

from backends.errors import OpenEOError
from backends.writers.cubes import (
    band_dimension,
    date_text,
    labels_known,
    labels_of,
    unsuitable,
)

MAX_ROWS: Final = 5_000_000

GEOMETRY: Final = "geometry"
"""The column of geometries."""


def geometry_dimension(cube: xr.DataArray) -> Hashable | None:
    """The dimension whose labels are geometries, if there is one."""
    for name in cube.dims:
        labels = cube.coords[name].values if name in cube.coords else ()
        if len(labels) and all(isinstance(label, BaseGeometry) for label in labels):
            return name
    return None


def geometry_crs(cube: xr.DataArray, dimension: Hashable) -> Any:
    """The CRS of the geometries: that of their index, else WGS84 as in GeoJSON."""
    index = cube.xindexes.get(dimension)
    return getattr(index, "crs", None) or "EPSG:4326"


def labeled_by_geometries(cube: xr.DataArray) -> xr.DataArray:
    """A cube whose geometries stand beside the labels, with the geometries as labels.

    The labels become the coordinate `id` where they are ids. Other cubes stay as they are.
    """
    beside = cube.coords.get(GEOMETRY)
    if beside is None or beside.ndim != 1 or GEOMETRY in cube.dims:
        return cube
    (dimension,) = beside.dims
    labels = cube.coords[dimension].values
    bare = cube.drop_vars([GEOMETRY, dimension])
    if labels.dtype.kind not in "iu":
        bare = bare.assign_coords(id=(dimension, labels))
    placed = bare.assign_coords({dimension: (dimension, beside.values)})
    indexed: xr.DataArray = placed.xvec.set_geom_indexes(dimension, crs=beside.attrs.get("crs"))
    return indexed


@dataclass(frozen=True)
class Table:
    """A cube as rows.

    `frame`: a GeoDataFrame with the column `geometry` where there are geometries. `keys`:
    its columns of labels. `features`: those of what is known of a geometry, its number
    first. `values`: its columns of values, named by bands.
    """

    frame: pd.DataFrame
    keys: tuple[str, ...]
    features: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def has_geometries(self) -> bool:
        """Whether there is a column of geometries."""
        return isinstance(self.frame, gpd.GeoDataFrame)


def as_table(value: Any, format_: str) -> Table:
    """The value as a table, computed: cubes, data frames and plain numbers.

    Rows are in the order of the cube's dimensions. Raises `ProcessParameterInvalid` for
    what is no table and `ProcessGraphComplexity` for too many rows.
    """
    if isinstance(value, xr.Dataset):
        value = value.to_array(dim="bands")
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        value = xr.DataArray(value)
    if hasattr(value, "compute") and not isinstance(value, xr.DataArray):
        value = value.compute()
    if isinstance(value, pd.DataFrame):
        return _of_frame(value)
    if not isinstance(value, xr.DataArray):
        raise unsuitable(format_, f"it is no data cube but {type(value).__name__}; use JSON.")
    return _of_cube(labeled_by_geometries(value))


def _of_frame(frame: pd.DataFrame) -> Table:
    if isinstance(frame, gpd.GeoDataFrame):
        frame = frame.rename_geometry(GEOMETRY) if frame.geometry.name != GEOMETRY else frame
    values = [str(name) for name in frame.columns if name != GEOMETRY]
    return Table(frame.rename(columns=str), (), (), tuple(values))


def _of_cube(cube: xr.DataArray) -> Table:
    bands = band_dimension(cube)
    dimensions = [name for name in cube.dims if name != bands]
    rows = int(np.prod([cube.sizes[name] for name in dimensions], dtype=np.int64))
    if rows > MAX_ROWS:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The data cube has {rows:,} rows as a table; at most {MAX_ROWS:,} are written. "
            "Aggregate it, or save it as GTiff, netCDF or Zarr.",
        )
    ordered = cube.transpose(*dimensions, *([bands] if bands else []))
    names = [str(label) for label in labels_of(cube, bands)] if bands else ["value"]
    numbers = ordered.compute().values.reshape(rows, len(names))
    shapes = geometry_dimension(cube)
    columns, features, placed = _label_columns(cube, dimensions, shapes)
    labels = tuple(columns)
    for place, name in enumerate(names):
        columns[_free(name, columns)] = numbers[:, place]
    values = tuple(name for name in columns if name not in labels)
    frame = pd.DataFrame(columns)
    if shapes is not None:
        series = gpd.GeoSeries(placed, crs=geometry_crs(cube, shapes))
        frame = gpd.GeoDataFrame(frame, geometry=series)
    return Table(frame, tuple(key for key in labels if key not in features), features, values)


def _free(name: str, taken: dict[str, Any]) -> str:
    while name in taken or name == GEOMETRY:
        name = f"band_{name}"
    return name


def _label_columns(
    cube: xr.DataArray, dimensions: list[Hashable], shapes: Hashable | None
) -> tuple[dict[str, Any], tuple[str, ...], list[Any]]:
    """A column for each dimension, which of them are about geometries, and the geometries.

    Geometries have their number from 0 as `feature_index`, and what else is known of them.
    """
    sizes = [cube.sizes[name] for name in dimensions]
    places = np.indices(sizes).reshape(len(sizes), int(np.prod(sizes)))
    columns: dict[str, Any] = {}
    features: tuple[str, ...] = ()
    placed: list[Any] = []
    for name, index in zip(dimensions, places, strict=True):
        if name != shapes:
            columns[str(name)] = _plain(labels_of(cube, name))[index]
            continue
        known = {str(key): _plain(list(cube.coords[key].values)) for key in _beside(cube, name)}
        columns |= {"feature_index": index, **{key: known[key][index] for key in known}}
        features = ("feature_index", *known)
        placed = list(cube.coords[name].values[index])
    return columns, features, placed


def _beside(cube: xr.DataArray, dimension: Hashable) -> list[Hashable]:
    """Other coordinates of a dimension, such as the ids of its geometries."""
    found = cube.coords.items()
    return [name for name, one in found if name != dimension and one.dims == (dimension,)]


def _plain(labels: list[Any]) -> Any:
    """Labels as an array: dates as text, everything else as it is."""
    return np.array([date_text(x) if isinstance(x, np.datetime64) else x for x in labels])


def wide(table: Table) -> gpd.GeoDataFrame:
    """The table of a cube of geometries with one row for each geometry.

    Columns of values are named by their labels of all other dimensions, joined by `_`.
    """
    frame = table.frame
    if not table.features:
        return frame
    index, *known = table.features
    found = frame.drop_duplicates(index).set_index(index)[[*known, GEOMETRY]]
    named = _joined(frame, table.keys)
    for label in dict.fromkeys(named):
        part = frame[named == label].set_index(index)
        for value in table.values:
            parts = [label, value] if table.values != ("value",) or not label else [label]
            found["_".join(part for part in parts if part)] = part[value]
    return found


def _joined(frame: pd.DataFrame, keys: tuple[str, ...]) -> pd.Series:
    """The labels of each row in one text, empty where there are none."""
    texts = pd.Series("", index=frame.index)
    for place, key in enumerate(keys):
        texts += ("_" if place else "") + frame[key].astype(str)
    return texts


def metadata(value: Any) -> dict[str, Any]:
    """What STAC should know of the file of a table."""
    if not isinstance(value, xr.DataArray):
        return {}
    return {**labels_known(value), **_place(labeled_by_geometries(value))}


def _place(cube: xr.DataArray) -> dict[str, Any]:
    shapes = geometry_dimension(cube)
    if shapes is None:
        return {}
    series = gpd.GeoSeries(list(cube.coords[shapes].values), crs=geometry_crs(cube, shapes))
    box = series.to_crs(4326).total_bounds
    return {"bbox": [round(float(side), 7) for side in box]} if np.isfinite(box).all() else {}
