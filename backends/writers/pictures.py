"""Pictures of a cube as PNG and JPEG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from backends.formats import SavedAsset
from backends.writers.cubes import Progress, Raster, as_raster, sized

PNG_TYPE: Final = "image/png"
JPEG_TYPE: Final = "image/jpeg"

Floats = npt.NDArray[np.float32]

_COLORS: Final = {
    "gray": ("000000", "ffffff"),
    "viridis": ("440154", "414487", "2a788e", "22a884", "7ad151", "fde725"),
    "redyellowgreen": ("a50026", "f46d43", "fee08b", "d9ef8b", "66bd63", "006837"),
    "terrain": ("1d4f91", "3a8c5c", "a9c46c", "e6d690", "9c6b4a", "ffffff"),
    "bluered": ("053061", "4393c3", "f7f7f7", "d6604d", "67001f"),
}
"""Colors from the least to the greatest value, evenly spaced."""


def write_png(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write the first date: three bands as red, green and blue, otherwise the first band.

    Values are stretched between `scale_min` and `scale_max`, by default the 2nd and 98th
    percentile of what is shown. No data is transparent.
    """
    raster = as_raster(value, "PNG")
    colors, valid = _shown(raster, options, progress)
    layers = [*_bytes(colors), valid.astype(np.uint8) * np.uint8(255)]
    path = folder / f"{options['filename_prefix']}.png"
    _picture(layers).save(path, format="PNG")
    return [_asset(path, PNG_TYPE, raster, valid)]


def write_jpeg(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write the picture that PNG would show; no data is black, as JPEG has no transparency."""
    raster = as_raster(value, "JPEG")
    colors, valid = _shown(raster, options, progress)
    path = folder / f"{options['filename_prefix']}.jpg"
    _picture(_bytes(colors * valid)).save(path, format="JPEG", quality=options["quality"])
    return [_asset(path, JPEG_TYPE, raster, valid)]


def _shown(
    raster: Raster, options: Mapping[str, Any], progress: Progress
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Red, green and blue (0 to 1) of each pixel of the picture, and whether it has data."""
    shown = _bands_shown(raster)
    step = -(-max(raster.height, raster.width) // options["max_size"])
    thinned = raster.cube[0, :shown, ::step, ::step]
    values = thinned.compute().values.astype(np.float32)
    progress(0.9)
    scaled = _scaled(values, options["scale_min"], options["scale_max"])
    colors = scaled if shown == 3 else _colored(scaled[0], options["colormap"])
    return colors, np.asarray(np.isfinite(values).all(axis=0))


def _bands_shown(raster: Raster) -> int:
    return 3 if len(raster.bands) >= 3 else 1


def _asset(path: Path, media_type: str, raster: Raster, valid: npt.NDArray[np.bool_]) -> SavedAsset:
    metadata = raster.metadata(raster.dates[0])
    metadata["bands"] = metadata["bands"][: _bands_shown(raster)]
    # It would describe the cube's pixels, not those of the thinned picture.
    metadata.pop("proj:transform")
    metadata["proj:shape"] = list(valid.shape)
    roles = ("visual", "overview")
    return SavedAsset(path, media_type, roles, sized(path, metadata), _left_out(raster))


def _left_out(raster: Raster) -> tuple[str, ...]:
    """What of the cube the picture does not show, in sentences."""
    told = []
    if len(raster.dates) > 1:
        told.append(f"The picture shows only the first of {len(raster.dates)} dates.")
    shown = _bands_shown(raster)
    if len(raster.bands) > shown:
        names = ", ".join(raster.bands[:shown])
        told.append(f"The picture shows only {names} of {len(raster.bands)} bands.")
    return tuple(told)


def _scaled(values: Floats, low: float | None, high: float | None) -> Floats:
    """Values stretched to 0 to 1, cut off beyond."""
    known = values[np.isfinite(values)]
    if not known.size:
        return np.zeros_like(values)
    least = float(np.percentile(known, 2)) if low is None else low
    greatest = float(np.percentile(known, 98)) if high is None else high
    if greatest <= least:
        # One single value, or a given limit beyond all values: shown in the middle.
        least, greatest = least - 0.5, least + 0.5
    scaled = (values - np.float32(least)) / np.float32(greatest - least)
    shares: Floats = np.clip(np.nan_to_num(scaled, nan=0.0), 0.0, 1.0).astype(np.float32)
    return shares


def _colored(share: Floats, colormap: str) -> Floats:
    """Red, green and blue (0 to 1) for shares from 0 to 1."""
    stops = np.array(
        [
            [int(color[part : part + 2], 16) / 255 for part in (0, 2, 4)]
            for color in _COLORS[colormap]
        ]
    )
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(share, places, stops[:, part]) for part in range(3)]).astype(
        np.float32
    )


def _bytes(colors: Floats) -> list[npt.NDArray[np.uint8]]:
    return list(np.rint(colors * 255).astype(np.uint8))


def _picture(layers: list[npt.NDArray[np.uint8]]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(np.moveaxis(np.stack(layers), 0, -1)))
