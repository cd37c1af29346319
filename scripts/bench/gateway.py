"""The aggregator against its own backends: rates, latencies, memory, as ratios.

``python -m scripts.bench.gateway --members 5 --collections 840`` starts that many
generated backends with that many collections in all, the aggregator in front of
them, and loads each endpoint through the aggregator and directly, in one run.
"""

from __future__ import annotations

import argparse
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from scripts.bench import asking
from scripts.bench.load import Figures, Request, measure
from scripts.bench.members import TOKEN

READY_WITHIN = 60.0
GZIP = {"Accept-Encoding": "gzip"}


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


def configuration(ports: list[int], port: int, folder: Path, workers: int) -> Path:
    """A federation file for the generated backends."""
    document = {
        "title": "Benchmark",
        "public_url": f"http://127.0.0.1:{port}",
        "bind": f"127.0.0.1:{port}",
        "data_directory": str(folder / "data"),
        "workers": workers,
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


def peak_memory(parent: int) -> list[int]:
    """The peak resident set of a process and its children, in MB each."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    return [high_water(pid) for pid in [parent, *map(int, listed.split())]]


def high_water(pid: int) -> int:
    """The peak resident set of one process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    found = next(line for line in status if line.startswith("VmHWM"))
    return int(found.split()[1]) // 1024


def graph(size: int) -> bytes:
    """A request body whose result has this many bytes."""
    node = {"process_id": "constant", "arguments": {"x": size}, "result": True}
    return json.dumps({"process": {"process_graph": {"size": node}}}).encode()


def plan(through: str, direct: str, token: str, shared: str) -> list[tuple[str, Request, Request]]:
    """Each endpoint as (label, through the aggregator, directly)."""
    user = {"Authorization": f"Bearer {token}"}
    member = {"Authorization": f"Bearer basic//{TOKEN}"}
    sent = {"Content-Type": "application/json"}
    cases = [
        (path, Request(through + path, headers=GZIP), Request(direct + path, headers=GZIP))
        for path in ("/", "/collections", f"/collections/{shared}", "/processes")
    ]
    for path, local in (("/jobs", "/jobs"), ("/jobs/m0-job-001", "/jobs/job-001")):
        cases.append(
            (path, Request(through + path, headers=user), Request(direct + local, headers=member))
        )
    for label, path, size in (
        ("POST /jobs", "/jobs", 1),
        ("POST /result 1 kB", "/result", 1024),
        ("POST /result 10 MB", "/result", 10_000_000),
    ):
        body = graph(size)
        cases.append(
            (
                label,
                Request(through + path, "POST", user | sent, body),
                Request(direct + path, "POST", member | sent, body),
            )
        )
    return cases


def show(label: str, through: Figures, direct: Figures) -> None:
    """One row of the report."""
    failures = f"  {through.failures} FAILED" if through.failures else ""
    print(
        f"{label:28}{through.rate:9.0f}{direct.rate:9.0f}{through.rate / direct.rate:7.2f}"
        f"{through.p50:9.2f}{through.p95:9.2f}{direct.p50:9.2f}"
        f"{through.p50 / direct.p50:7.2f}{through.body_bytes:11d}{failures}",
        flush=True,
    )


def report(root: str, direct: str, child: int, given: argparse.Namespace) -> None:
    """Loads every endpoint and prints the table."""
    login = base64.b64encode(b"bench:bench").decode()
    token = fetch(f"{root}/credentials/basic", {"Authorization": f"Basic {login}"})["access_token"]
    print(
        f"{'':28}{'req/s':>9}{'direct':>9}{'ratio':>7}{'p50 ms':>9}{'p95 ms':>9}"
        f"{'direct':>9}{'ratio':>7}{'bytes':>11}"
    )
    for connections in given.connections:
        print(f"{connections} connections")
        for label, through, straight in plan(root, direct, f"basic//{token}", "SHARED_00000"):
            load = {"connections": connections, "seconds": given.seconds}
            show("  " + label, measure(through, **load), measure(straight, **load))
    print(f"peak memory of the aggregator's processes, MB: {peak_memory(child)}")


def main() -> None:
    """Starts everything, measures, stops everything."""
    parser = asking.parser("gateway", __doc__)
    parser.add_argument("--members", type=int, metavar="N", default=5, help="generated backends")
    parser.add_argument(
        "--collections", type=int, metavar="N", default=840, help="in all, before merging"
    )
    parser.add_argument(
        "--delay", type=float, metavar="SECONDS", default=0.0, help="of each request for a job"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="SECONDS", default=3.0, help="of load on each endpoint"
    )
    parser.add_argument(
        "--connections", type=int, metavar="N", nargs="*", default=[1, 16], help="held open"
    )
    parser.add_argument("--workers", type=int, metavar="N", default=2, help="of the aggregator")
    given = parser.parse_args()
    share = given.collections // given.members
    ports = [free_port() for _ in range(given.members)]
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = configuration(ports, port, Path(folder), given.workers)
        with running_members(ports, share, given.delay):
            command = [sys.executable, "-m", "scripts.federation", "aggregator"]
            begun = time.monotonic()
            with running([*command, "--config", str(config)]) as child:
                discovered = f"http://127.0.0.1:{port}/.well-known/openeo"
                await_ready(discovered)
                root = fetch(discovered)["versions"][0]["url"].rstrip("/")
                await_ready(f"{root}/collections", share)
                print(f"cold start to the full listing: {time.monotonic() - begun:.1f} s")
                report(root, f"http://127.0.0.1:{ports[0]}", child.pid, given)


@contextmanager
def running_members(ports: list[int], share: int, delay: float) -> Iterator[None]:
    """All generated backends, answering."""
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


if __name__ == "__main__":
    main()
