"""From a format's name to its writer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from backends.formats import SavedAsset, format_name, format_options
from backends.writers.csv_file import write_csv
from backends.writers.cubes import Progress
from backends.writers.geojson import write_geojson
from backends.writers.geotiff import write_geotiff
from backends.writers.json_file import write_json
from backends.writers.netcdf import write_netcdf
from backends.writers.parquet import write_parquet
from backends.writers.pictures import write_jpeg, write_png
from backends.writers.zarr_archive import write_zarr

Writer = Callable[[Any, Mapping[str, Any], Path, Progress], list[SavedAsset]]

_WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "GTiff": write_geotiff,
        "netCDF": write_netcdf,
        "PNG": write_png,
        "JPEG": write_jpeg,
        "JSON": write_json,
        "CSV": write_csv,
        "GeoJSON": write_geojson,
        "Parquet": write_parquet,
        "Zarr": write_zarr,
    }
)


def _unwatched(_share: float) -> None:
    """Progress that nobody watches."""


def save(
    cube: Any,
    format: str,  # noqa: A002 - the name of save_result's parameter
    options: Mapping[str, Any] | None,
    folder: Path,
    progress: Progress = _unwatched,
) -> list[SavedAsset]:
    """Compute a cube (or any other value, as JSON) and write it into `folder`.

    `format` in any case, `options` as `backends.formats.OUTPUT_FORMATS` has them.
    `progress` is told a growing share from 0 to 1. Files in the folder of the same name
    are replaced. Raises `ProcessParameterInvalid` for an unknown format or option and for
    a cube that the format cannot hold.
    """
    official = format_name(format)
    chosen = format_options(official, options)
    folder.mkdir(parents=True, exist_ok=True)
    assets = _WRITERS[official](cube, chosen, folder, progress)
    progress(1.0)
    return assets
