"""What GeoTIFF and netCDF files say of themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.self_review.cubes import needs, why_unreadable


class Tiff:
    """A GeoTIFF; `problem` says why it is none."""

    def __init__(self, body: bytes) -> None:
        rasterio = needs("rasterio")
        self.size = len(body)
        self.problem = ""
        self.tags: list[Mapping[str, str]] = []
        try:
            with rasterio.MemoryFile(body) as memory, memory.open() as found:
                self._take(found)
        except rasterio.errors.RasterioError as error:
            self.problem = why_unreadable(error)

    def _take(self, found: Any) -> None:
        self.count: int = found.count
        self.bounds: tuple[float, ...] = tuple(found.bounds)
        self.crs = found.crs
        self.nodata = found.nodata
        self.descriptions = [one or "" for one in found.descriptions]
        self.layout = found.tags(ns="IMAGE_STRUCTURE")
        self.tags = [found.tags(number) for number in range(1, found.count + 1)]
        self.overviews = [found.overviews(number) for number in range(1, found.count + 1)]
        self.blocks = list(found.block_shapes)
        self.colors = [one.name for one in found.colorinterp]
        self.dtypes = list(found.dtypes)
        self.mask = [flag.name for flags in found.mask_flag_enums for flag in flags]

    def covers(self, west: float, south: float, east: float, north: float) -> float:
        """The share of an extent in degrees that lies within the file."""
        from rasterio.warp import transform_bounds

        if self.crs is None:
            return 0.0
        box = transform_bounds(self.crs, "EPSG:4326", *self.bounds)
        width = min(box[2], east) - max(box[0], west)
        height = min(box[3], north) - max(box[1], south)
        return float(max(width, 0) * max(height, 0) / ((east - west) * (north - south)))


class NetCdf:
    """A netCDF 4 file; `problem` says why it is none."""

    def __init__(self, body: bytes) -> None:
        h5py = needs("h5py")
        self.problem = ""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result.nc"
            path.write_bytes(body)
            try:
                with h5py.File(path) as found:
                    self._take(h5py, found)
            except OSError as error:
                self.problem = why_unreadable(error)

    def _take(self, h5py: Any, found: Any) -> None:
        self.attributes = {str(key): _text(value) for key, value in found.attrs.items()}
        sets = {key: one for key, one in found.items() if isinstance(one, h5py.Dataset)}
        self.scales = {key: one.shape for key, one in sets.items() if one.is_scale}
        self.units = {key: _text(one.attrs.get("units", "")) for key, one in sets.items()}
        self.names = {key: _text(one.attrs.get("standard_name", "")) for key, one in sets.items()}
        data = {key: one for key, one in sets.items() if not one.is_scale and one.ndim >= 2}
        self.variables = {
            key: (one.shape, one.chunks, one.compression or _filtered(one))
            for key, one in data.items()
        }


def _filtered(dataset: Any) -> str | None:
    """A filter of a dataset that h5py has no name for."""
    return "another filter" if dataset.id.get_create_plist().get_nfilters() else None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
