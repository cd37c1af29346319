"""Tables in columns: Parquet, and GeoParquet where there are geometries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from backends.formats import SavedAsset
from backends.writers.cubes import Progress, sized
from backends.writers.tables import as_table, metadata

MEDIA_TYPE: Final = "application/vnd.apache.parquet"


def write_parquet(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write the rows of CSV with types; geometries keep their CRS (GeoParquet 1.0)."""
    table = as_table(value, "Parquet")
    progress(0.8)
    compression = None if options["compression"] == "none" else options["compression"]
    path = folder / f"{options['filename_prefix']}.parquet"
    table.frame.to_parquet(path, index=False, compression=compression)
    return [SavedAsset(path, MEDIA_TYPE, ("data",), sized(path, metadata(value)))]
