"""Opening what the federation computed and saying what is in it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import xarray as xr


def describe_geotiff(file: Path) -> str:
    """Size, reference system, and the range and mean of the first band's values."""
    with rasterio.open(file) as raster:
        values = raster.read(1, masked=True).filled(np.nan).astype("float64")
        size = f"{raster.width} x {raster.height} pixels, {raster.crs}, {raster.count} band(s)"
    return f"{size}\n{describe_values(values)}"


def describe_netcdf(file: Path) -> str:
    """The dimensions, and a line for each variable that has values."""
    with xr.open_dataset(file, engine="h5netcdf") as data:
        sizes = ", ".join(f"{name}: {size}" for name, size in data.sizes.items())
        variables = [
            f"{name}: {describe_values(values.to_numpy())}"
            for name, values in data.data_vars.items()
            if values.ndim >= 2
        ]
    return "\n".join([sizes, *variables])


def describe_values(values: np.ndarray) -> str:
    """Least, mean and greatest value, and how much of it is no data."""
    valid = values[np.isfinite(values)]
    if not valid.size:
        return "no data at all"
    share = 100 * (1 - valid.size / values.size)
    low, mean, high = valid.min(), valid.mean(), valid.max()
    return f"from {low:.3f} to {high:.3f}, mean {mean:.3f}, {share:.1f} % without data"


def shares(file: Path, limits: dict[str, tuple[float, float]]) -> str:
    """How much of the first band's valid values lies in each named range, in percent."""
    with rasterio.open(file) as raster:
        values = raster.read(1, masked=True).filled(np.nan)
    valid = values[np.isfinite(values)]
    parts = [
        f"{name} {100 * np.mean((valid >= low) & (valid < high)):.0f} %"
        for name, (low, high) in limits.items()
    ]
    return ", ".join(parts)


def monthly_means(file: Path) -> list[tuple[str, float]]:
    """The mean over the area for each month of the file's first variable."""
    with xr.open_dataset(file, engine="h5netcdf") as data:
        name = next(name for name, values in data.data_vars.items() if "t" in values.dims)
        values = data[name]
        means = values.mean([dim for dim in values.dims if dim != "t"]).to_series()
    return [(str(month)[:7], float(mean)) for month, mean in means.items()]


def bands_of(file: Path) -> list[str]:
    """The bands of a cube of statistics in JSON."""
    return [str(band) for band in _cube(file)["coords"]["bands"]]


def means_of(file: Path, names: Sequence[str]) -> list[tuple[str, ...]]:
    """A row for each geometry of such a cube: its name, and its value in each band."""
    rows = zip(names, _cube(file)["data"], strict=True)
    return [
        (name, *("–" if value is None else f"{value:.3f}" for value in values))
        for name, values in rows
    ]


def _cube(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
