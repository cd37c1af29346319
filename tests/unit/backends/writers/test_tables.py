"""Tables and features, read back with pandas and geopandas."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

from backends.errors import OpenEOError
from backends.formats import SavedAsset
from backends.writers import save
from backends.writers.tables import MAX_ROWS
from tests.unit.backends.writers.rasters import cube
from tests.unit.backends.writers.vectors import SQUARES, vector_cube

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")


def saved(value: Any, name: str, folder: Path, **options: Any) -> SavedAsset:
    [asset] = save(value, name, options, folder)
    return asset


def series() -> xr.DataArray:
    return cube().mean(["x", "y"])


def test_a_time_series_is_a_row_for_each_date_with_columns_for_bands(tmp_path: Path) -> None:
    asset = saved(series(), "csv", tmp_path)
    assert asset.media_type == "text/csv"
    assert asset.path.read_text(encoding="utf-8").splitlines()[0] == "t,B04,B08"
    found = pd.read_csv(asset.path)
    assert found.t.tolist() == ["2021-07-01", "2021-07-06"]
    assert np.array_equal(found[["B04", "B08"]].values, series().values)
    assert asset.metadata["bands"] == [{"name": "B04"}, {"name": "B08"}]
    assert asset.metadata["end_datetime"] == "2021-07-06T00:00:00Z"


def test_a_vector_cube_is_a_row_for_each_geometry_and_date(tmp_path: Path) -> None:
    asset = saved(vector_cube(), "CSV", tmp_path)
    assert asset.path.read_text(encoding="utf-8").splitlines() == [
        "feature_index,t,B04,B08",
        "0,2021-07-01,0.0,0.5",
        "0,2021-07-06,1.0,1.5",
        "1,2021-07-01,2.0,2.5",
        "1,2021-07-06,3.0,",
    ]
    assert asset.metadata["bbox"] == [5.0, 51.0, 6.2, 52.2]


def test_geometries_can_stand_in_the_table(tmp_path: Path) -> None:
    asset = saved(vector_cube(dates=None), "CSV", tmp_path, geometry="wkt", separator=";")
    found = pd.read_csv(asset.path, sep=";")
    assert [shapely.from_wkt(text) for text in found.geometry] == SQUARES


def test_a_raster_is_a_row_for_each_pixel(tmp_path: Path) -> None:
    data = cube(dates=None, height=2, width=3)
    found = pd.read_csv(saved(data, "CSV", tmp_path).path)
    assert found.columns.tolist() == ["y", "x", "B04", "B08"]
    assert found.B08.tolist() == data.sel(bands="B08").values.ravel().tolist()
    assert found.x.tolist() == [*data.x.values, *data.x.values]


@pytest.mark.parametrize("value", [3.5, np.float32(3.5), xr.DataArray(3.5)])
def test_a_single_number_is_a_table_of_one(tmp_path: Path, value: Any) -> None:
    assert saved(value, "CSV", tmp_path).path.read_text(encoding="utf-8") == "value\n3.5\n"


@pytest.mark.parametrize("name", ["geometry", "geometries"])
@pytest.mark.parametrize("crs", [4326, 32631])
def test_features_have_their_values_by_label(tmp_path: Path, name: str, crs: int) -> None:
    asset = saved(vector_cube(name=name, crs=crs), "geojson", tmp_path)
    assert asset.media_type == "application/geo+json"
    document = json.loads(asset.path.read_text(encoding="utf-8"))
    assert document["type"] == "FeatureCollection"
    assert [one["properties"] for one in document["features"]] == [
        {
            "2021-07-01_B04": 0.0,
            "2021-07-01_B08": 0.5,
            "2021-07-06_B04": 1.0,
            "2021-07-06_B08": 1.5,
        },
        {
            "2021-07-01_B04": 2.0,
            "2021-07-01_B08": 2.5,
            "2021-07-06_B04": 3.0,
            "2021-07-06_B08": None,
        },
    ]
    found = gpd.read_file(asset.path)
    assert found.crs.to_epsg() == 4326
    assert found.geometry.geom_equals_exact(gpd.GeoSeries(SQUARES, crs=4326), 1e-6).all()


@pytest.mark.parametrize(
    ("dates", "bands", "names"),
    [
        (None, None, ["value"]),
        (None, ("B04",), ["B04"]),
        (("2021", "2022"), None, ["2021", "2022"]),
    ],
)
def test_what_a_cube_has_not_is_not_in_the_names(
    tmp_path: Path, dates: Any, bands: Any, names: list[str]
) -> None:
    asset = saved(vector_cube(dates=dates, bands=bands), "GeoJSON", tmp_path)
    features = json.loads(asset.path.read_text(encoding="utf-8"))["features"]
    assert [list(one["properties"]) for one in features] == [names, names]


def test_what_is_known_of_a_geometry_stays_with_it(tmp_path: Path) -> None:
    data = vector_cube(bands=None).assign_coords(field=("geometry", ["north", "south"]))
    features = json.loads(saved(data, "GeoJSON", tmp_path).path.read_text())["features"]
    assert [one["properties"]["field"] for one in features] == ["north", "south"]
    table = pd.read_csv(saved(data, "CSV", tmp_path).path)
    assert table.columns.tolist() == ["feature_index", "field", "t", "value"]


def test_a_data_frame_of_features_is_written_as_it_is(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": ["a", "b"], "area": [1, 2]}, geometry=SQUARES, crs=4326)
    features = json.loads(saved(frame, "GeoJSON", tmp_path).path.read_text())["features"]
    assert [one["properties"] for one in features] == [
        {"name": "a", "area": 1},
        {"name": "b", "area": 2},
    ]
    assert gpd.read_parquet(saved(frame, "Parquet", tmp_path).path).equals(frame)
    assert json.loads(saved(frame, "JSON", tmp_path).path.read_text())["features"]


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "none"])
def test_geoparquet_gives_back_the_cube(tmp_path: Path, compression: str) -> None:
    data = vector_cube(crs=32631)
    asset = saved(data, "Parquet", tmp_path, compression=compression)
    assert asset.media_type == "application/vnd.apache.parquet"
    found = gpd.read_parquet(asset.path)
    assert found.crs.to_epsg() == 32631
    assert found.columns.tolist() == ["feature_index", "t", "B04", "B08", "geometry"]
    again = found[["B04", "B08"]].to_numpy().reshape(2, 2, 2)
    assert np.array_equal(again, data.values, equal_nan=True)
    assert (found.geometry.iloc[::2].values == data.geometry.values).all()


def test_a_series_without_geometries_is_plain_parquet(tmp_path: Path) -> None:
    found = pd.read_parquet(saved(series(), "Parquet", tmp_path).path)
    assert np.array_equal(found[["B04", "B08"]].values, series().values)


@pytest.mark.parametrize("name", ["GeoJSON"])
def test_features_need_geometries(tmp_path: Path, name: str) -> None:
    with pytest.raises(OpenEOError, match="no geometries") as caught:
        save(series(), name, {}, tmp_path)
    assert caught.value.code == "ProcessParameterInvalid"


@pytest.mark.parametrize("name", ["CSV", "Parquet", "GeoJSON"])
def test_a_text_is_no_table(tmp_path: Path, name: str) -> None:
    with pytest.raises(OpenEOError, match="no data cube but str"):
        save("text", name, {}, tmp_path)


def test_more_rows_than_fit_are_refused_before_they_are_computed(tmp_path: Path) -> None:
    import dask.array as da

    def never(block: Any) -> Any:
        raise AssertionError("computed")

    large = da.zeros((MAX_ROWS + 1,), chunks=1000).map_blocks(never, dtype=float)
    with pytest.raises(OpenEOError, match="5,000,001 rows"):
        save(xr.DataArray(large, dims=("x",)), "CSV", {}, tmp_path)


def test_json_shows_geometries_as_geojson(tmp_path: Path) -> None:
    document = json.loads(saved(vector_cube(), "JSON", tmp_path).path.read_text())
    assert document["dims"] == ["geometry", "t", "bands"]
    assert [one["type"] for one in document["coords"]["geometry"]] == ["Polygon", "Polygon"]
    assert document["data"][1][1] == [3.0, None]
