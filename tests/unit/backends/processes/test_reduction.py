"""Callbacks that reduce a cube, by value against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from backends.errors import OpenEOError
from tests.fakes.execution import Execution, by, callback, cube_of, of, on_cube
from tests.unit.backends.processes.cubes import CUBE, NAN, VALUES


def test_a_mean_over_time_leaves_out_no_data_and_keeps_all_else() -> None:
    result = on_cube(
        CUBE, "reduce_dimension", dimension="t", reducer=callback("mean", data=of("data"))
    )
    expected = np.full((2, 2, 3), NAN, dtype=np.float32)
    known = ~np.isnan(VALUES).all(axis=0)
    expected[known] = np.nanmean(VALUES[:, known], axis=0)
    np.testing.assert_array_equal(result.values, expected)
    assert result.dims == ("bands", "y", "x")
    assert result.dtype == np.float32
    assert list(result.bands.values) == ["B04", "B08"]
    assert result.rio.crs.to_epsg() == 32633
    assert result.attrs == {"title": "small"}


@pytest.mark.parametrize("process", ["mean", "max", "min", "median", "sum", "product", "sd"])
def test_a_single_no_data_counts_when_it_must_not_be_ignored(process: str) -> None:
    result = on_cube(
        CUBE,
        "reduce_dimension",
        dimension="t",
        reducer=callback(process, data=of("data"), ignore_nodata=False),
    )
    missing = np.isnan(VALUES).any(axis=0)
    np.testing.assert_array_equal(np.isnan(result.values), missing)


@pytest.mark.parametrize(
    ("process", "numpy_says"),
    [
        ("max", np.nanmax),
        ("min", np.nanmin),
        ("median", np.nanmedian),
        ("sum", np.nansum),
        ("product", np.nanprod),
        ("variance", lambda a, axis: np.nanvar(a, axis=axis, ddof=1)),
        ("sd", lambda a, axis: np.nanstd(a, axis=axis, ddof=1)),
    ],
)
def test_reducers_agree_with_numpy(process: str, numpy_says) -> None:  # type: ignore[no-untyped-def]
    result = on_cube(
        CUBE, "reduce_dimension", dimension="t", reducer=callback(process, data=of("data"))
    )
    known = ~np.isnan(VALUES).all(axis=0)
    np.testing.assert_allclose(
        result.values[known], numpy_says(VALUES[:, known], axis=0), rtol=1e-5
    )
    assert np.isnan(result.values[~known]).all()
    assert result.dtype == np.float32


def test_first_and_last_skip_no_data() -> None:
    values = np.array([NAN, 2, 3, NAN], dtype=np.float32).reshape(4, 1, 1)
    cube = cube_of(values, t=["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"])
    first = on_cube(
        cube, "reduce_dimension", dimension="t", reducer=callback("first", data=of("data"))
    )
    last = on_cube(
        cube, "reduce_dimension", dimension="t", reducer=callback("last", data=of("data"))
    )
    strict = callback("first", data=of("data"), ignore_nodata=False)
    assert first.item() == 2
    assert last.item() == 3
    assert np.isnan(on_cube(cube, "reduce_dimension", dimension="t", reducer=strict).item())


def test_count_takes_valid_values_all_values_or_those_that_meet_a_condition() -> None:
    values = np.array([NAN, 2, 3, 5], dtype=np.float32).reshape(4, 1, 1)
    cube = cube_of(values, t=["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"])

    def counted(**arguments: object) -> float:
        reducer = callback("count", data=of("data"), **arguments)
        return float(on_cube(cube, "reduce_dimension", dimension="t", reducer=reducer).item())

    assert counted() == 3
    assert counted(condition=True) == 4
    assert counted(condition=callback("gt", x=of("x"), y=2.5)) == 2


def test_band_mathematics_takes_bands_by_label_and_by_index() -> None:
    graph = {
        "nir": {"process_id": "array_element", "arguments": {"data": of("data"), "label": "B08"}},
        "red": {"process_id": "array_element", "arguments": {"data": of("data"), "index": 0}},
        "difference": {
            "process_id": "subtract",
            "arguments": {"x": by("nir"), "y": by("red")},
        },
        "total": {"process_id": "add", "arguments": {"x": by("nir"), "y": by("red")}},
        "ratio": {
            "process_id": "divide",
            "arguments": {"x": by("difference"), "y": by("total")},
        },
        "scaled": {
            "process_id": "multiply",
            "arguments": {"x": by("ratio"), "y": 10000},
            "result": True,
        },
    }
    result = on_cube(CUBE, "reduce_dimension", dimension="bands", reducer={"process_graph": graph})
    red, nir = VALUES[:, 0], VALUES[:, 1]
    np.testing.assert_allclose(result.values, (nir - red) / (nir + red) * 10000, rtol=1e-6)
    assert result.dtype == np.float32


def test_a_mean_over_bands_listed_by_hand_is_a_mean_over_these_bands() -> None:
    graph = {
        "a": {"process_id": "array_element", "arguments": {"data": of("data"), "index": 0}},
        "b": {"process_id": "array_element", "arguments": {"data": of("data"), "index": 1}},
        "both": {"process_id": "array_create", "arguments": {"data": [by("a"), by("b"), 3]}},
        "mean": {"process_id": "mean", "arguments": {"data": by("both")}, "result": True},
    }
    result = on_cube(CUBE, "reduce_dimension", dimension="bands", reducer={"process_graph": graph})
    three = np.stack([VALUES[:, 0], VALUES[:, 1], np.full_like(VALUES[:, 0], 3)])
    np.testing.assert_allclose(result.values, np.nanmean(three, axis=0), rtol=1e-6)


def test_a_band_that_does_not_exist_is_named_with_those_that_do() -> None:
    reducer = callback("array_element", data=of("data"), label="B8A")
    with pytest.raises(OpenEOError) as caught:
        on_cube(CUBE, "reduce_dimension", dimension="bands", reducer=reducer)
    assert caught.value.code == "ArrayElementNotAvailable"
    assert "B8A" in caught.value.message
    assert "B04, B08" in caught.value.message
    assert "node 'node/array_element'" in caught.value.message


def test_an_element_of_a_date_is_found_in_any_writing() -> None:
    reducer = callback("array_element", data=of("data"), label="2024-06-11T00:00:00+00:00")
    result = on_cube(CUBE, "reduce_dimension", dimension="t", reducer=reducer)
    np.testing.assert_array_equal(result.values, VALUES[1])


def test_a_missing_dimension_is_named_with_those_that_exist() -> None:
    with pytest.raises(OpenEOError) as caught:
        on_cube(
            CUBE, "reduce_dimension", dimension="time", reducer=callback("mean", data=of("data"))
        )
    assert caught.value.code == "DimensionNotAvailable"
    assert caught.value.status == 400
    assert "'t', 'bands', 'y', 'x'" in caught.value.message


def test_reduce_spatial_reduces_whole_images() -> None:
    result = on_cube(CUBE, "reduce_spatial", reducer=callback("max", data=of("data")))
    np.testing.assert_array_equal(result.values, np.nanmax(VALUES, axis=(2, 3)))
    assert result.dims == ("t", "bands")


def test_a_callback_inside_a_callback_sees_the_parameters_around_it() -> None:
    inner = {
        "scaled": {
            "process_id": "multiply",
            # `x` is the inner element, `context` comes from the process outside.
            "arguments": {"x": of("x"), "y": of("context")},
            "result": True,
        }
    }
    outer = {
        "each": {
            "process_id": "array_apply",
            "arguments": {
                "data": of("data"),
                "process": {"process_graph": inner},
                "context": of("context"),
            },
        },
        "sum": {"process_id": "sum", "arguments": {"data": by("each")}, "result": True},
    }
    result = on_cube(
        CUBE, "reduce_dimension", dimension="bands", reducer={"process_graph": outer}, context=3
    )
    np.testing.assert_array_equal(result.values, 3 * np.nansum(VALUES, axis=1))


def test_a_reducer_that_gives_an_array_is_refused() -> None:
    with pytest.raises(OpenEOError, match="single number"):
        on_cube(CUBE, "reduce_dimension", dimension="t", reducer=callback("sort", data=of("data")))


def test_a_reducer_on_a_whole_cube_is_told_what_to_use() -> None:
    with pytest.raises(OpenEOError, match="reduce_dimension"):
        on_cube(CUBE, "mean")


def test_time_labels_reach_a_condition_as_texts() -> None:
    condition = callback("eq", x=of("value"), y="2024-07-01T00:00:00Z")
    execution = Execution({"cube": CUBE})
    graph = {
        "load": {
            "process_id": "load_collection",
            "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
        },
        "filter": {
            "process_id": "filter_labels",
            "arguments": {"data": by("load"), "dimension": "t", "condition": condition},
            "result": True,
        },
    }
    assert list(execution.run(graph).t.values) == [np.datetime64("2024-07-01")]
