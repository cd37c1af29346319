"""Statistics of geometries, by value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from backends.errors import OpenEOError
from backends.writers import save
from tests.fakes.execution import Execution, by, callback, cube_of, of, on_cube

NAN = np.nan
# Pixels of 10 m from (500000, 5200000) to the east and the south.
VALUES = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
VALUES[0, 0, 0] = NAN
CUBE = cube_of(VALUES, bands=["a", "b"])
CRS = {"type": "name", "properties": {"name": "EPSG:32633"}}
MEAN = callback("mean", data=of("data"))


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """A polygon in metres from the upper left corner."""
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {
        "type": "Polygon",
        "coordinates": [[(500_000 + x, 5_200_000 + y) for x, y in ring]],
    }


def features(*geometries: Any, **ids: str) -> dict[str, Any]:
    listed = [{"type": "Feature", "properties": {}, "geometry": item} for item in geometries]
    for feature, name in zip(listed, ids.values(), strict=False):
        feature["id"] = name
    return {"type": "FeatureCollection", "crs": CRS, "features": listed}


def test_the_mean_of_each_polygon_is_that_of_its_pixels() -> None:
    west, east = box(0, -20, 20, 0), box(24, -30, 40, -10)
    result = on_cube(CUBE, "aggregate_spatial", geometries=features(west, east), reducer=MEAN)
    assert result.dims == ("geometries", "bands")
    assert list(result.geometries.values) == [0, 1]
    expected = [np.nanmean(VALUES[:, :2, :2], axis=(1, 2)), VALUES[:, 1:, 2:].mean(axis=(1, 2))]
    # The centre of the third column, 25 m, lies in the eastern box.
    np.testing.assert_allclose(result.values, expected)
    assert list(result.bands.values) == ["a", "b"]


def test_features_give_their_ids_as_labels() -> None:
    collection = features(box(0, -10, 10, 0), box(10, -10, 20, 0), a="field", b="forest")
    result = on_cube(CUBE, "aggregate_spatial", geometries=collection, reducer=MEAN)
    assert list(result.geometries.values) == ["field", "forest"]
    np.testing.assert_array_equal(result.values, [[NAN, 12], [1, 13]])


FIELDS = [
    {"name": "North", "hectares": 3, "since": 2019, "irrigated": True, "a": "x", "data": [1]},
    {"name": "South", "hectares": 1.5, "since": None, "irrigated": None},
]


def described(properties: Sequence[Mapping[str, object] | None]) -> Any:
    """The statistics of features with these properties."""
    zones = features(*[box(0, -20, 20, 0)] * len(properties))
    for feature, known in zip(zones["features"], properties, strict=True):
        feature["properties"] = known
    return on_cube(CUBE, "aggregate_spatial", geometries=zones, reducer=MEAN)


def test_properties_of_features_stay_beside_their_statistics() -> None:
    result = described(FIELDS)
    assert result["name"].values.tolist() == ["North", "South"]
    assert result["hectares"].values.tolist() == [3, 1.5]
    np.testing.assert_array_equal(result["since"].values, [2019, np.nan])
    assert result["irrigated"].values.tolist() == ["true", ""]
    # These names are those of something else.
    assert result["feature_data"].values.tolist() == ["[1]", ""]
    assert result["feature_a"].values.tolist() == ["x", ""]


@pytest.mark.parametrize("format_", ["GeoJSON", "CSV", "Parquet", "netCDF", "JSON"])
def test_properties_of_features_are_saved_with_their_statistics(
    format_: str, tmp_path: Path
) -> None:
    [asset] = save(described(FIELDS), format_, {}, tmp_path)
    if format_ == "GeoJSON":
        north, south = json.loads(asset.path.read_bytes())["features"]
        assert (north["properties"]["name"], north["properties"]["hectares"]) == ("North", 3)
        assert (south["properties"]["name"], south["properties"]["since"]) == ("South", None)
    elif format_ == "CSV":
        assert "feature_index,name,hectares" in asset.path.read_text(encoding="utf-8")
        assert "0,North,3.0" in asset.path.read_text(encoding="utf-8")
    elif format_ == "Parquet":
        assert {"name", "hectares"} <= set(pd.read_parquet(asset.path).columns)
    elif format_ == "netCDF":
        with xr.open_dataset(asset.path, engine="h5netcdf") as opened:
            assert opened["name"].values.tolist() == ["North", "South"]


def test_statistics_of_statistics_keep_the_properties_and_features_without_any_are_fine() -> None:
    assert "name" in described([{"name": "a"}, None, {}]).coords
    assert described([{"name": "a"}, None, {}])["name"].values.tolist() == ["a", "", ""]
    extents = {"spatial_extent": None, "temporal_extent": None}
    zones = {"data": by("cube"), "geometries": by("zones"), "reducer": MEAN}
    again = Execution({"cube": CUBE, "zones": described(FIELDS)}).run(
        {
            "cube": {"process_id": "load_collection", "arguments": {"id": "cube", **extents}},
            "zones": {"process_id": "load_collection", "arguments": {"id": "zones", **extents}},
            "again": {"process_id": "aggregate_spatial", "arguments": zones, "result": True},
        }
    )
    assert again["name"].values.tolist() == ["North", "South"]


def test_of_very_many_properties_the_first_ones_are_kept() -> None:
    result = described([{f"p{number}": "x" * 5000 for number in range(150)}])
    kept = [name for name in result.coords if str(name).startswith("p")]
    assert len(kept) == 100
    assert {len(str(result[name].values[0])) for name in kept} == {1000}


def test_points_take_their_nearest_pixel_and_lines_all_that_they_cross() -> None:
    point = {"type": "Point", "coordinates": [500_031, 5_199_978]}
    line = {"type": "LineString", "coordinates": [[500_002, 5_199_985], [500_038, 5_199_985]]}
    # From the first pixel through the upper edge of the second row's second one.
    slanting = {"type": "LineString", "coordinates": [[500_001, 5_199_999], [500_019, 5_199_989]]}
    collection = features(point, line, slanting)
    result = on_cube(CUBE, "aggregate_spatial", geometries=collection, reducer=MEAN)
    np.testing.assert_array_equal(result.values[0], VALUES[:, 2, 3])
    np.testing.assert_array_equal(result.values[1], VALUES[:, 1].mean(axis=1))
    np.testing.assert_array_equal(result.values[2], [3, 14])


def test_geometries_beside_the_cube_have_no_data() -> None:
    far = {"type": "Point", "coordinates": [500_041, 5_199_978]}
    away = box(100, 100, 200, 200)
    nothing = features(far, away)
    nothing["features"].append({"type": "Feature", "properties": {}, "geometry": None})
    result = on_cube(CUBE, "aggregate_spatial", geometries=nothing, reducer=MEAN)
    assert result.shape == (3, 2)
    assert np.isnan(result.values).all()


def test_counts_are_added_on_request() -> None:
    result = on_cube(
        CUBE,
        "aggregate_spatial",
        geometries=features(box(0, -20, 20, 0)),
        reducer=callback("max", data=of("data")),
        target_dimension="statistics",
    )
    assert result.dims == ("geometries", "bands", "statistics")
    assert list(result.statistics.values) == ["value", "total_count", "valid_count"]
    np.testing.assert_array_equal(result.values, [[[5, 4, 3], [17, 4, 4]]])
    with pytest.raises(OpenEOError) as caught:
        on_cube(
            CUBE,
            "aggregate_spatial",
            geometries=features(box(0, -20, 20, 0)),
            reducer=MEAN,
            target_dimension="bands",
        )
    assert caught.value.code == "TargetDimensionExists"


def test_a_polygon_in_degrees_is_moved_to_the_grid() -> None:
    # The whole cube and more, around its corner at 15 degrees east.
    ring = [[14.99, 46.94], [15.01, 46.94], [15.01, 46.96], [14.99, 46.96], [14.99, 46.94]]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    result = on_cube(CUBE, "aggregate_spatial", geometries=polygon, reducer=MEAN)
    np.testing.assert_allclose(result.values, [np.nanmean(VALUES, axis=(1, 2))])


@pytest.mark.parametrize("geometries", [{"type": "Polygon"}, {"type": "FeatureCollection"}, {}])
def test_what_holds_no_geometry_is_refused(geometries: dict[str, Any]) -> None:
    with pytest.raises(OpenEOError) as caught:
        on_cube(CUBE, "aggregate_spatial", geometries=geometries, reducer=MEAN)
    assert caught.value.code == "ProcessParameterInvalid"


def zonal_of(*ids: str) -> Any:
    """The means of zones of these names."""
    boxes = [box(10 * number, -10, 10 * number + 10, 0) for number in range(len(ids))]
    named = features(*boxes, **{name: name for name in ids})
    return on_cube(CUBE, "aggregate_spatial", geometries=named, reducer=MEAN)


def merged(one: Any, other: Any) -> Any:
    loading = {"process_id": "load_collection"}
    extents = {"spatial_extent": None, "temporal_extent": None}
    larger = callback("max", data=[of("x"), of("y")])
    merge = {"cube1": by("one"), "cube2": by("other"), "overlap_resolver": larger}
    return Execution({"one": one, "other": other}).run(
        {
            "one": {**loading, "arguments": {"id": "one", **extents}},
            "other": {**loading, "arguments": {"id": "other", **extents}},
            "merged": {"process_id": "merge_cubes", "arguments": merge, "result": True},
        }
    )


def test_statistics_of_the_same_zones_are_merged_with_their_geometries() -> None:
    one = zonal_of("field", "forest")
    other = zonal_of("field", "forest").assign_coords(bands=["c", "d"])
    found = merged(one, other)
    assert found.bands.values.tolist() == ["a", "b", "c", "d"]
    assert found.geometry.values.tolist() == one.geometry.values.tolist()
    assert found.geometry.attrs == one.geometry.attrs


def test_geometries_are_not_kept_where_zones_are_added() -> None:
    found = merged(zonal_of("field"), zonal_of("field", "forest"))
    assert found.geometries.values.tolist() == ["field", "forest"]
    assert "geometry" not in found.coords
