"""Curves fitted along a dimension, and predicted from what was fitted.

Ours: what the library has cannot be imported without its machine learning, and works through
the pixels one by one. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from backends.arguments import parse_moment
from backends.environment import Environment
from backends.errors import OpenEOError
from backends.processes.cubes import (
    Cube,
    as_cube,
    coordinates_without,
    dimension_type,
    existing,
    rebuilt,
    single,
    typed,
)
from backends.processes.declaration import implements
from backends.processes.values import (
    Array,
    elements,
    floating,
    invalid,
    is_lazy,
    is_number,
    lazy,
    whole,
)

PARAMETERS: Final = "param"
"""The dimension of a fitted cube that holds the parameters."""

MAX_STEPS: Final = 200
_MAX_PARAMETERS: Final = 50
_TINY_GAIN: Final = 1e-12
_NO_WAY: Final = 1e12
_AT_ONCE: Final = 16
"""How many labels are predicted for at a time, where cubes are lazy."""


@implements("fit_curve")
def fit_curve(
    data: Cube,
    parameters: Any,
    function: Callable[..., Any],
    dimension: str,
    ignore_nodata: bool = True,
) -> Cube:
    """The parameters with which a function fits the values along a dimension best.

    The dimension is replaced by `param` (labels `param_0`, `param_1`, ...), in its place;
    values are float64. `x` of the function is the label: numbers as they are, instants as
    seconds since 1970-01-01. Least squares by Levenberg and Marquardt from the given guess,
    all pixels at a time. No-data where a pixel has fewer values than there are parameters,
    or, with `ignore_nodata` false, where one of its values is no-data. Raises
    `DimensionNotAvailable`.
    """
    cube = as_cube(data)
    name = existing(cube, dimension)
    guess = _guess(parameters)
    positions = _positions(cube[name].values if name in cube.coords else cube.sizes[name])
    fit = _Fit(function, positions, guess, ignore_nodata)
    turned = cube.transpose(name, ...)
    values = whole(floating(turned.data), fit.on_block, length=len(guess), dtype=np.float64)
    coords = coordinates_without(cube, name)
    coords[PARAMETERS] = (PARAMETERS, np.array([f"param_{n}" for n in range(len(guess))]))
    fitted = rebuilt(values, (PARAMETERS, *turned.dims[1:]), coords, cube)
    order = [PARAMETERS if found == name else found for found in cube.dims]
    return typed(fitted, PARAMETERS, "other").transpose(*order)


def _guess(parameters: Any) -> Any:
    given = elements(parameters, "parameters")
    if not 1 <= len(given) <= _MAX_PARAMETERS or not all(map(is_number, given)):
        raise invalid("parameters", f"must hold 1 to {_MAX_PARAMETERS} numbers.")
    return np.array(given, dtype=np.float64)


def _positions(labels: Any) -> Any:
    """Labels as numbers. Raises `ProcessParameterInvalid` where they have no order."""
    values: Any = np.arange(labels) if isinstance(labels, int) else np.asarray(labels)
    if values.dtype.kind in "UO":
        values = _instants(values.tolist())
    if values.dtype.kind == "M":
        return (values - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    return values.astype(np.float64)


def _instants(labels: list[Any]) -> Any:
    """Labels that are numbers or dates, of one kind. Raises `ProcessParameterInvalid`."""
    if labels and all(is_number(label) for label in labels):
        return np.array(labels, dtype=np.float64)
    moments = [parse_moment(label) if isinstance(label, str) else None for label in labels]
    if None in moments or not moments:
        raise invalid("dimension", "has labels that are neither numbers nor dates.")
    naive = [moment.replace(tzinfo=None) for moment in moments if moment is not None]
    return np.array(naive, dtype="datetime64[ns]")


@dataclass(frozen=True)
class _Fit:
    """Fits one function from one guess to any number of series."""

    function: Callable[..., Any]
    positions: Any
    guess: Any
    ignore_nodata: bool

    def on_block(self, block: Any) -> Any:
        """A block with the series along axis 0 -> the parameters along axis 0."""
        series = block.reshape(len(block), -1).astype(np.float64)
        known = ~np.isnan(series)
        enough = known.sum(0) >= (len(self.guess) if self.ignore_nodata else len(block))
        found = np.full((len(self.guess), series.shape[1]), np.nan)
        if enough.any():
            found[:, enough] = self._fitted(series[:, enough], known[:, enough])
        return found.reshape(len(self.guess), *block.shape[1:])

    def _fitted(self, series: Any, known: Any) -> Any:
        """Steps down the slope, each as long as its pixel allows, until none gains more."""
        best = np.repeat(self.guess[:, np.newaxis], series.shape[1], axis=1)
        misses = self._misses(best, series, known)
        costs, damping = _costs(misses), np.full(series.shape[1], 1e-3)
        going = np.isfinite(costs)
        best[:, ~going] = np.nan
        for _ in range(MAX_STEPS):
            now = np.flatnonzero(going)
            if not len(now):
                break
            start, part = best[:, now], (series[:, now], known[:, now])
            slopes = self._slopes(start, misses[:, now], *part)
            tried = start + _steps(slopes, misses[:, now], damping[now])
            missed = self._misses(tried, *part)
            cost = _costs(missed)
            better = cost < costs[now]
            gain = np.where(better, costs[now] - cost, 0)
            small = better & (gain <= _TINY_GAIN * costs[now])
            best[:, now[better]], misses[:, now[better]] = tried[:, better], missed[:, better]
            costs[now[better]] = cost[better]
            damping[now] *= np.where(better, 0.1, 10.0)
            going[now] = ~small & (costs[now] > 0) & (damping[now] < _NO_WAY)
        return best

    def _misses(self, parameters: Any, series: Any, known: Any) -> Any:
        """What the function misses the values by, [date, pixel]; 0 where there is none."""
        values = predicted(self.function, self.positions, parameters)
        return np.where(known, series - values, 0.0)

    def _slopes(self, parameters: Any, misses: Any, series: Any, known: Any) -> Any:
        """How the function changes with each parameter, [parameter, date, pixel]."""
        slopes = np.empty((len(parameters), *misses.shape))
        for number, row in enumerate(parameters):
            step = np.sqrt(np.finfo(np.float64).eps) * np.maximum(np.abs(row), 1e-3)
            moved = parameters.copy()
            moved[number] += step
            slopes[number] = (misses - self._misses(moved, series, known)) / (moved[number] - row)
        return slopes


def _costs(misses: Any) -> Any:
    costs = np.einsum("tp,tp->p", misses, misses)
    return np.where(np.isnan(costs), np.inf, costs)


def _steps(slopes: Any, misses: Any, damping: Any) -> Any:
    """Damped Gauss-Newton steps [parameter, pixel], the parameters scaled to like weight."""
    slopes = np.nan_to_num(slopes, posinf=0.0, neginf=0.0)
    weights = np.sqrt(np.einsum("itp,itp->ip", slopes, slopes))
    weights[weights == 0] = 1.0
    scaled = slopes / weights[:, np.newaxis]
    normal = np.einsum("itp,jtp->pij", scaled, scaled)
    diagonal = np.arange(len(slopes))
    normal[:, diagonal, diagonal] += damping[:, np.newaxis]
    downhill = np.einsum("itp,tp->pi", scaled, misses)
    return np.linalg.solve(normal, downhill[..., np.newaxis])[..., 0].T / weights


def predicted(function: Callable[..., Any], positions: Any, parameters: Any) -> Any:
    """What the function gives, [position, pixels...], for parameters [parameter, pixels...]."""
    pixels = parameters.shape[1:]
    along = positions.reshape(-1, *[1] * len(pixels))
    if is_lazy(parameters):
        along = lazy.from_array(along, chunks=_AT_ONCE)
    values = function(x=along, parameters=Array(parameters[:, np.newaxis]))
    return single(values, (len(positions), *pixels), parameters, "function").astype(np.float64)


def _check_size(size: int, allowed: int) -> None:
    if size > allowed:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The prediction would have {size:,} values; at most {allowed:,} are possible.",
        )


@implements("predict_curve")
def predict_curve(
    data: Cube,
    parameters: Cube,
    function: Callable[..., Any],
    dimension: str,
    labels: Any,
    *,
    environment: Environment,
) -> Cube:
    """What a function with fitted parameters gives for labels of a dimension.

    `data` gives the order of the dimensions and the kind of the labels; `parameters` has
    all its dimensions but `dimension`, and one more that holds the parameters (`param`, or
    else the only one that `data` lacks). Values are float64, no-data where parameters are.
    Raises `DimensionNotAvailable`, and `ProcessGraphComplexity` for more values than a
    collection may load.
    """
    cube, fitted = as_cube(data), as_cube(parameters, "parameters")
    name = existing(cube, dimension)
    axis = _parameter_dimension(fitted, cube)
    wanted = _wanted(cube, name, labels)
    turned = fitted.transpose(axis, ...)
    _check_size(len(wanted) * turned[0].size, environment.limits.max_samples)
    values = predicted(function, _positions(wanted), turned.data.astype(np.float64))
    coords = {**coordinates_without(fitted, axis), name: (name, wanted)}
    result = rebuilt(values, (name, *turned.dims[1:]), coords, fitted)
    order = [found for found in cube.dims if found in result.dims]
    return typed(result, name, dimension_type(cube, name)).transpose(*order, ...)


def _parameter_dimension(fitted: Cube, cube: Cube) -> str:
    lacking = [str(name) for name in fitted.dims if name not in cube.dims]
    if PARAMETERS in lacking:
        return PARAMETERS
    if len(lacking) != 1:
        raise invalid("parameters", f"must have a dimension '{PARAMETERS}' of the parameters.")
    return lacking[0]


def _wanted(cube: Cube, name: str, labels: Any) -> Any:
    """The labels to predict for, in the kind of the dimension."""
    given = elements(labels, "labels")
    if not given:
        raise invalid("labels", "must hold at least one label.")
    if dimension_type(cube, name) == "temporal":
        return _dates(given)
    if not all(is_number(label) for label in given):
        raise invalid("labels", f"must hold numbers, as '{name}' is not temporal.")
    return np.array(given, dtype=np.float64)


def _dates(labels: list[Any]) -> Any:
    found = _instants(labels)
    if found.dtype.kind != "M":
        raise OpenEOError(
            "ProcessParameterInvalid",
            "The parameter 'labels' must hold dates, as the dimension is temporal.",
        )
    return found
