"""Zarr archives, read back with xarray and GDAL."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
import zarr

from backends.errors import OpenEOError
from backends.writers import save
from tests.unit.backends.writers.rasters import DATES, cube
from tests.unit.backends.writers.vectors import vector_cube

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")


def archive(value: Any, folder: Path, **options: Any) -> Path:
    [asset] = save(value, "zarr", options, folder)
    assert asset.path.name == "openEO.zarr.zip"
    assert {path.name for path in folder.iterdir()} == {"openEO.zarr.zip"}
    return asset.path


def reread(path: Path) -> xr.Dataset:
    with zarr.storage.ZipStore(path, mode="r") as store:
        found: xr.Dataset = xr.open_zarr(store, decode_coords="all").load()
    return found


@pytest.mark.parametrize("chunks", [7, 16, None])
def test_the_cube_comes_back_whatever_its_chunks(tmp_path: Path, chunks: int | None) -> None:
    data = cube(chunks=chunks)
    found = reread(archive(data, tmp_path))
    assert list(found.data_vars) == ["B04", "B08"]
    for name in ("B04", "B08"):
        assert found[name].dims == ("t", "y", "x")
        assert np.array_equal(found[name].values, data.sel(bands=name).values)
    assert np.array_equal(found.t.values, DATES)
    assert found.rio.crs.to_epsg() == 32631
    assert found.attrs["Conventions"] == "CF-1.9"


def test_bands_can_stand_in_one_variable(tmp_path: Path) -> None:
    data = cube(height=600, width=600, chunks=512)
    found = reread(archive(data, tmp_path, bands_as_variables=False, compression_level=0))
    assert found["data"].dims == ("t", "bands", "y", "x")
    assert found["bands"].values.tolist() == ["B04", "B08"]
    assert found["data"].encoding["chunks"] == (1, 1, 512, 512)
    assert np.array_equal(found["data"].values, data.values)


def test_compression_makes_it_small_and_equal_cubes_make_equal_archives(tmp_path: Path) -> None:
    flat = cube(height=600, width=600, chunks=512) * 0
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = archive(flat, tmp_path / "a"), archive(flat, tmp_path / "b")
    assert first.stat().st_size < 100_000
    assert first.read_bytes() == second.read_bytes()


def test_gdal_reads_the_archive(tmp_path: Path) -> None:
    data = cube(dates=None)
    path = archive(data, tmp_path)
    with rasterio.open(f'ZARR:"/vsizip/{path}":/B08') as raster:
        assert np.array_equal(raster.read(1), data.sel(bands="B08").values)


def test_the_archive_is_consolidated_and_not_compressed_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(archive(cube(), tmp_path)) as packed:
        assert ".zmetadata" in packed.namelist()
        assert {member.compress_type for member in packed.infolist()} == {zipfile.ZIP_STORED}


def test_a_vector_cube_keeps_its_geometries_as_text(tmp_path: Path) -> None:
    found = reread(archive(vector_cube(), tmp_path))
    assert found["geometry"].values[0].startswith("POLYGON")
    described = json.loads(found.attrs["openeo_dimensions"])
    assert list(described) == ["geometry", "t", "bands"]
    assert described["geometry"]["type"] == "geometry"
    assert described["bands"] == {"type": "bands", "values": ["B04", "B08"]}


def test_an_empty_cube_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OpenEOError, match="empty"):
        save(cube().isel(t=slice(0, 0)), "Zarr", {}, tmp_path)
