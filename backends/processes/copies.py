"""Copies of files in the web, of rasters the part that is wanted.

Libraries never see a URL: they are given local files. A raster is read through GDAL, but by
one driver for files that lead nowhere else, from bytes that the `Environment` has fetched,
and what is left on disk is a GeoTIFF of our own making.
"""

from __future__ import annotations

import io
import math
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol
from uuid import uuid4

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.windows import Window

from backends.environment import Environment
from backends.errors import OpenEOError
from backends.processes.files import check_blocks
from backends.ranges import Held, Remote
from backends.scenes.extents import Box, crs_name

MAX_COPIED: Final = 2_000_000_000
"""How many bytes one process may copy, as they are when they are unpacked."""
TILE: Final = 512
_PIECE: Final = 4 * 2**20
_GDAL: Final = {"GDAL_CACHEMAX": 64, "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}


class Wanted(Protocol):
    """What of a raster is wanted."""

    def bounds(self, crs: str, pixel: tuple[float, float]) -> Box | None:
        """The edges in a CRS, given the size of a pixel; None for everything."""

    def check(self, bands: int, width: int, height: int) -> None:
        """Raise OpenEOError where that many pixels are more than could be used."""


class Copies:
    """Copies of what lies at URLs, kept as long as the execution lasts."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._folder = Path(tempfile.mkdtemp(prefix="copies-", dir=environment.folder)).resolve()
        self._known: dict[tuple[str, frozenset[int]], Path] = {}
        self._left = MAX_COPIED
        environment.at_end(lambda: shutil.rmtree(self._folder, ignore_errors=True))

    def copy(self, url: str) -> Path:
        """Where a copy of the whole file is."""
        return self._made(url, frozenset(), lambda path: self._copy(url, path))

    def raster(self, url: str, driver: str, bands: Collection[int], wanted: Wanted) -> Path:
        """Where a GeoTIFF is that holds these bands (from 1) of the wanted part of a raster.

        Its pixels are those of the raster; bands that are not wanted are there without
        values. Raises `UrlNotAllowed`, `UrlNotAvailable`, `FileSizeExceeded`, and
        `Internal` for what is no raster.
        """
        known = frozenset(bands)
        return self._made(url, known, lambda path: self._cut(url, driver, known, wanted, path))

    def _made(self, url: str, bands: frozenset[int], make: Callable[[Path], None]) -> Path:
        if (url, bands) not in self._known:
            path = self._folder / f"{len(self._known)}"
            make(path)
            self._known[url, bands] = path
        return self._known[url, bands]

    def _remote(self, url: str) -> Remote:
        environment = self._environment
        return environment.remote(url) if environment.remote else Held(environment.fetch(url))

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise OpenEOError(
                "FileSizeExceeded",
                f"The data have more than {MAX_COPIED:,} bytes in all, which is the most that one "
                "job or request can load from addresses: choose a smaller area, fewer bands or "
                "fewer dates.",
            )

    def _copy(self, url: str, path: Path) -> None:
        with closing(self._remote(url)) as remote, path.open("wb") as file:
            self._take(remote.size)
            for offset in range(0, remote.size, _PIECE):
                file.write(remote.read_at(offset, _PIECE))

    def _cut(
        self, url: str, driver: str, bands: frozenset[int], wanted: Wanted, path: Path
    ) -> None:
        with closing(self._remote(url)) as remote:
            opening = _Opening(remote)
            try:
                with rasterio.Env(**_GDAL), opening.raster(driver) as raster:
                    check_blocks(raster)
                    window = _window(raster, wanted)
                    layers = sorted(bands & set(raster.indexes))
                    width, height = int(window.width), int(window.height)
                    wanted.check(len(layers), width, height)
                    self._take(width * height * len(layers) * np.dtype(raster.dtypes[0]).itemsize)
                    _write(raster, window, layers, path)
            except RasterioError as error:
                if opening.failure is not None:
                    raise opening.failure from None
                raise OpenEOError("Internal", "A raster cannot be read.") from error


@dataclass
class _Opening:
    """Lets GDAL read a remote file; what goes wrong with that is kept, as GDAL loses it."""

    remote: Remote
    failure: OpenEOError | None = None

    def raster(self, driver: str) -> Any:
        """The raster, read by that driver alone, and none of the files that may lie beside."""
        name = f"{uuid4().hex}.tif"

        def opened(path: str, mode: str = "r") -> IO[bytes]:
            if path != name or not mode.startswith("r"):
                raise FileNotFoundError(path)
            return io.BufferedReader(_Reader(self), _BUFFER)

        return rasterio.open(name, driver=driver, opener=opened)


_BUFFER: Final = 65536


class _Reader(io.RawIOBase):
    """One reading of a remote file."""

    def __init__(self, opening: _Opening) -> None:
        super().__init__()
        self._opening = opening
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}
        self._position = max(start.get(whence, self._opening.remote.size) + offset, 0)
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._opening.failure is not None:
            return 0
        try:
            found = self._opening.remote.read_at(self._position, len(buffer))
        except OpenEOError as error:
            self._opening.failure = error
            return 0
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)


def _window(raster: Any, wanted: Wanted) -> Window:
    """The pixels within the bounds, at least one; all of a raster that is not north-up."""
    whole = Window(0, 0, raster.width, raster.height)
    affine = raster.transform
    if raster.crs is None or affine.b or affine.d or affine.e >= 0 or affine.a <= 0:
        return whole
    box = wanted.bounds(crs_name(raster.crs.to_wkt()), (affine.a, -affine.e))
    if box is None or not all(map(math.isfinite, box)):
        return whole
    left, right = _span(box[0] - affine.c, box[2] - affine.c, affine.a, raster.width)
    top, bottom = _span(affine.f - box[3], affine.f - box[1], -affine.e, raster.height)
    return Window(left, top, right - left, bottom - top)


def _span(low: float, high: float, size: float, count: int) -> tuple[int, int]:
    """The pixels from one place to another, the first and the one behind the last."""
    first = min(max(math.floor(low / size), 0), count - 1)
    last = min(max(math.ceil(high / size), first + 1), count)
    return first, last


def _write(raster: Any, window: Window, bands: list[int], path: Path) -> None:
    profile = {
        "driver": "GTiff",
        "width": int(window.width),
        "height": int(window.height),
        "count": raster.count,
        "dtype": raster.dtypes[0],
        "crs": raster.crs,
        "transform": raster.window_transform(window),
        "nodata": raster.nodata,
        "tiled": True,
        "blockxsize": TILE,
        "blockysize": TILE,
        "interleave": "band",
        "sparse_ok": True,
        "bigtiff": "if_safer",
        "compress": "zstd",
        "zstd_level": 1,
    }
    with rasterio.open(path, "w", **profile) as copy:
        for part in _tiles(window):
            there = Window(
                part.col_off - window.col_off,
                part.row_off - window.row_off,
                part.width,
                part.height,
            )
            copy.write(raster.read(bands, window=part), bands, window=there)


def _tiles(window: Window) -> Iterator[Window]:
    """The parts of a window that are read at a time, along the tiles of the raster."""
    right, bottom = window.col_off + window.width, window.row_off + window.height
    for top in _cuts(window.row_off, bottom):
        for left in _cuts(window.col_off, right):
            height = min(bottom, (top // TILE + 1) * TILE) - top
            width = min(right, (left // TILE + 1) * TILE) - left
            yield Window(left, top, width, height)


def _cuts(start: int, stop: int) -> list[int]:
    """Where the tiles between two pixels begin."""
    return [start, *range((start // TILE + 1) * TILE, stop, TILE)]
