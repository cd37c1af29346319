"""Times the ledger: usage reports per second that are acknowledged, so on disk.

Run `python -m scripts.bench.ledger [--postgresql URL] [--reports 2000] [--threads 16]`. 1, 4 and 8
processes with so many threads each report for 200 users; every tenth report is sent twice. SQLite
lives in a temporary directory (`--directory` to choose the disk), PostgreSQL in a schema of its own
that is dropped at the end. Afterwards the books are verified.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

from sqlalchemy import create_engine, text

from aggregator.ledger.pricing import Tariffs
from aggregator.ledger.reports import UsageReport, read_resources
from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.storage.tariffs import load_tariffs
from aggregator.storage.verification import verify
from scripts.bench import asking

PRICING = Path(__file__).resolve().parents[2] / "config" / "pricing"
MARCH = 1_773_479_400_000
USERS = 200


def main() -> None:
    """Print one line per database and number of processes."""
    options = _options()
    print(f"{options.reports:,} reports, {options.threads} threads in each process")
    print(
        f"{'database':<12}{'processes':>10}{'reports/s':>11}{'median ms':>11}{'p99 ms':>9}  books"
    )
    for processes in (1, 4, 8):
        with tempfile.TemporaryDirectory(dir=options.directory) as directory:
            url = f"sqlite:///{directory}/ledger.sqlite"
            measure("SQLite", url, processes, options.reports, options.threads)
    if options.postgresql:
        for processes in (1, 4, 8):
            with postgresql_schema(options.postgresql) as url:
                measure("PostgreSQL", url, processes, options.reports, options.threads)


def _options() -> argparse.Namespace:
    parser = asking.parser("ledger", __doc__)
    parser.add_argument(
        "--postgresql", metavar="URL", help="also postgresql+psycopg://HOST/DATABASE"
    )
    parser.add_argument("--reports", type=int, metavar="N", default=2000, help="sent in all")
    parser.add_argument("--threads", type=int, metavar="N", default=16, help="of each process")
    parser.add_argument("--directory", help="where SQLite's file is; else a temporary one")
    return parser.parse_args()


def measure(name: str, url: str, processes: int, reports: int, threads: int) -> None:
    """Time one setting and verify what it left."""
    ledger = open_ledger(url, _tariffs())
    for user in range(USERS):
        ledger.welcome(f"user-{user}", ["general"], MARCH)
    share = reports // processes
    context = multiprocessing.get_context("spawn")
    start = time.time() + 2 + processes / 2
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        parts = [pool.submit(work, url, n * share, share, threads, start) for n in range(processes)]
        done = [part.result(timeout=600) for part in parts]
    seconds = max(end for end, _ in done) - min(start, *(end for end, _ in done))
    waits = [wait for _, found in done for wait in found]
    found = verify(ledger.database)
    ledger.database.dispose()
    rate, late = len(waits) / seconds, quantiles(waits, n=100)[98]
    print(
        f"{name:<12}{processes:>10}{rate:>11,.0f}{median(waits):>11.1f}{late:>9.1f}  "
        f"{'in order' if not found else found[0]}",
        flush=True,
    )


def work(url: str, first: int, count: int, threads: int, start: float) -> tuple[float, list[float]]:
    """In a process: sends reports from `start`; returns when it ended, and each wait in ms."""
    ledger = open_ledger(url, _tariffs())
    reports = [report(number) for number in range(first, first + count)]
    time.sleep(max(0.0, start - time.time()))
    with ThreadPoolExecutor(threads) as pool:
        waits = [
            wait for found in pool.map(lambda one: send(ledger, one), reports) for wait in found
        ]
    return time.time(), waits


def send(ledger: Ledger, one: UsageReport) -> list[float]:
    """Sends a report, every tenth twice; milliseconds until each was acknowledged."""
    waits = []
    for _ in range(2 if one.key.endswith("0") else 1):
        began = time.perf_counter()
        ledger.report(one, "terra-accounting", MARCH)
        waits.append((time.perf_counter() - began) * 1000)
    return waits


def report(number: int) -> UsageReport:
    """A report of one batch job."""
    return read_resources(
        {
            "jobId": f"j-{number}",
            "jobName": "NDVI",
            "executionId": f"e-{number}",
            "userId": f"user-{number % USERS}",
            "sourceId": "terra",
            "orchestrator": "openeo",
            "jobStart": MARCH - 900_000,
            "jobFinish": MARCH,
            "idempotencyKey": f"e-{number}",
            "state": "FINISHED",
            "status": "UNDEFINED",
            "metrics": {
                "cpu": {"value": 7200, "unit": "cpu-seconds"},
                "memory": {"value": 14745600, "unit": "mb-seconds"},
                "time": {"value": 900000, "unit": "milliseconds"},
            },
        }
    )


def _tariffs() -> Tariffs:
    return load_tariffs(PRICING)


@contextmanager
def postgresql_schema(server: str) -> Iterator[str]:
    """The URL of a schema that is dropped at the end."""
    engine = create_engine(server)
    name = f"bench_{uuid.uuid4().hex}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        yield f"{server}?options={quote(f'-csearch_path={name}')}"
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))


if __name__ == "__main__":
    main()
