"""Callbacks over pixels, along one dimension and over neighbours, by value against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage

from backends.errors import OpenEOError
from tests.fakes.execution import by, callback, cube_of, of, on_cube, value_of
from tests.unit.backends.processes.cubes import CUBE, DAYS, NAN, VALUES


def test_apply_sees_each_value_and_the_context() -> None:
    process = callback("linear_scale_range", x=of("x"), inputMin=0, inputMax=of("context"))
    result = on_cube(CUBE, "apply", process=process, context=20)
    np.testing.assert_allclose(result.values, np.clip(VALUES, 0, 20) / 20, rtol=1e-6)
    assert result.dtype == np.float32


def test_apply_with_a_constant_result_fills_the_cube() -> None:
    result = on_cube(CUBE, "apply", process=callback("constant", x=7))
    assert (result.values == 7).all()
    assert result.shape == VALUES.shape


def test_a_condition_on_pixels_chooses_between_values() -> None:
    graph = {
        "bright": {"process_id": "gt", "arguments": {"x": of("x"), "y": 10}},
        "choose": {
            "process_id": "if",
            "arguments": {"value": by("bright"), "accept": 1, "reject": of("x")},
            "result": True,
        },
    }
    result = on_cube(CUBE, "apply", process={"process_graph": graph})
    np.testing.assert_array_equal(result.values, np.where(VALUES > 10, 1, VALUES))


def test_if_without_reject_gives_no_data() -> None:
    graph = {
        "bright": {"process_id": "gte", "arguments": {"x": of("x"), "y": 10}},
        "choose": {
            "process_id": "if",
            "arguments": {"value": by("bright"), "accept": of("x")},
            "result": True,
        },
    }
    result = on_cube(CUBE, "apply", process={"process_graph": graph})
    np.testing.assert_array_equal(result.values, np.where(VALUES >= 10, VALUES, NAN))


def test_comparisons_of_no_data_are_no_data() -> None:
    for process in ("gt", "gte", "lt", "lte", "eq", "neq"):
        result = on_cube(CUBE, "apply", process=callback(process, x=of("x"), y=5))
        compare = {"gt": np.greater, "gte": np.greater_equal, "lt": np.less}
        compare |= {"lte": np.less_equal, "eq": np.equal, "neq": np.not_equal}
        expected = np.where(np.isnan(VALUES), NAN, compare[process](VALUES, 5))
        np.testing.assert_array_equal(result.values, expected.astype(np.float32))
    valid = on_cube(CUBE, "apply", process=callback("is_valid", x=of("x")))
    np.testing.assert_array_equal(valid.values, ~np.isnan(VALUES))
    missing = on_cube(CUBE, "apply", process=callback("is_nodata", x=of("x")))
    np.testing.assert_array_equal(missing.values, np.isnan(VALUES))


def test_logic_on_pixels_has_three_values() -> None:
    table = np.array([1, 0, NAN], dtype=np.float32)
    x, y = np.meshgrid(table, table, indexing="ij")
    cube = cube_of(np.stack([x, y]), bands=["x", "y"])

    def combined(process: str) -> np.ndarray:
        graph = {
            "a": {"process_id": "array_element", "arguments": {"data": of("data"), "index": 0}},
            "b": {"process_id": "array_element", "arguments": {"data": of("data"), "index": 1}},
            "c": {
                "process_id": process,
                "arguments": {"x": by("a"), "y": by("b")},
                "result": True,
            },
        }
        reducer = {"process_graph": graph}
        values: np.ndarray = on_cube(
            cube, "reduce_dimension", dimension="bands", reducer=reducer
        ).values
        return values

    np.testing.assert_array_equal(combined("and"), [[1, 0, NAN], [0, 0, 0], [NAN, 0, NAN]])
    np.testing.assert_array_equal(combined("or"), [[1, 1, 1], [1, 0, NAN], [1, NAN, NAN]])
    np.testing.assert_array_equal(combined("xor"), [[0, 1, NAN], [1, 0, NAN], [NAN] * 3])
    for process, expected in (("any", [1, 1, 1]), ("all", [1, 0, 1])):
        reducer = callback(process, data=of("data"))
        result = on_cube(cube, "reduce_dimension", dimension="bands", reducer=reducer)
        np.testing.assert_array_equal(result.values[0], expected)


def test_apply_dimension_keeps_labels_where_the_length_stays() -> None:
    values = np.array([NAN, 1, NAN, 3, NAN], dtype=np.float32).reshape(5, 1, 1)
    days = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-06", "2024-01-07"]
    cube = cube_of(values, t=days)
    process = callback("array_interpolate_linear", data=of("data"))
    result = on_cube(cube, "apply_dimension", dimension="t", process=process)
    # One day after the first of January's second, three days before its sixth.
    np.testing.assert_allclose(result.values.ravel(), [NAN, 1, 1.5, 3, NAN])
    np.testing.assert_array_equal(result.t.values, cube.t.values)
    assert result.dims == ("t", "y", "x")


def test_apply_dimension_numbers_labels_where_the_length_changes() -> None:
    process = callback("quantiles", data=of("data"), probabilities=[0.25, 0.75])
    result = on_cube(CUBE, "apply_dimension", dimension="t", process=process)
    assert result.dims == CUBE.dims
    assert list(result.t.values) == [0, 1]
    known = ~np.isnan(VALUES).all(axis=0)
    expected = np.nanquantile(VALUES[:, known], [0.25, 0.75], axis=0)
    np.testing.assert_allclose(result.values[:, known], expected, rtol=1e-6)


def test_apply_dimension_moves_results_to_a_new_target_dimension() -> None:
    process = callback("extrema", data=of("data"))
    result = on_cube(
        CUBE, "apply_dimension", dimension="t", target_dimension="edges", process=process
    )
    assert result.dims == ("edges", "bands", "y", "x")
    known = ~np.isnan(VALUES).all(axis=0)
    np.testing.assert_array_equal(result.values[0][known], np.nanmin(VALUES[:, known], axis=0))
    np.testing.assert_array_equal(result.values[1][known], np.nanmax(VALUES[:, known], axis=0))


@pytest.mark.parametrize("process", ["cumsum", "cumproduct", "cummin", "cummax"])
def test_running_values_along_time_agree_with_numpy(process: str) -> None:
    result = on_cube(
        CUBE, "apply_dimension", dimension="t", process=callback(process, data=of("data"))
    )
    fill, function = {
        "cumsum": (0, np.cumsum),
        "cumproduct": (1, np.cumprod),
        "cummin": (np.inf, np.minimum.accumulate),
        "cummax": (-np.inf, np.maximum.accumulate),
    }[process]
    filled = function(np.where(np.isnan(VALUES), fill, VALUES), axis=0)  # type: ignore[operator]
    np.testing.assert_allclose(result.values, np.where(np.isnan(VALUES), NAN, filled))


def test_sorting_and_rearranging_along_time() -> None:
    values = np.array([3, NAN, 1], dtype=np.float32).reshape(3, 1, 1)
    cube = cube_of(values, t=DAYS)

    def along(process: str, **arguments: object) -> list[float]:
        reducer = callback(process, data=of("data"), **arguments)
        result = on_cube(cube, "apply_dimension", dimension="t", process=reducer)
        return list(result.values.ravel())

    np.testing.assert_array_equal(along("sort"), [1, 3, NAN])
    np.testing.assert_array_equal(along("sort", asc=False, nodata=False), [NAN, 3, 1])
    np.testing.assert_array_equal(along("order", nodata=True), [2, 0, 1])
    np.testing.assert_array_equal(along("rearrange", order=[2, 0]), [1, 3])


STACK = np.array(
    [[[3, NAN, 5]], [[9, 1, 5]], [[4, 2, NAN]]], dtype=np.float32
)  # three dates of three pixels


def per_pixel(index: dict[str, object], **nodes: object) -> list[float]:
    """The element of each pixel's series at the index that these nodes give."""
    reducer = {"process_graph": {**nodes, "e": {"process_id": "array_element", **index}}}
    cube = cube_of(STACK, t=["2024-01-01", "2024-01-11", "2024-01-21"])
    result = on_cube(cube, "reduce_dimension", dimension="t", reducer=reducer)
    return list(result.values.ravel())


