"""`openeo-federation demo --once` on ports of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import rasterio

from scripts.federation.layout import Layout
from scripts.federation.servers import refusals
from tests.scenarios.conftest import layout_for_tests
from tests.scenarios.test_up import descendants, leader_of, parents

AREA = ("--bbox", "11.04", "46.38", "11.06", "46.395")


def demo(layout: Layout, output: Path) -> "subprocess.Popen[str]":
    options = ["--config", layout.file, "--data", layout.data, "--output", output]
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.federation", "demo", "--once", *AREA, *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def test_the_tour_ends_well_and_leaves_its_files(tmp_path: Path) -> None:
    layout = layout_for_tests(tmp_path)
    with demo(layout, tmp_path / "output") as tour:
        told, _ = tour.communicate(timeout=110)
    assert tour.returncode == 0, told
    assert "Traceback" not in told
    assert "The tour is over and all went well" in told
    for backend in ("ran on       terra", "runs on      aurora", "ran on       boreal"):
        assert backend in told
    assert (tmp_path / "output" / "ndvi.png").read_bytes().startswith(b"\x89PNG")
    with rasterio.open(tmp_path / "output" / "ndvi.tif") as ndvi:
        assert ndvi.count == 1
    assert list((tmp_path / "output" / "radar").glob("*.nc"))
    assert "This process runs in 3 parts" in told
    for backend in ("terra", "aurora", "boreal"):
        assert f"finished at {backend}" in told
    assert list((tmp_path / "output" / "several").glob("*.json"))
    assert not refusals(layout.servers)


def test_a_server_that_ends_during_the_tour_ends_it_with_a_clear_word(tmp_path: Path) -> None:
    layout = layout_for_tests(tmp_path)
    with demo(layout, tmp_path / "output") as tour:
        assert tour.stdout is not None
        told = next(line for line in tour.stdout if line.startswith("3. "))
        started = descendants(tour.pid)
        os.kill(leader_of(tour.pid, "terra"), signal.SIGKILL)
        told, _ = tour.communicate(timeout=60)
    assert tour.returncode == 1
    assert "terra ended by signal SIGKILL" in told
    assert "Traceback" not in told
    assert not started & parents().keys()
