"""Checks of curves, climatology, windows and flattened dimensions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from scripts.process_checks.checks import check
from scripts.process_checks.cube_checks import CUBE, MEAN, VALUES
from scripts.process_checks.execution import Runner, alike, cube_of, of

DAYS: Final = ["2001-01-01", "2001-02-01", "2002-01-01", "2002-02-01"]
SERIES: Final = cube_of(np.arange(4 * 2 * 2).reshape(4, 2, 2), t=DAYS)
DAY: Final = 86_400.0

# y = a + b * x, where x counts seconds
LINE: Final[dict[str, Any]] = {
    "process_graph": {
        "a": {
            "process_id": "array_element",
            "arguments": {"data": of("parameters"), "index": 0},
        },
        "b": {
            "process_id": "array_element",
            "arguments": {"data": of("parameters"), "index": 1},
        },
        "bx": {
            "process_id": "multiply",
            "arguments": {"x": {"from_node": "b"}, "y": of("x")},
        },
        "y": {
            "process_id": "add",
            "arguments": {"x": {"from_node": "a"}, "y": {"from_node": "bx"}},
            "result": True,
        },
    }
}


@check("fit_curve", "the line through two dates")
def _fit_curve(run: Runner) -> bool:
    cube = cube_of([[[1.0, 2.0]], [[3.0, 8.0]]], t=["1970-01-01", "1970-01-03"])
    fitted = run("fit_curve", data=cube, parameters=[1, 0], function=LINE, dimension="t")
    return fitted.dims == ("param", "y", "x") and alike(
        fitted, np.array([[[1.0, 2.0]], [[1 / DAY, 3 / DAY]]])
    )


@check("predict_curve", "a third date on the line")
def _predict_curve(run: Runner) -> bool:
    fitted = cube_of([[[1.0, 2.0]], [[1 / DAY, 3 / DAY]]], bands=["a", "b"])
    found = run(
        "predict_curve",
        data=cube_of([[[0.0, 0.0]]], t=["1970-01-01"]),
        parameters=fitted,
        function=LINE,
        dimension="t",
        labels=["1970-01-05"],
    )
    return found.dims == ("t", "y", "x") and alike(found, np.array([[[5.0, 14.0]]]))


@check("climatological_normal", "the mean of each month of two years")
def _climatological_normal(run: Runner) -> bool:
    years = ["2001", "2002"]
    found = run("climatological_normal", data=SERIES, period="month", climatology_period=years)
    values = SERIES.values
    return alike(found, (values[:2] + values[2:]) / 2) and found.t.values.tolist() == ["01", "02"]


@check("anomaly", "each date less the normal of its month")
def _anomaly(run: Runner) -> bool:
    normals = cube_of(np.ones((2, 2, 2)), bands=["01", "02"]).rename(bands="t")
    return alike(run("anomaly", data=SERIES, normals=normals, period="month"), SERIES.values - 1)


@check("aggregate_spatial_window", "the means of windows of two by two pixels")
def _aggregate_spatial_window(run: Runner) -> bool:
    found = run("aggregate_spatial_window", data=CUBE, reducer=MEAN, size=[2, 2])
    return alike(found, VALUES.reshape(2, 2, 2, 2, 3, 2).mean((3, 5)))


@check("flatten_dimensions", "dates and bands in one dimension")
def _flatten_dimensions(run: Runner) -> bool:
    dimensions = ["bands", "t"]
    found = run("flatten_dimensions", data=CUBE, dimensions=dimensions, target_dimension="both")
    return alike(found, VALUES.swapaxes(0, 1).reshape(4, 4, 6)) and found.dims[0] == "both"


@check("unflatten_dimension", "bands and years taken apart again")
def _unflatten_dimension(run: Runner) -> bool:
    flat = cube_of(VALUES.reshape(4, 4, 6), bands=["a~1", "a~2", "b~1", "b~2"])
    found = run(
        "unflatten_dimension", data=flat, dimension="bands", target_dimensions=["one", "two"]
    )
    return alike(found, VALUES) and found.two.values.tolist() == ["1", "2"]
