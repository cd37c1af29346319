"""`openeo-federation tile` writes the processes of tiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scripts.federation.main import main
from tests.unit.routing.documents import node
from tests.unit.routing.tiling.test_tiling import AREA, chain, collection, feature


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    def tile(process: object, *options: str) -> Result:
        file = tmp_path / "graph.json"
        file.write_text(json.dumps(process))
        return CliRunner().invoke(
            main, ["tile", str(file), "--output", str(tmp_path / "out"), *options]
        )

    return tile


def test_each_tile_has_a_process_in_a_file_of_its_own(ask: Any, tmp_path: Path) -> None:
    found = ask(chain(), "--size", "0.1")
    assert found.exit_code == 0, found.output
    assert "The area is divided into 4 parts." in found.output
    index = json.loads((tmp_path / "out" / "tiles.json").read_text())
    assert [tile["process"] for tile in index["tiles"]] == [
        "0001_x109y463.json",
        "0002_x110y463.json",
        "0003_x109y464.json",
        "0004_x110y464.json",
    ]
    for tile in index["tiles"]:
        process = json.loads((tmp_path / "out" / tile["process"]).read_text())
        loaded = process["process_graph"]["load"]["arguments"]["spatial_extent"]
        assert loaded == tile["extent"]
    assert index["tiles"][0]["extent"]["west"] == AREA["west"]


def test_areas_with_odd_ids_get_files_that_can_be_written(ask: Any, tmp_path: Path) -> None:
    areas = tmp_path / "areas.json"
    areas.write_text(json.dumps(collection(feature("../../a b", 1), feature("é", 3))))
    found = ask(chain(), "--areas", str(areas))
    assert found.exit_code == 0, found.output
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == ["0001__a_b.json", "0002__.json", "tiles.json"]


def test_what_cannot_be_divided_is_told_with_the_reason(ask: Any, tmp_path: Path) -> None:
    found = ask(chain(node("reduce_spatial")), "--size", "0.1")
    assert found.exit_code == 1
    assert "'step0' is reduce_spatial: it makes one value of the whole area" in found.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("process", "options", "said"),
    [
        ({"a": {"process_id": "b"}}, ["--size", "1"], "ProcessGraphInvalid"),
        ([], ["--size", "1"], "must hold a process graph"),
        (chain(), [], "Name either the --size of tiles or a file of --areas"),
        (chain(), ["--size", "1", "--unit", "miles"], "is not one of 'degrees', 'metres'"),
    ],
)
def test_what_is_wrong_is_told(ask: Any, process: object, options: list[str], said: str) -> None:
    found = ask(process, *options)
    assert found.exit_code == 2
    assert said in found.output
