"""A polygon in the sample, and the format in which what is computed of it is written."""

from __future__ import annotations

from typing import Any

from scripts.self_review.backend import Backend
from scripts.self_review.cubes import Cubes

SQUARE = 0.6
"""The share of the sample that a polygon covers."""


def polygon(data: Cubes) -> dict[str, Any]:
    """A square in the middle of the sample, as GeoJSON."""
    extent = data.sample.extent
    pad = data.sample.size * (1 - SQUARE) / 2
    west, south = extent["west"] + pad, extent["south"] + pad
    east, north = extent["east"] - pad, extent["north"] - pad
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    return {"type": "FeatureCollection", "features": [feature]}


def vector_format(backend: Backend) -> str:
    """The format, as it is listed; JSON first, which can be read best."""
    output = backend.file_formats.get("output")
    names = {str(one).lower(): str(one) for one in output} if isinstance(output, dict) else {}
    return next(
        (names[one] for one in ("json", "geojson", "csv", "netcdf") if one in names), "JSON"
    )
