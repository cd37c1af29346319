"""Cubes of geometries as GeoJSON features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import orjson
from shapely.geometry import mapping

from backends.formats import SavedAsset
from backends.writers.cubes import Progress, sized, unsuitable
from backends.writers.tables import GEOMETRY, as_table, metadata, wide

MEDIA_TYPE: Final = "application/geo+json"

_WGS84: Final = 4326


def write_geojson(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write a feature for each geometry, in WGS84 (RFC 7946).

    Values are properties named by their labels; no data and infinite numbers are null.
    """
    table = as_table(value, "GeoJSON")
    if not table.has_geometries:
        raise unsuitable("GeoJSON", "it has no geometries; use CSV, Parquet or JSON.")
    progress(0.8)
    frame = wide(table)
    located = frame.set_crs(_WGS84) if frame.crs is None else frame.to_crs(_WGS84)
    document = {"type": "FeatureCollection", "features": list(_features(located))}
    path = folder / f"{options['filename_prefix']}.geojson"
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY, default=str))
    return [SavedAsset(path, MEDIA_TYPE, ("data",), sized(path, metadata(value)))]


def _features(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    names = [name for name in frame.columns if name != GEOMETRY]
    rows = frame[names].itertuples(index=False, name=None)
    return [
        {
            "type": "Feature",
            "id": place,
            "geometry": None if shape is None else mapping(shape),
            "properties": {name: _plain(item) for name, item in zip(names, row, strict=True)},
        }
        for place, (shape, row) in enumerate(zip(frame.geometry, rows, strict=True))
    ]


def _plain(item: Any) -> Any:
    """The value as JSON has it."""
    if isinstance(item, float | np.floating) and not np.isfinite(item):
        return None
    return item.item() if isinstance(item, np.generic) else item
