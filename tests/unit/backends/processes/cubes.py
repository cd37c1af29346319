"""A small cube with a scene that lacks a pixel, and a pixel that one band lacks."""

from __future__ import annotations

import numpy as np

from tests.fakes.execution import cube_of

NAN = np.nan
DAYS = ["2024-06-01", "2024-06-11", "2024-07-01"]
# t, bands, y, x
VALUES = np.arange(3 * 2 * 2 * 3, dtype=np.float32).reshape(3, 2, 2, 3)
VALUES[0, 0, 0, 0] = NAN
VALUES[:, 1, 1, 1] = NAN
CUBE = cube_of(VALUES, t=DAYS, bands=["B04", "B08"])
