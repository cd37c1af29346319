"""Curves: what is fitted, against SciPy where there is no closed form, and what is predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import curve_fit

from backends.environment import Limits
from backends.errors import OpenEOError
from tests.fakes.execution import Execution, by, cube_of, of, on_cube

DAYS = [f"2021-{month:02}-01" for month in range(1, 13)]
SECONDS = (np.array(DAYS, "datetime64[s]") - np.datetime64(0, "s")) / np.timedelta64(1, "s")
YEAR = 2 * np.pi / 31_557_600


def element(index: int) -> dict[str, Any]:
    arguments = {"data": of("parameters"), "index": index}
    return {"process_id": "array_element", "arguments": arguments}


def node(process_id: str, **arguments: Any) -> dict[str, Any]:
    return {"process_id": process_id, "arguments": arguments}


# y = a + b * cos(YEAR * x) + c * sin(YEAR * x)
SEASONS = {
    "process_graph": {
        "a": element(0),
        "b": element(1),
        "c": element(2),
        "phase": node("multiply", x=of("x"), y=YEAR),
        "cos": node("cos", x=by("phase")),
        "sin": node("sin", x=by("phase")),
        "bcos": node("multiply", x=by("b"), y=by("cos")),
        "csin": node("multiply", x=by("c"), y=by("sin")),
        "some": node("add", x=by("a"), y=by("bcos")),
        "all": {**node("add", x=by("some"), y=by("csin")), "result": True},
    }
}
# y = a * exp(b * x)
GROWTH = {
    "process_graph": {
        "a": element(0),
        "b": element(1),
        "bx": node("multiply", x=by("b"), y=of("x")),
        "exp": node("exp", p=by("bx")),
        "all": {**node("multiply", x=by("a"), y=by("exp")), "result": True},
    }
}


def seasons(parameters: Any, seconds: Any) -> Any:
    a, b, c = parameters
    return a + b * np.cos(YEAR * seconds) + c * np.sin(YEAR * seconds)


def test_the_seasons_of_each_pixel_are_found_again() -> None:
    truth = np.random.default_rng(1).uniform(-1, 1, (3, 3, 4))
    values = seasons(truth, SECONDS[:, np.newaxis, np.newaxis])
    fitted = on_cube(
        cube_of(values, t=DAYS), "fit_curve", parameters=[1, 1, 1], function=SEASONS, dimension="t"
    )
    assert fitted.dims == ("param", "y", "x")
    assert fitted.param.values.tolist() == ["param_0", "param_1", "param_2"]
    np.testing.assert_allclose(fitted.values, truth, atol=1e-5)
    assert fitted.rio.crs == "EPSG:32633"


def test_a_curve_that_is_not_linear_is_fitted_as_scipy_does() -> None:
    x = np.arange(8.0)
    noise = np.random.default_rng(2).normal(0, 0.05, (8, 2, 3))
    truth = np.random.default_rng(3).uniform(0.5, 2, (2, 3))
    values = (truth * np.exp(-0.3 * x[:, None, None]) + noise).astype(np.float32)
    cube = xr.DataArray(values, dims=("step", "y", "x"), coords={"step": x}).chunk(y=1)
    fitted = on_cube(cube, "fit_curve", parameters=[1, -1], function=GROWTH, dimension="step")
    for row in range(2):
        for column in range(3):
            expected, _ = curve_fit(
                lambda x, a, b: a * np.exp(b * x), x, values[:, row, column], [1, -1]
            )
            np.testing.assert_allclose(fitted[:, row, column], expected, rtol=1e-4)


def test_no_data_are_left_out_or_forbid_the_fit() -> None:
    values = seasons(np.array([0.5, 0.2, 0.1]), SECONDS).reshape(-1, 1, 1).repeat(3, axis=2)
    values[4, 0, 1] = np.nan
    values[2:, 0, 2] = np.nan  # two values are too few for three parameters
    cube = cube_of(values, t=DAYS)
    arguments = {"parameters": [1, 1, 1], "function": SEASONS, "dimension": "t"}
    kept = on_cube(cube, "fit_curve", **arguments)
    np.testing.assert_allclose(kept.values[:, 0, :2], [[0.5] * 2, [0.2] * 2, [0.1] * 2], atol=1e-5)
    assert np.isnan(kept.values[:, 0, 2]).all()
    strict = on_cube(cube, "fit_curve", **arguments, ignore_nodata=False)
    assert np.isnan(strict.values[:, 0]).tolist() == [[False, True, True]] * 3


def test_the_other_dimensions_keep_their_places() -> None:
    values = np.arange(2 * 12, dtype=np.float32).reshape(12, 2, 1, 1)
    cube = cube_of(values, t=DAYS, bands=["B04", "B08"]).transpose("bands", "t", "y", "x")
    fitted = on_cube(cube, "fit_curve", parameters=[0, 0, 0], function=SEASONS, dimension="t")
    assert fitted.dims == ("bands", "param", "y", "x")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"dimension": "nowhere"}, "DimensionNotAvailable"),
        ({"dimension": "bands"}, "ProcessParameterInvalid"),
        ({"parameters": []}, "ProcessParameterInvalid"),
        ({"parameters": ["a"]}, "ProcessParameterInvalid"),
    ],
)
def test_what_cannot_be_fitted_is_refused(changes: dict[str, Any], code: str) -> None:
    cube = cube_of(np.zeros((12, 1, 1, 1)), t=DAYS, bands=["B04"])
    arguments = {"parameters": [1, 1, 1], "function": SEASONS, "dimension": "t", **changes}
    with pytest.raises(OpenEOError) as caught:
        on_cube(cube, "fit_curve", **arguments)
    assert caught.value.code == code


def predict(cube: xr.DataArray, fitted: xr.DataArray, **changes: Any) -> Any:
    nothing = {"spatial_extent": None, "temporal_extent": None}
    limits = changes.pop("limits", Limits())
    arguments = {
        "data": by("data"),
        "parameters": by("fitted"),
        "function": SEASONS,
        "dimension": "t",
        "labels": ["2021-07-01", "2022-01-01T12:00:00Z"],
        **changes,
    }
    return Execution({"data": cube, "fitted": fitted}).run(
        {
            "data": node("load_collection", id="data", **nothing),
            "fitted": node("load_collection", id="fitted", **nothing),
            "predict": {**node("predict_curve", **arguments), "result": True},
        },
        limits=limits,
    )


def parameters_of(values: Any, name: str = "param") -> xr.DataArray:
    return cube_of(values, bands=["a", "b", "c"]).rename(bands=name)


@pytest.mark.parametrize("name", ["param", "bands"])
def test_new_dates_are_predicted(name: str) -> None:
    truth = np.random.default_rng(4).uniform(-1, 1, (3, 2, 2)).astype(np.float32)
    truth[0, 1, 1] = np.nan
    cube = cube_of(np.zeros((12, 2, 2)), t=DAYS)
    found = predict(cube, parameters_of(truth, name))
    assert found.dims == ("t", "y", "x")
    assert found.t.values.astype(str).tolist() == [
        "2021-07-01T00:00:00.000000000",
        "2022-01-01T12:00:00.000000000",
    ]
    wanted = (found.t.values - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    np.testing.assert_allclose(
        found.values, seasons(truth.astype(float), wanted[:, None, None]), rtol=1e-6
    )


def test_more_than_could_be_loaded_is_not_predicted() -> None:
    cube = cube_of(np.zeros((12, 100, 100)), t=DAYS)
    days = [f"2021-01-{day:02}" for day in range(1, 32)]
    fitted = parameters_of(np.zeros((3, 100, 100)))
    assert predict(cube, fitted, labels=days).sizes["t"] == 31
    with pytest.raises(OpenEOError) as caught:
        predict(cube, fitted, labels=days, limits=Limits(max_samples=300_000))
    assert caught.value.code == "ProcessGraphComplexity"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"dimension": "nowhere"}, "DimensionNotAvailable"),
        ({"labels": []}, "ProcessParameterInvalid"),
        ({"labels": [1, 2]}, "ProcessParameterInvalid"),
        ({"labels": ["tomorrow"]}, "ProcessParameterInvalid"),
    ],
)
def test_what_cannot_be_predicted_is_refused(changes: dict[str, Any], code: str) -> None:
    cube = cube_of(np.zeros((12, 1, 1)), t=DAYS)
    with pytest.raises(OpenEOError) as caught:
        predict(cube, parameters_of(np.zeros((3, 1, 1))), **changes)
    assert caught.value.code == code
