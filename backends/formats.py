"""File formats as `/file_formats` shows them, and what their options may be.

Light: the HTTP side reads it; `backends.writers` does the writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SavedAsset:
    """One file of a result.

    `path`: where it lies. `media_type`: as for a STAC asset. `roles`: e.g. ("data",).
    `metadata`: what is known of it for STAC, each key left out where unknown: `bbox`
    (WGS84: west, south, east, north), `geometry`, `proj:epsg`, `proj:shape`
    (rows, columns), `proj:transform`, `bands` (list of {"name": ...}), `datetime` or
    `start_datetime`/`end_datetime`, `file:size`, `title`.
    """

    path: Path
    media_type: str
    roles: tuple[str, ...] = ("data",)
    metadata: Mapping[str, Any] = field(default_factory=dict)
