"""Zones of UTM: which one an area lies in, and where it lies there."""

from __future__ import annotations

from math import floor

from aggregator.routing.extents import Box
from aggregator.routing.projections import epsg_code
from aggregator.routing.splitting.obstacles import Obstacle

NORTH, SOUTH = 32_600, 32_700
ZONES = range(1, 61)
BEYOND = 1.0
"""Degrees by which an area may reach out of its zone: scenes do, and so do their pixels."""
EDGE_POINTS = 101


def utm_code(crs: object) -> int | None:
    """The EPSG code of a zone of UTM on WGS 84, if that is what is named."""
    code = epsg_code(crs) or 0
    return code if code - NORTH in ZONES or code - SOUTH in ZONES else None


def utm_box(box: Box) -> tuple[int, tuple[float, float, float, float]] | Obstacle:
    """The code of the zone of an area in degrees, and the box around the area there, in metres."""
    from pyproj import Transformer  # takes long to import, for few requests

    if box.west > box.east:
        return Obstacle(
            "zone",
            "the area crosses the antimeridian, and no zone of UTM does: divide it in degrees",
        )
    middle = (box.west + box.east) / 2
    zone = min(floor((middle + 180) / 6) + 1, 60)
    west = 6.0 * zone - 186
    if box.west < west - BEYOND or box.east > west + 6 + BEYOND:
        return Obstacle(
            "zone",
            f"the area reaches out of zone {zone} of UTM, which is from {west:g} to {west + 6:g} "
            "degrees: divide it in degrees, or one zone after the other",
        )
    if box.south < -80 or box.north > 84:
        return Obstacle("zone", "UTM is for latitudes from -80 to 84: divide the area in degrees")
    code = zone + (SOUTH if box.north <= 0 else NORTH)
    transformer = Transformer.from_crs(4326, code, always_xy=True)
    return code, transformer.transform_bounds(*box, densify_pts=EDGE_POINTS)
