"""Small vector cubes whose every value is known."""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr
import xvec  # noqa: F401 - gives cubes of geometries their `xvec`

SQUARES = [shapely.box(5.0, 51.0, 5.1, 51.1), shapely.box(6.0, 52.0, 6.2, 52.2)]
DATES = np.array(["2021-07-01", "2021-07-06"], "datetime64[ns]")


def vector_cube(
    *, dates: Any = DATES, bands: Any = ("B04", "B08"), name: str = "geometry", crs: int = 4326
) -> xr.DataArray:
    """A cube that counts its values from 0 by halves; the last one is no data."""
    squares = gpd.GeoSeries(SQUARES, crs=4326).to_crs(crs)
    axes: dict[str, Any] = {name: np.array(list(squares), dtype=object)}
    if dates is not None:
        axes["t"] = list(dates)
    if bands is not None:
        axes["bands"] = list(bands)
    shape = tuple(len(labels) for labels in axes.values())
    values = np.arange(np.prod(shape)).reshape(shape) / 2
    values[(-1,) * len(shape)] = np.nan
    cube = xr.DataArray(values, coords=axes, dims=tuple(axes))
    indexed: xr.DataArray = cube.xvec.set_geom_indexes(name, crs=crs)
    return indexed
