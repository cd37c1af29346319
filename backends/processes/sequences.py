"""Arrays as sequences: sorting, ordering, rearranging, filling gaps.

Lists hold plain values, arrays of fields are treated pixel by pixel. As an array of pixels
has the same length everywhere, no-data that ought to be dropped goes to its end there.
Ours: the library's functions miss null and labels. Specification: openEO processes
2.0.0-rc.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backends.processes.arrays import make_array, positions, take
from backends.processes.choosing import chosen
from backends.processes.declaration import implements
from backends.processes.values import (
    Array,
    elements,
    floating,
    invalid,
    is_null,
    is_number,
    labels_of,
    numbers,
    of_pixels,
    pixels,
    plain,
    whole,
)


def _ordered(values: list[Any], asc: bool, nodata: bool | None) -> list[int]:
    """Indices of plain values in order; equal ones stay as they stood."""
    known = [index for index, value in enumerate(values) if not is_null(value)]
    unknown = [index for index, value in enumerate(values) if is_null(value)]
    kinds = {is_number(values[index]) for index in known}
    texts = {isinstance(values[index], str) for index in known}
    if len(kinds) > 1 or (kinds == {False} and texts != {True}):
        raise invalid("data", "must hold numbers only or texts only.")
    known.sort(key=lambda index: values[index], reverse=not asc)
    if nodata is None:
        return known
    return known + unknown if nodata else unknown + known


def _argsort(block: Any, asc: bool, nodata: bool | None) -> Any:
    """Indices along axis 0, no-data last (or first), equal values as they stood."""
    # NumPy puts NaN last, behind infinity too.
    rank = np.argsort(block if asc else -block, axis=0, kind="stable")
    if nodata is False and len(block):
        index = np.arange(len(block)).reshape((-1,) + (1,) * (block.ndim - 1))
        ahead = (index - np.isnan(block).sum(axis=0)) % len(block)
        return np.take_along_axis(rank, ahead, axis=0)
    if nodata is None:
        gone = np.isnan(np.take_along_axis(block, rank, axis=0))
        return np.where(gone, math.nan, rank)
    return rank


@implements("order")
def order(data: Any, asc: bool = True, nodata: bool | None = None) -> Any:
    """The indices that would sort an array; no-data last (true), first (false) or left out."""
    if of_pixels(data):
        values = floating(pixels(data))
        return Array(whole(values, lambda block: _argsort(block, asc, nodata)))
    return _ordered(elements(data), asc, nodata)


@implements("sort")
def sort(data: Any, asc: bool = True, nodata: bool | None = None) -> Any:
    """An array in order; no-data last (true), first (false) or left out (null)."""
    if of_pixels(data):

        def sorted_block(block: Any) -> Any:
            rank = _argsort(block, asc, nodata is not False)
            return np.take_along_axis(block, rank.astype(np.intp), axis=0)

        return Array(whole(floating(pixels(data)), sorted_block))
    values = elements(data)
    return [values[index] for index in _ordered(values, asc, nodata)]


@implements("rearrange")
def rearrange(data: Any, order: Any) -> Any:
    """The elements at the given indices, in that order; labels go with them.

    Indices that differ from pixel to pixel leave no labels, and no-data where there is no index.
    """
    if of_pixels(order):
        return Array(chosen(data, pixels(order)))
    wanted = [plain(index) for index in elements(order, "order")]
    length = len(data) if isinstance(data, Array) else len(elements(data))
    for index in wanted:
        if not is_number(index) or int(index) != index or not 0 <= index < length:
            raise invalid("order", f"must hold whole numbers from 0 to {length - 1}.")
    places = [int(index) for index in wanted]
    labels = labels_of(data)
    names = None if labels is None else tuple(labels[index] for index in places)
    if of_pixels(data):
        return Array(take(pixels(data), places), names)
    listed = elements(data)
    return make_array([listed[index] for index in places], names)


@implements("array_interpolate_linear")
def array_interpolate_linear(data: Any) -> Any:
    """No-data between two values replaced by the straight line between them.

    Distances are those of the labels where they are numbers or instants, else of the
    indices. Leading and trailing no-data stay.
    """
    labels = labels_of(data)
    if of_pixels(data):
        values = floating(pixels(data))
        along = positions(labels, values.shape[0])
        return Array(whole(values, lambda block: interpolate(block, along)), labels)
    listed = numbers(data)
    filled = interpolate(listed, positions(labels, len(listed)))
    return make_array([_whole_again(plain(value)) for value in filled], labels)


def _whole_again(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def interpolate(block: Any, along: Any) -> Any:
    """Fill NaN between values along axis 0, at the places `along`; all pixels at once."""
    if not block.shape[0]:
        return block
    known = ~np.isnan(block)
    index = np.arange(block.shape[0]).reshape((-1,) + (1,) * (block.ndim - 1))
    before = np.maximum.accumulate(np.where(known, index, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, index, block.shape[0])[::-1], axis=0)[::-1]
    inside = (before >= 0) & (after < block.shape[0]) & ~known
    low, high = np.clip(before, 0, None), np.clip(after, None, block.shape[0] - 1)
    start, end = np.take_along_axis(block, low, 0), np.take_along_axis(block, high, 0)
    span = np.where(inside, along[high] - along[low], 1)
    share = np.where(inside, (along[index] - along[low]) / span, 0)
    return np.where(inside, start + (end - start) * share, block)
