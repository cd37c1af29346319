"""Which pixels lie inside geometries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dask.array as da
import numpy as np
import numpy.typing as npt
from affine import Affine
from dask.base import tokenize
from rasterio.features import geometry_mask

CHUNK: Final = 512


def chunks_of(length: int) -> tuple[int, ...]:
    """Lengths of the chunks of an axis."""
    whole, rest = divmod(length, CHUNK)
    return (CHUNK,) * whole + ((rest,) if rest else ())


def inside(
    shapes: Sequence[Mapping[str, Any]], affine: Affine, height: int, width: int
) -> da.Array:
    """Which pixels have their centre in the GeoJSON geometries, chunk by chunk.

    The geometries have the CRS of the pixels; `affine` leads from columns and rows to it.
    """
    name = f"inside-{tokenize(shapes, tuple(affine), height, width)}"
    heights, widths = chunks_of(height), chunks_of(width)
    graph = {
        (name, row, column): (
            _mask,
            list(shapes),
            affine @ Affine.translation(column * CHUNK, row * CHUNK),
            (high, wide),
        )
        for row, high in enumerate(heights)
        for column, wide in enumerate(widths)
    }
    return da.Array(graph, name, (heights, widths), dtype=bool)  # type: ignore[no-untyped-call]


def _mask(
    shapes: list[Mapping[str, Any]], affine: Affine, size: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    # A list in a dask task is rebuilt by dask; the affine arrives as a plain tuple.
    found: npt.NDArray[np.bool_] = geometry_mask(shapes, size, Affine(*affine[:6]), invert=True)
    return found
