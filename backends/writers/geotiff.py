"""Cloud-optimised GeoTIFF: one file per date, all bands in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.shutil
from rasterio.enums import Resampling
from rasterio.windows import Window

from backends.errors import OpenEOError, parameter_invalid
from backends.formats import SavedAsset
from backends.writers.cubes import Progress, Raster, as_raster, file_names, sized
from backends.writers.losses import Losses
from backends.writers.statistics import Statistics

MEDIA_TYPE: Final = "image/tiff; application=geotiff; profile=cloud-optimized"

BATCH_BYTES: Final = 256_000_000
"""How much of a cube is computed at a time, if a block of one date is not larger."""

CACHE_BYTES: Final = 64_000_000
"""What GDAL may keep of files that it writes; its own choice is a share of the machine."""

_DTYPES: Final = {"bool": "uint8", "float16": "float32", "int8": "int16"}


@dataclass(frozen=True)
class _Encoding:
    """How values stand in the file."""

    dtype: np.dtype[Any]
    nodata: float | None
    source: np.dtype[Any]

    def encoded(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values as the file has them: no data replaced, rounded and cut off if need be."""
        gaps = np.isnan(values) if self.source.kind == "f" else None
        if self.dtype.kind != "f" and self.dtype != self.source:
            limits = np.iinfo(self.dtype)
            # As float64, so that the limits of 32 bits are exact.
            values = np.clip(np.rint(values.astype("float64")), limits.min, limits.max)
        if gaps is not None and self.nodata is not None:
            values = np.where(gaps, self.nodata, values)
        return values.astype(self.dtype)


@dataclass(frozen=True)
class _Counted:
    """What is counted of values while they are written: for each date and band, and in all."""

    statistics: list[list[Statistics]]
    losses: Losses

    def add(self, date: int, values: npt.NDArray[Any], encoded: npt.NDArray[Any]) -> None:
        """Count a part of a date, with its bands first."""
        self.losses.add(values, encoded)
        for one, band in zip(self.statistics[date], encoded, strict=True):
            one.add(band, self.losses.nodata)


def write_geotiff(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write the cube block by block, then make each file cloud-optimised.

    Memory: BATCH_BYTES or one block of one date, and CACHE_BYTES. Bands carry their names
    as descriptions; the file of a date has it as tag `t`.
    """
    raster = as_raster(value, "GTiff")
    encoding = _encoding(raster, options)
    paths = [folder / name for name in file_names(options["filename_prefix"], raster.dates, ".tif")]
    statistics = [[Statistics() for _ in raster.bands] for _ in paths]
    losses = Losses(encoding.dtype, encoding.nodata)
    with TemporaryDirectory(dir=folder) as temporary, rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES):
        drafts = [Path(temporary) / f"{number}.tif" for number in range(len(paths))]
        counted = _Counted(statistics, losses)
        _write_drafts(raster, encoding, drafts, counted, lambda share: progress(0.8 * share))
        for number, (draft, path) in enumerate(zip(drafts, paths, strict=True)):
            _tag(draft, statistics[number])
            _optimise(draft, path, options)
            draft.unlink()
            progress(0.8 + 0.2 * (number + 1) / len(paths))
    return [
        SavedAsset(
            path,
            MEDIA_TYPE,
            ("data",),
            sized(path, _metadata(raster, date, encoding, known)),
            losses.warnings(),
        )
        for path, date, known in zip(paths, raster.dates, statistics, strict=True)
    ]


def _metadata(
    raster: Raster, date: str | None, encoding: _Encoding, known: list[Statistics]
) -> dict[str, Any]:
    """What STAC should know of the file of a date, with each band's values."""
    nodata = encoding.nodata
    shared: dict[str, Any] = {"data_type": encoding.dtype.name}
    if nodata is not None:
        shared["nodata"] = "nan" if np.isnan(nodata) else nodata
    bands = [
        {"name": name, **shared, **({"statistics": one.as_json()} if one.count else {})}
        for name, one in zip(raster.bands, known, strict=True)
    ]
    return {**raster.metadata(date), "bands": bands}


def _tag(draft: Path, known: list[Statistics]) -> None:
    """Write each band's statistics where GDAL looks for them."""
    with rasterio.open(draft, "r+") as file:
        for number, one in enumerate(known, start=1):
            if one.count:
                file.update_tags(number, **one.as_tags())


def _encoding(raster: Raster, options: Mapping[str, Any]) -> _Encoding:
    source = raster.cube.dtype
    wanted = options["dtype"]
    dtype = np.dtype(_DTYPES.get(source.name, source.name) if wanted == "auto" else wanted)
    nodata = options["nodata"]
    if nodata is not None and dtype.kind != "f":
        limits = np.iinfo(dtype)
        if nodata != int(nodata) or not limits.min <= nodata <= limits.max:
            raise _nodata_error(nodata, dtype)
        return _Encoding(dtype, int(nodata), source)
    if nodata is None and dtype.kind == "f":
        nodata = float("nan")
    elif nodata is None and source.kind == "f":
        nodata = int(np.iinfo(dtype).min)
    return _Encoding(dtype, nodata, source)


def _nodata_error(nodata: float, dtype: np.dtype[Any]) -> OpenEOError:
    return parameter_invalid(
        "save_result", "options", f"nodata of GTiff, {nodata}, is no value of type {dtype}."
    )


def _write_drafts(
    raster: Raster,
    encoding: _Encoding,
    drafts: list[Path],
    counted: _Counted,
    progress: Progress,
) -> None:
    """Fill one plain GeoTIFF per date; a block of several dates is computed at once,
    so that what they have in common is computed once."""
    blocks = list(_blocks(raster))
    for number, (first, last, window) in enumerate(blocks, start=1):
        rows = slice(window.row_off, window.row_off + window.height)
        columns = slice(window.col_off, window.col_off + window.width)
        values = raster.cube[first:last, :, rows, columns].compute().values
        for index in range(first, last):
            encoded = encoding.encoded(values[index - first])
            counted.add(index, values[index - first], encoded)
            with _draft(raster, encoding, drafts[index], index) as file:
                file.write(encoded, window=window)
        progress(number / len(blocks))


def _draft(raster: Raster, encoding: _Encoding, path: Path, index: int) -> Any:
    """The draft of a date, open for more blocks."""
    if path.exists():
        return rasterio.open(path, "r+")
    file = rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=raster.width,
        height=raster.height,
        count=len(raster.bands),
        dtype=encoding.dtype.name,
        crs=raster.crs,
        transform=raster.affine,
        nodata=encoding.nodata,
        tiled=True,
        blockxsize=512,
        blockysize=512,
        interleave="band",
        sparse_ok=True,
        # GDAL would take three bands of bytes for red, green and blue.
        photometric="MINISBLACK",
        bigtiff="IF_SAFER",
    )
    for number, name in enumerate(raster.bands, start=1):
        file.set_band_description(number, name)
    if raster.dates[index] is not None:
        file.update_tags(t=raster.dates[index])
    return file


