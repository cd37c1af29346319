"""Periods, resampling, dimensions and indices, by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from backends.errors import OpenEOError
from tests.fakes.execution import Execution, by, callback, cube_of, of, on_cube

NAN = np.nan
MEAN = callback("mean", data=of("data"))


def series(days: list[str], values: list[float] | None = None) -> xr.DataArray:
    numbers = values or list(range(1, len(days) + 1))
    return cube_of(np.array(numbers, dtype=np.float32).reshape(-1, 1, 1), t=days)


def periods(days: list[str], period: str, reducer: Any = MEAN) -> dict[str, float]:
    result = on_cube(series(days), "aggregate_temporal_period", period=period, reducer=reducer)
    return dict(zip(result.t.values.tolist(), result.values.ravel().tolist(), strict=True))


def test_months_are_complete_and_empty_ones_hold_no_data() -> None:
    found = periods(["2023-12-30", "2024-01-01", "2024-01-31", "2024-03-15"], "month")
    assert list(found) == ["2023-12", "2024-01", "2024-02", "2024-03"]
    np.testing.assert_array_equal(list(found.values()), [1, 2.5, NAN, 4])


@pytest.mark.parametrize(
    ("period", "days", "labels"),
    [
        (
            "hour",
            ["2024-01-01T22:59", "2024-01-02T00:00"],
            ["2024-01-01-22", "2024-01-01-23", "2024-01-02-00"],
        ),
        ("day", ["2024-12-31", "2025-01-01"], ["2024-366", "2025-001"]),
        ("week", ["2024-12-29", "2024-12-30"], ["2024-52", "2025-01"]),
        ("dekad", ["2024-01-20", "2024-02-01"], ["2024-02", "2024-03", "2024-04"]),
        ("season", ["2023-12-01", "2024-03-01"], ["2024-djf", "2024-mam"]),
        ("tropical-season", ["2024-10-31", "2024-11-01"], ["2024-mjjaso", "2025-ndjfma"]),
        ("year", ["2023-01-01", "2024-12-31"], ["2023", "2024"]),
        ("decade", ["2019-12-31", "2020-01-01"], ["2010", "2020"]),
        ("decade-ad", ["2020-12-31", "2021-01-01"], ["2011", "2021"]),
    ],
)
def test_labels_of_periods_are_those_of_the_specification(
    period: str, days: list[str], labels: list[str]
) -> None:
    assert list(periods(days, period)) == labels


def test_a_reducer_of_two_nodes_works_on_each_period() -> None:
    graph = {
        "max": {"process_id": "max", "arguments": {"data": of("data")}},
        "min": {"process_id": "min", "arguments": {"data": of("data")}},
        "range": {
            "process_id": "subtract",
            "arguments": {"x": by("max"), "y": by("min")},
            "result": True,
        },
    }
    days = ["2024-01-01", "2024-01-08", "2024-01-31", "2024-02-02", "2024-02-20"]
    cube = cube_of(np.array([5, 1, 9, 4, 7], dtype=np.float32).reshape(-1, 1, 1), t=days)
    result = on_cube(
        cube, "aggregate_temporal_period", period="month", reducer={"process_graph": graph}
    )
    np.testing.assert_array_equal(result.values.ravel(), [8, 3])


def test_periods_keep_bands_and_the_place_of_time() -> None:
    values = np.random.default_rng(3).random((6, 2, 3, 4)).astype(np.float32)
    days = ["2024-01-01", "2024-01-15", "2024-02-01", "2024-02-09", "2024-02-20", "2024-03-01"]
    cube = cube_of(values, t=days, bands=["a", "b"])
    result = on_cube(cube, "aggregate_temporal_period", period="month", reducer=MEAN)
    expected = [values[:2].mean(axis=0), values[2:5].mean(axis=0), values[5]]
    np.testing.assert_allclose(result.values, np.stack(expected), rtol=1e-6)
    assert result.dims == ("t", "bands", "y", "x")
    assert result.rio.crs.to_epsg() == 32633
    turned = on_cube(
        cube.transpose("bands", "t", ...), "aggregate_temporal_period", period="month", reducer=MEAN
    )
    assert turned.dims == ("bands", "t", "y", "x")
    yearly = callback("count", data=of("data"))
    assert (on_cube(cube, "aggregate_temporal_period", period="year", reducer=yearly) == 6).all()


def test_too_many_periods_are_refused() -> None:
    with pytest.raises(OpenEOError) as caught:
        periods(["2000-01-01", "2024-01-01"], "hour")
    assert caught.value.code == "ProcessGraphComplexity"


def test_intervals_may_overlap_and_are_half_open() -> None:
    cube = series(["2024-01-01", "2024-01-10", "2024-01-20"], [1, 2, 6])
    intervals = [["2024-01-01", "2024-01-20"], ["2024-01-10", None], ["2024-05-01", "2024-06-01"]]
    result = on_cube(cube, "aggregate_temporal", intervals=intervals, reducer=MEAN)
    np.testing.assert_array_equal(result.values.ravel(), [1.5, 4, NAN])
    starts = np.array(["2024-01-01", "2024-01-10", "2024-05-01"], dtype="datetime64[ns]")
    np.testing.assert_array_equal(result.t.values, starts)


def test_intervals_of_times_go_around_midnight() -> None:
    cube = series(["2024-01-01T05:00", "2024-01-01T12:00", "2024-01-02T23:00"], [1, 2, 6])
    intervals = [["06:00:00", "18:00:00"], ["18:00:00", "06:00:00"]]
    result = on_cube(cube, "aggregate_temporal", intervals=intervals, reducer=MEAN)
    np.testing.assert_array_equal(result.values.ravel(), [2, 3.5])
    assert list(result.t.values) == ["06:00:00", "18:00:00"]


@pytest.mark.parametrize(
    ("reducer", "arguments"),
    [
        ("all", {"ignore_nodata": False}),
        ("any", {"ignore_nodata": False}),
        ("array_find", {"value": 0}),
    ],
)
def test_an_interval_without_dates_holds_no_data(reducer: str, arguments: dict[str, Any]) -> None:
    process = callback(reducer, data=of("data"), **arguments)
    intervals = [["2024-01-01", "2024-02-01"], ["2025-01-01", "2025-02-01"]]
    cube = series(["2024-01-01", "2024-01-10"], [0, 0])
    result = on_cube(cube, "aggregate_temporal", intervals=intervals, reducer=process)
    np.testing.assert_array_equal(result.values.ravel(), [0, NAN])


def test_intervals_that_start_at_the_same_instant_need_labels() -> None:
    cube = series(["2024-01-01", "2024-01-10"])
    intervals = [["2024-01-01", "2024-02-01"], ["2024-01-01T01:00:00+01:00", "2024-03-01"]]
    with pytest.raises(OpenEOError) as caught:
        on_cube(cube, "aggregate_temporal", intervals=intervals, reducer=MEAN)
    assert caught.value.code == "DistinctDimensionLabelsRequired"


def test_intervals_with_equal_starts_need_labels() -> None:
    cube = series(["2024-01-01", "2024-01-10"])
    intervals = [["2024-01-01", "2024-02-01"], ["2024-01-01", "2024-03-01"]]
    with pytest.raises(OpenEOError) as caught:
        on_cube(cube, "aggregate_temporal", intervals=intervals, reducer=MEAN)
    assert caught.value.code == "DistinctDimensionLabelsRequired"
    result = on_cube(
        cube, "aggregate_temporal", intervals=intervals, reducer=MEAN, labels=["a", "b"]
    )
    assert list(result.t.values) == ["a", "b"]


def test_the_names_of_periods_can_be_filtered_as_dates() -> None:
    execution = Execution({"cube": series(["2024-01-01", "2024-02-01", "2024-03-01"])})
    graph = {
        "load": {
            "process_id": "load_collection",
            "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
        },
        "months": {
            "process_id": "aggregate_temporal_period",
            "arguments": {"data": by("load"), "period": "month", "reducer": MEAN},
        },
        "filter": {
            "process_id": "filter_temporal",
            "arguments": {"data": by("months"), "extent": ["2024-02-01", None]},
            "result": True,
        },
    }
    assert list(execution.run(graph).t.values) == ["2024-02", "2024-03"]


# NDVI

VALUES = np.array([[[0.1, 0.2, 0.0]], [[0.5, NAN, 0.0]]], dtype=np.float32)
OPTICAL = cube_of(VALUES, bands=["B04", "B08"])


def test_ndvi_is_computed_from_named_or_common_bands() -> None:
    with np.errstate(invalid="ignore"):  # 0 / 0
        expected = (VALUES[1] - VALUES[0]) / (VALUES[1] + VALUES[0])
    for bands in ({"nir": "B08", "red": "B04"}, {}):
        result = on_cube(OPTICAL, "ndvi", **bands)
        np.testing.assert_array_equal(result.values, expected)
        assert result.dims == ("y", "x")
        assert result.dtype == np.float32
        assert result.rio.crs.to_epsg() == 32633
        assert result.attrs == {"title": "small"}


def test_ndvi_can_become_a_band() -> None:
    result = on_cube(OPTICAL, "ndvi", nir="B08", red="B04", target_band="NDVI")
    assert list(result.bands.values) == ["B04", "B08", "NDVI"]
    np.testing.assert_array_equal(result.values[:2], VALUES)
    np.testing.assert_allclose(result.values[2, 0, 0], 2 / 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"nir": "B99"}, "NirBandAmbiguous"),
        ({"red": "B99"}, "RedBandAmbiguous"),
        ({"target_band": "B04"}, "BandExists"),
    ],
)
def test_ndvi_names_the_band_that_is_wrong(arguments: dict[str, str], code: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        on_cube(OPTICAL, "ndvi", **arguments)
    assert caught.value.code == code


def test_ndvi_without_bands_is_ambiguous() -> None:
    with pytest.raises(OpenEOError) as caught:
        on_cube(cube_of([[1, 2]]), "ndvi")
    assert caught.value.code == "DimensionAmbiguous"


# grids

GRID = np.arange(2 * 4 * 6, dtype=np.float32).reshape(2, 4, 6)
DATES = ["2024-01-01", "2024-01-11"]


def test_a_coarser_resolution_averages_blocks_from_the_upper_left_corner() -> None:
    result = on_cube(cube_of(GRID, t=DATES), "resample_spatial", resolution=20, method="average")
    expected = GRID.reshape(2, 2, 2, 3, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(result.values, expected)
    assert list(result.x.values) == [500_010, 500_030, 500_050]
    assert list(result.y.values) == [5_199_990, 5_199_970]
    assert result.rio.crs.to_epsg() == 32633
    assert list(result.t.values) == list(cube_of(GRID, t=DATES).t.values)


@pytest.mark.parametrize(
    ("align", "x", "y"),
    [
        ("upper-left", [500_010, 500_030], [5_199_990, 5_199_970]),
        ("lower-right", [500_000, 500_020], [5_200_000, 5_199_980]),
    ],
)
def test_coarser_pixels_start_from_a_corner(align: str, x: list[float], y: list[float]) -> None:
    cube = cube_of(np.ones((3, 3)))
    result = on_cube(cube, "resample_spatial", resolution=20, align=align)
    assert list(result.x.values) == x
    assert list(result.y.values) == y


def test_cubes_of_dates_and_bands_are_resampled_in_all_of_them() -> None:
    values = np.stack([GRID, GRID + 1000])
    cube = cube_of(values, t=DATES, bands=["a", "b"])
    result = on_cube(cube, "resample_spatial", resolution=[20, 20], method="max")
    expected = values.reshape(2, 2, 2, 2, 3, 2).max(axis=(3, 5))
    np.testing.assert_array_equal(result.values, expected)
    assert list(result.bands.values) == ["a", "b"]


def test_a_resolution_of_0_keeps_that_of_one_axis() -> None:
    cube = cube_of([[1, 2, 3, 4], [5, 6, 7, 8]])
    result = on_cube(cube, "resample_spatial", resolution=[20, 0], method="average")
    np.testing.assert_allclose(result.values, [[1.5, 3.5], [5.5, 7.5]])
    np.testing.assert_array_equal(result.y.values, cube.y.values)
    result = on_cube(cube, "resample_spatial", resolution=[0, 20], method="average")
    np.testing.assert_allclose(result.values, [[3, 4, 5, 6]])


def test_no_data_stays_out_of_averages() -> None:
    values = np.array([[NAN, 4], [2, 3]], dtype=np.float32)
    result = on_cube(cube_of(values), "resample_spatial", resolution=20, method="average")
    np.testing.assert_allclose(result.values, [[3]])


def test_a_cube_is_warped_to_another_crs() -> None:
    result = on_cube(cube_of(np.full((40, 40), 5)), "resample_spatial", projection=4326)
    assert result.rio.crs.to_epsg() == 4326
    assert result.dims == ("y", "x")
    # 10 m are about 0.0001 degrees, not 10 of them.
    assert abs(float(result.x[1] - result.x[0])) < 0.0002
    assert set(np.unique(result.values[~np.isnan(result.values)])) == {5.0}
    assert np.isnan(result.values).mean() < 0.3
    assert 14.99 < float(result.x.min()) < 15.01


def test_a_grid_far_too_fine_is_refused_before_it_is_made() -> None:
    with pytest.raises(OpenEOError) as caught:
        on_cube(cube_of(GRID, t=DATES), "resample_spatial", resolution=0.00001)
    assert caught.value.code == "ProcessGraphComplexity"


def test_an_unknown_crs_is_named() -> None:
    with pytest.raises(OpenEOError, match="999999"):
        on_cube(cube_of(GRID, t=DATES), "resample_spatial", projection=999999)


def test_nothing_to_resample_leaves_the_cube_as_it_is() -> None:
    np.testing.assert_array_equal(on_cube(cube_of(GRID, t=DATES), "resample_spatial").values, GRID)


def _with_target(cube: xr.DataArray, target: xr.DataArray, process: str, **more: Any) -> Any:
    load = {"spatial_extent": None, "temporal_extent": None}
    graph = {
        name: {"process_id": "load_collection", "arguments": {"id": name, **load}}
        for name in ("cube", "target")
    }
    arguments = {"data": by("cube"), "target": by("target"), **more}
    graph["node"] = {"process_id": process, "arguments": arguments, "result": True}  # type: ignore[dict-item]
    return Execution({"cube": cube, "target": target}).run(graph)


def test_a_cube_is_put_on_the_pixels_of_another() -> None:
    target = cube_of(np.zeros((2, 2)), x=[500_010, 500_030], y=[5_199_990, 5_199_970])
    result = _with_target(cube_of(GRID, t=DATES), target, "resample_cube_spatial", method="average")
    expected = GRID.reshape(2, 2, 2, 3, 2).mean(axis=(2, 4))[..., :2]
    np.testing.assert_allclose(result.values, expected)
    np.testing.assert_array_equal(result.x.values, target.x.values)


@pytest.mark.parametrize("lazy", [True, False])
@pytest.mark.parametrize("method", ["near", "bilinear"])
@pytest.mark.parametrize(("crs", "west"), [("EPSG:32632", 330_000), ("EPSG:32633", 900_000)])
def test_a_cube_that_lies_elsewhere_gives_no_data_on_the_pixels_of_another(
    crs: str, west: float, method: str, lazy: bool
) -> None:
    columns, rows = [west + 10, west + 30, west + 50], [5_199_990, 5_199_970]
    target = cube_of(np.zeros((2, 3)), x=columns, y=rows, crs=crs)
    cube = cube_of(GRID, t=DATES, lazy=lazy)
    result = _with_target(cube, target, "resample_cube_spatial", method=method)
    assert result.shape == (2, 2, 3)
    assert np.isnan(result.values).all()
    np.testing.assert_array_equal(result.x.values, target.x.values)
    np.testing.assert_array_equal(result.y.values, target.y.values)
    assert result.rio.crs == target.rio.crs


def test_dates_are_taken_from_the_nearest_ones() -> None:
    cube = series(["2024-01-01", "2024-01-11", "2024-02-20"], [1, 2, 3])
    target = series(["2024-01-06", "2024-01-30", "2024-02-19"])
    result = _with_target(cube, target, "resample_cube_temporal")
    np.testing.assert_array_equal(result.values.ravel(), [1, 2, 3])
    np.testing.assert_array_equal(result.t.values, target.t.values)
    result = _with_target(cube, target, "resample_cube_temporal", valid_within=7)
    np.testing.assert_array_equal(result.values.ravel(), [1, NAN, 3])


@pytest.mark.parametrize("limit", [{}, {"valid_within": 2}])
def test_of_two_dates_as_near_the_earlier_one_is_taken(limit: dict[str, Any]) -> None:
    cube = series(["2024-01-03", "2024-01-01"], [3, 1])
    result = _with_target(cube, series(["2024-01-02"]), "resample_cube_temporal", **limit)
    assert result.values.ravel() == [1]


def test_the_nearest_valid_value_is_looked_for_in_each_pixel() -> None:
    days = ["2024-01-01", "2024-01-06", "2024-01-08", "2024-01-11"]
    values = np.array([[[1, 1, 1]], [[NAN, 2, np.inf]], [[3, NAN, NAN]], [[4, NAN, NAN]]])
    target = series(["2024-01-06", "2024-01-10"])
    result = _with_target(cube_of(values, t=days), target, "resample_cube_temporal", valid_within=5)
    np.testing.assert_array_equal(result.values, [[[3, 2, 1]], [[4, 2, NAN]]])
    assert result.dims == ("t", "y", "x")


# dimensions


def test_a_dimension_is_added_and_dropped_again() -> None:
    added = on_cube(OPTICAL, "add_dimension", name="t", label="2024-01-01", type="temporal")
    assert added.dims == ("t", "bands", "y", "x")
    assert added.t.values[0] == np.datetime64("2024-01-01")
    np.testing.assert_array_equal(added.values[0], VALUES)
    dropped = on_cube(added.chunk(), "drop_dimension", name="t")
    assert dropped.dims == ("bands", "y", "x")
    assert "t" not in dropped.coords


def test_a_dimension_of_several_labels_is_not_dropped() -> None:
    with pytest.raises(OpenEOError) as caught:
        on_cube(OPTICAL, "drop_dimension", name="bands")
    assert caught.value.code == "DimensionLabelCountMismatch"


def test_a_renamed_dimension_keeps_its_type() -> None:
    execution = Execution({"cube": OPTICAL})
    graph = {
        "load": {
            "process_id": "load_collection",
            "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
        },
        "rename": {
            "process_id": "rename_dimension",
            "arguments": {"data": by("load"), "source": "bands", "target": "spectral"},
        },
        "ndvi": {
            "process_id": "ndvi",
            "arguments": {"data": by("rename"), "nir": "B08", "red": "B04"},
            "result": True,
        },
    }
    assert execution.run(graph).dims == ("y", "x")


def test_labels_are_listed_as_texts() -> None:
    assert on_cube(OPTICAL, "dimension_labels", dimension="bands") == ["B04", "B08"]
    dates = on_cube(series(["2024-01-01"]), "dimension_labels", dimension="t")
    assert dates == ["2024-01-01T00:00:00Z"]


def test_labels_are_renamed_by_name_or_in_order() -> None:
    result = on_cube(OPTICAL, "rename_labels", dimension="bands", source=["B08"], target=["nir"])
    assert list(result.bands.values) == ["B04", "nir"]
    result = on_cube(OPTICAL, "rename_labels", dimension="bands", target=["red", "nir"])
    assert list(result.bands.values) == ["red", "nir"]
    np.testing.assert_array_equal(result.values, VALUES)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"target": ["red"]}, "LabelsNotEnumerated"),
        ({"target": ["a", "b", "c"]}, "LabelMismatch"),
        ({"target": ["a"], "source": ["B99"]}, "LabelNotAvailable"),
        ({"target": ["B08"], "source": ["B04"]}, "LabelExists"),
        ({"target": ["a", "b"], "source": ["B04"]}, "LabelMismatch"),
    ],
)
def test_labels_that_cannot_be_renamed_say_why(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        on_cube(OPTICAL, "rename_labels", dimension="bands", **arguments)
    assert caught.value.code == code


def test_labels_without_data_are_trimmed() -> None:
    values = np.full((2, 3, 3), NAN, dtype=np.float32)
    values[1, 0, 1] = 4
    values[1, 2, 2] = 5
    result = on_cube(cube_of(values, t=DATES), "trim_cube")
    np.testing.assert_array_equal(result.values, values[1:, :, 1:])
