"""Boxes in projected reference systems, which requests may name by their EPSG code."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING

from aggregator.documents import JsonObject, is_number
from aggregator.routing.extents import Box, read_box

if TYPE_CHECKING:
    from pyproj import Transformer

WGS84 = 4326
EDGE_POINTS = 21
SLACK = 0.001
"""Degrees by which a box is made larger, since its edges are bent on the Earth."""


def box_in_degrees(extent: object) -> Box | None:
    """The box of a `spatial_extent` in whatever system it is, as `read_box` gives it.

    Of a box in a projected system, the box in degrees around it; None if that is not understood.
    """
    if not isinstance(extent, dict) or "type" in extent:
        return read_box(extent)
    code = epsg_code(extent.get("crs"))
    return read_box(extent) if code in (None, WGS84) else _around(extent, code)


def epsg_code(crs: object) -> int | None:
    """The EPSG code that is named by a number, `EPSG:…` or digits."""
    if isinstance(crs, bool) or not isinstance(crs, str | int):
        return None
    digits = str(crs).casefold().removeprefix("epsg:")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else None


def _around(extent: JsonObject, code: int | None) -> Box | None:
    sides = [extent.get(side) for side in ("west", "south", "east", "north")]
    known = [float(side) for side in sides if is_number(side) and abs(side) < 1e9]
    transformer = None if code is None or len(known) < 4 else _to_degrees(code)
    if transformer is None or known[0] > known[2] or known[1] > known[3]:
        return None
    left, bottom, right, top = known
    west, south, east, north = transformer.transform_bounds(
        left, bottom, right, top, densify_pts=EDGE_POINTS
    )
    if not all(map(isfinite, (west, south, east, north))):
        return None
    return Box(
        max(west - SLACK, -180.0),
        max(south - SLACK, -90.0),
        min(east + SLACK, 180.0),
        min(north + SLACK, 90.0),
    )


@lru_cache(maxsize=64)
def _to_degrees(code: int) -> Transformer | None:
    from pyproj import Transformer  # takes long to import, for few requests
    from pyproj.exceptions import ProjError

    try:
        return Transformer.from_crs(code, WGS84, always_xy=True)
    except ProjError:
        return None
