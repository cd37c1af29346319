"""A process over a large area, written out as the processes of its tiles."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from aggregator.errors import OpenEOError
from aggregator.routing.tiling import Grid, Tiling, Untileable, tiled
from scripts.federation.graphs import UnreadableGraph, read_body, read_json

WRITTEN, WHOLE_ONLY, UNUSABLE = 0, 1, 2
INDEX = "tiles.json"


def tile(graph: Path, by: Grid | Path, output: Path, *, most: int, exact: bool) -> int:
    """Writes a file for each tile and an index; 0 if it did, 1 if it cannot be, 2 if it is wrong.

    `by` is a grid, or a file with a GeoJSON FeatureCollection of areas.
    """
    try:
        process = read_body(graph)["process"]
        areas = by if isinstance(by, Grid) else _areas(by)
        found = tiled(process, areas, most=most, exact=exact)
    except UnreadableGraph as problem:
        return _told(str(problem), UNUSABLE)
    except OpenEOError as error:
        return _told(f"{error.code}: {error.message}", UNUSABLE)
    if isinstance(found, Untileable):
        return _told(found.sentence(), WHOLE_ONLY)
    write(found, output)
    click.echo(f"{found.explain()} {INDEX} in {output} lists them, with a process for each.")
    return WRITTEN


def write(tiling: Tiling, folder: Path) -> None:
    """A process for each tile, and an index with the place of each and the name of its file."""
    folder.mkdir(parents=True, exist_ok=True)
    listed: list[dict[str, Any]] = []
    for number, one in enumerate(tiling.tiles, 1):
        # Ids of areas come from a file, and may be anything.
        safe = re.sub(r"[^A-Za-z0-9-]+", "_", one.id)
        name = f"{number:04}_{safe}.json"
        _write(folder / name, tiling.process(one))
        listed.append({"id": one.id, "extent": dict(one.extent), "process": name})
    _write(folder / INDEX, {"tiles": listed, "margin_pixels": tiling.margin})


def _write(file: Path, document: object) -> None:
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _areas(file: Path) -> dict[str, Any]:
    document = read_json(file)
    return document if isinstance(document, dict) else {}


def _told(message: str, status: int) -> int:
    click.echo(message, err=True)
    return status
