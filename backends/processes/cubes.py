"""What processes know of a cube's dimensions, and how a callback sees a cube.

Cubes are `xarray.DataArray`s with dimensions such as ("t", "bands", "y", "x"), NaN for
no-data and a CRS where rioxarray looks for it. A dimension's type is told by its
coordinates: instants are temporal; a text attribute `openeo_type` says it for the others
that processes make; else the common names decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final

import dask.array
import numpy as np
import xarray as xr

from backends.cube_form import TYPE
from backends.errors import OpenEOError
from backends.processes.frames import framed
from backends.processes.values import (
    Array,
    describe,
    invalid,
    is_field,
    is_null,
    of_pixels,
    pixels,
)

_NAMES: Final = {
    "t": "temporal",
    "time": "temporal",
    "bands": "bands",
    "band": "bands",
    "x": "spatial",
    "y": "spatial",
    "lon": "spatial",
    "lat": "spatial",
    "longitude": "spatial",
    "latitude": "spatial",
}
_X: Final = ("x", "lon", "longitude")
_Y: Final = ("y", "lat", "latitude")

Cube = xr.DataArray


def as_cube(value: Any, parameter: str = "data") -> Cube:
    """The value as a cube, or `ProcessParameterInvalid`."""
    if not isinstance(value, xr.DataArray):
        raise invalid(parameter, f"must be a data cube, not {describe(value)}.")
    return value


def dimension_type(cube: Cube, name: Hashable) -> str:
    """temporal, bands, spatial or other."""
    if name in cube.coords:
        stated = cube.coords[name].attrs.get(TYPE)
        if stated:
            return str(stated)
        if cube.coords[name].dtype.kind == "M":
            return "temporal"
    return _NAMES.get(str(name).casefold(), "other")


def names_of_type(cube: Cube, kind: str) -> list[str]:
    """The names of the dimensions of a type, in their order."""
    return [str(name) for name in cube.dims if dimension_type(cube, name) == kind]


def existing(cube: Cube, name: Any) -> str:
    """The name, if the cube has that dimension. Raises `DimensionNotAvailable`."""
    if name not in cube.dims:
        known = ", ".join(repr(str(item)) for item in cube.dims) or "no dimensions"
        raise OpenEOError(
            "DimensionNotAvailable", f"The dimension '{name}' does not exist; the cube has {known}."
        )
    return str(name)


def temporal_dimension(cube: Cube, name: Any = None) -> str:
    """The named dimension or the only temporal one.

    Raises `DimensionNotAvailable`, `TooManyDimensions`.
    """
    if name is not None:
        return existing(cube, name)
    found = names_of_type(cube, "temporal")
    if not found:
        raise OpenEOError("DimensionNotAvailable", "The cube has no temporal dimension.")
    if len(found) > 1:
        raise OpenEOError(
            "TooManyDimensions",
            f"The cube has several temporal dimensions ({', '.join(found)}): give 'dimension'.",
        )
    return found[0]


def spatial_dimensions(cube: Cube) -> tuple[str, str]:
    """The names of the y and the x dimension. Raises `DimensionNotAvailable`."""
    lower = {str(name).casefold(): str(name) for name in cube.dims}
    y = next((lower[name] for name in _Y if name in lower), None)
    x = next((lower[name] for name in _X if name in lower), None)
    if x is None or y is None:
        raise OpenEOError("DimensionNotAvailable", "The cube has no spatial dimensions x and y.")
    return y, x


def typed(cube: Cube, name: str, kind: str) -> Cube:
    """The cube with the type of a dimension stated at its coordinates."""
    coordinate = cube.coords[name].copy()
    coordinate.attrs = {**coordinate.attrs, TYPE: kind}
    return cube.assign_coords({name: coordinate})


def labels(cube: Cube, name: str) -> tuple[Any, ...]:
    """The labels of a dimension as JSON has them; instants as `2020-01-31T00:00:00Z`."""
    if name not in cube.coords:
        return tuple(range(cube.sizes[name]))
    values = cube.coords[name].values
    if values.dtype.kind == "M":
        return tuple(f"{text}Z" for text in np.datetime_as_string(values, unit="s"))
    return tuple(values.tolist())


def instants(cube: Cube, name: str) -> Any:
    """The labels of a temporal dimension as datetime64[ns] in UTC.

    Raises `ProcessParameterInvalid` for labels that are no dates, e.g. `2020-djf`.
    """
    if name not in cube.coords:
        raise invalid("dimension", f"'{name}' has no dates as labels.")
    values = cube.coords[name].values
    if values.dtype.kind == "M":
        return values.astype("datetime64[ns]")
    try:
        return values.astype(str).astype("datetime64[ns]")
    except ValueError:
        raise invalid("dimension", f"'{name}' has labels that are no dates.") from None


def coordinates_without(cube: Cube, *names: str) -> dict[Hashable, Any]:
    """The coordinates that do not lie along the named dimensions."""
    return {
        key: value for key, value in cube.coords.items() if not set(value.dims).intersection(names)
    }


def as_array(cube: Cube, name: str) -> tuple[Array, Cube]:
    """The cube as a labeled array along a dimension, and the cube turned that way."""
    turned = cube.transpose(name, ...)
    return Array(turned.data, labels(cube, name)), turned


def single(value: Any, shape: tuple[int, ...], like: Any, what: str) -> Any:
    """What a callback gave for each pixel, as one field of that shape; null becomes NaN."""
    if isinstance(value, bool | int | float | np.number) or is_null(value):
        kind = like.dtype if like.dtype.kind == "f" else np.dtype(np.float32)
        library = dask.array if isinstance(like, dask.array.Array) else np
        return library.full(shape, math.nan if value is None else float(value), dtype=kind)
    if not is_field(value):
        kind = "an array" if isinstance(value, Array | list) else describe(value)
        raise invalid(what, f"must give a single number each time, not {kind}.")
    return value if value.shape == shape else broadcast(value, shape)


def broadcast(value: Any, shape: tuple[int, ...]) -> Any:
    """The same value at each place of a shape."""
    library = dask.array if isinstance(value, dask.array.Array) else np
    return library.broadcast_to(value, shape)


def several(value: Any, shape: tuple[int, ...], like: Any, what: str) -> Any:
    """What a callback gave as an array for each pixel, as one field with the array first."""
    if of_pixels(value) and not isinstance(value, list):
        field = pixels(value)
        return field if field.shape[1:] == shape else broadcast(field, (len(field), *shape))
    if isinstance(value, list | Array):
        parts = [single(element, shape, like, what) for element in value]
        if not parts:
            raise invalid(what, "must give at least one value.")
        library = dask.array if any(isinstance(p, dask.array.Array) for p in parts) else np
        return library.stack(parts)
    # A process that gives a single value gives an array of one.
    return single(value, shape, like, what)[np.newaxis]


def rebuilt(
    values: Any,
    dims: Sequence[Hashable],
    coords: Mapping[Hashable, Any],
    source: Cube,
) -> Cube:
    """A cube of new values with the attributes of the one that it was made from."""
    return xr.DataArray(values, dims=dims, coords=coords, attrs=source.attrs, name=source.name)


def reduced(cube: Cube, name: str, reducer: Callable[..., Any], context: Any) -> Cube:
    """The cube with a dimension reduced by a callback that sees a labeled array `data`."""
    array, turned = as_array(cube, name)
    with framed(turned, name, dropped=True):
        result = reducer(data=array, context=context)
    values = single(result, turned.shape[1:], turned.data, "reducer")
    return rebuilt(values, turned.dims[1:], coordinates_without(cube, name), cube)
