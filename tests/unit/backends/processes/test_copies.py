"""Foreign rasters are copied in part, and lead to no file but themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import rasterio

from backends.addresses import AddressPolicy
from backends.environment import Limits
from backends.errors import OpenEOError
from backends.ranges import RemoteFile
from tests.fakes.execution import Execution
from tests.fakes.web import Files, serving

SECRET = b"another user's results" * 10
SIDE = 4096
"""Pixels of the large raster, 10 m each, from (500000, 5200000) on."""


def raster(path: Path, values: Any, **more: Any) -> bytes:
    count, height, width = values.shape
    transform = rasterio.transform.from_origin(500_000, 5_200_000, 10, 10)
    profile = {"driver": "GTiff", "dtype": values.dtype, "crs": "EPSG:32633", **more}
    with rasterio.open(
        path, "w", width=width, height=height, count=count, transform=transform, **profile
    ) as file:
        file.write(values)
    return path.read_bytes()


def item(href: str, **asset: Any) -> bytes:
    document = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "one",
        "geometry": None,
        "bbox": [14.9, 46.0, 15.7, 47.1],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "assets": {"data": {"href": href, "type": "image/tiff", "roles": ["data"], **asset}},
        "links": [],
    }
    return json.dumps(document).encode()


def load(files: Files, **arguments: Any) -> Any:
    policy = AddressPolicy(own=(files.authority,))

    def remote(url: str) -> RemoteFile:
        return RemoteFile(url, policy)

    def fetch(url: str) -> bytes:
        opened = remote(url)
        return opened.read_at(0, opened.size)

    limits = arguments.pop("limits", Limits())
    given = {"url": f"{files.url}/item.json", **arguments}
    node = {"process_id": "load_stac", "arguments": given, "result": True}
    return Execution().run({"load": node}, fetch=fetch, remote=remote, limits=limits)


def box(column: int, row: int, width: int, height: int) -> dict[str, Any]:
    west, north = 500_000 + 10 * column, 5_200_000 - 10 * row
    east, south = west + 10 * width, north - 10 * height
    return {"west": west, "east": east, "south": south, "north": north, "crs": 32633}


def test_a_small_part_of_a_large_file_needs_a_small_part_of_its_bytes(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 60_000, (2, SIDE, SIDE), "uint16")
    content = raster(tmp_path / "a.tif", values, tiled=True, blockxsize=256, blockysize=256)
    bands = [{"name": "B04"}, {"name": "B08"}]
    with serving(Files({"/a.tif": content})) as files:
        files.contents["/item.json"] = item("a.tif", bands=bands)
        cube = load(files, spatial_extent=box(1000, 2000, 40, 30), bands=["B08"])
        np.testing.assert_array_equal(cube.values[0, 0], values[1, 2000:2030, 1000:1040])
        assert (cube.x.values[0], cube.y.values[0]) == (510_005, 5_179_995)
        assert len(content) > 60_000_000
        assert files.given < 3_000_000


def test_a_raster_that_is_too_large_is_refused_before_it_is_copied(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 60_000, (1, 2048, 2048), "uint16")
    with serving(Files({"/a.tif": raster(tmp_path / "a.tif", values, tiled=True)})) as files:
        files.contents["/item.json"] = item("a.tif")
        with pytest.raises(OpenEOError) as caught:
            load(files, limits=Limits(max_samples=1_000_000))
        assert caught.value.code == "ProcessGraphComplexity"
        assert files.given < 1_000_000


def test_a_part_at_the_edge_is_what_there_is(tmp_path: Path) -> None:
    values = np.arange(60 * 50, dtype="int16").reshape(1, 60, 50)
    with serving(Files({"/a.tif": raster(tmp_path / "a.tif", values, nodata=7)})) as files:
        files.contents["/item.json"] = item("a.tif")
        cube = load(files, spatial_extent=box(45, 55, 500, 500))
        assert cube.values[0, 0, :5, :5].tolist() == values[0, 55:, 45:].tolist()
        whole = load(files)
        assert np.isnan(whole.values[0, 0, 0, 7])
        assert np.count_nonzero(np.isnan(whole.values)) == 1


def test_enough_is_copied_for_pixels_that_are_coarser(tmp_path: Path) -> None:
    fine = np.arange(60 * 60, dtype="int16").reshape(1, 60, 60)
    coarse = np.arange(9, dtype="int16").reshape(1, 3, 3)
    affine = rasterio.transform.from_origin(500_000, 5_200_000, 200, 200)
    with rasterio.open(
        tmp_path / "b.tif", "w", "GTiff", 3, 3, 1, "EPSG:32633", affine, "int16"
    ) as file:
        file.write(coarse)
    contents = {"/fine.tif": raster(tmp_path / "a.tif", fine)}
    contents["/coarse.tif"] = (tmp_path / "b.tif").read_bytes()
    with serving(Files(contents)) as files:
        document = json.loads(item("coarse.tif", bands=[{"name": "coarse"}]))
        document["assets"]["fine"] = {**document["assets"]["data"], "href": "fine.tif"}
        document["assets"]["fine"]["bands"] = [{"name": "fine"}]
        files.contents["/item.json"] = json.dumps(document).encode()
        # A box without the centre of a coarse pixel: the one around it is taken.
        cube = load(files, spatial_extent=box(21, 21, 1, 1), bands=["coarse", "fine"])
    assert cube.values[0, :, 0, 0].tolist() == [coarse[0, 1, 1], fine[0, 30, 30]]


def test_a_raster_that_breaks_off_says_why(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 60_000, (1, 1024, 1024), "uint16")
    content = raster(tmp_path / "a.tif", values, tiled=True)
    with serving(Files({"/a.tif": content})) as files:
        files.contents["/item.json"] = item("a.tif")
        policy = AddressPolicy(own=(files.authority,))

        def remote(url: str) -> RemoteFile:
            opened = RemoteFile(url, policy)
            files.version = '"2"'
            return opened

        arguments = {"url": f"{files.url}/item.json"}
        node = {"process_id": "load_stac", "arguments": arguments, "result": True}
        with pytest.raises(OpenEOError, match="changed while it was read") as caught:
            Execution().run(
                {"load": node}, fetch=lambda _url: files.contents["/item.json"], remote=remote
            )
    assert caught.value.code == "UrlNotAvailable"


def test_a_raster_cannot_lead_to_files_on_this_machine(tmp_path: Path) -> None:
    raster(tmp_path / "victim.tif", np.full((1, 10, 10), 77, "uint8"))
    virtual = f"""<VRTDataset rasterXSize="10" rasterYSize="10"><SRS>EPSG:32633</SRS>
        <GeoTransform>500000, 10, 0, 5200000, 0, -10</GeoTransform>
        <VRTRasterBand dataType="Byte" band="1"><SimpleSource>
        <SourceFilename>{tmp_path / "victim.tif"}</SourceFilename><SourceBand>1</SourceBand>
        </SimpleSource></VRTRasterBand></VRTDataset>"""
    with serving(Files({"/a.tif": virtual.encode()})) as files:
        files.contents["/item.json"] = item("a.tif")
        with pytest.raises(OpenEOError, match="no usable STAC"):
            load(files)


def test_a_raster_of_one_huge_part_is_not_unpacked(tmp_path: Path) -> None:
    values = np.zeros((1, 17_000, 16_000), "uint8")
    profile = {"tiled": True, "blockxsize": 17_008, "blockysize": 17_008, "compress": "deflate"}
    with serving(Files({"/a.tif": raster(tmp_path / "a.tif", values, **profile)})) as files:
        assert len(files.contents["/a.tif"]) < 1_000_000
        files.contents["/item.json"] = item("a.tif")
        with pytest.raises(OpenEOError, match="parts of 289,272,064 bytes") as caught:
            load(files, spatial_extent=box(0, 0, 5, 5))
    assert caught.value.code == "FileSizeExceeded"


def test_an_array_of_one_huge_chunk_is_not_unpacked(tmp_path: Path) -> None:
    side = 17_000
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file.create_dataset("v", (side, side), "u1", chunks=(side, side), compression="gzip")
    arguments = {"paths": ["a.nc"], "format": "netCDF"}
    node = {"process_id": "load_uploaded_files", "arguments": arguments, "result": True}
    with pytest.raises(OpenEOError) as caught:
        Execution().run({"load": node}, user_file=lambda path: tmp_path / path)
    assert caught.value.code == "FileSizeExceeded"


def external(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        scales = [file.create_dataset(name, data=np.arange(10.0)) for name in ("y", "x")]
        leak = file.create_dataset("leak", (10, 10), "u1", external=[(str(secret), 0, 100)])
        for axis, scale in enumerate(scales):
            scale.make_scale()
            leak.dims[axis].attach_scale(scale)


def linked(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        file["leak"] = h5py.ExternalLink(str(secret), "/values")


def virtual(path: Path, secret: Path) -> None:
    layout = h5py.VirtualLayout((10, 10), "u1")
    layout[:] = h5py.VirtualSource(str(secret), "values", (10, 10), "u1")
    with h5py.File(path, "w") as file:
        file.create_group("deep").create_virtual_dataset("leak", layout)


@pytest.mark.parametrize("make", [external, linked, virtual])
def test_netcdf_cannot_hold_values_of_files_on_this_machine(
    tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    make(tmp_path / "a.nc", tmp_path / "secret")
    arguments = {"paths": ["a.nc"], "format": "netCDF"}
    node = {"process_id": "load_uploaded_files", "arguments": arguments, "result": True}
    with pytest.raises(OpenEOError) as caught:
        Execution().run({"load": node}, user_file=lambda path: tmp_path / path)
    assert caught.value.code == "FormatUnsuitable"
