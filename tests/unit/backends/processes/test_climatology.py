"""Normals of many years, and anomalies, by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from backends.errors import OpenEOError
from tests.fakes.execution import Execution, by, cube_of, on_cube

NAN = np.nan


def series(values: dict[str, float]) -> xr.DataArray:
    return cube_of(np.array(list(values.values())).reshape(-1, 1, 1), t=list(values))


def normals(values: dict[str, float], period: str, *years: str) -> dict[str, float]:
    interval = list(years) or ["2001", "2002"]
    result = on_cube(
        series(values), "climatological_normal", period=period, climatology_period=interval
    )
    return dict(zip(result.t.values.tolist(), result.values.ravel().tolist(), strict=True))


def test_a_month_is_the_mean_of_its_years_alone() -> None:
    values = {
        "2000-01-15": 100.0,
        "2001-01-15": 1.0,
        "2002-01-15": 3.0,
        "2002-02-15": 5.0,
        "2003-01-15": 100.0,
    }
    assert normals(values, "month") == {"01": 2.0, "02": 5.0}


def test_the_years_are_1981_to_2010_unless_others_are_given() -> None:
    values = {"1980-06-01": 9.0, "1981-06-01": 1.0, "2010-06-01": 2.0, "2011-06-01": 9.0}
    result = on_cube(series(values), "climatological_normal", period="climatology-period")
    assert result.t.values.tolist() == ["climatology-period"]
    assert result.values.ravel().tolist() == [1.5]


def test_the_last_day_of_a_leap_year_counts_as_the_365th() -> None:
    values = {"2003-12-31": 1.0, "2004-12-30": 2.0, "2004-12-31": 6.0, "2004-01-01": 0.0}
    assert normals(values, "day", "2003", "2004") == {"001": 0.0, "365": 3.0}


def test_a_winter_without_its_december_is_left_out() -> None:
    values = {"2001-01-10": 50.0, "2001-12-10": 1.0, "2002-02-10": 3.0, "2002-12-10": 50.0}
    assert normals(values, "season") == {"djf": 2.0}


def test_a_winter_whose_december_is_there_counts() -> None:
    values = {"2000-12-10": 4.0, "2001-01-10": 2.0, "2001-07-10": 7.0, "2002-12-10": 50.0}
    assert normals(values, "season") == {"djf": 3.0, "jja": 7.0}


def test_tropical_seasons_begin_in_november() -> None:
    values = {"2000-11-10": 4.0, "2001-04-10": 2.0, "2001-05-10": 7.0, "2002-11-10": 50.0}
    assert normals(values, "tropical-season") == {"ndjfma": 3.0, "mjjaso": 7.0}


def test_years_without_data_have_no_normals() -> None:
    with pytest.raises(OpenEOError) as caught:
        normals({"2010-01-01": 1.0}, "month")
    assert caught.value.code == "NoDataAvailable"


def anomaly(cube: xr.DataArray, usual: xr.DataArray, period: str) -> Any:
    nothing = {"spatial_extent": None, "temporal_extent": None}
    arguments = {"data": by("data"), "normals": by("normals"), "period": period}
    return Execution({"data": cube, "normals": usual}).run(
        {
            "data": {"process_id": "load_collection", "arguments": {"id": "data", **nothing}},
            "normals": {"process_id": "load_collection", "arguments": {"id": "normals", **nothing}},
            "node": {"process_id": "anomaly", "arguments": arguments, "result": True},
        }
    )


def usual(labels: dict[str, float]) -> xr.DataArray:
    values = np.array(list(labels.values())).reshape(-1, 1, 1)
    return cube_of(values, bands=list(labels)).rename(bands="t")


def test_dates_are_compared_with_the_normals_of_their_months() -> None:
    cube = series({"2024-01-05": 3.0, "2024-02-05": 3.0, "2024-03-05": 3.0, "2025-01-05": NAN})
    found = anomaly(cube, usual({"01": 1.0, "02": 5.0}), "month")
    assert found.t.values.tolist() == cube.t.values.tolist()
    np.testing.assert_array_equal(found.values.ravel(), [2, -2, NAN, NAN])


def test_labels_of_aggregated_periods_are_compared_too() -> None:
    seasons = {"2024-djf": 4.0, "2024-jja": 8.0, "2025-djf": 6.0}
    found = anomaly(usual(seasons), usual({"djf": 5.0, "jja": 5.0}), "season")
    assert found.t.values.tolist() == list(seasons)
    assert found.values.ravel().tolist() == [-1.0, 3.0, 1.0]


def test_a_single_period_is_compared_with_everything() -> None:
    cube = series({"2024-01-05": 3.0, "2024-02-05": 4.0})
    found = anomaly(cube, usual({"climatology-period": 1.0}), "climatology-period")
    assert found.values.ravel().tolist() == [2.0, 3.0]


def test_normals_of_a_year_are_those_that_climatological_normal_gives() -> None:
    days = {
        f"{year}-{month:02}-01": float(year + month) for year in (2001, 2002) for month in (1, 2)
    }
    cube = series(days)
    known = on_cube(
        cube, "climatological_normal", period="month", climatology_period=["2001", "2002"]
    )
    found = anomaly(cube, known, "month")
    assert found.values.ravel().tolist() == [-0.5, -0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("labels", "period"), [({"djf": 1.0}, "month"), ({"a": 1.0, "b": 2.0}, "single-period")]
)
def test_normals_of_other_periods_are_refused(labels: dict[str, float], period: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        anomaly(series({"2024-01-05": 3.0}), usual(labels), period)
    assert caught.value.code == "ProcessParameterInvalid"


def test_normals_of_another_place_are_refused() -> None:
    cube = cube_of(np.zeros((1, 2, 2)), t=["2024-01-05"])
    with pytest.raises(OpenEOError) as caught:
        anomaly(cube, usual({"01": 1.0}), "month")
    assert "same dimensions" in caught.value.message
