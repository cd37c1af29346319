"""Climatology: normals of many years, and how single dates differ from them.

Ours: the library has the definitions alone. Values stay lazy and float32.
Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from backends.errors import OpenEOError
from backends.processes.aggregation import grouped
from backends.processes.cubes import (
    Cube,
    as_cube,
    coordinates_without,
    dimension_type,
    instants,
    labels,
    rebuilt,
    temporal_dimension,
)
from backends.processes.declaration import implements
from backends.processes.library import library
from backends.processes.periods import PERIODS
from backends.processes.reducers import reducer
from backends.processes.values import elements, floating, invalid

_WHOLE: Final = ("climatology-period", "single-period")
_YEARLY: Final = ("year", "decade", "decade-ad")
_IN_A_YEAR: Final = MappingProxyType({"season": 4, "tropical-season": 2})
"""How many periods a year has, for those that may begin in the year before."""


@implements("climatological_normal")
def climatological_normal(
    data: Cube, period: str, climatology_period: Any = ("1981", "2010")
) -> Cube:
    """The mean of each day, month or season of the year over the years of a period.

    Labels are `001` to `365`, `01` to `12`, `djf` to `son` and so on, those alone that there
    are data for. The 366th day of a leap year counts as the 365th. A season that begins
    before the first year counts if the data begin as early; one that ends after the last
    year never does. Raises `DimensionNotAvailable`, `TooManyDimensions`, `NoDataAvailable`.
    """
    cube = as_cube(data)
    name = temporal_dimension(cube)
    first, last = _years(climatology_period)
    moments = instants(cube, name)
    inside = _inside(moments, period, first, last)
    if not inside.any():
        raise OpenEOError("NoDataAvailable", f"There are no data of the years {first} to {last}.")
    keys = np.array(_keys(moments, period))
    found = sorted(set(keys[inside].tolist()), key=_order(period))
    groups = [np.flatnonzero(inside & (keys == key)) for key in found]
    return grouped(cube, name, groups, np.array(found), reducer(library.mean))


def _years(interval: Any) -> tuple[int, int]:
    given = elements(interval, "climatology_period")
    if len(given) != 2 or not all(isinstance(y, str) and y.isdecimal() for y in given):
        raise invalid("climatology_period", "must be two years such as ['1981', '2010'].")
    return int(given[0]), int(given[1])


def _inside(moments: Any, period: str, first: int, last: int) -> Any:
    """Which instants belong to the years; seasons belong to the year that they end in."""
    per_year = _IN_A_YEAR.get(period)
    if per_year is None:
        years = PERIODS["year"].number(moments)
        return (years >= first) & (years <= last)
    numbers = PERIODS[period].number(moments)
    years = numbers // per_year
    early = np.datetime64(f"{first - 1}-12" if per_year == 4 else f"{first - 1}-11")
    begins = len(moments) > 0 and moments.min().astype("datetime64[M]") <= early
    cut_off = (numbers == first * per_year) & (not begins)
    return (years >= first) & (years <= last) & ~cut_off


def _keys(moments: Any, period: str) -> list[str]:
    """The label of each instant in the normals of a period."""
    if period in _WHOLE:
        return [period] * len(moments)
    kind = PERIODS[period]
    return [_key(kind.label(int(number)), period) for number in kind.number(moments)]


def _key(label: str, period: str) -> str:
    """A label of `aggregate_temporal_period` without its year (or day, for hours)."""
    if period in _YEARLY:
        return label
    key = label.rpartition("-")[2]
    return "365" if (period, key) == ("day", "366") else key


def _order(period: str) -> Callable[[str], Any]:
    """How the labels of a period are sorted: seasons as the year goes."""
    seasons = ("djf", "mam", "jja", "son", "ndjfma", "mjjaso")
    return seasons.index if period in _IN_A_YEAR else str


@implements("anomaly")
def anomaly(data: Cube, normals: Cube, period: str) -> Cube:
    """The data less the normal of each date. Dates may be instants, or labels of
    `aggregate_temporal_period`; no-data where there is no normal.

    Raises `DimensionNotAvailable`, `TooManyDimensions`, `ProcessParameterInvalid`.
    """
    cube, usual = as_cube(data), as_cube(normals, "normals")
    name, other = temporal_dimension(cube), temporal_dimension(usual)
    _check_alike(cube, usual, {name, other})
    known = [str(label) for label in labels(usual, other)]
    if period in _WHOLE:
        if len(known) != 1:
            raise invalid("normals", f"must have one label for '{period}', not {len(known)}.")
        chosen = np.zeros(cube.sizes[name], dtype=int)
    else:
        keys = _keys_of(cube, name, period)
        chosen = np.array([known.index(key) if key in known else -1 for key in keys])
    if (chosen < 0).all():
        raise invalid("normals", f"has none of the periods of the data: is it one of '{period}'?")
    turned = cube.transpose(name, ...)
    matched = usual.transpose(other, *turned.dims[1:]).data[np.maximum(chosen, 0)]
    missing = (chosen < 0).reshape(-1, *[1] * (cube.ndim - 1))
    difference = floating(turned.data) - matched
    values = np.where(missing, np.array(np.nan, difference.dtype), difference)
    coords = {**coordinates_without(cube, name), name: cube[name]}
    return rebuilt(values, turned.dims, coords, cube).transpose(*cube.dims)


def _keys_of(cube: Cube, name: str, period: str) -> list[str]:
    if cube[name].dtype.kind == "M":
        return _keys(instants(cube, name), period)
    return [_key(str(label), period) for label in labels(cube, name)]


def _check_alike(cube: Cube, usual: Cube, temporal: set[str]) -> None:
    """Normals have the dimensions of the data, but for the dates."""
    for one, two in ((cube, usual), (usual, cube)):
        for name in set(map(str, one.dims)) - temporal:
            if two.sizes.get(name) != one.sizes[name]:
                raise invalid(
                    "normals",
                    f"must have the same dimensions as the data: '{name}' "
                    f"({dimension_type(one, name)}) differs.",
                )