def test_each_pixel_is_taken_from_the_date_of_its_own_maximum() -> None:
    best = {
        "max": {"process_id": "max", "arguments": {"data": of("data")}},
        "when": {
            "process_id": "array_find",
            "arguments": {"data": of("data"), "value": by("max"), "reverse": True},
        },
    }
    taken = {"arguments": {"data": of("data"), "index": by("when")}, "result": True}
    np.testing.assert_array_equal(per_pixel(taken, **best), [9, 2, 5])
    table = {"arguments": {"data": [10, 20, None], "index": by("when")}, "result": True}
    np.testing.assert_array_equal(per_pixel(table, **best), [20, NAN, 20])


def test_an_index_that_a_pixel_does_not_have_gives_no_data() -> None:
    found = {
        "when": {"process_id": "array_find", "arguments": {"data": of("data"), "value": 9}},
        "next": {"process_id": "add", "arguments": {"x": by("when"), "y": 1}},
        "far": {"process_id": "multiply", "arguments": {"x": by("when"), "y": 7}},
    }
    taken = {"arguments": {"data": of("data"), "index": by("next")}, "result": True}
    np.testing.assert_array_equal(per_pixel(taken, **found), [4, NAN, NAN])
    beyond = {"arguments": {"data": of("data"), "index": by("far")}, "result": True}
    np.testing.assert_array_equal(per_pixel(beyond, **found), [NAN, NAN, NAN])


