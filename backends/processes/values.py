"""The values that processes take and give inside of callbacks: fields, arrays, nulls."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import dask
import dask.array
import numpy as np

from backends.errors import OpenEOError

BLOCK_BYTES: Final = 128 * 2**20
"""How large a block may grow when a whole axis must lie in one."""

_OUTDATED: Final = (r"Use `@` matmul instead", r"The 'shapely\.ops\.transform\(\)' function")
_HARMLESS: Final = (
    r"(invalid value|divide by zero|overflow|underflow) encountered",
    r"All-NaN (slice|axis) encountered",
    r"Mean of empty slice",
    r"Degrees of freedom <= 0",
)


lazy: Any = dask.array
"""Dask's functions, which are untyped."""


@dataclass(frozen=True, eq=False)
class Array:
    """An openEO array: `values` has its elements along axis 0, further axes are pixels.

    `labels`: one per element (labeled array) or None. `values` of a labeled array of
    plain values is a one-dimensional array of objects.
    """

    values: Any
    labels: tuple[Any, ...] | None = None

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def __iter__(self) -> Iterator[Any]:
        return (self.values[index] for index in range(len(self)))


@dataclass(frozen=True, eq=False)
class Relabeled(Array):
    """An array whose labels its maker has chosen: a dimension made of it takes them over."""


@contextmanager
def quiet_numerics() -> Iterator[None]:
    """The one place where warnings of libraries at work are silenced.

    NaN is a plain value here, and what odc-geo calls in Affine and Shapely is its makers'
    affair. Dask computes in the calling thread, where NumPy's error state holds, unless a
    scheduler has been chosen.
    """
    scheduler = dask.config.get("scheduler", None) or "synchronous"
    with (
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
        dask.config.set(scheduler=scheduler),
    ):
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message, category=RuntimeWarning)
        for message in _OUTDATED:
            warnings.filterwarnings("ignore", message=message, category=DeprecationWarning)
            warnings.filterwarnings("ignore", message=message, category=PendingDeprecationWarning)
        warnings.filterwarnings("ignore", category=dask.array.PerformanceWarning)
        yield


def invalid(parameter: str, reason: str) -> OpenEOError:
    """The value of a parameter cannot be right; the evaluator adds process and node."""
    return OpenEOError("ProcessParameterInvalid", f"The parameter '{parameter}' {reason}")


def is_field(value: Any) -> bool:
    """Whether a value is an array of pixels."""
    return isinstance(value, np.ndarray | dask.array.Array)


def is_lazy(value: Any) -> bool:
    """Whether a field is yet to be computed."""
    return isinstance(value, dask.array.Array)


def is_null(value: Any) -> bool:
    """Whether a plain value is no-data: None, or NaN as a computation gives it."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def is_number(value: Any) -> bool:
    """Whether a value is a single number; true and false are none."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def plain(value: Any) -> Any:
    """A NumPy scalar as Python's own value, NaN as None."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    return None if is_null(value) else value


def has_fields(values: Sequence[Any]) -> bool:
    """Whether one of the values is an array of pixels."""
    return any(is_field(value) for value in values)


def stack(values: Sequence[Any]) -> Any:
    """Fields and numbers of a list as one field with a new first axis; None becomes NaN."""
    parts: list[Any] = [math.nan if value is None else value for value in values]
    for part in parts:
        if not is_field(part) and not isinstance(part, int | float | np.number):
            raise invalid("data", "mixes pixels with values that are no numbers.")
    fields = [part for part in parts if is_field(part)]
    shape = np.broadcast_shapes(*(part.shape for part in fields))
    kind = np.result_type(*fields)
    if len(fields) < len(parts):
        kind = np.result_type(kind, np.float32)
    library = dask.array if any(is_lazy(part) for part in fields) else np
    full = [
        library.broadcast_to(part.astype(kind), shape)
        if is_field(part)
        else library.full(shape, part, dtype=kind)
        for part in parts
    ]
    return library.stack(full)


def elements(data: Any, parameter: str = "data") -> list[Any]:
    """The elements of an array, as a list."""
    if isinstance(data, list | tuple):
        return list(data)
    if isinstance(data, Array):
        return list(data)
    raise invalid(parameter, f"must be an array, not {describe(data)}.")


def describe(value: Any) -> str:
    """What a value is, for messages."""
    if is_field(value):
        return "a single value"
    if hasattr(value, "dims"):
        return "a data cube (use a process such as reduce_dimension or apply)"
    names = {"str": "a text", "bool": "a boolean", "NoneType": "null", "dict": "an object"}
    return names.get(type(value).__name__, "a number" if is_number(value) else "another value")


def of_pixels(data: Any) -> bool:
    """Whether an array has fields as elements (and so is an `Array` or will be stacked)."""
    if isinstance(data, Array):
        return bool(data.values.dtype != object)
    return isinstance(data, list | tuple) and has_fields(data)


def pixels(data: Any) -> Any:
    """An array of fields as one field with the elements along axis 0."""
    return data.values if isinstance(data, Array) else stack(data)


def labels_of(data: Any) -> tuple[Any, ...] | None:
    """The labels of a labeled array; None for any other."""
    return data.labels if isinstance(data, Array) else None


def numbers(data: Any, parameter: str = "data") -> np.ndarray[Any, np.dtype[np.float64]]:
    """An array of plain numbers as float64, null as NaN. Raises `ProcessParameterInvalid`."""
    values = elements(data, parameter)
    for value in values:
        if not is_null(value) and not is_number(value) and not isinstance(value, bool):
            raise invalid(parameter, f"must hold numbers only, not {describe(value)}.")
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def whole(
    values: Any,
    function: Callable[[Any], Any],
    *,
    length: int | None = None,
    dtype: Any = None,
) -> Any:
    """Apply a NumPy function that needs axis 0 in one piece to a field, lazily if it is lazy.

    `length`: how many elements axis 0 has afterwards; 0 means that the axis is gone, None
    that it stays as it is.
    """
    dtype = values.dtype if dtype is None else dtype
    if not is_lazy(values):
        return np.asarray(function(values)).astype(dtype, copy=False)
    chunked = _one_piece(values)
    typed = _typed(function, dtype)
    if length == 0:
        return chunked.map_blocks(typed, dtype=dtype, drop_axis=0, meta=np.empty((), dtype))
    chunks = None if length is None else ((length,), *chunked.chunks[1:])
    return chunked.map_blocks(typed, dtype=dtype, chunks=chunks, meta=np.empty((), dtype))


def _typed(function: Callable[[Any], Any], dtype: Any) -> Callable[[Any], Any]:
    def typed(block: Any) -> Any:
        return np.asarray(function(block)).astype(dtype, copy=False)

    return typed


def _one_piece(values: Any) -> Any:
    """Rechunk so that axis 0 is whole; the other axes are cut only if blocks grow large."""
    rest = math.prod(max(sizes) for sizes in values.chunks[1:])
    if rest * values.shape[0] * values.dtype.itemsize <= BLOCK_BYTES:
        return values.rechunk({0: -1})
    wanted: dict[int, Any] = dict.fromkeys(range(1, values.ndim), "auto")
    return values.rechunk({0: -1, **wanted}, block_size_limit=BLOCK_BYTES)


def floating(values: Any) -> Any:
    """A field in which NaN can stand: whole numbers and booleans become float32."""
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def empty_field(values: Any) -> Any:
    """A field of no-data with the pixels of `values` (whose axis 0 is dropped)."""
    like = values if values.dtype.kind == "f" else values.astype(np.float32)
    library = dask.array if is_lazy(values) else np
    return library.full(like.shape[1:], math.nan, dtype=like.dtype)
