"""What sets the project up asks nothing of a machine that it cannot have."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
DEBIAN = 'PRETTY_NAME="Debian"\nID=debian\n'


def run(
    folder: Path, script: str = "chromium", *, release: str = DEBIAN, **commands: str
) -> tuple[str, str]:
    """What it says, and what it asked of apt-get, on a machine with these commands."""
    tools = folder / "bin"
    tools.mkdir()
    for name in ("bash", "env", "grep", "dirname"):
        (tools / name).symlink_to(shutil.which(name) or name)
    for name, does in {"id": "echo 0", "rm": "exit 0", **commands}.items():
        command = tools / name.replace("_", "-")
        command.write_text(f"#!/bin/sh\n{does}\n")
        command.chmod(0o755)
    (folder / "os-release").write_text(release)
    asked = folder / "asked"
    environment = {
        "PATH": str(tools),
        "OS_RELEASE": str(folder / "os-release"),
        "ASKED": str(asked),
    }
    done = subprocess.run(
        [str(SCRIPTS / script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout == ""
    return done.stderr, asked.read_text() if asked.exists() else ""


RECORD = 'echo "$@" >>"$ASKED"; echo noise'


def test_chromium_is_installed_once(tmp_path: Path) -> None:
    said, asked = run(tmp_path, apt_get=RECORD)
    assert said.splitlines() == [
        "setup: installing chromium, in which pages are tested (a minute, 400 MB)"
    ]
    update, install = asked.splitlines()
    assert update.endswith("update")
    assert "install -y --no-install-recommends chromium" in install


@pytest.mark.parametrize("name", ["chromium", "chromium_browser"])
def test_nothing_is_asked_for_where_there_is_one(tmp_path: Path, name: str) -> None:
    assert run(tmp_path, apt_get=RECORD, **{name: "exit 0"}) == ("", "")


@pytest.mark.parametrize(
    "machine",
    [
        {"apt_get": f"{RECORD}; exit 100"},
        {},
        {"apt_get": RECORD, "id": "echo 1000"},
        {"apt_get": RECORD, "release": "ID=ubuntu\nID_LIKE=debian\n"},
    ],
)
def test_where_it_cannot_be_had_the_set_up_goes_on(tmp_path: Path, machine: dict[str, str]) -> None:
    said, asked = run(tmp_path, **machine)
    assert "tests of pages will be skipped" in said
    assert "install -y" not in asked


NODE = {"node": "exit 0", "npm": RECORD}


def test_the_javascript_client_is_installed_as_it_is_locked(tmp_path: Path) -> None:
    said, asked = run(tmp_path, "javascript", **NODE)
    assert said == ""
    assert asked.startswith("ci --ignore-scripts")


def test_node_is_installed_where_there_is_none(tmp_path: Path) -> None:
    said, asked = run(tmp_path, "javascript", apt_get=RECORD)
    assert said.startswith("setup: installing Node")
    assert "install -y --no-install-recommends nodejs npm" in asked


@pytest.mark.parametrize(
    "machine",
    [
        {},
        {"node": "exit 1", "npm": RECORD, "id": "echo 1000"},
        {"node": "exit 0", "npm": "echo noise; exit 1"},
        {"apt_get": "exit 100"},
    ],
)
def test_without_node_or_a_network_the_set_up_goes_on(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    said, asked = run(tmp_path, "javascript", **machine)
    assert "tests with" in said and "will be skipped" in said
    assert asked == ""


@pytest.mark.parametrize("script", ["chromium", "javascript"])
def test_it_can_be_run(script: str) -> None:
    assert os.access(SCRIPTS / script, os.X_OK)
    assert f"scripts/{script}\n" in (SCRIPTS / "setup").read_text()