def test_a_series_is_rearranged_by_the_order_of_each_pixel() -> None:
    process = {
        "order": {
            "process_id": "order",
            "arguments": {"data": of("data"), "asc": False, "nodata": True},
        },
        "turned": {
            "process_id": "rearrange",
            "arguments": {"data": of("data"), "order": by("order")},
            "result": True,
        },
    }
    cube = cube_of(STACK, t=["2024-01-01", "2024-01-11", "2024-01-21"])
    result = on_cube(cube, "apply_dimension", dimension="t", process={"process_graph": process})
    np.testing.assert_array_equal(result.values, [[[9, 2, 5]], [[4, 1, 5]], [[3, NAN, NAN]]])


@pytest.mark.parametrize(
    ("process", "arguments", "expected"),
    [
        ("array_contains", {"data": [3, 9, "5", None, [1]]}, [[[1, 0, 0]], [[1, 0, 0]], [[0] * 3]]),
        ("array_contains", {"data": []}, [[[0, 0, 0]]] * 3),
        ("array_find", {"data": [5, 9, 5]}, [[[NAN, NAN, 0]], [[1, NAN, 0]], [[NAN] * 3]]),
        (
            "array_find",
            {"data": [5, 9, 5], "reverse": True},
            [[[NAN, NAN, 2]], [[1, NAN, 2]], [[NAN] * 3]],
        ),
    ],
)
def test_each_pixel_is_looked_up_in_a_list(
    process: str, arguments: dict[str, object], expected: list[object]
) -> None:
    cube = cube_of(STACK, t=["2024-01-01", "2024-01-11", "2024-01-21"])
    result = on_cube(cube, "apply", process=callback(process, value=of("x"), **arguments))
    np.testing.assert_array_equal(result.values, expected)


def test_array_processes_on_bands() -> None:
    filtered = {
        "keep": {
            "process_id": "array_filter",
            "arguments": {
                "data": of("data"),
                "condition": callback("eq", x=of("label"), y="B08"),
            },
        },
        "sum": {"process_id": "sum", "arguments": {"data": by("keep")}, "result": True},
    }
    result = on_cube(
        CUBE, "reduce_dimension", dimension="bands", reducer={"process_graph": filtered}
    )
    np.testing.assert_array_equal(result.values, VALUES[:, 1])
    doubled = callback(
        "array_apply", data=of("data"), process=callback("add", x=of("x"), y=of("index"))
    )
    result = on_cube(CUBE, "apply_dimension", dimension="bands", process=doubled)
    np.testing.assert_array_equal(result.values, VALUES + np.array([0, 1]).reshape(1, 2, 1, 1))
    assert list(result.bands.values) == ["B04", "B08"]
    found = callback("array_find", data=of("data"), value=8)
    result = on_cube(CUBE, "reduce_dimension", dimension="bands", reducer=found)
    expected = np.where(VALUES[:, 0] == 8, 0, np.where(VALUES[:, 1] == 8, 1, NAN))
    np.testing.assert_array_equal(result.values, expected)
    has = callback("array_contains", data=of("data"), value=8)
    result = on_cube(CUBE, "reduce_dimension", dimension="bands", reducer=has)
    np.testing.assert_array_equal(result.values, (VALUES == 8).any(axis=1))


