"""Tables as comma-separated values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from backends.formats import SavedAsset
from backends.writers.cubes import Progress, sized
from backends.writers.tables import GEOMETRY, as_table, metadata

MEDIA_TYPE: Final = "text/csv"


def write_csv(
    value: Any, options: Mapping[str, Any], folder: Path, progress: Progress
) -> list[SavedAsset]:
    """Write a row for each combination of labels but the bands, which are columns.

    UTF-8 with a header; no data is an empty field, dates are RFC 3339.
    """
    table = as_table(value, "CSV")
    progress(0.8)
    frame = table.frame
    if table.has_geometries:
        shapes = pd.Series(frame.geometry.to_wkt(), index=frame.index)
        frame = pd.DataFrame(frame.drop(columns=GEOMETRY))
        if options["geometry"] == "wkt":
            frame[GEOMETRY] = shapes
    path = folder / f"{options['filename_prefix']}.csv"
    frame.to_csv(path, index=False, sep=options["separator"], encoding="utf-8")
    return [SavedAsset(path, MEDIA_TYPE, ("data",), sized(path, metadata(value)))]
