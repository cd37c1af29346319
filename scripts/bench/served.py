"""What benchmarks measure: generated backends as processes, and an aggregator in front of them."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

READY_WITHIN = 60.0
# Seals tokens, so that one login serves every start.
SEALING_KEY = base64.urlsafe_b64encode(b"benchmark" * 4)[:43].decode() + "="


@dataclass(frozen=True)
class Aggregator:
    """A running aggregator: its address, its first process, seconds until it was ready."""

    root: str
    process: int
    ready: float

    def login(self) -> str:
        """The token of a user who logs in with a password."""
        name = base64.b64encode(b"bench:bench").decode()
        answer = fetch(f"{self.root}/credentials/basic", {"Authorization": f"Basic {name}"})
        return f"basic//{answer['access_token']}"


@contextmanager
def members(ports: Sequence[int], share: int, delay: float) -> Iterator[None]:
    """Generated backends m0, m1, ... with so many collections each, answering."""
    children = []
    try:
        for index, port in enumerate(ports):
            command = [sys.executable, "-m", "scripts.bench.members", "--name", f"m{index}"]
            options = ["--port", port, "--collections", share, "--delay", delay]
            children.append(subprocess.Popen([*command, *map(str, options)]))
        for port in ports:
            await_ready(f"http://127.0.0.1:{port}/")
        yield
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=30)


@contextmanager
def aggregator(ports: Sequence[int], share: int, workers: int) -> Iterator[Aggregator]:
    """A fresh aggregator of the backends at these ports, once it lists all they have."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = configuration(ports, port, Path(folder), workers)
        command = [sys.executable, "-m", "scripts.federation", "aggregator"]
        begun = time.monotonic()
        with running([*command, "--config", str(config)]) as child:
            discovered = f"http://127.0.0.1:{port}/.well-known/openeo"
            await_ready(discovered)
            root = fetch(discovered)["versions"][0]["url"].rstrip("/")
            await_ready(f"{root}/collections", share)
            yield Aggregator(root, child.pid, time.monotonic() - begun)


def configuration(ports: Sequence[int], port: int, folder: Path, workers: int) -> Path:
    """A federation file for the generated backends."""
    document = {
        "title": "Benchmark",
        "public_url": f"http://127.0.0.1:{port}",
        "bind": f"127.0.0.1:{port}",
        "data_directory": str(folder / "data"),
        "workers": workers,
        "sealing_key": SEALING_KEY,
        "backends": {
            f"m{index}": {
                "url": f"http://127.0.0.1:{each}",
                "title": f"Member {index}",
                "basic_authentication": True,
            }
            for index, each in enumerate(ports)
        },
    }
    path = folder / "federation.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fetch(url: str, headers: dict[str, str] | None = None) -> Any:
    """The JSON of one GET."""
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310 - loopback only
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def await_ready(url: str, wanted: int | None = None) -> None:
    """Returns once the URL answers (with so many collections, where given)."""
    give_up = time.monotonic() + READY_WITHIN
    while time.monotonic() < give_up:
        try:
            answer = fetch(url)
        except OSError:
            time.sleep(0.1)
            continue
        if wanted is None or len(answer["collections"]) >= wanted:
            return
        time.sleep(0.1)
    raise SystemExit(f"{url} was not ready within {READY_WITHIN:.0f} s")


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child process group that ends with the block."""
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, start_new_session=True, stdout=quiet, stderr=quiet)
    try:
        yield child
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(timeout=30)


def peak_memory(parent: int) -> list[int]:
    """The peak resident set of a process and its children, in MB each."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    return [_high_water(pid) for pid in [parent, *map(int, listed.split())]]


def _high_water(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    found = next(line for line in status if line.startswith("VmHWM"))
    return int(found.split()[1]) // 1024
