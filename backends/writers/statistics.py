"""Least, greatest and mean value of a band, gathered block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass
class Statistics:
    """What is known of the values seen so far; no data do not count."""

    count: int = 0
    pixels: int = 0
    least: float = math.inf
    greatest: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0
    """Sum of the squared distances from the mean."""

    def add(self, values: npt.NDArray[Any], nodata: float | None) -> None:
        """Take a block into account (by Chan's rule for joining two parts)."""
        self.pixels += values.size
        known = values[_valid(values, nodata)].astype(np.float64)
        if not known.size:
            return
        mean = float(known.mean())
        apart = mean - self.mean
        count = self.count + known.size
        self.squares += float(((known - mean) ** 2).sum())
        self.squares += apart * apart * self.count * known.size / count
        self.mean += apart * known.size / count
        self.count = count
        self.least = min(self.least, float(known.min()))
        self.greatest = max(self.greatest, float(known.max()))

    def as_json(self) -> dict[str, float]:
        """As STAC's Statistics Object."""
        return {
            "minimum": self.least,
            "maximum": self.greatest,
            "mean": self.mean,
            "stddev": math.sqrt(self.squares / self.count),
            "valid_percent": 100 * self.count / self.pixels,
        }

    def as_tags(self) -> dict[str, str]:
        """As GDAL's metadata of a band."""
        return {f"STATISTICS_{name.upper()}": repr(value) for name, value in self.as_json().items()}


def _valid(values: npt.NDArray[Any], nodata: float | None) -> npt.NDArray[np.bool_]:
    known: npt.NDArray[np.bool_] = (
        np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    )
    if nodata is not None and not np.isnan(nodata):
        known &= values != nodata
    return known
