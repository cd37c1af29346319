"""A local federation for examples, which ends with the program."""

from __future__ import annotations

import atexit
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

PORT = 8080
"""Where the local federation stands by its configuration."""


def local_federation(offset: int = 300, seconds: float = 90.0) -> str:
    """Starts `openeo-federation up` with all ports moved by `offset`; its address, once it answers.

    Raises RuntimeError with what the servers said if it does not come up.
    """
    folder = Path(tempfile.mkdtemp(prefix="local-federation-"))
    log = folder / "log"
    command = [sys.executable, "-m", "scripts.federation", "up", "--data", str(folder)]
    with log.open("wb") as said:
        running = subprocess.Popen(
            [*command, "--port-offset", str(offset)], stdout=said, stderr=subprocess.STDOUT
        )
    atexit.register(running.terminate)
    url, end = f"http://127.0.0.1:{PORT + offset}", time.monotonic() + seconds
    while time.monotonic() < end and running.poll() is None:
        if "is ready" in log.read_text(errors="replace") and _answers(url):
            return url
        time.sleep(0.2)
    raise RuntimeError(f"The federation does not come up:\n{log.read_text(errors='replace')}")


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5).ok
    except requests.RequestException:
        return False