def _blocks(raster: Raster) -> Iterator[tuple[int, int, Window]]:
    """First and last date and the window of each part, along the cube's own chunks."""
    chunks = raster.cube.chunks
    heights = chunks[2] if chunks else (raster.height,)
    widths = chunks[3] if chunks else (raster.width,)
    pixel = raster.cube.dtype.itemsize * len(raster.bands)
    top = 0
    for height in heights:
        left = 0
        for width in widths:
            together = max(1, BATCH_BYTES // (pixel * height * width))
            for first in range(0, len(raster.dates), together):
                last = min(first + together, len(raster.dates))
                yield first, last, Window(left, top, width, height)
            left += width
        top += height


def _optimise(draft: Path, path: Path, options: Mapping[str, Any]) -> None:
    """Turn a draft into a cloud-optimised GeoTIFF with overviews."""
    overviews = options["overviews"]
    path.unlink(missing_ok=True)
    if overviews != "none":
        _add_overviews(draft, Resampling[overviews], options["blocksize"])
    creation = {
        "COMPRESS": options["compress"],
        "BLOCKSIZE": str(options["blocksize"]),
        "OVERVIEWS": "NONE" if overviews == "none" else "FORCE_USE_EXISTING",
        "NUM_THREADS": "2",
        "BIGTIFF": "IF_SAFER",
    }
    if options["compress"] != "NONE":
        # DEFLATE at its default is three times as slow for a tenth of the size.
        creation |= {"PREDICTOR": "YES"} | ({} if options["compress"] == "LZW" else {"LEVEL": "4"})
    rasterio.shutil.copy(draft, path, driver="COG", **creation)


def _add_overviews(draft: Path, resampling: Resampling, blocksize: int) -> None:
    """Give the draft the overviews of the final file, the smallest of one block.

    Those that GDAL makes by itself while it copies are made of compressed bands: for a
    tile of Sentinel-2 that takes twice the memory and three times as long.
    """
    with rasterio.open(draft, "r+") as file:
        count = math.ceil(math.log2(max(file.width, file.height, blocksize) / blocksize))
        if count:
            file.build_overviews([2**level for level in range(1, count + 1)], resampling)
