"""What is installed from a wheel is what runs from a clone."""

from __future__ import annotations

import configparser
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("aggregator", "backends", "scripts")


def patterns() -> list[str]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return setup["options.package_data"]["*"].split()


def data_files() -> list[Path]:
    """What is neither Python nor a program of the shell (`scripts/setup`)."""
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("this is no clone")
    files = [ROOT / line for line in listed.stdout.splitlines()]
    return [
        file
        for file in files
        if file.suffix != ".py" and file.parent != ROOT / "scripts" and file.is_file()
    ]


def test_every_file_that_a_package_reads_is_installed_with_it() -> None:
    files = data_files()
    assert ROOT / "aggregator/web/templates/board.css" in files
    for file in files:
        package = next(folder for folder in file.parents if (folder / "__init__.py").is_file())
        name = file.relative_to(package).as_posix()
        # As setuptools does: a star stands for no slash.
        fits = [p for p in patterns() if p.count("/") == name.count("/") and fnmatch(name, p)]
        assert fits, f"{file.relative_to(ROOT)} is in no wheel: options.package_data in setup.cfg"
