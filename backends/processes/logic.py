"""Logic with three values: true, false and null (in fields 1, 0 and NaN; float32).

Ours: the library's rules for null differ from the specification (openEO processes
2.0.0-rc.1, three-valued logic).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backends.processes.comparison import condition
from backends.processes.declaration import implements
from backends.processes.values import (
    Array,
    elements,
    floating,
    invalid,
    is_field,
    is_null,
    of_pixels,
    pixels,
    whole,
)


def _truth(value: Any, parameter: str) -> Any:
    """A field of 1, 0, NaN, or a plain true, false, None."""
    if not is_field(value):
        return condition(value, parameter)
    filled = floating(value)
    unknown, yes = np.isnan(filled), filled != 0
    return np.where(unknown, np.float32(math.nan), yes.astype(np.float32))


def _as_number(value: Any) -> Any:
    return value if is_field(value) else (math.nan if value is None else float(value))


@implements("and")
def and_(x: Any, y: Any) -> Any:
    """True if both are true; false if one is false; else null."""
    first, second = _truth(x, "x"), _truth(y, "y")
    if is_field(first) or is_field(second):
        a, b = _as_number(first), _as_number(second)
        return np.where((a == 0) | (b == 0), np.float32(0), (a * b)).astype(np.float32)
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


@implements("or")
def or_(x: Any, y: Any) -> Any:
    """True if one is true; false if both are false; else null."""
    first, second = _truth(x, "x"), _truth(y, "y")
    if is_field(first) or is_field(second):
        a, b = _as_number(first), _as_number(second)
        return np.where((a == 1) | (b == 1), np.float32(1), a + b).astype(np.float32)
    if first is True or second is True:
        return True
    return None if first is None or second is None else False


@implements("xor")
def xor(x: Any, y: Any) -> Any:
    """True if exactly one is true; null if one is null."""
    first, second = _truth(x, "x"), _truth(y, "y")
    if is_field(first) or is_field(second):
        a, b = _as_number(first), _as_number(second)
        return abs(a - b).astype(np.float32)
    return None if first is None or second is None else first is not second


@implements("not")
def not_(x: Any) -> Any:
    """The opposite; null stays null."""
    value = _truth(x, "x")
    if is_field(value):
        return 1 - value
    return None if value is None else not value


@implements("if")
def if_(value: Any, accept: Any, reject: Any = None) -> Any:
    """`accept` where the value is true, else `reject` (null by default). No value is copied.

    `value` may be a field: then both branches are numbers, fields or null, and the result
    is a field; arrays of fields give an array of fields.
    """
    decided = condition(value, "value")
    if not is_field(decided):
        return accept if decided else reject
    if of_pixels(accept) or of_pixels(reject):
        taken = [pixels(v) if of_pixels(v) else v for v in (accept, reject)]
        labels = next((v.labels for v in (accept, reject) if isinstance(v, Array)), None)
        return Array(_choose(decided, *taken), labels)
    return _choose(decided, accept, reject)


def _choose(decided: Any, accept: Any, reject: Any) -> Any:
    branches = []
    for name, branch in (("accept", accept), ("reject", reject)):
        value = float(branch) if isinstance(branch, bool) else branch
        if isinstance(value, str | list | dict):
            raise invalid(name, "must be a number, null or pixels, as the condition is of pixels.")
        branches.append(math.nan if is_null(value) else value)
    kinds = [floating(branch).dtype for branch in branches if is_field(branch)]
    kind = np.result_type(*kinds) if kinds else np.dtype(np.float32)
    return np.where(decided, *branches).astype(kind)


@implements("any")
def any_(data: Any, ignore_nodata: bool = True) -> Any:
    """Whether at least one element is true; null counts only without `ignore_nodata`."""
    return _quantify(data, ignore_nodata, decisive=True)


@implements("all")
def all_(data: Any, ignore_nodata: bool = True) -> Any:
    """Whether all elements are true; null counts only without `ignore_nodata`."""
    return _quantify(data, ignore_nodata, decisive=False)


def _quantify(data: Any, ignore_nodata: bool, *, decisive: bool) -> Any:
    """One decisive element decides; else an unknown one; else the opposite. Empty: null."""
    if of_pixels(data):
        values = pixels(data)
        return whole(
            _truth(values, "data"), lambda block: _settle(block, ignore_nodata, decisive), length=0
        )
    truths = [condition(element, "data") for element in elements(data)]
    known = [value for value in truths if value is not None]
    if decisive in known:
        return decisive
    if not known or (not ignore_nodata and len(known) < len(truths)):
        return None
    return not decisive


def _settle(block: Any, ignore_nodata: bool, decisive: bool) -> Any:
    unknown = np.isnan(block)
    decided = (block == float(decisive)).any(axis=0)
    open_ = unknown.all(axis=0) if ignore_nodata or not len(block) else unknown.any(axis=0)
    rest = np.where(open_, np.float32(math.nan), np.float32(not decisive))
    return np.where(decided, np.float32(decisive), rest)
