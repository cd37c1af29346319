"""GeoTIFFs, read back with rasterio."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from rio_cogeo.cogeo import cog_validate

from backends.errors import OpenEOError
from backends.formats import SavedAsset
from backends.writers import save
from tests.unit.backends.writers.rasters import DATES, cube

# rasterio multiplies affines as affine 3 would rather not.
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")


def saved(value: Any, folder: Path, **options: Any) -> list[SavedAsset]:
    return save(value, "GTiff", options, folder)


def read(asset: SavedAsset) -> Any:
    with rasterio.open(asset.path) as raster:
        return raster.read()


def test_each_date_is_a_file_with_all_bands_by_name(tmp_path: Path) -> None:
    data = cube()
    assets = saved(data, tmp_path)
    assert [asset.path.name for asset in assets] == [
        "openEO_2021-07-01.tif",
        "openEO_2021-07-06.tif",
    ]
    for index, asset in enumerate(assets):
        with rasterio.open(asset.path) as raster:
            assert raster.descriptions == ("B04", "B08")
            assert raster.crs.to_epsg() == 32631
            assert tuple(raster.transform)[:6] == (10, 0, 600_000, 0, -10, 5_700_000)
            assert raster.dtypes == ("float32", "float32")
            assert np.isnan(raster.nodata)
            assert raster.tags()["t"] == str(DATES[index])[:10]
            assert np.array_equal(raster.read(), data.values[index])
    assert {path.name for path in tmp_path.iterdir()} == {asset.path.name for asset in assets}


def test_files_are_cloud_optimised_with_overviews(tmp_path: Path) -> None:
    [asset] = saved(cube(dates=None, height=700, width=1100, chunks=512), tmp_path)
    valid, errors, warnings = cog_validate(str(asset.path), strict=True, quiet=True)
    assert (valid, errors, warnings) == (True, [], [])
    with rasterio.open(asset.path) as raster:
        assert raster.overviews(1) == [2, 4]
        assert raster.block_shapes[0] == (512, 512)
        assert raster.compression.name == "deflate"


@pytest.mark.parametrize(("overviews", "first"), [("average", 1.5), ("nearest", None)])
def test_overviews_are_made_as_wanted(tmp_path: Path, overviews: str, first: float | None) -> None:
    data = cube(dates=None, height=300, width=300, chunks=256)
    values = np.broadcast_to(np.arange(300) % 2 + 1, data.shape).astype("float32")
    [asset] = saved(data.copy(data=values), tmp_path, overviews=overviews, blocksize=128)
    with rasterio.open(asset.path) as raster:
        assert raster.overviews(1) == [2, 4]
    with rasterio.open(asset.path, overview_level=0) as smaller:
        assert smaller.shape == (150, 150)
        found = set(np.unique(smaller.read(1)).tolist())
    assert found == {first} if first else found <= {1.0, 2.0}


def test_what_is_known_of_a_file_goes_into_its_metadata(tmp_path: Path) -> None:
    asset = saved(cube(), tmp_path)[1]
    assert asset.media_type == "image/tiff; application=geotiff; profile=cloud-optimized"
    assert asset.roles == ("data",)
    metadata = dict(asset.metadata)
    west, south, east, north = metadata.pop("bbox")
    assert 4.43 < west < east < 4.45
    assert 51.43 < south < north < 51.45
    assert metadata == {
        "proj:epsg": 32631,
        "proj:code": "EPSG:32631",
        "proj:shape": [30, 40],
        "proj:transform": [10, 0, 600_000, 0, -10, 5_700_000],
        "proj:bbox": [600_000, 5_699_700, 600_400, 5_700_000],
        "bands": asset.metadata["bands"],  # shown below, with statistics
        "datetime": "2021-07-06T00:00:00Z",
        "file:size": asset.path.stat().st_size,
    }


def test_no_data_stays_no_data(tmp_path: Path) -> None:
    data = cube(dates=None).where(lambda values: values != 7)
    with rasterio.open(saved(data, tmp_path)[0].path) as raster:
        assert np.isnan(raster.read(1)[0, 6])
        assert raster.read_masks(1)[0, 6] == 0
    with rasterio.open(saved(data, tmp_path, nodata=-9999)[0].path) as raster:
        assert raster.nodata == -9999
        assert raster.read(1)[0, 6] == -9999


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [
        ("bool", "uint8"),
        ("uint8", "uint8"),
        ("int16", "int16"),
        ("int64", "int64"),
        ("float64", "float64"),
        ("float16", "float32"),
    ],
)
def test_every_kind_of_number_is_kept(tmp_path: Path, dtype: str, stored: str) -> None:
    data = cube(dates=None, bands=None, height=4, width=5, dtype=dtype, chunks=None)
    with rasterio.open(saved(data, tmp_path)[0].path) as raster:
        assert raster.dtypes == (stored,)
        assert np.array_equal(raster.read(1), data.values.astype(stored))
        assert raster.descriptions == ("data",)


def test_numbers_become_integers_rounded_and_cut_off(tmp_path: Path) -> None:
    data = cube(dates=None, bands=None, height=1, width=5, chunks=None)
    data.values[0] = [-4.2, 1.5, 2.6, 300, np.nan]
    with rasterio.open(saved(data, tmp_path, dtype="uint8")[0].path) as raster:
        assert raster.read(1).tolist() == [[0, 2, 3, 255, 0]]
        assert raster.nodata == 0
    with rasterio.open(saved(data, tmp_path, dtype="int16", nodata=-1)[0].path) as raster:
        assert raster.read(1).tolist() == [[-4, 2, 3, 300, -1]]


def test_what_a_file_cannot_hold_is_told_once_for_all_dates(tmp_path: Path) -> None:
    data = cube(height=1, width=7, bands=None, chunks=None)
    data.values[:] = [-1, -0.4, 0.6, 255.4, 256, 1e9, np.nan]
    first, second = saved(data, tmp_path, dtype="uint8")
    assert first.warnings == second.warnings
    assert first.warnings == (
        "6 values are beyond 0 to 255, all that uint8 can hold, and cut off. Scale the values "
        "before, or choose another 'dtype'.",
        "4 values are 0 in the file, as is what has no data, and can no longer be told from it. "
        "Choose another 'nodata'.",
    )
    assert read(first).tolist() == [[[0, 0, 1, 255, 255, 255, 0]]]


def test_a_value_that_is_also_that_of_no_data_is_told(tmp_path: Path) -> None:
    data = cube(dates=None, bands=None, height=1, width=3, chunks=None)
    data.values[0] = [-9999, 1, np.nan]
    [asset] = saved(data, tmp_path, nodata=-9999)
    assert asset.warnings == (
        "1 value is -9999 in the file, as is what has no data, and can no longer be told from it. "
        "Choose another 'nodata'.",
    )


@pytest.mark.parametrize("options", [{}, {"dtype": "int16"}, {"dtype": "float64", "nodata": -1}])
def test_nothing_is_told_where_nothing_is_lost(tmp_path: Path, options: dict[str, Any]) -> None:
    data = cube(dates=None, bands=None, height=1, width=3, chunks=None)
    data.values[0] = [0, 1.5, np.nan]
    assert saved(data, tmp_path, **options)[0].warnings == ()


def test_integers_are_cut_off_rather_than_begun_anew(tmp_path: Path) -> None:
    data = cube(dates=None, bands=None, height=1, width=3, dtype="int16", chunks=None)
    data.values[0] = [-3, 200, 300]
    [asset] = saved(data, tmp_path, dtype="uint8")
    assert read(asset).tolist() == [[[0, 200, 255]]]
    assert "2 values are beyond 0 to 255" in asset.warnings[0]


def test_no_data_must_fit_the_type(tmp_path: Path) -> None:
    with pytest.raises(OpenEOError, match="nodata of GTiff, -1, is no value of type uint8"):
        saved(cube(), tmp_path, dtype="uint8", nodata=-1)


def test_periods_are_labels_too(tmp_path: Path) -> None:
    assets = saved(cube(dates=("2021-07", "2021-12-djf")), tmp_path)
    assert [asset.path.name for asset in assets] == ["openEO_2021-07.tif", "openEO_2021-12-djf.tif"]
    assert assets[0].metadata["start_datetime"] == "2021-07-01T00:00:00Z"
    assert assets[0].metadata["end_datetime"] == "2021-07-31T23:59:59Z"
    assert "datetime" not in assets[1].metadata


def test_labels_that_look_alike_get_files_of_their_own(tmp_path: Path) -> None:
    assets = saved(cube(dates=("a/b", "a.b", "../a")), tmp_path)
    assert len({asset.path for asset in assets}) == 3
    assert all(asset.path.parent == tmp_path for asset in assets)


def test_moments_of_the_day_are_part_of_the_name(tmp_path: Path) -> None:
    moments = np.array(["2021-07-01T10:30:00", "2021-07-01T22:30:00"], "datetime64[ns]")
    names = [asset.path.name for asset in saved(cube(dates=moments), tmp_path)]
    assert names == ["openEO_2021-07-01T103000Z.tif", "openEO_2021-07-01T223000Z.tif"]


def test_a_single_pixel_is_a_file(tmp_path: Path) -> None:
    data = cube(dates=None, height=1, width=1, chunks=None)
    located = data.rio.write_transform(rasterio.transform.from_origin(600_000, 5_700_000, 10, 10))
    with rasterio.open(saved(located, tmp_path)[0].path) as raster:
        assert raster.shape == (1, 1)
        assert tuple(raster.transform)[:6] == (10, 0, 600_000, 0, -10, 5_700_000)


def test_a_cube_without_any_value_is_a_file(tmp_path: Path) -> None:
    [asset] = saved(cube(dates=None) * np.nan, tmp_path)
    assert np.isnan(read(asset)).all()


def test_rows_are_turned_north_up(tmp_path: Path) -> None:
    data = cube(dates=None)
    turned = data.isel(y=slice(None, None, -1), x=slice(None, None, -1)).transpose(
        "x", "bands", "y"
    )
    assert np.array_equal(read(saved(turned, tmp_path)[0]), data.values)


def test_other_dimensions_become_bands(tmp_path: Path) -> None:
    data = xr.concat([cube(dates=None), cube(dates=None) * 10], "quantile").assign_coords(
        quantile=[0.1, 0.9]
    )
    with rasterio.open(saved(data, tmp_path)[0].path) as raster:
        assert raster.descriptions == ("0.1_B04", "0.1_B08", "0.9_B04", "0.9_B08")
        assert np.array_equal(raster.read(4), data.values[1, 1])


def test_a_cube_without_crs_is_written_all_the_same(tmp_path: Path) -> None:
    [asset] = saved(cube(dates=None, crs=None), tmp_path)
    assert "bbox" not in asset.metadata
    assert read(asset).shape == (2, 30, 40)


def test_more_than_fits_into_memory_is_written_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backends.writers.geotiff.BATCH_BYTES", 1)
    data = cube()
    shares: list[float] = []
    assets = save(data, "GTiff", {}, tmp_path, shares.append)
    assert np.array_equal(np.stack([read(asset) for asset in assets]), data.values)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 10


def test_saving_again_replaces_the_files(tmp_path: Path) -> None:
    saved(cube(), tmp_path)
    assets = saved(cube() * 2, tmp_path)
    assert np.array_equal(read(assets[0]), cube().values[0] * 2)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": 1}, "it is no data cube but dict; use JSON"),
        (cube().mean(["x", "y"]), "it has no dimension x and y; use JSON"),
        (cube().isel(x=slice(0, 0)), "it is empty"),
        (cube(chunks=None).astype(str), "its values are of type"),
    ],
)
def test_what_no_geotiff_can_hold_is_refused(tmp_path: Path, value: Any, words: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        saved(value, tmp_path)
    assert caught.value.code == "ProcessParameterInvalid"
    assert words in caught.value.message


@pytest.mark.parametrize("compress", ["DEFLATE", "ZSTD", "LZW", "NONE"])
def test_every_compression_is_without_loss(tmp_path: Path, compress: str) -> None:
    data = cube(dates=None)
    assert np.array_equal(read(saved(data, tmp_path, compress=compress)[0]), data.values)


def test_overviews_can_be_left_out(tmp_path: Path) -> None:
    data = cube(dates=None, height=700, width=700, chunks=None)
    with rasterio.open(saved(data, tmp_path, overviews="none")[0].path) as raster:
        assert raster.overviews(1) == []


def test_each_band_tells_its_statistics(tmp_path: Path) -> None:
    data = cube(dates=None).copy()
    data = data.where(data.x > 600_100)
    [asset] = saved(data, tmp_path)
    expected = data.sel(bands="B08").values
    described = asset.metadata["bands"][1]
    assert (described["name"], described["data_type"], described["nodata"]) == (
        *("B08", "float32", "nan"),
    )
    assert described["statistics"] == pytest.approx(
        {
            "minimum": np.nanmin(expected),
            "maximum": np.nanmax(expected),
            "mean": np.nanmean(expected),
            "stddev": np.nanstd(expected),
            "valid_percent": 75.0,
        }
    )
    with rasterio.open(asset.path) as raster:
        tags = raster.tags(2)
        assert float(tags["STATISTICS_MINIMUM"]) == np.nanmin(expected)
        assert float(tags["STATISTICS_MAXIMUM"]) == np.nanmax(expected)
        assert raster.descriptions[1] == "B08"


def test_a_band_without_data_has_no_statistics(tmp_path: Path) -> None:
    [asset] = saved(cube(dates=None) * np.nan, tmp_path)
    assert "statistics" not in asset.metadata["bands"][0]


def test_three_bands_of_bytes_are_not_taken_for_colors(tmp_path: Path) -> None:
    data = cube(dates=None, bands=("a", "b", "c"), dtype="uint8")
    [asset] = saved(data, tmp_path)
    with rasterio.open(asset.path) as raster:
        assert [one.name for one in raster.colorinterp] == ["gray", "undefined", "undefined"]
        assert np.array_equal(raster.read(), data.values)
