"""Comparisons: numbers, texts, booleans and fields to true, false or null.

Fields give float32 fields of 1, 0 and NaN (null). `null` compared with anything is null;
values of different kinds are never equal and have no order. Ours: the library's results on
plain values differ from the specification and its fields grow to float64.
Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backends.processes.declaration import implements
from backends.processes.values import (
    Array,
    describe,
    invalid,
    is_field,
    is_null,
    is_number,
    labels_of,
    of_pixels,
    pixels,
)


def truth(result: Any, *operands: Any) -> Any:
    """A field of booleans as float32, NaN wherever an operand is no-data."""
    unknown = None
    for operand in operands:
        if is_field(operand) and operand.dtype.kind == "f":
            unknown = np.isnan(operand) if unknown is None else unknown | np.isnan(operand)
    field = result.astype(np.float32)
    return field if unknown is None else np.where(unknown, np.float32(math.nan), field)


def _lift(function: Callable[..., Any], *operands: Any) -> Any:
    """Apply a function to fields; arrays of fields give an array of fields again."""
    arrays = [value for value in operands if isinstance(value, Array) or of_pixels(value)]
    fields = [pixels(v) if isinstance(v, Array) or of_pixels(v) else v for v in operands]
    result = function(*fields)
    return Array(result, labels_of(arrays[0])) if arrays else result


def _has_pixels(*values: Any) -> bool:
    return any(is_field(value) or of_pixels(value) for value in values)


def _compare(compare: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """Compare two values that have an order."""
    if is_null(x) or is_null(y):
        return _unknown(x, y)
    if _has_pixels(x, y):
        if isinstance(x, str | bool) or isinstance(y, str | bool):
            return _lift(lambda a, b: truth(_none(a, b), a, b), x, y)
        return _lift(lambda a, b: truth(compare(a, b), a, b), x, y)
    return bool(compare(x, y)) if is_number(x) and is_number(y) else False


def _unknown(x: Any, y: Any) -> Any:
    """Null, of the shape that the other operand has."""
    if not _has_pixels(x, y):
        return None
    return _lift(lambda field: field.astype(np.float32) * math.nan, x if is_null(y) else y)


def _none(x: Any, y: Any) -> Any:
    field = x if is_field(x) else y
    return np.zeros_like(field, dtype=bool)


@implements("gt")
def gt(x: Any, y: Any) -> Any:
    """Whether `x` is greater than `y`, both numbers."""
    return _compare(lambda a, b: a > b, x, y)


@implements("gte")
def gte(x: Any, y: Any) -> Any:
    """Whether `x` is greater than or equal to `y`, both numbers; equal texts are too."""
    return _or_equal(lambda a, b: a >= b, x, y)


@implements("lt")
def lt(x: Any, y: Any) -> Any:
    """Whether `x` is less than `y`, both numbers."""
    return _compare(lambda a, b: a < b, x, y)


@implements("lte")
def lte(x: Any, y: Any) -> Any:
    """Whether `x` is less than or equal to `y`, both numbers; equal texts are too."""
    return _or_equal(lambda a, b: a <= b, x, y)


def _or_equal(relation: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    if not _has_pixels(x, y) and not is_number(x):
        return eq(x, y)
    return _compare(relation, x, y)


@implements("eq")
def eq(x: Any, y: Any, delta: Any = None, case_sensitive: bool = True) -> Any:
    """Whether two values are equal; numbers within `delta`, texts perhaps in any case."""
    if not is_null(delta) and not is_number(delta):
        raise invalid("delta", f"must be a number or null, not {describe(delta)}.")
    if is_null(x) or is_null(y):
        return _unknown(x, y)
    if _has_pixels(x, y):
        if isinstance(x, str | bool) or isinstance(y, str | bool):
            return _equal_fields_to_other(x, y)
        return _lift(lambda a, b: truth(_near(a, b, delta), a, b), x, y)
    if is_number(x) and is_number(y):
        return bool(_near(x, y, delta))
    if isinstance(x, str) and isinstance(y, str) and not case_sensitive:
        return x.casefold() == y.casefold()
    return type(x) is type(y) and isinstance(x, str | bool) and x == y


def _equal_fields_to_other(x: Any, y: Any) -> Any:
    """Fields hold booleans as 1 and 0: these equal true and false, but no text."""
    if isinstance(x, str) or isinstance(y, str):
        return _lift(lambda a, b: truth(_none(a, b), a, b), x, y)
    as_number = [float(value) if isinstance(value, bool) else value for value in (x, y)]
    return _lift(lambda a, b: truth(a == b, a, b), *as_number)


def _near(x: Any, y: Any, delta: Any) -> Any:
    return x == y if is_null(delta) else abs(x - y) <= delta


@implements("neq")
def neq(x: Any, y: Any, delta: Any = None, case_sensitive: bool = True) -> Any:
    """Whether two values differ; the opposite of `eq`."""
    equal = eq(x, y, delta, case_sensitive)
    if is_null(equal):
        return None
    return _lift(lambda a: 1 - a, equal) if _has_pixels(equal) else not equal


@implements("between")
def between(
    x: Any,
    min: Any,  # noqa: A002  the names in openEO
    max: Any,  # noqa: A002
    exclude_max: bool = False,
) -> Any:
    """Whether `x` lies in [min, max], or [min, max) with `exclude_max`; swapped bounds: false."""
    above, below = gte(x, min), lt(x, max) if exclude_max else lte(x, max)
    if is_null(above) or is_null(below):
        return _unknown(x, None) if _has_pixels(x) else None
    if _has_pixels(above, below):
        return _lift(lambda a, b: a * b, above, below)
    return above and below


@implements("is_nodata")
def is_nodata(x: Any) -> Any:
    """Whether a value is `null`; in fields: NaN."""
    if _has_pixels(x):
        return _lift(_missing, x)
    return x is None


@implements("is_nan")
def is_nan(x: Any) -> Any:
    """Whether a value is not a number: NaN, null, or of another kind."""
    if _has_pixels(x):
        return _lift(_missing, x)
    return not is_number(x) or math.isnan(x)


@implements("is_infinite")
def is_infinite(x: Any) -> Any:
    """Whether a value is positive or negative infinity."""
    if _has_pixels(x):
        return _lift(lambda a: truth(np.isinf(a)), x)
    return is_number(x) and math.isinf(x)


@implements("is_valid")
def is_valid(x: Any) -> Any:
    """Whether a value is neither null nor NaN nor infinite."""
    if _has_pixels(x):
        return _lift(lambda a: truth(np.isfinite(a)), x)
    return not is_null(x) and not (is_number(x) and math.isinf(x))


def _missing(field: Any) -> Any:
    return truth(np.isnan(field))


def condition(value: Any, parameter: str) -> Any:
    """A field of booleans where a value is true (not 0, not NaN), or a plain true/false/None.

    Raises `ProcessParameterInvalid` for what is neither boolean, number nor null.
    """
    if is_field(value):
        return (value != 0) & ~np.isnan(value) if value.dtype.kind == "f" else value != 0
    if is_null(value):
        return None
    if isinstance(value, bool) or is_number(value):
        return bool(value)
    raise invalid(parameter, "must be true, false or null.")
