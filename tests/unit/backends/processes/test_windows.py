"""Windows of pixels, and dimensions flattened, by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends.errors import OpenEOError
from tests.fakes.execution import callback, cube_of, of, on_cube

SUM = callback("sum", data=of("data"))
FIELD = np.arange(1, 13, dtype=np.float32).reshape(3, 4)
CUBE = cube_of(FIELD[np.newaxis], t=["2024-01-01"])
X, Y = 500_005.0, 5_199_995.0  # the centre of the first pixel; the others follow at 10 m


def windows(**arguments: Any) -> Any:
    return on_cube(CUBE, "aggregate_spatial_window", reducer=SUM, **arguments)


@pytest.mark.parametrize(
    ("align", "expected", "x", "y"),
    [
        ("upper-left", [[14, 22], [19, 23]], [X + 5, X + 25], [Y - 5, Y - 25]),
        ("lower-left", [[3, 7], [30, 38]], [X + 5, X + 25], [Y + 5, Y - 15]),
    ],
)
def test_windows_begin_at_the_corner_and_are_padded(
    align: str, expected: list[list[float]], x: list[float], y: list[float]
) -> None:
    found = windows(size=[2, 2], align=align)
    assert found.dims == ("t", "y", "x")
    assert found.values[0].tolist() == expected
    assert (found.x.values.tolist(), found.y.values.tolist()) == (x, y)
    assert found.rio.crs == "EPSG:32633"


@pytest.mark.parametrize(
    ("align", "expected", "x"),
    [("upper-left", [[6], [18], [30]], X + 10), ("upper-right", [[9], [21], [33]], X + 20)],
)
def test_windows_are_trimmed_at_the_other_side(
    align: str, expected: list[list[float]], x: float
) -> None:
    found = windows(size=[3, 1], boundary="trim", align=align)
    assert found.values[0].tolist() == expected
    assert found.x.values.tolist() == [x]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"size": [5, 1], "boundary": "trim"}, "NoDataAvailable"),
        ({"size": [0, 1]}, "ProcessParameterInvalid"),
        ({"size": [2]}, "ProcessParameterInvalid"),
        ({"size": [10**9, 1]}, "ProcessGraphComplexity"),
        ({"size": [2, 2], "align": "middle"}, "ProcessParameterInvalid"),
        ({"size": [2, 2], "boundary": "stretch"}, "ProcessParameterInvalid"),
    ],
)
def test_windows_that_cannot_be_are_refused(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        windows(**arguments)
    assert caught.value.code == code


SERIES = cube_of(
    np.arange(2 * 2 * 1 * 3).reshape(2, 2, 1, 3),
    t=["2020-01-01", "2021-01-01"],
    bands=["B1", "B2"],
)


def flattened(**arguments: Any) -> Any:
    return on_cube(SERIES, "flatten_dimensions", target_dimension="both", **arguments)


def test_the_last_of_the_flattened_dimensions_changes_fastest() -> None:
    found = flattened(dimensions=["bands", "t"])
    assert found.dims == ("both", "y", "x")
    assert found.both.values.tolist() == [
        "B1~2020-01-01T00:00:00Z",
        "B1~2021-01-01T00:00:00Z",
        "B2~2020-01-01T00:00:00Z",
        "B2~2021-01-01T00:00:00Z",
    ]
    np.testing.assert_array_equal(
        found.values, SERIES.transpose("bands", "t", "y", "x").values.reshape(4, 1, 3)
    )


def test_what_was_flattened_is_split_again() -> None:
    flat = flattened(dimensions=["t", "bands"], label_separator="|")
    found = on_cube(
        flat.chunk(both=2),
        "unflatten_dimension",
        dimension="both",
        target_dimensions=["when", "what"],
        label_separator="|",
    )
    assert found.dims == ("when", "what", "y", "x")
    assert found.what.values.tolist() == ["B1", "B2"]
    np.testing.assert_array_equal(found.values, SERIES.values)


@pytest.mark.parametrize(
    ("dimensions", "target", "code"),
    [
        (["t", "nowhere"], "both", "DimensionNotAvailable"),
        (["t", "bands"], "x", "TargetDimensionExists"),
        (["t", "t"], "both", "ProcessParameterInvalid"),
    ],
)
def test_what_cannot_be_flattened_is_refused(dimensions: list[str], target: str, code: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        on_cube(SERIES, "flatten_dimensions", dimensions=dimensions, target_dimension=target)
    assert caught.value.code == code


@pytest.mark.parametrize("labels", [["a~1", "a~2", "b~1"], ["a~1", "b~2"], ["a~1~x", "b~1~x"]])
def test_labels_that_are_not_all_combinations_are_refused(labels: list[str]) -> None:
    cube = cube_of(np.zeros((len(labels), 1, 1)), bands=labels)
    with pytest.raises(OpenEOError) as caught:
        on_cube(cube, "unflatten_dimension", dimension="bands", target_dimensions=["one", "two"])
    assert caught.value.code == "LabelMismatch"
