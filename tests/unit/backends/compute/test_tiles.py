"""Tiles as they are really drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from backends.compute.run import environment
from backends.compute.tiles import draw
from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from backends.jobs.store import Store
from backends.profile import Profile
from backends.tiles import Tile
from tests.fakes.clocks import Clock
from tests.fakes.profiles import profile

BOX = {"west": 7.0, "south": 51.0, "east": 8.0, "north": 52.0}


def load(**arguments: Any) -> dict[str, Any]:
    given = {"id": "DEM", "spatial_extent": None, "temporal_extent": None, **arguments}
    return {"process_id": "load_collection", "arguments": given}


def drawn(
    folder: Path, process_graph: dict[str, Any], tile: Tile, **parameters: Any
) -> np.ndarray[Any, Any]:
    """The pixels of the picture: red, green, blue, opacity."""
    here: Profile = profile(processes=("add", "load_collection", "resample_spatial", "save_result"))
    store = Store(folder / "store.sqlite")
    declared = [{"name": name, "default": value} for name, value in parameters.items()]
    process = {"process_graph": process_graph, "parameters": declared}
    task = Task("t", "xyz-1", 1, "tile", folder, process, 60.0)
    task.results.mkdir(exist_ok=True)
    reporter = Reporter(store, task, Clock())

    def spec_of(identifier: str) -> Any:
        found = here.collection(identifier)
        assert found
        return found

    draw(process, tile, environment(here, task, reporter), spec_of, task.results)
    store.close()
    with Image.open(task.results / "tile.png") as picture:
        return np.asarray(picture.convert("RGBA"))


def test_a_tile_is_where_it_belongs() -> None:
    whole, west = Tile(0, 0, 0), Tile(1, 0, 0)
    assert whole.bounds == pytest.approx((-20037508.34, -20037508.34, 20037508.34, 20037508.34))
    assert west.bounds == pytest.approx((-20037508.34, 0, 0, 20037508.34))
    assert whole.resolution == pytest.approx(156543.0339)
    assert not Tile(0, 0, 1).exists
    assert not Tile(-1, 0, 0).exists


def test_four_tiles_make_up_the_one_above(tmp_path: Path) -> None:
    graph = {"load": {**load(), "result": True}}
    large = drawn(tmp_path, graph, Tile(9, 266, 171, size=512, maximum=1000))
    parts = [
        [drawn(tmp_path, graph, Tile(10, 532 + x, 342 + y, maximum=1000)) for x in (0, 1)]
        for y in (0, 1)
    ]
    assert np.abs(np.vstack([np.hstack(row) for row in parts]).astype(int) - large).max() <= 1
    assert large.shape == (512, 512, 4)
    assert large[..., 0].std() > 1
    assert (large[..., 3] == 255).all()


def test_outside_of_what_is_loaded_a_tile_is_transparent(tmp_path: Path) -> None:
    graph = {"load": {**load(spatial_extent=BOX), "result": True}}
    half = drawn(tmp_path, graph, Tile(7, 66, 42, maximum=1000))
    assert 0 < (half[..., 3] == 255).mean() < 1
    away = drawn(tmp_path, graph, Tile(7, 0, 0, maximum=1000))
    assert (away[..., 3] == 0).all()


def test_what_is_resampled_by_the_process_lies_at_the_same_place(tmp_path: Path) -> None:
    tile = Tile(10, 532, 342, maximum=1000)
    resample = {
        "process_id": "resample_spatial",
        "arguments": {"data": {"from_node": "load"}, "projection": 32632, "resolution": 100},
        "result": True,
    }
    moved = drawn(tmp_path, {"load": load(), "resample": resample}, tile)
    plain = drawn(tmp_path, {"load": {**load(), "result": True}}, tile)
    shown = moved[..., 3] == 255
    assert shown.mean() > 0.95
    difference = np.abs(moved[..., 0].astype(int) - plain[..., 0])[shown]
    assert difference.mean() < 0.1 * plain[..., 0].std() + 2


def test_bands_are_colours_and_of_several_dates_the_latest_is_shown(tmp_path: Path) -> None:
    graph = {
        "load": load(
            id="SENTINEL2_L2A",
            spatial_extent={"from_parameter": "spatial_extent"},
            temporal_extent=["2024-06-01", "2024-07-01"],
            bands=["B04", "B03", "B02"],
        ),
        "save": {
            "process_id": "save_result",
            "arguments": {"data": {"from_node": "load"}, "format": "PNG"},
            "result": True,
        },
    }
    tile = Tile(13, 4260, 2740, maximum=4000)
    pixels = drawn(tmp_path, graph, tile, spatial_extent=tile.extent)
    assert (pixels[..., 3] == 255).mean() > 0.9
    assert not (pixels[..., 0] == pixels[..., 2]).all()


def test_a_tile_of_no_cube_is_an_error(tmp_path: Path) -> None:
    graph = {"add": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}}
    with pytest.raises(OpenEOError, match="raster cube"):
        drawn(tmp_path, graph, Tile(0, 0, 0))
