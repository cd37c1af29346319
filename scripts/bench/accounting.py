"""Times the accounting over HTTP: usage reports per second that are acknowledged, so on disk.

Run `python -m scripts.bench.accounting [--postgresql URL] [--reports 3000] [--connections 32]`.
The aggregator runs as in production with two workers; a process beside it holds the connections
open and reports for 200 users, every tenth report twice, with a token that the aggregator verifies.
SQLite lives in a temporary directory (`--directory` to choose the disk), PostgreSQL in a schema of
its own that is dropped at the end. Afterwards the books are verified, and the reports in them
counted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import jwt
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from aggregator.storage.ledger import open_ledger
from aggregator.storage.queries import UsageFilter, usage
from aggregator.storage.tariffs import load_tariffs
from aggregator.storage.verification import verify
from scripts.bench import asking
from scripts.bench.ledger import PRICING, USERS, postgresql_schema
from scripts.bench.load import Connection, Request
from scripts.bench.served import await_ready, free_port, running

CLIENT = "terra-accounting"
PATH = "/federation/accounting/resources"
WARM_UP = 200


def main() -> None:
    """Print one line per database."""
    options = _options()
    print(f"{options.reports:,} reports over {options.connections} connections")
    print(f"{'database':<12}{'reports/s':>11}{'median ms':>11}{'p99 ms':>9}{'CPU ms':>8}  books")
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        measure("SQLite", f"sqlite:///{folder}/federation.sqlite", Path(folder), options)
    if options.postgresql:
        with (
            postgresql_schema(options.postgresql) as url,
            tempfile.TemporaryDirectory(dir=options.directory) as folder,
        ):
            measure("PostgreSQL", url, Path(folder), options)


def _options() -> argparse.Namespace:
    parser = asking.parser("accounting", __doc__)
    parser.add_argument(
        "--postgresql", metavar="URL", help="also postgresql+psycopg://HOST/DATABASE"
    )
    parser.add_argument("--reports", type=int, metavar="N", default=3000, help="sent in all")
    parser.add_argument("--connections", type=int, metavar="N", default=32, help="held open")
    parser.add_argument("--directory", help="where SQLite's file is; else a temporary one")
    return parser.parse_args()


def measure(name: str, url: str, folder: Path, options: argparse.Namespace) -> None:
    """Time one database and verify what it was left with."""
    ledger = open_ledger(url, load_tariffs(PRICING))
    for user in range(USERS):
        ledger.welcome(f"user-{user}", ["general"], int(time.time() * 1000))
    with issuer() as (address, token):
        port = free_port()
        command = [sys.executable, "-m", "scripts.federation", "aggregator", "--config"]
        with running([*command, str(configuration(folder, url, address, port))]) as server:
            place = f"http://127.0.0.1:{port}"
            await_ready(f"{place}/federation/pricing")
            send(place, token, "warm", WARM_UP, options.connections)
            before = processor_seconds(server.pid)
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                sent = pool.submit(
                    send, place, token, "run", options.reports, options.connections
                ).result(timeout=600)
            spent = processor_seconds(server.pid) - before
    seconds, waits, refused = sent
    wrong = verify(ledger.database)
    recorded = sum(row.reports for row in usage(ledger.database, UsageFilter(), []))
    ledger.database.dispose()
    lost = options.reports + WARM_UP - recorded
    state = wrong[0] if wrong else f"in order, {lost} lost, {refused} refused"
    rate, late = len(waits) / seconds, quantiles(waits, n=100)[98]
    each = spent / len(waits) * 1000
    figures = f"{rate:>11,.0f}{median(waits):>11.1f}{late:>9.1f}{each:>8.2f}"
    print(f"{name:<12}{figures}  {state}", flush=True)


def processor_seconds(parent: int) -> float:
    """What a process and its children have used of the processors: telling on a busy machine."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    total = 0
    for pid in [parent, *map(int, listed.split())]:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def configuration(folder: Path, url: str, address: str, port: int) -> Path:
    """A federation whose only member is away; reports do not need it."""
    document = {
        "title": "Benchmark",
        "public_url": f"http://127.0.0.1:{port}",
        "bind": f"127.0.0.1:{port}",
        "data_directory": str(folder / "data"),
        "database": url,
        "workers": 2,
        "accounting": {"pricing": str(_rates(folder))},
        "identity": {"trusted_issuers": [address]},
        "backends": {"terra": {"url": "http://127.0.0.1:9"}},
        "upstream": {"first_answer_deadline": 0},
    }
    path = folder / "federation.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def _rates(folder: Path) -> Path:
    """Those of terra alone."""
    own = folder / "pricing"
    own.mkdir()
    (own / "terra.yaml").write_bytes((PRICING / "terra.yaml").read_bytes())
    return own


@contextmanager
def issuer() -> Iterator[tuple[str, str]]:
    """The address of a provider of OpenID Connect, and a token of a member's service account."""
    key = rsa.generate_private_key(65537, 2048)
    public = {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "bench", "use": "sig"}
    documents: dict[str, Any] = {"/keys": {"keys": [public]}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(documents.get(self.path, {})).encode()
            self.send_response(200 if self.path in documents else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    described = {"issuer": address, "jwks_uri": f"{address}/keys"}
    documents["/.well-known/openid-configuration"] = described
    now = int(time.time())
    said = {"iss": address, "sub": CLIENT, "azp": CLIENT, "iat": now, "exp": now + 3600}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address, jwt.encode(said, key, "RS256", headers={"kid": "bench"})
    finally:
        server.shutdown()
        server.server_close()


def send(
    place: str, token: str, prefix: str, count: int, connections: int
) -> tuple[float, list[float], int]:
    """Reports all, every tenth twice: seconds, milliseconds for each, and how many were refused."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for number in range(count):
        request = _request(place, token, f"{prefix}-{number}", number).encoded()
        for _ in range(2 if number % 10 == 0 else 1):
            waiting.put(request)
    waits: list[float] = []
    statuses: list[int] = []

    def work() -> None:
        connection = Connection(place)
        while True:
            try:
                request = waiting.get_nowait()
            except queue.Empty:
                break
            began = time.perf_counter()
            statuses.append(connection.exchange(request)[0])
            waits.append((time.perf_counter() - began) * 1000)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    return seconds, waits, sum(status != 201 for status in statuses)


def _request(place: str, token: str, key: str, number: int) -> Request:
    finish = int(time.time() * 1000)
    document = {
        "jobId": f"j-{key}",
        "jobName": "NDVI",
        "executionId": key,
        "userId": f"user-{number % USERS}",
        "sourceId": "terra",
        "orchestrator": "openeo",
        "jobStart": finish - 900_000 + number,
        "jobFinish": finish + number,
        "idempotencyKey": key,
        "state": "FINISHED",
        "status": "UNDEFINED",
        "metrics": {
            "cpu": {"value": 7200, "unit": "cpu-seconds"},
            "memory": {"value": 14745600, "unit": "mb-seconds"},
            "time": {"value": 900000, "unit": "milliseconds"},
        },
    }
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return Request(f"{place}{PATH}", "POST", headers, json.dumps(document).encode())


if __name__ == "__main__":
    main()