def test_a_filter_that_differs_between_pixels_is_refused() -> None:
    process = callback("array_filter", data=of("data"), condition=callback("gt", x=of("x"), y=3))
    with pytest.raises(OpenEOError, match="differs between pixels"):
        on_cube(CUBE, "apply_dimension", dimension="t", process=process)


@pytest.mark.parametrize("process", ["order", "sort"])
@pytest.mark.parametrize("asc", [True, False])
@pytest.mark.parametrize("nodata", [None, True, False])
def test_pixels_with_infinite_values_are_sorted_like_plain_ones(
    process: str, asc: bool, nodata: bool | None
) -> None:
    plain = [1, np.inf, None, -np.inf, None, 2, np.inf]
    cube = cube_of(
        np.array(plain, dtype=float).reshape(7, 1, 1), t=[f"2024-06-{1 + n:02}" for n in range(7)]
    )
    sorting = callback(process, data=of("data"), asc=asc, nodata=nodata)
    result = on_cube(cube, "apply_dimension", dimension="t", process=sorting)
    expected = value_of(process, data=plain, asc=asc, nodata=nodata)
    expected += [None] * (7 - len(expected))  # no-data that is left out goes to the end
    np.testing.assert_array_equal(result.values.ravel(), np.array(expected, dtype=float))


@pytest.mark.parametrize(
    ("border", "mode"),
    [
        (0, "constant"),
        ("replicate", "nearest"),
        ("reflect", "reflect"),
        ("reflect_pixel", "mirror"),
        ("wrap", "wrap"),
    ],
)
def test_a_kernel_is_a_convolution_with_each_border(border: object, mode: str) -> None:
    values = np.random.default_rng(1).random((2, 7, 9)).astype(np.float32)
    kernel = [[0, 1, 2], [0, 0, 0], [0, -1, 5]]
    cube = cube_of(values, t=DAYS[:2])
    result = on_cube(cube, "apply_kernel", kernel=kernel, factor=0.5, border=border)
    for image, given in zip(result.values, values, strict=True):
        expected = scipy.ndimage.convolve(given.astype(float), np.array(kernel), mode=mode) * 0.5
        np.testing.assert_allclose(image, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("border", "mode"),
    [
        ("replicate", "edge"),
        ("reflect", "symmetric"),
        ("reflect_pixel", "reflect"),
        ("wrap", "wrap"),
    ],
)
def test_a_kernel_may_reach_beyond_the_image_on_both_sides(border: str, mode: Any) -> None:
    values = np.random.default_rng(2).random((3, 4)).astype(np.float32)
    kernel = np.random.default_rng(3).random((9, 11))
    result = on_cube(cube_of(values), "apply_kernel", kernel=kernel.tolist(), border=border)
    around = np.pad(values.astype(float), ((4, 4), (5, 5)), mode=mode)
    expected = scipy.ndimage.convolve(around, kernel)[4:-4, 5:-5]
    np.testing.assert_allclose(result.values, expected, rtol=1e-5)


def test_no_data_and_infinite_values_count_as_the_replacement_in_a_kernel() -> None:
    cube = cube_of([[1, np.inf, 2, NAN], [-np.inf, 3, 4, 5]])
    result = on_cube(cube, "apply_kernel", kernel=[[1, 1, 1]], replace_invalid=10)
    np.testing.assert_array_equal(result.values, [[11, 13, 22, 12], [13, 17, 12, 9]])


def test_a_kernel_of_even_size_is_refused() -> None:
    with pytest.raises(OpenEOError) as caught:
        on_cube(CUBE, "apply_kernel", kernel=[[1, 2], [3, 4]])
    assert caught.value.code == "KernelDimensionsUneven"


def test_eager_cubes_give_the_same_values() -> None:
    eager = cube_of(VALUES, t=DAYS, bands=["B04", "B08"], lazy=False)
    for process in ("median", "first", "quantiles", "cumsum", "sort", "order", "mean"):
        arguments = {"probabilities": 4} if process == "quantiles" else {}
        whole = callback(process, data=of("data"), **arguments)
        one, other = (
            on_cube(cube, "apply_dimension", dimension="t", process=whole) for cube in (CUBE, eager)
        )
        np.testing.assert_allclose(one.values, other.values, rtol=1e-6)
