"""What newcomers run."""

from __future__ import annotations

import subprocess
import sys

from tests.scenarios.conftest import Federation


def test_the_example_with_several_backends_runs_as_it_stands(federation: Federation) -> None:
    command = [sys.executable, "-m", "scripts.examples.several_backends", federation.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "errors: []" in done.stdout
    assert "together: 16.55" in done.stdout
    assert "The job is finished" in done.stdout
    assert "None" not in done.stdout
    assert "the same: True" in done.stdout
