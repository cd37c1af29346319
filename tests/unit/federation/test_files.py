from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
import xarray as xr
from affine import Affine

from scripts.federation.tour.files import (
    describe_geotiff,
    describe_netcdf,
    describe_values,
    monthly_means,
    shares,
)


def geotiff(file: Path) -> Path:
    values = np.array([[-0.5, 0.2, 0.8], [np.nan, 0.6, 0.9]], "float32")
    profile = {"driver": "GTiff", "width": 3, "height": 2, "count": 1, "dtype": "float32"}
    place = {"crs": "EPSG:32632", "transform": Affine(10, 0, 500000, 0, -10, 5000000)}
    with rasterio.open(file, "w", nodata=np.nan, **profile, **place) as raster:
        raster.write(values, 1)
    return file


def netcdf(file: Path) -> Path:
    dates = pd.date_range("2024-01-01", periods=2, freq="MS")
    values = np.array([[[1.0, 3.0]], [[5.0, 7.0]]])
    cube = xr.Dataset({"T": (("t", "y", "x"), values), "crs": ((), 0)}, coords={"t": dates})
    cube.to_netcdf(file, engine="h5netcdf")
    return file


def test_a_geotiff_is_described_by_its_size_and_values(tmp_path: Path) -> None:
    described = describe_geotiff(geotiff(tmp_path / "ndvi.tif"))
    assert "3 x 2 pixels, EPSG:32632, 1 band(s)" in described
    assert "from -0.500 to 0.900, mean 0.400, 16.7 % without data" in described


def test_what_is_no_data_belongs_to_no_share(tmp_path: Path) -> None:
    file = geotiff(tmp_path / "ndvi.tif")
    assert shares(file, {"water": (-1, 0), "green": (0.5, 1)}) == "water 20 %, green 60 %"


def test_a_netcdf_is_described_by_its_dimensions_and_variables(tmp_path: Path) -> None:
    described = describe_netcdf(netcdf(tmp_path / "cube.nc"))
    assert described.splitlines() == [
        "t: 2, y: 1, x: 2",
        "T: from 1.000 to 7.000, mean 4.000, 0.0 % without data",
    ]


def test_means_are_taken_over_the_area_for_each_date(tmp_path: Path) -> None:
    assert monthly_means(netcdf(tmp_path / "cube.nc")) == [("2024-01", 2.0), ("2024-02", 6.0)]


def test_values_that_are_all_missing_are_said_to_be() -> None:
    assert describe_values(np.array([np.nan, np.nan])) == "no data at all"
