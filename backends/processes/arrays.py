"""Arrays: making them, taking elements, finding, joining, applying processes to elements.

An array is a list of plain values or an `Array` of fields; both may be labeled. Labels of
temporal dimensions are ISO 8601 texts. Ours: the library's functions lose labels, load
fields into memory and miss null. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import dask.array
import numpy as np

from backends.arguments import parse_moment
from backends.errors import OpenEOError
from backends.processes.choosing import chosen
from backends.processes.comparison import condition as truth_of
from backends.processes.comparison import eq
from backends.processes.declaration import implements
from backends.processes.values import (
    Array,
    elements,
    empty_field,
    floating,
    has_fields,
    invalid,
    is_field,
    is_lazy,
    is_null,
    is_number,
    labels_of,
    of_pixels,
    pixels,
    plain,
    stack,
)

MAX_ELEMENTS: Final = 1_000_000
MAX_FIELDS: Final = 10_000


def check_length(length: int, allowed: int) -> None:
    """Refuse to make an array (or text) of more elements than `allowed`."""
    if length > allowed:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The process would make an array of {length} elements; {allowed} are possible.",
        )


def make_array(values: Sequence[Any], labels: Sequence[Any] | None, like: Any = None) -> Any:
    """An array of elements: of fields if one is a field, plain otherwise (a list if unlabeled).

    `like` gives the pixels where no element is left to give them. Raises
    `ProcessGraphComplexity` for arrays that only a runaway process would make.
    """
    check_length(len(values), MAX_FIELDS if has_fields(values) else MAX_ELEMENTS)
    named = None if labels is None else tuple(labels)
    if has_fields(values):
        return Array(stack(values), named)
    if not values and of_pixels(like):
        return Array(floating(pixels(like))[:0], named)
    if named is None:
        return list(values)
    held = np.empty(len(values), dtype=object)
    held[:] = list(values)
    return Array(held, named)


@implements("array_create")
def array_create(data: Any = None, repeat: int = 1) -> Any:
    """An array of the given elements (or an empty one), all of it repeated."""
    if not is_number(repeat) or int(repeat) != repeat or repeat < 1:
        raise invalid("repeat", "must be a whole number of at least 1.")
    if data is None:
        return []
    values = elements(data) if isinstance(data, list | Array) else [data]
    check_length(len(values) * int(repeat), MAX_ELEMENTS)
    return make_array(values * int(repeat), None, data)


@implements("array_create_labeled")
def array_create_labeled(data: Any, labels: Any) -> Any:
    """A labeled array. Raises `ArrayLengthMismatch`."""
    values, names = elements(data), elements(labels, "labels")
    if len(values) != len(names):
        raise OpenEOError(
            "ArrayLengthMismatch", f"There are {len(values)} values but {len(names)} labels."
        )
    return make_array(values, names, data)


@implements("array_element")
def array_element(
    data: Any, index: Any = None, label: Any = None, return_nodata: bool = False
) -> Any:
    """The element at a zero-based index or with a label.

    An index that differs from pixel to pixel gives no-data where there is no such element.
    Raises `ArrayElementParameterMissing`, `ArrayElementParameterConflict`,
    `ArrayNotLabeled`, `ArrayElementNotAvailable` (unless `return_nodata`: then null).
    """
    if index is None and label is None:
        raise OpenEOError("ArrayElementParameterMissing", "Either 'index' or 'label' is needed.")
    if index is not None and label is not None:
        raise OpenEOError(
            "ArrayElementParameterConflict", "Only one of 'index' and 'label' may be given."
        )
    if is_field(index):
        return chosen(data, index[np.newaxis])[0]
    length = len(data) if isinstance(data, Array) else len(elements(data))
    position = _whole(index, "index") if label is None else _labeled(data, label)
    if position is not None and 0 <= position < length:
        return (data.values if isinstance(data, Array) else data)[position]
    if return_nodata:
        return empty_field(pixels(data)) if of_pixels(data) else None
    wanted = f"index {index}" if label is None else f"the label {label!r}"
    raise OpenEOError(
        "ArrayElementNotAvailable", f"The array has no element with {wanted}; {_content(data)}."
    )


def _whole(value: Any, parameter: str) -> int:
    if not is_number(value) or int(value) != value:
        raise invalid(parameter, "must be a whole number.")
    return int(value)


def _labeled(data: Any, label: Any) -> int | None:
    labels = labels_of(data)
    if labels is None:
        raise OpenEOError("ArrayNotLabeled", "The array has no labels: use 'index' instead.")
    return find_label(labels, label)


def _content(data: Any) -> str:
    labels = labels_of(data)
    if labels is None or len(labels) > 30:
        return f"it has {len(data)} elements"
    return f"its labels are {', '.join(str(name) for name in labels) or 'none'}"


def find_label(labels: Sequence[Any], label: Any) -> int | None:
    """The position of a label; texts that are instants match the same instant."""
    if label in labels:
        return list(labels).index(label)
    moment = parse_moment(label) if isinstance(label, str) else None
    if moment is None:
        return None
    same = (parse_moment(name) == moment if isinstance(name, str) else False for name in labels)
    return next((index for index, equal in enumerate(same) if equal), None)


@implements("array_labels")
def array_labels(data: Any) -> list[Any]:
    """The labels of an array, or its indices if it has none."""
    labels = labels_of(data)
    return list(range(len(elements(data)))) if labels is None else list(labels)


@implements("array_find_label")
def array_find_label(data: Any, label: Any) -> int | None:
    """The index of a label, or null."""
    labels = labels_of(data)
    return None if labels is None else find_label(labels, label)


@implements("array_find")
def array_find(data: Any, value: Any, reverse: bool = False) -> Any:
    """The index of the first (or last) element equal to a value, or null; null is never found."""
    equal = _equal_pixels(data, value)
    if equal is not None:
        return _first_index(equal, reverse)
    listed = elements(data)
    order = range(len(listed) - 1, -1, -1) if reverse else range(len(listed))
    return next((index for index in order if _same(listed[index], value)), None)


def _equal_pixels(data: Any, value: Any) -> Any:
    """Where elements (axis 0) equal a value, in each pixel; None if neither has pixels."""
    if of_pixels(data):
        values = pixels(data)
        return np.zeros_like(values, dtype=bool) if is_null(value) else eq(values, value) == 1
    if not is_field(value):
        return None
    never = np.zeros_like(value, dtype=bool)
    found = [
        eq(element, value) == 1 if isinstance(element, str | bool | int | float) else never
        for element in elements(data)
    ]
    return stack(found or [never])


def _first_index(equal: Any, reverse: bool) -> Any:
    if not equal.shape[0]:
        return empty_field(equal)
    turned = equal[::-1] if reverse else equal
    index = turned.argmax(axis=0).astype(np.float32)
    position = (equal.shape[0] - 1) - index if reverse else index
    return np.where(equal.any(axis=0), position, np.float32(math.nan))


def _same(element: Any, value: Any) -> bool:
    simple = isinstance(element, str | bool | int | float)
    return simple and isinstance(value, str | bool | int | float) and eq(element, value) is True


@implements("array_contains")
def array_contains(data: Any, value: Any) -> Any:
    """Whether an element equals a value; null, arrays and objects are never found."""
    equal = _equal_pixels(data, value)
    if equal is not None:
        return equal.any(axis=0).astype(np.float32)
    return array_find(data, value) is not None


@implements("array_append")
def array_append(data: Any, value: Any, label: Any = None) -> Any:
    """An array with one more element, in a labeled array by default with its index as label.

    Raises `LabelExists`.
    """
    labels = labels_of(data)
    if labels is not None and label is None:
        label = str(len(labels))
    if labels is not None and label in labels:
        raise OpenEOError("LabelExists", f"An element with the label {label!r} already exists.")
    names = None if labels is None else (*labels, label)
    return make_array([*elements(data), value], names)


@implements("array_concat")
def array_concat(array1: Any, array2: Any) -> Any:
    """Both arrays, one after the other; labels are kept if both have them.

    Raises `ArrayLabelConflict`.
    """
    first, second = labels_of(array1), labels_of(array2)
    labels = None
    if first is not None and second is not None:
        shared = set(first) & set(second)
        if shared:
            raise OpenEOError(
                "ArrayLabelConflict", f"Both arrays have the label {sorted(shared, key=str)[0]!r}."
            )
        labels = (*first, *second)
    joined = [*elements(array1, "array1"), *elements(array2, "array2")]
    return make_array(joined, labels, array1)


@implements("array_modify")
def array_modify(data: Any, values: Any, index: Any, length: Any = 0) -> Any:
    """`length` elements from `index` on replaced by other values (inserted, removed).

    Raises `ArrayElementNotAvailable` for an index behind the end, `ArrayLabelConflict`.
    """
    listed, start = elements(data), _whole(index, "index")
    if not 0 <= start <= len(listed):
        raise OpenEOError(
            "ArrayElementNotAvailable", f"The array has {len(listed)} elements, none at {start}."
        )
    end = start + _whole(length, "length")
    labels, new_labels = labels_of(data), labels_of(values)
    names = None
    if labels is not None and (new_labels is not None or not elements(values, "values")):
        kept = (*labels[:start], *labels[end:])
        if set(kept) & set(new_labels or ()):
            raise OpenEOError("ArrayLabelConflict", "A new label exists already.")
        names = (*labels[:start], *(new_labels or ()), *labels[end:])
    return make_array(listed[:start] + elements(values, "values") + listed[end:], names, data)


@implements("array_apply")
def array_apply(data: Any, process: Any, context: Any = None) -> Any:
    """A process applied to each element, which it sees as `x`, with its `index` and `label`."""
    labels = labels_of(data)
    results = [
        process(x=element, index=index, label=labels[index] if labels else None, context=context)
        for index, element in enumerate(elements(data))
    ]
    return make_array(results, labels, data)


@implements("array_filter")
def array_filter(data: Any, condition: Any, context: Any = None) -> Any:
    """The elements for which a condition is true; labels are kept.

    For arrays of pixels the condition may look at `index` and `label`, or at the pixels
    only if all agree: an array has the same length everywhere.
    """
    labels, listed = labels_of(data), elements(data)
    kept = []
    for index, element in enumerate(listed):
        label = labels[index] if labels else None
        met = condition(x=element, index=index, label=label, context=context)
        if is_field(met):
            raise invalid(
                "condition",
                "differs between pixels; use it on 'index' or 'label', or replace values "
                "with 'if' instead.",
            )
        if truth_of(plain(met), "condition"):
            kept.append(index)
    names = None if labels is None else tuple(labels[index] for index in kept)
    if of_pixels(data):
        return Array(pixels(data)[kept], names)
    return make_array([listed[index] for index in kept], names)


def positions(labels: Sequence[Any] | None, length: int) -> Any:
    """Where the elements of an array lie on a line: labels if numbers or instants, or indices."""
    if labels is not None and all(is_number(label) for label in labels):
        return np.array(labels, dtype=np.float64)
    moments = [parse_moment(name) if isinstance(name, str) else None for name in labels or ()]
    if moments and all(moment is not None for moment in moments):
        return np.array([moment.timestamp() for moment in moments if moment is not None])
    return np.arange(length, dtype=np.float64)


def take(values: Any, order: Any) -> Any:
    """Elements of a field along axis 0 in another order; lazily if the field is lazy."""
    return dask.array.take(values, order, axis=0) if is_lazy(values) else np.take(values, order, 0)
