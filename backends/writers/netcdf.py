"""netCDF-4 by the CF conventions: the whole cube in one file."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import xarray as xr

from backends.formats import SavedAsset
from backends.writers.cf import CRS, chunk_sizes, coordinate_encoding, dataset_of, metadata_of
from backends.writers.cubes import Progress, as_cube, sized, unsuitable
from backends.writers.progress import watched

MEDIA_TYPE: Final = "application/x-netcdf"


def write_netcdf(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write the cube chunk by chunk with h5netcdf.

    Dimensions keep their names and labels; the CRS is the grid mapping `crs`. Several
    threads must never write with the netCDF4 library (it crashes), hence the engine.
    """
    cube = as_cube(value, "netCDF")
    if 0 in cube.shape:
        raise unsuitable("netCDF", "it is empty.")
    path = folder / f"{options['filename_prefix']}.nc"
    path.unlink(missing_ok=True)
    dataset = dataset_of(cube, as_variables=options["bands_as_variables"])
    with watched(progress):
        dataset.to_netcdf(
            path, engine="h5netcdf", encoding=_encoding(dataset, options["compression_level"])
        )
    return [SavedAsset(path, MEDIA_TYPE, ("data",), sized(path, metadata_of(cube, "netCDF")))]


def _encoding(dataset: xr.Dataset, level: int) -> dict[Hashable, dict[str, Any]]:
    encoding = coordinate_encoding(dataset)
    for name, variable in dataset.data_vars.items():
        encoding[name] = {"chunksizes": chunk_sizes(variable)} if variable.ndim else {}
        if CRS in dataset.coords:
            encoding[name]["grid_mapping"] = CRS
        if level and variable.ndim:
            encoding[name] |= {"zlib": True, "complevel": level, "shuffle": True}
    return encoding
