"""JSON files."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from shapely.geometry import Point

from backends.errors import OpenEOError
from backends.writers import save
from tests.unit.backends.writers.rasters import cube

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")


def written(value: Any, folder: Path) -> Any:
    [asset] = save(value, "JSON", {}, folder)
    assert asset.media_type == "application/json"
    return json.loads(asset.path.read_text())


def test_a_cube_comes_with_its_dimensions_and_labels(tmp_path: Path) -> None:
    assert written(cube(height=1, width=2), tmp_path) == {
        "dims": ["t", "bands", "y", "x"],
        "shape": [2, 2, 1, 2],
        "dtype": "float32",
        "coords": {
            "t": ["2021-07-01", "2021-07-06"],
            "bands": ["B04", "B08"],
            "y": [5699995.0],
            "x": [600005.0, 600015.0],
        },
        "crs": "EPSG:32631",
        "data": [[[[1.0, 2.0]], [[3.0, 4.0]]], [[[5.0, 6.0]], [[7.0, 8.0]]]],
    }


def test_no_data_is_null(tmp_path: Path) -> None:
    series = xr.DataArray([1.5, np.nan, np.inf], dims="t", coords={"t": ["a", "b", "c"]})
    assert written(series, tmp_path)["data"] == [1.5, None, None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (2.5, 2.5),
        (True, True),
        (None, None),
        ("text", "text"),
        ([1, None, "a"], [1, None, "a"]),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}),
        ({1: 2}, {"1": 2}),
        (float("nan"), None),
        (np.float32(1.5), 1.5),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.datetime64("2021-07-01"), "2021-07-01T00:00:00Z"),
        (dt.datetime(2021, 7, 1, 10, tzinfo=dt.UTC), "2021-07-01T10:00:00Z"),
        (xr.DataArray(3.5), 3.5),
        (xr.DataArray(True), True),
        ([xr.DataArray(1), xr.DataArray(2)], [1, 2]),
        (Point(1, 2), {"type": "Point", "coordinates": [1.0, 2.0]}),
    ],
)
def test_other_values_are_written_as_they_are(tmp_path: Path, value: Any, expected: Any) -> None:
    assert written(value, tmp_path) == expected


def test_geometries_of_a_vector_cube_are_geojson(tmp_path: Path) -> None:
    points = np.array([Point(1, 2), Point(3, 4)], dtype=object)
    data = xr.DataArray([1.0, 2.0], coords={"geometry": points}, dims=("geometry",))
    assert written(data, tmp_path)["coords"]["geometry"][1] == {
        "type": "Point",
        "coordinates": [3.0, 4.0],
    }


def test_values_that_are_dates_or_text_are_written(tmp_path: Path) -> None:
    dates = xr.DataArray(np.array([["2021-07-01"], ["2021-07-06"]], "datetime64[ns]"))
    assert written(dates, tmp_path)["data"] == [["2021-07-01"], ["2021-07-06"]]
    assert written(xr.DataArray(["a", "b"]), tmp_path)["data"] == ["a", "b"]


def test_a_cube_too_large_for_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OpenEOError) as caught:
        save(xr.DataArray(da.zeros((10_000, 10_000))), "JSON", {}, tmp_path)
    assert caught.value.code == "ProcessGraphComplexity"
    assert "100,000,000 values" in caught.value.message
