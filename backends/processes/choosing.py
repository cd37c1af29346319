"""Elements of an array chosen by an index that differs from pixel to pixel."""

from __future__ import annotations

import math
from typing import Any

import dask.array
import numpy as np

from backends.processes.values import (
    elements,
    floating,
    is_lazy,
    of_pixels,
    pixels,
    stack,
    whole,
)


def chosen(data: Any, index: Any) -> Any:
    """For each pixel the elements at its own indices, which lie along axis 0 of a field.

    `data`: an array of fields, or of plain numbers that are the same for all pixels. The
    result is a floating-point field with the shape of `index`, no-data where there is no such
    element, or no index.
    """
    if not len(data):
        return floating(index) * math.nan
    values = floating(pixels(data) if of_pixels(data) else _spread(data, index))
    count = values.shape[0]
    library = dask.array if is_lazy(values) or is_lazy(index) else np
    kind = np.result_type(values.dtype, np.float32)
    shape = np.broadcast_shapes(values.shape[1:], index.shape[1:])
    joined = library.concatenate(
        [
            library.broadcast_to(part.astype(kind), (part.shape[0], *shape))
            for part in (values, index)
        ]
    )
    return whole(joined, lambda block: _taken(block[:count], block[count:]), length=index.shape[0])


def _spread(data: Any, index: Any) -> Any:
    """Plain numbers as fields with the pixels of the index."""
    first = index[0]
    listed = elements(data)
    return stack([*listed, first])[: len(listed)]


def _taken(values: Any, index: Any) -> Any:
    there = (index >= 0) & (index < values.shape[0]) & (index == np.rint(index))
    found = np.take_along_axis(values, np.where(there, index, 0).astype(np.intp), axis=0)
    return np.where(there, found, math.nan)
