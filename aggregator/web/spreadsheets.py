"""CSV that spreadsheets open without harm. Source: RFC 4180."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With one of these a cell begins that a spreadsheet takes for a formula."""


def as_csv(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Rows under a header, lines ended by CR and LF; text that looks like a formula is defused."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([defused(row[name]) for name in names])
    return text.getvalue()


def defused(value: Any) -> Any:
    """The value as a cell may hold it: a quote before text that could be a formula."""
    if isinstance(value, str) and value.startswith(DANGEROUS):
        return f"'{value}"
    return value
