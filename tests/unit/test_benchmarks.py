"""Benchmarks are run by hand; that they can be asked what they do is tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("accounting", "gateway", "ledger", "members", "routing", "tile", "tokens")


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_says_what_it_measures_and_how_it_is_asked(name: str) -> None:
    command = [sys.executable, "-m", f"scripts.bench.{name}", "--help"]
    asked = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith(f"usage: python -m scripts.bench.{name} ")
    assert "None" not in asked.stdout
