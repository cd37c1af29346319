"""What a process graph asks of a collection, free of any library that computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.errors import OpenEOError

Interval = tuple[str | None, str | None]

MAX_SAMPLES = 500_000_000


@dataclass(frozen=True)
class LoadRequest:
    """One `load_collection`, its arguments read but not yet judged.

    `spatial_extent`: a bounding box (west, south, east, north, optional crs) or
    GeoJSON in WGS84; None is the whole collection. `temporal_extent`: half-open
    [start, end), either end None for open. `bands`: names in the wanted order, None
    for all. `properties`: name of a STAC property -> whether a value of it is wanted.
    `resolution` in units of `crs`; both None for the collection's own grid.
    `max_samples`: how many values (pixels x bands x dates) may be loaded at most.
    """

    spatial_extent: Mapping[str, Any] | None = None
    temporal_extent: Interval | None = None
    bands: tuple[str, ...] | None = None
    properties: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    resolution: float | None = None
    crs: str | int | None = None
    max_samples: int = MAX_SAMPLES


def check_size(request: LoadRequest, bands: int, dates: int, width: int, height: int) -> None:
    """Raise `ProcessGraphComplexity` where more would be loaded than is allowed."""
    samples = bands * dates * width * height
    if samples > request.max_samples:
        raise OpenEOError(
            "ProcessGraphComplexity",
            f"The data cube would hold at least {samples:,} values ({dates:,} dates x {bands} "
            f"bands x {height:,} x {width:,} pixels, {samples * 4 / 1e9:,.1f} GB); the limit is "
            f"{request.max_samples:,}. Choose a smaller area, fewer dates or bands, or a "
            "coarser resolution.",
        )
