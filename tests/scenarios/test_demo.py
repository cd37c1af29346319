"""`openeo-federation demo --once` on ports of its own."""

import subprocess
import sys
from pathlib import Path

import rasterio

from scripts.federation.servers import refusals
from tests.scenarios.conftest import layout_for_tests


def test_the_tour_ends_well_and_leaves_its_files(tmp_path: Path) -> None:
    layout = layout_for_tests(tmp_path)
    command = [sys.executable, "-m", "scripts.federation", "demo", "--once"]
    area = ["--bbox", "11.04", "46.38", "11.06", "46.395"]
    options = ["--config", layout.file, "--data", layout.data, "--output", tmp_path / "output"]
    ended = subprocess.run(
        [*command, *area, *map(str, options)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "The tour is over and all went well" in ended.stdout
    for backend in ("terra", "aurora", "boreal"):
        assert (
            f"ran on       {backend}" in ended.stdout or f"runs on      {backend}" in ended.stdout
        )
    assert (tmp_path / "output" / "ndvi.png").read_bytes().startswith(b"\x89PNG")
    with rasterio.open(tmp_path / "output" / "ndvi.tif") as ndvi:
        assert ndvi.count == 1
    assert list((tmp_path / "output" / "radar").glob("*.nc"))
    assert not refusals(layout.servers)
