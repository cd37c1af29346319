"""Zarr: the whole cube as a store in one zip archive."""

from __future__ import annotations

import zipfile
from collections.abc import Hashable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numcodecs
import xarray as xr

from backends.formats import SavedAsset
from backends.writers.cf import CRS, chunk_sizes, coordinate_encoding, dataset_of, metadata_of
from backends.writers.cubes import Progress, as_cube, sized, unsuitable
from backends.writers.progress import watched

MEDIA_TYPE: Final = "application/zip"

_STABLE: Final = (1980, 1, 1, 0, 0, 0)
"""A date for all members, so that equal cubes make equal archives."""


def write_zarr(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write the cube chunk by chunk into a store, then pack it without compression.

    Readers of Zarr (zarr, GDAL) open the archive as it is. Variables, labels and
    attributes are those of netCDF.
    """
    cube = as_cube(value, "Zarr")
    if 0 in cube.shape:
        raise unsuitable("Zarr", "it is empty.")
    path = folder / f"{options['filename_prefix']}.zarr.zip"
    dataset = _even(dataset_of(cube, as_variables=options["bands_as_variables"]))
    with TemporaryDirectory(dir=folder) as temporary:
        with watched(lambda share: progress(0.9 * share)):
            dataset.to_zarr(
                Path(temporary) / "store",
                mode="w",
                zarr_format=2,
                consolidated=True,
                encoding=_encoding(dataset, options["compression_level"]),
            )
        _pack(Path(temporary) / "store", path)
    return [SavedAsset(path, MEDIA_TYPE, ("data",), sized(path, metadata_of(cube, "Zarr")))]


def _even(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset computed in the chunks that are stored, as no two tasks may write one."""
    stored: dict[Hashable, int] = {}
    for variable in dataset.data_vars.values():
        stored |= dict(zip(variable.dims, chunk_sizes(variable), strict=True))
    lazy = any(variable.chunks for variable in dataset.data_vars.values())
    return dataset.chunk(stored) if lazy else dataset


def _encoding(dataset: xr.Dataset, level: int) -> dict[Hashable, dict[str, Any]]:
    encoding = coordinate_encoding(dataset)
    for name, variable in dataset.data_vars.items():
        compressors = [numcodecs.Blosc("zstd", level, numcodecs.Blosc.SHUFFLE)] if level else None
        encoding[name] = {"compressors": compressors, "chunks": chunk_sizes(variable)}
        if CRS in dataset.coords:
            encoding[name]["grid_mapping"] = CRS
    return encoding


def _pack(store: Path, path: Path) -> None:
    path.unlink(missing_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for member in sorted(store.rglob("*")):
            if member.is_file():
                entry = zipfile.ZipInfo(member.relative_to(store).as_posix(), _STABLE)
                entry.external_attr = 0o644 << 16
                with archive.open(entry, "w") as target, member.open("rb") as source:
                    while block := source.read(1 << 20):
                        target.write(block)
