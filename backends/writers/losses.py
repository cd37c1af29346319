"""What a file cannot hold of a cube's values, counted while they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass
class Losses:
    """Values that are others in the file, of a type (`dtype`) with that value for no data."""

    dtype: np.dtype[Any]
    nodata: float | None
    cut: int = 0
    hidden: int = 0

    def add(self, values: npt.NDArray[Any], encoded: npt.NDArray[Any]) -> None:
        """Count values of the cube, NaN where there are none, as they came into the file."""
        valid = ~np.isnan(values)
        if self.dtype.kind != "f":
            limits = np.iinfo(self.dtype)
            # What is rounded into the limits is no loss that anybody asks for.
            beyond = (values < limits.min - 0.5) | (values > limits.max + 0.5)
            self.cut += int(np.count_nonzero(beyond & valid))
        if self.nodata is not None:
            self.hidden += int(np.count_nonzero((encoded == self.nodata) & valid))

    def warnings(self) -> tuple[str, ...]:
        """What the user should know of it, in sentences."""
        told = []
        if self.cut:
            limits = np.iinfo(self.dtype)
            told.append(
                f"{_times(self.cut)} beyond {limits.min} to {limits.max}, all that {self.dtype} "
                "can hold, and cut off. Scale the values before, or choose another 'dtype'."
            )
        if self.hidden:
            told.append(
                f"{_times(self.hidden)} {self.nodata:g} in the file, as is what has no data, and "
                "can no longer be told from it. Choose another 'nodata'."
            )
        return tuple(told)


def _times(count: int) -> str:
    return "1 value is" if count == 1 else f"{count:,} values are"
