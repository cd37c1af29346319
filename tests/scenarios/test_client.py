"""The ordinary client at work: what it computes is held against numpy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from openeo.rest import OpenEoApiError
from openeo.rest.connection import Connection

from tests.scenarios.conftest import Federation

AREA = {"west": 11.04, "south": 46.38, "east": 11.05, "north": 46.39}
JULY = ("2024-07-01", "2024-07-16")


@pytest.fixture(scope="module")
def connection(federation: Federation) -> Connection:
    return federation.connect()


def scenes(connection: Connection, bands: list[str]) -> Any:
    return connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=AREA, temporal_extent=JULY, bands=bands
    )


def raster(file: Path) -> Any:
    """Bands, rows, columns."""
    with rasterio.open(file) as opened:
        return opened.read(masked=True).filled(np.nan).astype("float64")


def cube(file: Path) -> Any:
    """The file's variables in memory."""
    with xr.open_dataset(file, engine="h5netcdf") as opened:
        return opened.load()


def test_the_client_finds_the_federation_and_its_members(connection: Connection) -> None:
    assert connection.capabilities().api_version() == "1.3.0"
    members = connection.capabilities().get("federation")
    assert list(members) == ["terra", "aurora", "boreal"]


def test_the_client_is_who_it_says(federation: Federation) -> None:
    for name in ("alice", "bob"):
        assert federation.connect(name).describe_account()["user_id"] == name


def test_collections_of_all_members_are_listed_with_who_has_them(connection: Connection) -> None:
    listed = {c["id"]: c for c in connection.list_collections()}
    assert listed["SENTINEL2_L2A"]["federation:backends"] == ["terra", "aurora", "boreal"]
    assert listed["SENTINEL1_GRD"]["federation:backends"] == ["aurora"]
    assert listed["TERRA_LANDCOVER_MAP"]["federation:backends"] == ["terra", "boreal"]
    assert "BOREAL_TEMPERATURE_DAILY" in listed


def test_ndvi_is_what_numpy_makes_of_the_two_bands(connection: Connection, tmp_path: Path) -> None:
    bands = scenes(connection, ["B04", "B08"]).reduce_dimension(dimension="t", reducer="first")
    headers: dict[str, str] = {}
    bands.download(tmp_path / "bands.tif", format="GTiff")
    bands.ndvi(nir="B08", red="B04").download(
        tmp_path / "ndvi.tif", format="GTiff", on_response_headers=headers.update
    )
    red, nir = raster(tmp_path / "bands.tif")
    (ndvi,) = raster(tmp_path / "ndvi.tif")
    assert np.isfinite(ndvi).any()
    np.testing.assert_allclose(ndvi, (nir - red) / (nir + red), rtol=1e-5, atol=1e-6)
    assert headers["OpenEO-Federation-Backends"] == "terra"


def test_a_temporal_mean_is_what_numpy_makes_of_the_dates(
    connection: Connection, tmp_path: Path
) -> None:
    days = connection.load_collection(
        "BOREAL_TEMPERATURE_DAILY", spatial_extent=AREA, temporal_extent=JULY
    )
    days.download(tmp_path / "days.nc", format="netCDF")
    mean = days.reduce_dimension(dimension="t", reducer="mean")
    mean.download(tmp_path / "mean.nc", format="netCDF")
    every = cube(tmp_path / "days.nc")
    (name,) = [name for name, values in every.data_vars.items() if "t" in values.dims]
    assert every.sizes["t"] == 15
    np.testing.assert_allclose(
        cube(tmp_path / "mean.nc")[name].to_numpy(),
        every[name].to_numpy().astype("float64").mean(axis=every[name].dims.index("t")),
        rtol=1e-5,
    )


def test_a_batch_job_lands_where_its_data_are_and_its_files_can_be_opened(
    connection: Connection, tmp_path: Path
) -> None:
    radar = connection.load_collection(
        "SENTINEL1_GRD", spatial_extent=AREA, temporal_extent=("2024-04-01", "2024-05-01")
    )
    mean = radar.reduce_dimension(dimension="t", reducer="mean").save_result(format="netCDF")
    job = mean.create_job(title="Backscatter")
    assert job.job_id.startswith("aurora-")
    assert job.describe()["federation:backends"] == ["aurora"]
    assert job.status() == "created"
    job.start_and_wait(max_poll_interval=0.5, connection_retry_interval=1)
    assert job.status() == "finished"
    assert job.job_id in [listed["id"] for listed in connection.list_jobs()]
    (file,) = [f for f in job.get_results().download_files(tmp_path) if f.suffix == ".nc"]
    values = cube(file)
    assert {"VV", "VH"} <= set(values.data_vars)
    assert np.isfinite(values["VV"].to_numpy()).any()
    assert job.logs()


def test_another_user_does_not_see_the_job(federation: Federation, connection: Connection) -> None:
    cube = scenes(connection, ["B04"]).reduce_dimension(dimension="t", reducer="mean")
    job = cube.create_job(out_format="GTiff")
    with pytest.raises(OpenEoApiError) as refused:
        federation.connect("bob").job(job.job_id).describe()
    assert refused.value.code == "JobNotFound"
    job.delete_job()


def test_the_same_request_twice_gives_the_same_bytes(connection: Connection) -> None:
    cube = scenes(connection, ["B04"]).reduce_dimension(dimension="t", reducer="max")
    assert cube.download(format="GTiff") == cube.download(format="GTiff")
