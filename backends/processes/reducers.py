"""Arrays to a single value (reducers), and their running forms.

All take an array: a list of numbers, or an array of fields (in callbacks), and give a
number or a field. No-data (`null`, NaN in fields) is skipped; with `ignore_nodata` false a
single one makes the result no-data. An array with no data in it gives no-data. float32
fields stay float32. Unless said otherwise computed by openeo-processes-dask.
Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from typing import Any, Final

import dask.array
import numpy as np

from backends.errors import OpenEOError
from backends.processes.declaration import implements
from backends.processes.library import library
from backends.processes.values import (
    Array,
    elements,
    empty_field,
    floating,
    invalid,
    is_field,
    is_null,
    is_number,
    labels_of,
    numbers,
    of_pixels,
    pixels,
    plain,
    whole,
)

Reduction = Callable[..., Any]
_MAX_PARTS: Final = 1000

_LIBRARY: Final[dict[str, Reduction]] = {
    "max": library._max,
    "mean": library.mean,
    "median": library.median,
    "min": library._min,
    "product": library.product,
    "sd": library.sd,
    "sum": library._sum,
    "variance": library.variance,
}


def reducer(function: Reduction) -> Callable[[Any, bool], Any]:
    """Make a reduction of the library follow openEO's rules for empty arrays and null."""

    def reduced(data: Any, ignore_nodata: bool = True) -> Any:
        if not of_pixels(data):
            values = numbers(data)
            known = values[~np.isnan(values)] if ignore_nodata else values
            return plain(function(known, ignore_nodata=ignore_nodata)) if known.size else None
        values = floating(pixels(data))
        if values.shape[0] == 0:
            return empty_field(values)
        if function is library.median:
            # Dask's own median takes the whole axis of each chunk, however large that is.
            return whole(values, partial(median_along, ignore_nodata), length=0)
        result = function(values, ignore_nodata=ignore_nodata, axis=0)
        # Sums and products of nothing are 0 and 1 to NumPy, but no-data to openEO.
        known = (~np.isnan(values)).any(axis=0)
        return np.where(known, result, np.array(math.nan, values.dtype)).astype(values.dtype)

    return reduced


