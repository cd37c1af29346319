"""`openeo-federation up`, from the outside."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.federation.children import wait_until
from scripts.federation.layout import Layout
from scripts.federation.servers import refusals
from tests.scenarios.conftest import layout_for_tests

COMMAND = (sys.executable, "-m", "scripts.federation")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return layout_for_tests(tmp_path)


@contextmanager
def running(layout: Layout, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """`up`, ready; killed at the end if it is still there."""
    command = [*COMMAND, "up", "--config", str(layout.file), "--data", str(tmp_path / "data")]
    with (
        (tmp_path / "said").open("w") as said,
        subprocess.Popen(command, stdout=said, stderr=said, text=True) as started,
    ):
        try:
            ready = wait_until(
                lambda: "Ctrl-C stops it" in output(tmp_path) or started.poll() is not None,
                seconds=60,
            )
            assert ready, output(tmp_path)
            assert started.poll() is None, output(tmp_path)
            yield started
        finally:
            started.kill()


def output(tmp_path: Path) -> str:
    return (tmp_path / "said").read_text()


def test_ctrl_c_stops_all_of_it(layout: Layout, tmp_path: Path) -> None:
    with running(layout, tmp_path) as up:
        assert len(refusals(layout.servers)) == len(layout.servers)
        started = descendants(up.pid)
        up.send_signal(signal.SIGINT)
        assert up.wait(30) == 0
    assert not refusals(layout.servers)
    assert len(started) > 4
    assert not started & parents().keys()
    assert "Traceback" not in output(tmp_path)
    assert re.search(r"^(terra|aurora|boreal|aggregator) +\| ", output(tmp_path), re.MULTILINE)


def test_if_one_server_dies_the_others_stop_and_the_status_says_so(
    layout: Layout, tmp_path: Path
) -> None:
    with running(layout, tmp_path) as up:
        started = descendants(up.pid)
        os.kill(leader_of(up.pid, "boreal"), signal.SIGKILL)
        assert up.wait(30) == 1
    assert not started & parents().keys()
    assert "boreal ended by signal SIGKILL" in output(tmp_path)


def test_nothing_outlives_a_kill(layout: Layout, tmp_path: Path) -> None:
    with running(layout, tmp_path) as up:
        started = descendants(up.pid)
        up.kill()
        up.wait(10)
    assert wait_until(lambda: not started & parents().keys(), seconds=20)
    assert not refusals(layout.servers)


def test_a_taken_port_is_named_and_nothing_starts(layout: Layout, tmp_path: Path) -> None:
    port = layout.server("aurora").address.port
    command = [*COMMAND, "up", "--config", str(layout.file), "--data", str(tmp_path / "data")]
    with socket.create_server(("127.0.0.1", port)):
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert f"127.0.0.1:{port} of aurora is taken" in ended.stderr
    assert "--port-offset" in ended.stderr
    assert " | " not in ended.stdout


def parents() -> dict[int, int]:
    """The parent of every program on this machine that is not a zombie."""
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (directory / "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found[int(directory.name)] = int(parent)
    return found


def descendants(number: int) -> set[int]:
    """All programs that one has started, those that they have started, and so on."""
    found, known = {number}, parents()
    while further := {child for child, parent in known.items() if parent in found} - found:
        found |= further
    return found - {number}


def leader_of(parent: int, name: str) -> int:
    """The child of `up` that runs the backend of that name."""
    for number in (child for child, owner in parents().items() if owner == parent):
        words = Path(f"/proc/{number}/cmdline").read_text().split("\0")
        if "backend" in words and name in words:
            return number
    raise AssertionError(f"{name} is not running")
