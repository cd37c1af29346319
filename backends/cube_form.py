"""The form of a cube, written beside its values, so that whoever loads the file has the cube again.

A netCDF file holds values, labels and a CRS. What else a cube is, its own conventions do not
say: the order of dimensions, the bands that became variables, the types of dimensions, exact
geometries, the chunks. Sums of float32 depend on the chunks, so that a computation goes on
with the very same numbers only if these are kept too.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import orjson
import rioxarray  # noqa: F401 - gives cubes their `rio`
import shapely
import xarray as xr

FORM: Final = "openeo_cube"
"""The global attribute that holds the form, as JSON."""
TYPE: Final = "openeo_type"
"""The attribute of a coordinate that states the type of its dimension."""
GEOMETRY: Final = "geometry"
EXACT: Final = "geometry_wkb"
"""The coordinate with the geometries as hexadecimal WKB; as WKT they are rounded."""

_GRID: Final = "spatial_ref"
_MAX_CHUNK: Final = 256 * 2**20
"""In bytes; more must not be needed at a time because a file says so."""
_MAX_CHUNKS: Final = 2_000_000


def form_of(cube: xr.DataArray, variables: Sequence[str] = (), bands: str | None = None) -> str:
    """The form of a cube whose labels along `bands` stand in the file as these variables."""
    stated = {str(name): one.attrs.get(TYPE) for name, one in cube.coords.items()}
    grid = cube.coords[_GRID].attrs if _GRID in cube.coords else None
    form = {
        "dims": [str(name) for name in cube.dims],
        "bands": bands,
        "variables": list(variables),
        "labels": _listed(cube, bands) if bands is not None else None,
        "types": {name: kind for name, kind in stated.items() if kind is not None},
        "crs": _crs_of_geometries(cube),
        "spatial_ref": None if grid is None else _plain(grid),
        "attributes": _plain(cube.attrs),
        "chunks": None if cube.chunks is None else [list(sizes) for sizes in cube.chunks],
    }
    return orjson.dumps(form, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _listed(cube: xr.DataArray, name: str) -> list[Any] | None:
    """The labels as JSON has them; None for a dimension without labels."""
    if name not in cube.coords:
        return None
    labels = cube.coords[name].values
    return [label if isinstance(label, int | float) else str(label) for label in labels.tolist()]


def _crs_of_geometries(cube: xr.DataArray) -> str | None:
    stated = cube.coords[GEOMETRY].attrs.get("crs") if GEOMETRY in cube.coords else None
    return None if stated is None else str(stated)


def _plain(attributes: Mapping[Any, Any]) -> dict[str, str | int | float]:
    return {
        str(key): item
        for key, item in attributes.items()
        if isinstance(item, str | int | float) and not isinstance(item, bool)
    }


def restored(data: xr.Dataset) -> xr.DataArray | None:
    """The lazy cube that was written into this file; None where its form was not written.

    `data` as it was opened, its values not converted. Raises ValueError where the form is not
    that of what the file holds.
    """
    text = data.attrs.get(FORM)
    if not isinstance(text, str):
        return None
    try:
        form = orjson.loads(text)
        return _restored(data, form)
    except (KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise ValueError(f"its {FORM} is none ({type(error).__name__})") from error


def _restored(data: xr.Dataset, form: Mapping[str, Any]) -> xr.DataArray:
    if form["bands"] is None:
        cube = data["data"]
    else:
        cube = xr.concat(
            [data[name].drop_attrs(deep=False) for name in form["variables"]],
            dim=str(form["bands"]),
            coords="minimal",
            compat="override",
        )
    cube = cube.transpose(*form["dims"])
    coordinates = _coordinates(cube, form)
    plain = xr.DataArray(cube.variable.data, dims=cube.dims, coords=coordinates)
    plain.attrs = _plain(form["attributes"])
    return _chunked(_on_grid(plain, form["spatial_ref"]), form["chunks"])


def _coordinates(cube: xr.DataArray, form: Mapping[str, Any]) -> dict[Hashable, xr.Variable]:
    """The labels, without what the file's own conventions say of them."""
    found = {
        name: xr.Variable(one.dims, one.values, _type(form["types"].get(str(name))))
        for name, one in cube.coords.items()
        if name not in {EXACT, "crs", _GRID}
    }
    bands = form["bands"]
    if bands is not None and form["labels"] is not None:
        found[bands] = xr.Variable(
            (bands,), np.array(form["labels"]), _type(form["types"].get(bands))
        )
    if EXACT in cube.coords:
        found[GEOMETRY] = _geometries(cube.coords[EXACT], form["crs"])
    return found


def _type(kind: Any) -> dict[str, str]:
    return {} if kind is None else {TYPE: str(kind)}


def _geometries(written: xr.DataArray, crs: Any) -> xr.Variable:
    column = np.empty(written.size, dtype=object)
    column[:] = shapely.from_wkb([str(text) for text in written.values])
    return xr.Variable(written.dims, column, {} if crs is None else {"crs": str(crs)})


def _on_grid(cube: xr.DataArray, attributes: Any) -> xr.DataArray:
    """The cube with the CRS of its pixels."""
    if attributes is None:
        return cube
    placed = cube.assign_coords({_GRID: xr.Variable((), 0, _plain(attributes))})
    placed.encoding["grid_mapping"] = _GRID
    return placed


def _chunked(cube: xr.DataArray, chunks: Any) -> xr.DataArray:
    """The cube in its former chunks; in those of the file where these are unreasonable."""
    if chunks is None:
        return cube
    sizes = [[int(size) for size in along] for along in chunks]
    largest = math.prod(max(along) for along in sizes) * cube.dtype.itemsize
    if largest > _MAX_CHUNK or math.prod(map(len, sizes)) > _MAX_CHUNKS:
        return cube
    return cube.chunk(dict(zip(cube.dims, map(tuple, sizes), strict=True)))


def exact_geometries(cube: xr.DataArray) -> dict[str, Any]:
    """The coordinate that keeps the geometries of a vector cube exactly, if it has some."""
    if GEOMETRY not in cube.coords or cube.coords[GEOMETRY].dtype.kind != "O":
        return {}
    column = cube.coords[GEOMETRY]
    return {EXACT: (column.dims, list(shapely.to_wkb(column.values, hex=True)))}
