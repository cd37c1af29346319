"""How large a place is, in whatever way an argument says where it is."""

from __future__ import annotations

from typing import Any

from aggregator.documents import is_number
from aggregator.routing.extents import read_box
from aggregator.routing.splitting.cubes import Area

_PROJECTED = range(2000, 32_768)
"""The EPSG codes of reference systems in metres, but for a few in degrees or feet."""

_DEGREES = range(4000, 5000)


def read_area(extent: object) -> Area | None:
    """The area of an openEO bounding box or of GeoJSON; None if it is not understood.

    A box in a projected reference system has its size only: it is taken to be in metres.
    """
    box = read_box(extent)
    if box is not None:
        return Area.of(box)
    if not isinstance(extent, dict) or _code(extent.get("crs")) is None:
        return None
    west, south, east, north = (extent.get(side) for side in ("west", "south", "east", "north"))
    if not (is_number(west) and is_number(south) and is_number(east) and is_number(north)):
        return None
    return Area(abs(east - west), abs(north - south))


def _code(crs: object) -> int | None:
    text = str(crs).casefold().removeprefix("epsg:")
    code = int(text) if text.isdecimal() and len(text) < 8 else 0
    return code if code in _PROJECTED and code not in _DEGREES else None


def geometries_in(value: object) -> int | None:
    """How many geometries GeoJSON has; None if it is none, or comes from elsewhere."""
    if not isinstance(value, dict):
        return None
    kind, features = value.get("type"), value.get("features")
    if kind == "FeatureCollection":
        return len(features) if isinstance(features, list) else None
    if kind == "GeometryCollection":
        parts: Any = value.get("geometries")
        return len(parts) if isinstance(parts, list) else None
    return 1 if isinstance(kind, str) else None
