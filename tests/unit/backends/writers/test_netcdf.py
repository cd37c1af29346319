"""netCDF files, read back with xarray."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr

from backends.cube_form import restored
from backends.errors import OpenEOError
from backends.writers import save
from tests.unit.backends.writers.rasters import DATES, cube

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")


def reread(value: Any, folder: Path, **options: Any) -> xr.Dataset:
    [asset] = save(value, "netcdf", options, folder)
    assert asset.path.name == "openEO.nc"
    return xr.load_dataset(asset.path, engine="h5netcdf", decode_coords="all")


def test_each_band_is_a_variable_and_all_values_come_back(tmp_path: Path) -> None:
    data = cube()
    found = reread(data, tmp_path)
    assert list(found.data_vars) == ["B04", "B08"]
    assert found["B08"].dims == ("t", "y", "x")
    assert found["B08"].dtype == np.float32
    for name in ("B04", "B08"):
        assert np.array_equal(found[name].values, data.sel(bands=name).values)
    assert np.array_equal(found.t.values, DATES)
    assert np.array_equal(found.x.values, data.x.values)
    assert np.array_equal(found.y.values, data.y.values)


def test_the_file_follows_the_conventions(tmp_path: Path) -> None:
    [asset] = save(cube(), "netCDF", {}, tmp_path)
    raw = xr.load_dataset(asset.path, engine="h5netcdf", decode_cf=False)
    assert raw.attrs["Conventions"] == "CF-1.9"
    assert raw["B04"].attrs["grid_mapping"] == "crs"
    assert raw["crs"].attrs["grid_mapping_name"] == "transverse_mercator"
    assert raw["x"].attrs["standard_name"] == "projection_x_coordinate"
    assert raw["t"].attrs["standard_name"] == "time"
    assert raw["t"].attrs["units"] == "days since 1970-01-01"
    assert "_FillValue" not in raw["x"].attrs
    with xr.open_dataset(asset.path, engine="h5netcdf", decode_coords="all") as found:
        assert found.rio.crs.to_epsg() == 32631


def test_bands_are_bands_under_another_name_too(tmp_path: Path) -> None:
    data = cube().rename({"bands": "spectral"})
    data["spectral"].attrs["openeo_type"] = "bands"
    [asset] = save(data, "netCDF", {}, tmp_path)
    assert asset.metadata["cube:dimensions"]["spectral"] == {
        "type": "bands",
        "values": ["B04", "B08"],
    }
    with xr.open_dataset(asset.path, engine="h5netcdf", decode_times=False) as opened:
        assert {"B04", "B08"} <= set(opened.data_vars)
        again = restored(opened)
    assert again is not None
    assert again.dims == ("t", "spectral", "y", "x")
    assert again["spectral"].attrs["openeo_type"] == "bands"
    [table] = save(data, "CSV", {}, tmp_path)
    assert table.path.read_text(encoding="utf-8").startswith("t,y,x,B04,B08\n")


def test_what_is_not_said_to_be_bands_is_another_dimension(tmp_path: Path) -> None:
    [asset] = save(cube().rename({"bands": "kind"}), "netCDF", {}, tmp_path)
    other = {"type": "other", "values": ["B04", "B08"]}
    assert asset.metadata["cube:dimensions"]["kind"] == other
    data = cube()
    data["bands"].attrs["openeo_type"] = "other"
    [asset] = save(data, "netCDF", {}, tmp_path)
    assert asset.metadata["cube:dimensions"]["bands"] == other
    with xr.open_dataset(asset.path, engine="h5netcdf") as opened:
        assert "B04" not in opened.data_vars


def test_bands_can_stand_in_one_variable(tmp_path: Path) -> None:
    data = cube()
    found = reread(data, tmp_path, bands_as_variables=False)
    assert found["data"].dims == ("t", "bands", "y", "x")
    assert found["bands"].values.tolist() == ["B04", "B08"]
    assert np.array_equal(found["data"].values, data.values)


def test_files_are_chunked_and_compressed(tmp_path: Path) -> None:
    data = cube(height=600, width=600, chunks=512) * 0
    [asset] = save(data, "netCDF", {}, tmp_path)
    assert asset.path.stat().st_size < 100_000
    with xr.open_dataset(asset.path, engine="h5netcdf") as found:
        assert found["B04"].encoding["chunksizes"] == (1, 512, 512)
        assert found["B04"].encoding["zlib"]


def test_labels_of_periods_come_back_as_text(tmp_path: Path) -> None:
    found = reread(cube(dates=("2021-06", "2021-07")), tmp_path)
    assert found.t.values.tolist() == ["2021-06", "2021-07"]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float64", "float16"])
def test_every_kind_of_number_comes_back(tmp_path: Path, dtype: str) -> None:
    data = cube(dates=None, bands=None, dtype=dtype)
    found = reread(data, tmp_path)
    assert found["data"].dtype == ("float32" if dtype == "float16" else dtype)
    assert np.array_equal(found["data"].values, data.values)


def test_names_that_netcdf_forbids_are_changed_and_kept_as_long_name(tmp_path: Path) -> None:
    found = reread(cube(bands=("a/b", "x", "2", "a b", "é")), tmp_path)
    assert list(found.data_vars) == ["a_b", "band_x", "band_2", "band_a_b", "band__"]
    assert [found[name].attrs["long_name"] for name in found.data_vars] == [
        "a/b",
        "x",
        "2",
        "a b",
        "é",
    ]


def test_time_series_without_pixels_are_files_too(tmp_path: Path) -> None:
    series = cube().mean(["x", "y"])
    found = reread(series, tmp_path)
    assert np.array_equal(found["B04"].values, series.sel(bands="B04").values)
    assert found["B04"].dims == ("t",)


def test_one_number_is_a_file_too(tmp_path: Path) -> None:
    assert float(reread(cube().mean(), tmp_path)["data"]) == float(cube().mean())


def test_geometries_become_text(tmp_path: Path) -> None:
    from shapely.geometry import Point

    points = np.array([Point(1, 2), Point(3, 4)], dtype=object)
    data = xr.DataArray([1.0, 2.0], coords={"geometry": points}, dims=("geometry",))
    found = reread(data, tmp_path)
    assert found.geometry.values.tolist() == ["POINT (1 2)", "POINT (3 4)"]


def test_no_data_is_no_data_again(tmp_path: Path) -> None:
    data = cube(dates=None).where(lambda values: values > 100)
    assert np.array_equal(
        reread(data, tmp_path)["B04"].values, data.sel(bands="B04").values, equal_nan=True
    )


def test_what_is_known_of_the_file_goes_into_its_metadata(tmp_path: Path) -> None:
    [asset] = save(cube(), "netCDF", {}, tmp_path)
    assert asset.media_type == "application/x-netcdf"
    assert asset.metadata["start_datetime"] == "2021-07-01T00:00:00Z"
    assert asset.metadata["end_datetime"] == "2021-07-06T00:00:00Z"
    stored = {"data_type": "float32", "nodata": "nan"}
    assert asset.metadata["bands"] == [{"name": "B04", **stored}, {"name": "B08", **stored}]
    assert asset.metadata["proj:shape"] == [30, 40]


def test_an_empty_cube_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OpenEOError, match="it is empty"):
        save(cube().isel(t=slice(0, 0)), "netCDF", {}, tmp_path)


def test_the_file_tells_the_dimensions_of_the_cube(tmp_path: Path) -> None:
    described = json.loads(reread(cube(), tmp_path).attrs["openeo_dimensions"])
    assert list(described) == ["t", "bands", "y", "x"]
    assert described["t"] == {
        "type": "temporal",
        "extent": ["2021-07-01T00:00:00Z", "2021-07-06T00:00:00Z"],
        "values": ["2021-07-01", "2021-07-06"],
    }
    assert described["bands"] == {"type": "bands", "values": ["B04", "B08"]}
    assert described["x"] == {
        "type": "spatial",
        "axis": "x",
        "extent": [600_005.0, 600_395.0],
        "reference_system": 32631,
    }


def test_gdal_reads_the_file(tmp_path: Path) -> None:
    data = cube()
    [asset] = save(data, "netCDF", {}, tmp_path)
    with rasterio.open(f'netcdf:"{asset.path}":B08') as raster:
        assert raster.crs.to_epsg() == 32631
        assert tuple(raster.transform)[:6] == (10, 0, 600_000, 0, -10, 5_700_000)
        assert np.array_equal(raster.read(), data.sel(bands="B08").values)


def test_progress_grows_while_chunks_are_written(tmp_path: Path) -> None:
    told: list[float] = []
    data = cube(chunks=8)
    save(data, "netCDF", {}, tmp_path, told.append)
    assert len(told) > 5
    assert told == sorted(told)
    assert told[-1] == 1.0
