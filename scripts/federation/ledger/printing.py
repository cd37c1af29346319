"""Rows as tables for people, or as JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

Row = Mapping[str, Any]
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def show(rows: Sequence[Row], *, as_json: bool, nothing: str) -> None:
    """Prints rows with the same keys; `nothing` is what people read if there are none."""
    if as_json:
        click.echo(json.dumps([dict(row) for row in rows], indent=2))
    elif not rows:
        click.echo(nothing)
    else:
        click.echo(_table(rows))


def tell(sentence: str, content: Row, *, as_json: bool) -> None:
    """Prints a sentence for people, or its content for programs."""
    click.echo(json.dumps(dict(content), indent=2) if as_json else sentence)


def lines_of_json(rows: Iterable[Row]) -> Iterable[str]:
    """A line of JSON for each row."""
    return (json.dumps(dict(row), default=str) + "\n" for row in rows)


def lines_of_csv(rows: Iterable[Row]) -> Iterable[str]:
    """RFC 4180 with a head; cells that a spreadsheet would take for formulas begin with '."""
    head: list[str] = []
    for row in rows:
        if not head:
            head = list(row)
            yield _csv_line(head)
        yield _csv_line([_defused(row[name]) for name in head])


def _csv_line(cells: Sequence[Any]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _defused(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _table(rows: Sequence[Row]) -> str:
    names = list(rows[0])
    cells = [[name.replace("_", " ") for name in names]]
    cells += [[_written(row[name]) for name in names] for row in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    right = [all(isinstance(row[name], int | float) for row in rows) for name in names]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in cells
    )


def _written(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.3f}" if isinstance(value, float) else str(value)
