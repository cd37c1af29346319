"""Numbers to numbers, one by one: arithmetic, powers, rounding, trigonometry.

All of them take numbers or fields and give the same; `null` (NaN in fields) in any
operand gives `null`. Whole numbers stay whole where the result is; float32 fields stay
float32. Angles are radians. Divisions by zero give infinities (IEEE 754). Computed by
openeo-processes-dask. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import numpy as np

from backends.errors import OpenEOError
from backends.processes.declaration import implements
from backends.processes.library import library
from backends.processes.values import (
    Array,
    describe,
    invalid,
    is_field,
    is_null,
    is_number,
    of_pixels,
    pixels,
    plain,
)

_LIBRARY: Final = {
    "absolute": library.absolute,
    "add": library.add,
    "arccos": library.arccos,
    "arcosh": library.arcosh,
    "arcsin": library.arcsin,
    "arctan": library.arctan,
    "arctan2": library.arctan2,
    "arsinh": library.arsinh,
    "artanh": library.artanh,
    "ceil": library.ceil,
    "cos": library.cos,
    "cosh": library.cosh,
    "divide": library.divide,
    "exp": library.exp,
    "floor": library.floor,
    "int": library._int,
    "ln": library.ln,
    "log": library.log,
    "mod": library.mod,
    "multiply": library.multiply,
    "normalized_difference": library.normalized_difference,
    "sgn": library.sgn,
    "sin": library.sin,
    "sinh": library.sinh,
    "sqrt": library.sqrt,
    "subtract": library.subtract,
    "tan": library.tan,
    "tanh": library.tanh,
}

_SETTINGS: Final = frozenset({"p"})
"""Parameters that the library wants as plain numbers: the decimals of `round`."""


def elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a NumPy-like function of numbers follow openEO's rules for null and for arrays."""

    @wraps(function)
    def applied(**arguments: Any) -> Any:
        labels = next((v.labels for v in arguments.values() if isinstance(v, Array)), None)
        whole = any(isinstance(v, Array) or of_pixels(v) for v in arguments.values())
        operands = {name: _operand(name, value) for name, value in arguments.items()}
        if any(is_field(value) for value in operands.values()):
            result = _on_fields(function, operands)
            return Array(result, labels) if whole else result
        if any(is_null(value) for value in operands.values()):
            return None
        return _on_numbers(function, operands)

    return applied


def _operand(name: str, value: Any) -> Any:
    if isinstance(value, Array) or of_pixels(value):
        return pixels(value)
    if is_field(value) or is_null(value) or is_number(value):
        return value
    raise invalid(name, f"must be a number, not {describe(value)}.")


def _on_fields(function: Callable[..., Any], operands: dict[str, Any]) -> Any:
    filled = {name: math.nan if value is None else value for name, value in operands.items()}
    result = function(**filled)
    kinds = [value.dtype for value in operands.values() if is_field(value)]
    kind = np.result_type(*kinds)
    narrow = kind.kind == "f" and result.dtype.kind == "f" and result.dtype.itemsize > kind.itemsize
    return result.astype(kind) if narrow else result


def _on_numbers(function: Callable[..., Any], operands: dict[str, Any]) -> Any:
    exact = all(isinstance(value, int) for value in operands.values())
    numbers = {
        name: value if name in _SETTINGS and _is_whole(value) else np.float64(value)
        for name, value in operands.items()
    }
    result = plain(function(**numbers))
    if exact and isinstance(result, float) and result.is_integer() and abs(result) < 2**53:
        return int(result)
    return result


def _is_whole(value: Any) -> bool:
    return isinstance(value, int)


for _identifier, _function in _LIBRARY.items():
    implements(_identifier)(elementwise(_function))


@implements("power")
def power(base: Any, p: Any) -> Any:
    """`base` to the power of `p`; null where either is null, also for null to the power of 0."""

    def raised(base: Any, p: Any) -> Any:
        # NumPy's NaN to the power of 0 is 1, and so is 1 to the power of NaN.
        return np.where(np.isnan(base) | np.isnan(p), math.nan, library.power(base, p))

    return elementwise(raised)(base=base, p=p)


@implements("round")
def round_(x: Any, p: Any = 0) -> Any:
    """`x` to `p` decimals, halves to the even digit; a negative `p` rounds to tens and so on."""
    if not is_number(p) or int(p) != p:
        raise invalid("p", f"must be a whole number, not {describe(p)}.")
    return elementwise(library._round)(x=x, p=int(p))


@implements("e")
def e() -> float:
    """Euler's number. Specification: openEO processes 2.0.0-rc.1."""
    return math.e


@implements("pi")
def pi() -> float:
    """The ratio of a circle's circumference to its diameter."""
    return math.pi


@implements("nan")
def nan() -> float:
    """Not a number (IEEE 754); in cubes the same as no-data."""
    return math.nan


@implements("constant")
def constant(x: Any) -> Any:
    """The value that it is given, of any type."""
    return x


@implements("clip")
def clip(x: Any, min: Any, max: Any) -> Any:  # noqa: A002  the names in openEO
    """`x` limited to [min, max]; null stays null. Raises `MinMaxSwapped`."""
    if is_number(min) and is_number(max) and min > max:
        raise OpenEOError("MinMaxSwapped", f"The minimum {min} is greater than the maximum {max}.")
    return elementwise(lambda x, min, max: np.minimum(np.maximum(x, min), max))(  # noqa: A006
        x=x, min=min, max=max
    )


@implements("linear_scale_range")
def linear_scale_range(
    x: Any,
    inputMin: Any,  # noqa: N803  the names in openEO
    inputMax: Any,  # noqa: N803
    outputMin: Any = 0,  # noqa: N803
    outputMax: Any = 1,  # noqa: N803
) -> Any:
    """`x` clipped to the input range, then mapped linearly to the output range.

    Either range may run downwards. Null stays null. Specification: openEO processes
    2.0.0-rc.1.
    """
    if not any(is_field(value) for value in (inputMin, inputMax)) and inputMin == inputMax:
        raise invalid("inputMax", "must differ from 'inputMin'.")

    def scale(x: Any, low: Any, high: Any, start: Any, end: Any) -> Any:
        inside = np.minimum(np.maximum(x, np.minimum(low, high)), np.maximum(low, high))
        return (inside - low) / (high - low) * (end - start) + start

    return elementwise(scale)(x=x, low=inputMin, high=inputMax, start=outputMin, end=outputMax)