def median_along(ignore_nodata: bool, block: Any) -> Any:
    """The median along axis 0, no-data last; no-data wherever one counts.

    Several times as fast as NumPy's, which works through the pixels one by one: short axes
    are sorted by comparing whole images.
    """
    missing = np.isnan(block)
    count = block.shape[0] - np.count_nonzero(missing, axis=0)
    ordered = _ordered(np.where(missing, np.array(math.inf, block.dtype), block))
    low, high = (np.maximum(count - 1, 0) // 2, count // 2)
    below = np.take_along_axis(ordered, low[np.newaxis], axis=0)[0]
    above = np.take_along_axis(ordered, np.minimum(high, len(block) - 1)[np.newaxis], axis=0)[0]
    middle = np.where(below == above, below, below / 2 + above / 2)
    known = count > 0 if ignore_nodata else count == block.shape[0]
    return np.where(known, middle, np.array(math.nan, block.dtype))


_MAX_NETWORK: Final = 64


def _ordered(block: Any) -> Any:
    """A block without NaN sorted along axis 0; it may be overwritten."""
    if len(block) > _MAX_NETWORK:
        return np.sort(block, axis=0)
    for one, other in _comparisons(len(block)):
        low = np.minimum(block[one], block[other])
        np.maximum(block[one], block[other], out=block[other])
        block[one] = low
    return block


@cache
def _comparisons(length: int) -> tuple[tuple[int, int], ...]:
    """Batcher's odd-even merge sort: which elements to compare, in this order.

    Source: Knuth, The Art of Computer Programming 3, algorithm 5.2.2 M.
    """
    pairs: list[tuple[int, int]] = []
    top = 1 << max((length - 1).bit_length() - 1, 0)
    step = top
    while step and length > 1:
        reach, offset, distance = top, 0, step
        while True:
            pairs += [(i, i + distance) for i in range(length - distance) if i & step == offset]
            if reach == step:
                break
            distance, reach, offset = reach - step, reach >> 1, step
        step >>= 1
    return tuple(pairs)


for _identifier, _function in _LIBRARY.items():
    implements(_identifier)(reducer(_function))


@implements("extrema")
def extrema(data: Any, ignore_nodata: bool = True) -> Any:
    """Minimum and maximum as an array of two; ours, as the library's is computed eagerly."""
    lowest = reducer(library._min)(data, ignore_nodata)
    highest = reducer(library._max)(data, ignore_nodata)
    return [lowest, highest]


@implements("count")
def count(data: Any, condition: Any = None, context: Any = None) -> Any:
    """How many elements are valid, or meet a condition, or (`condition` true) exist at all.

    Ours: the library hands the condition a whole array under a name of its own. Fields of
    counts are float32. Raises `ProcessParameterInvalid` for a condition that is `false`.
    """
    if condition is not None and condition is not True and not callable(condition):
        raise invalid("condition", "must be a process graph, true or null.")
    if not of_pixels(data):
        return sum(_counts(element, condition, context) for element in elements(data))
    values = pixels(data)
    if condition is True:
        met = np.ones_like(values, dtype=bool)
    elif condition is None:
        met = np.isfinite(values)
    else:
        met = condition(x=values, context=context)
        if not is_field(met):
            met = np.full_like(values, met is True, dtype=bool)
        met = met == 1
    return met.sum(axis=0).astype(np.float32)


def _counts(element: Any, condition: Any, context: Any) -> bool:
    if condition is True:
        return True
    if condition is None:
        return not is_null(element) and element not in (math.inf, -math.inf)
    return bool(plain(condition(x=element, context=context)) is True)


@implements("first")
def first(data: Any, ignore_nodata: bool = True) -> Any:
    """The first element that is not no-data (or simply the first). Ours."""
    return _edge(data, ignore_nodata, last=False)


@implements("last")
def last(data: Any, ignore_nodata: bool = True) -> Any:
    """The last element that is not no-data (or simply the last). Ours."""
    return _edge(data, ignore_nodata, last=True)


def _edge(data: Any, ignore_nodata: bool, *, last: bool) -> Any:
    if not of_pixels(data):
        listed = [x for x in elements(data) if not (ignore_nodata and is_null(x))]
        return listed[-1 if last else 0] if listed else None
    values = pixels(data)
    if values.shape[0] == 0:
        return empty_field(values)
    if not ignore_nodata:
        return values[-1 if last else 0]

    def edge(block: Any) -> Any:
        turned = block[::-1] if last else block
        index = np.argmax(~np.isnan(turned), axis=0)
        return np.take_along_axis(turned, index[np.newaxis], axis=0)[0]

    return whole(values, edge, length=0)


@implements("quantiles")
def quantiles(
    data: Any, probabilities: Any = None, q: Any = None, ignore_nodata: bool = True
) -> Any:
    """Quantiles as an array: those of a list of probabilities, or of q equal parts.

    Interpolated linearly (type 7). Ours: the library's parts suffer from rounding.
    Raises `QuantilesParameterMissing`, `QuantilesParameterConflict`,
    `AscendingProbabilitiesRequired`.
    """
    shares = _shares(probabilities, q)
    choose = np.nanquantile if ignore_nodata else np.quantile
    if not of_pixels(data):
        values = numbers(data)
        if not values.size or np.isnan(values).all():
            return [None] * len(shares)
        return [plain(value) for value in choose(values, shares)]
    values = floating(pixels(data))
    if values.shape[0] == 0:
        return Array(_repeated(empty_field(values), len(shares)))
    return Array(whole(values, lambda block: choose(block, shares, axis=0), length=len(shares)))


def _repeated(field: Any, times: int) -> Any:
    library_of = np if isinstance(field, np.ndarray) else dask.array
    return library_of.stack([field] * times)


def _shares(probabilities: Any, q: Any) -> list[float]:
    if probabilities is None and q is None:
        raise OpenEOError("QuantilesParameterMissing", "Either 'probabilities' or 'q' is needed.")
    if probabilities is not None and q is not None:
        raise OpenEOError(
            "QuantilesParameterConflict", "Only one of 'probabilities' and 'q' may be given."
        )
    parts = q if probabilities is None else probabilities
    if is_number(parts):
        if int(parts) != parts or not 2 <= parts <= _MAX_PARTS:
            reason = f"must be a list or a whole number from 2 to {_MAX_PARTS}."
            raise invalid("probabilities", reason)
        return [index / int(parts) for index in range(1, int(parts))]
    listed = [float(value) for value in numbers(parts, "probabilities")]
    if not all(0 <= share <= 1 for share in listed):
        raise invalid("probabilities", "must lie between 0 and 1.")
    if any(low >= high for low, high in pairwise(listed)):
        raise OpenEOError("AscendingProbabilitiesRequired", "The probabilities must ascend.")
    return listed


def _running(function: Reduction) -> Callable[[Any, bool], Any]:
    """Make a cumulative function of the library work on arrays of numbers and of fields."""

    def accumulated(data: Any, ignore_nodata: bool = True) -> Any:
        def accumulate(block: Any) -> Any:
            return function(block, ignore_nodata=ignore_nodata, axis=0)

        if not of_pixels(data):
            return [plain(value) for value in accumulate(numbers(data))]
        return Array(whole(floating(pixels(data)), accumulate), labels_of(data))

    return accumulated


for _identifier in ("cummax", "cummin", "cumproduct", "cumsum"):
    implements(_identifier)(_running(getattr(library, _identifier)))
