"""Small cubes whose every value is known."""

from typing import Any

import numpy as np
import rioxarray  # noqa: F401 - gives cubes their `rio`
import xarray as xr

DATES = np.array(["2021-07-01", "2021-07-06"], "datetime64[ns]")


def cube(
    *,
    dates: Any = DATES,
    bands: Any = ("B04", "B08"),
    height: int = 30,
    width: int = 40,
    dtype: str = "float32",
    crs: int | None = 32631,
    chunks: int | None = 16,
) -> xr.DataArray:
    """A cube that counts its values from 1; dims t, bands, y, x, those of None left out."""
    axes: dict[str, Any] = {}
    if dates is not None:
        axes["t"] = list(dates) if isinstance(dates, tuple) else dates
    if bands is not None:
        axes["bands"] = list(bands)
    axes["y"] = 5_700_000 - 10 * (np.arange(height) + 0.5)
    axes["x"] = 600_000 + 10 * (np.arange(width) + 0.5)
    shape = tuple(len(labels) for labels in axes.values())
    values = np.arange(1, np.prod(shape) + 1).reshape(shape).astype(dtype)
    found = xr.DataArray(values, coords=axes, dims=tuple(axes))
    if crs is not None:
        found = found.rio.write_crs(crs)
    return found.chunk({"x": chunks, "y": chunks}) if chunks else found
