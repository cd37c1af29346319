"""Filters, masks and merging, by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from backends.errors import OpenEOError
from tests.fakes.execution import Execution, by, callback, cube_of, of, on_cube

NAN = np.nan
DAYS = ["2024-06-01", "2024-06-11", "2024-07-01"]
VALUES = np.arange(3 * 2 * 2 * 3, dtype=np.float32).reshape(3, 2, 2, 3)
CUBE = cube_of(VALUES, t=DAYS, bands=["B04", "B08"])


def two_cubes(one: xr.DataArray, other: xr.DataArray, process_id: str, **arguments: Any) -> Any:
    """What a process gives for two cubes, called `one` and `other` in the arguments."""
    execution = Execution({"one": one, "other": other})
    load = {"spatial_extent": None, "temporal_extent": None}
    graph = {
        name: {"process_id": "load_collection", "arguments": {"id": name, **load}}
        for name in ("one", "other")
    }
    graph["node"] = {"process_id": process_id, "arguments": arguments, "result": True}  # type: ignore[dict-item]
    result = execution.run(graph)
    assert execution.lazy == [True]
    return result


def error_of(*arguments: Any, **named: Any) -> OpenEOError:
    with pytest.raises(OpenEOError) as caught:
        (two_cubes if isinstance(arguments[1], xr.DataArray) else on_cube)(*arguments, **named)
    return caught.value


# filters


def test_an_interval_leaves_out_its_end() -> None:
    result = on_cube(CUBE, "filter_temporal", extent=["2024-06-01", "2024-07-01"])
    np.testing.assert_array_equal(result.values, VALUES[:2])
    result = on_cube(CUBE, "filter_temporal", extent=["2024-06-01T00:00:00.001Z", None])
    np.testing.assert_array_equal(result.values, VALUES[1:])
    result = on_cube(CUBE, "filter_temporal", extent=["2024-07", "2025"])
    np.testing.assert_array_equal(result.values, VALUES[2:])


def test_an_interval_without_dates_says_where_the_dates_are() -> None:
    error = error_of(CUBE, "filter_temporal", extent=["2023-01-01", "2023-02-01"])
    assert error.code == "NoDataAvailable"
    assert "2024-06-01 to 2024-07-01" in error.message


def test_bands_come_in_the_order_that_is_asked_for() -> None:
    result = on_cube(CUBE, "filter_bands", bands=["B08", "B04"])
    assert list(result.bands.values) == ["B08", "B04"]
    np.testing.assert_array_equal(result.values, VALUES[:, ::-1])


def test_bands_are_found_by_common_names() -> None:
    result = on_cube(CUBE, "filter_bands", bands=["nir"])
    np.testing.assert_array_equal(result.values, VALUES[:, 1:])


def test_bands_are_found_by_wavelengths() -> None:
    result = on_cube(CUBE, "filter_bands", wavelengths=[[0.8, 0.9]])
    assert list(result.bands.values) == ["B08"]
    assert error_of(CUBE, "filter_bands", wavelengths=[[8, 9]]).code == "NoDataAvailable"
    assert error_of(CUBE, "filter_bands").code == "BandFilterParameterMissing"


def test_an_unknown_band_is_named_with_those_that_exist() -> None:
    error = error_of(CUBE, "filter_bands", bands=["B99"])
    assert error.code == "ProcessParameterInvalid"
    assert "'B99'" in error.message
    assert "'B04', 'B08'" in error.message


def test_a_box_keeps_pixels_with_their_centre_in_it() -> None:
    extent = {"west": 500_005, "south": 5_199_980, "east": 500_015, "north": 5_199_990}
    result = on_cube(CUBE, "filter_bbox", extent={**extent, "crs": 32633})
    np.testing.assert_array_equal(result.values, VALUES[:, :, 1:, :2])
    assert result.rio.crs.to_epsg() == 32633


def test_a_box_in_degrees_is_moved_to_the_grid() -> None:
    # The central meridian of zone 33 is the western edge of the cube.
    extent = {"west": 14.9, "south": 46.9, "east": 15.0001316, "north": 46.9999}
    result = on_cube(CUBE, "filter_bbox", extent=extent)
    assert list(result.x.values) == [500_005]


def test_a_box_beside_the_cube_has_no_data() -> None:
    error = error_of(
        CUBE, "filter_bbox", extent={"west": 0, "south": 0, "east": 1, "north": 1, "crs": 32633}
    )
    assert error.code == "NoDataAvailable"


def test_labels_are_filtered_by_a_condition() -> None:
    condition = callback("text_ends", data=of("value"), pattern="8")
    result = on_cube(CUBE, "filter_labels", dimension="bands", condition=condition)
    assert list(result.bands.values) == ["B08"]
    np.testing.assert_array_equal(result.values, VALUES[:, 1:])


SQUARE = {
    "type": "Polygon",
    "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}},
    "coordinates": [
        [
            [500_000, 5_199_980],
            [500_020, 5_199_980],
            [500_020, 5_200_000],
            [500_000, 5_200_000],
            [500_000, 5_199_980],
        ],
        # A hole around the centre of the upper left pixel.
        [
            [500_003, 5_199_993],
            [500_007, 5_199_993],
            [500_007, 5_199_997],
            [500_003, 5_199_997],
            [500_003, 5_199_993],
        ],
    ],
}


def test_a_polygon_masks_what_lies_outside_and_in_its_holes() -> None:
    result = on_cube(CUBE, "mask_polygon", mask=SQUARE)
    inside = np.array([[False, True, False], [True, True, False]])
    np.testing.assert_array_equal(result.values, np.where(inside, VALUES, NAN))
    result = on_cube(CUBE, "mask_polygon", mask=SQUARE, inside=True, replacement=-1)
    np.testing.assert_array_equal(result.values, np.where(inside, -1, VALUES))


def test_a_polygon_leaves_no_data_as_they_are() -> None:
    cube = cube_of([[1, NAN, NAN], [NAN, 5, 6]])
    result = on_cube(cube, "mask_polygon", mask=SQUARE, replacement=0)
    np.testing.assert_array_equal(result.values, [[0, NAN, NAN], [NAN, 5, 0]])
    result = on_cube(cube, "mask_polygon", mask=SQUARE, replacement=0, inside=True)
    np.testing.assert_array_equal(result.values, [[1, NAN, NAN], [NAN, 0, 6]])


def test_pixels_with_their_centre_on_any_side_of_a_polygon_belong_to_it() -> None:
    west, north = 500_005, 5_199_995  # the centre of the upper left pixel
    ring = [[west + x, north - y] for x, y in ((0, 0), (20, 0), (20, 20), (0, 20), (0, 0))]
    polygon = {"type": "Polygon", "crs": SQUARE["crs"], "coordinates": [ring]}
    result = on_cube(cube_of(np.ones((4, 4))), "mask_polygon", mask=polygon)
    inside = [[1, 1, 1, NAN]] * 3 + [[NAN] * 4]
    np.testing.assert_array_equal(result.values, inside)


def test_filter_spatial_cuts_to_the_polygon() -> None:
    features = {
        "type": "FeatureCollection",
        "crs": SQUARE["crs"],
        "features": [{"type": "Feature", "properties": {}, "geometry": SQUARE}],
    }
    result = on_cube(CUBE, "filter_spatial", geometries=features)
    inside = np.array([[False, True], [True, True]])
    np.testing.assert_array_equal(result.values, np.where(inside, VALUES[..., :2], NAN))


def test_geojson_of_points_is_refused() -> None:
    error = error_of(CUBE, "mask_polygon", mask={"type": "Point", "coordinates": [1, 2]})
    assert error.code == "ProcessParameterInvalid"


# masks


def test_a_mask_without_bands_masks_all_bands() -> None:
    mask = cube_of([[[0, 1, 0], [0, 0, 2]], [[NAN, 0, 0], [0, 0, 0]], [[1, 1, 1]] * 2], t=DAYS)
    result = two_cubes(CUBE, mask, "mask", data=by("one"), mask=by("other"))
    marked = (mask.values != 0) & ~np.isnan(mask.values)
    np.testing.assert_array_equal(result.values, np.where(marked[:, None], NAN, VALUES))
    assert result.dims == CUBE.dims
    assert list(result.bands.values) == ["B04", "B08"]


def test_a_mask_without_time_masks_all_dates_with_a_replacement() -> None:
    mask = cube_of([[[0, 1, 0], [0, 0, 1]], [[0, 0, 0], [1, 1, 1]]], bands=["B04", "B08"])
    result = two_cubes(CUBE, mask, "mask", data=by("one"), mask=by("other"), replacement=-9)
    np.testing.assert_array_equal(result.values, np.where(mask.values != 0, -9, VALUES))


def test_a_coarser_mask_is_resampled_to_the_data() -> None:
    cube = cube_of(np.ones((4, 4)))
    mask = cube_of([[0, 1], [1, 0]], x=[500_010, 500_030], y=[5_199_990, 5_199_970])
    result = two_cubes(cube, mask, "mask", data=by("one"), mask=by("other"))
    expected = np.kron([[1, NAN], [NAN, 1]], np.ones((2, 2)))
    np.testing.assert_array_equal(result.values, expected)


@pytest.mark.parametrize(("crs", "west"), [("EPSG:32632", 330_000), ("EPSG:32633", 900_000)])
def test_a_mask_that_lies_elsewhere_is_refused_rather_than_masking_nothing(
    crs: str, west: float
) -> None:
    mask = cube_of([[1, 1], [1, 1]], x=[west, west + 20], y=[5_199_990, 5_199_970], crs=crs)
    error = error_of(cube_of(np.ones((4, 4))), mask, "mask", data=by("one"), mask=by("other"))
    assert error.code == "IncompatibleDataCubes"
    assert "The mask lies elsewhere: it has no place in common with the data" in error.message


def test_a_mask_with_a_dimension_of_its_own_is_refused() -> None:
    mask = CUBE.isel(t=0, drop=True)
    data = CUBE.isel(bands=0, drop=True)
    error = error_of(data, mask, "mask", data=by("one"), mask=by("other"))
    assert error.code == "IncompatibleDataCubes"
    assert "'bands'" in error.message


def test_a_cloud_mask_from_a_classification_band() -> None:
    scl = np.array([[4, 9, 4], [3, 4, 8]], dtype=np.float32)
    cube = cube_of(np.stack([VALUES[0, 0], scl]), bands=["B04", "SCL"])
    graph = {
        "load": {
            "process_id": "load_collection",
            "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
        },
        "clouds": {
            "process_id": "reduce_dimension",
            "arguments": {
                "data": by("load"),
                "dimension": "bands",
                "reducer": {
                    "process_graph": {
                        "scl": {
                            "process_id": "array_element",
                            "arguments": {"data": of("data"), "label": "SCL"},
                        },
                        "shadow": {"process_id": "eq", "arguments": {"x": by("scl"), "y": 3}},
                        "cloud": {
                            "process_id": "gte",
                            "arguments": {"x": by("scl"), "y": 8},
                        },
                        "or": {
                            "process_id": "or",
                            "arguments": {"x": by("shadow"), "y": by("cloud")},
                            "result": True,
                        },
                    }
                },
            },
        },
        "mask": {
            "process_id": "mask",
            "arguments": {"data": by("load"), "mask": by("clouds")},
            "result": True,
        },
    }
    result = Execution({"cube": cube}).run(graph)
    cloudy = (scl == 3) | (scl >= 8)
    np.testing.assert_array_equal(result.values, np.where(cloudy, NAN, cube.values))


# merging


def merged(one: xr.DataArray, other: xr.DataArray, **arguments: Any) -> Any:
    return two_cubes(one, other, "merge_cubes", cube1=by("one"), cube2=by("other"), **arguments)


ADD = callback("add", x=of("x"), y=of("y"))
LESS = callback("subtract", x=of("x"), y=of("y"))


def test_bands_that_differ_are_put_side_by_side() -> None:
    other = cube_of(VALUES + 100, t=DAYS, bands=["B02", "B03"])
    result = merged(CUBE, other)
    assert list(result.bands.values) == ["B04", "B08", "B02", "B03"]
    np.testing.assert_array_equal(result.values, np.concatenate([VALUES, VALUES + 100], axis=1))
    assert result.rio.crs.to_epsg() == 32633
    assert result.dtype == np.float32


def test_dates_that_differ_are_sorted() -> None:
    other = cube_of(VALUES[:2] + 100, t=["2024-06-05", "2024-05-01"], bands=["B04", "B08"])
    result = merged(CUBE, other)
    expected = np.stack([VALUES[1] + 100, VALUES[0], VALUES[0] + 100, VALUES[1], VALUES[2]])
    np.testing.assert_array_equal(result.values, expected)


def test_an_overlap_without_a_resolver_is_an_error() -> None:
    error = error_of(CUBE, CUBE, "merge_cubes", cube1=by("one"), cube2=by("other"))
    assert error.code == "OverlapResolverMissing"


def test_equal_cubes_are_combined_value_by_value() -> None:
    other = cube_of(VALUES * 2, t=DAYS, bands=["B04", "B08"])
    result = merged(CUBE, other, overlap_resolver=LESS)
    np.testing.assert_array_equal(result.values, -VALUES)


def test_a_partial_overlap_is_resolved_and_the_rest_kept() -> None:
    other = cube_of(VALUES * 2, t=DAYS, bands=["B08", "B11"])
    result = merged(CUBE, other, overlap_resolver=ADD)
    assert list(result.bands.values) == ["B04", "B08", "B11"]
    np.testing.assert_array_equal(result.values[:, 0], VALUES[:, 0])
    np.testing.assert_array_equal(result.values[:, 1], VALUES[:, 1] + 2 * VALUES[:, 0])
    np.testing.assert_array_equal(result.values[:, 2], 2 * VALUES[:, 1])


def test_labels_in_another_order_belong_together() -> None:
    other = cube_of(VALUES[:, ::-1] * 2, t=DAYS, bands=["B08", "B04"])
    result = merged(CUBE, other, overlap_resolver=ADD)
    np.testing.assert_array_equal(result.values, 3 * VALUES)


def test_a_cube_without_time_and_bands_is_merged_with_each_of_them() -> None:
    height = cube_of([[1, 2, 3], [4, 5, 6]])
    result = merged(CUBE, height, overlap_resolver=LESS)
    np.testing.assert_array_equal(result.values, VALUES - height.values)
    turned = merged(height, CUBE, overlap_resolver=LESS)
    np.testing.assert_array_equal(turned.values, height.values - VALUES)


def test_cubes_that_differ_in_two_dimensions_leave_gaps() -> None:
    one = cube_of(VALUES[:1, :1], t=DAYS[:1], bands=["B04"])
    other = cube_of(VALUES[1:2, 1:], t=DAYS[1:2], bands=["B08"])
    result = merged(one, other)
    expected = np.full((2, 2, 2, 3), NAN, dtype=np.float32)
    expected[0, 0], expected[1, 1] = VALUES[0, 0], VALUES[1, 1]
    np.testing.assert_array_equal(result.values, expected)


def test_neighbouring_tiles_of_one_grid_are_joined() -> None:
    west = cube_of([[1, 2], [3, 4]])
    east = cube_of([[5, 6], [7, 8]], x=[500_025, 500_035], y=[5_199_995, 5_199_985])
    result = merged(west, east)
    np.testing.assert_array_equal(result.values, [[1, 2, 5, 6], [3, 4, 7, 8]])
    overlapping = cube_of([[5, 6], [7, 8]], x=[500_015.0001, 500_025], y=[5_199_995, 5_199_985])
    result = merged(west, overlapping, overlap_resolver=ADD)
    np.testing.assert_array_equal(result.values, [[1, 7, 6], [3, 11, 8]])


def test_single_columns_are_put_side_by_side() -> None:
    west = cube_of([[1], [2]], x=[5], y=[15, 5])
    for place, expected in ((15, [[1, 3], [2, 4]]), (25, [[1, NAN, 3], [2, NAN, 4]])):
        east = cube_of([[3], [4]], x=[place], y=[15, 5])
        result = two_cubes(west, east, "merge_cubes", cube1=by("one"), cube2=by("other"))
        np.testing.assert_array_equal(result.values, expected)
        np.testing.assert_array_equal(result.x.values, np.arange(5, place + 1, 10))


def test_a_single_column_gives_no_values_to_pixels_elsewhere() -> None:
    column = cube_of([[1], [2]], x=[5], y=[15, 5])
    target = cube_of(np.zeros((2, 3)), x=[5, 15, 25], y=[15, 5])
    given = {"data": by("one"), "target": by("other")}
    result = two_cubes(column, target, "resample_cube_spatial", **given)
    np.testing.assert_array_equal(result.values, [[1, NAN, NAN], [2, NAN, NAN]])


def test_between_tiles_that_do_not_touch_there_is_no_data() -> None:
    west = cube_of([[1, 2], [3, 4]])
    east = cube_of([[5, 6], [7, 8]], x=[500_035, 500_045], y=[5_199_995, 5_199_985])
    result = merged(west, east)
    np.testing.assert_array_equal(result.values, [[1, 2, NAN, 5, 6], [3, 4, NAN, 7, 8]])
    assert list(np.diff(result.x.values)) == [10] * 4
    far = cube_of([[5, 6], [7, 8]], x=[20_500_035, 20_500_045], y=[5_199_995, 5_199_985])
    error = error_of(west, far, "merge_cubes", cube1=by("one"), cube2=by("other"))
    assert error.code == "ProcessGraphComplexity"


def test_cubes_of_other_grids_are_resampled_to_the_first() -> None:
    fine = cube_of(np.zeros((4, 4)))
    coarse = cube_of([[1, 2], [3, 4]], x=[500_010, 500_030], y=[5_199_990, 5_199_970])
    result = merged(fine, coarse, overlap_resolver=ADD)
    np.testing.assert_array_equal(result.values, np.kron([[1, 2], [3, 4]], np.ones((2, 2))))


def test_cubes_that_each_lack_a_dimension_do_not_fit() -> None:
    error = error_of(
        CUBE.isel(t=0, drop=True),
        CUBE.isel(bands=0, drop=True),
        "merge_cubes",
        cube1=by("one"),
        cube2=by("other"),
    )
    assert error.code == "IncompatibleDataCubes"
