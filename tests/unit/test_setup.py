"""What sets the project up asks nothing of a machine that it cannot have."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "chromium"
DEBIAN = 'PRETTY_NAME="Debian"\nID=debian\n'


def run(folder: Path, *, release: str = DEBIAN, **commands: str) -> tuple[str, str]:
    """What it says, and what it asked of apt-get, on a machine with these commands."""
    tools = folder / "bin"
    tools.mkdir()
    for name in ("bash", "env", "grep"):
        (tools / name).symlink_to(shutil.which(name) or name)
    for name, script in {"id": "echo 0", **commands}.items():
        command = tools / name.replace("_", "-")
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
    (folder / "os-release").write_text(release)
    asked = folder / "asked"
    environment = {
        "PATH": str(tools),
        "OS_RELEASE": str(folder / "os-release"),
        "ASKED": str(asked),
    }
    done = subprocess.run(
        [str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=30, check=False
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


def test_it_can_be_run(tmp_path: Path) -> None:
    assert os.access(SCRIPT, os.X_OK)
    assert "scripts/chromium" in (SCRIPT.parent / "setup").read_text()
