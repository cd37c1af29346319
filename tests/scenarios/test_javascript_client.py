"""The JavaScript client in Node does all that it can with the federation.

What it does stands in `javascript/*.test.js`, one test of Node's for each feature.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scenarios.conftest import Federation

FOLDER = Path(__file__).parent / "javascript"
CLIENT = FOLDER / "node_modules" / "@openeo" / "js-client"


def passed(script: str, **environment: str) -> int:
    """How many of the script's tests passed, which is all of them; skips where there is no Node."""
    node = shutil.which("node")
    if node is None or not CLIENT.is_dir():
        pytest.skip("there is no Node with the openEO JavaScript client; run scripts/javascript")
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", script],
        cwd=FOLDER,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    return len(re.findall(r"^ok \d+ - .+$", done.stdout, re.MULTILINE))


def test_the_javascript_client_does_all_that_it_can(federation: Federation) -> None:
    assert passed("whole.test.js", FEDERATION=federation.url, USERNAME="bob") == 17


def test_the_javascript_client_says_which_member_is_away(federation: Federation) -> None:
    with federation.without("boreal"):
        away = {"FEDERATION": federation.url, "USERNAME": "bob", "AWAY": "boreal"}
        assert passed("missing.test.js", **away) == 3
