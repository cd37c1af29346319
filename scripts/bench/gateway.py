"""The aggregator against its own backends: rates, latencies, memory, as ratios.

``python -m scripts.bench.gateway --members 5 --collections 840`` starts that many
generated backends with that many collections in all, the aggregator in front of
them, and loads each endpoint through the aggregator and directly, in one run. Cold
is an aggregator that was started for this endpoint, and has only been seen to be
ready: its first answer, on a new connection, and its rate from then on. The backends
are not started anew.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from scripts.bench import asking
from scripts.bench.load import Figures, Request, measure
from scripts.bench.members import TOKEN
from scripts.bench.served import Aggregator, aggregator, free_port, members, peak_memory

GZIP = {"Accept-Encoding": "gzip"}
JSON = {"Content-Type": "application/json"}
SHARED = "/collections/SHARED_00000"
RESULTS = {"POST /result 1 kB": 1024, "POST /result 10 MB": 10_000_000}

Case = tuple[str, Request, Request]


def graph(size: int) -> bytes:
    """A request body whose result has this many bytes."""
    node = {"process_id": "constant", "arguments": {"x": size}, "result": True}
    return json.dumps({"process": {"process_graph": {"size": node}}}).encode()


def plan(through: str, direct: str, token: str) -> list[Case]:
    """Each endpoint as (label, through the aggregator, directly)."""
    user = {"Authorization": f"Bearer {token}"}
    own = {"Authorization": f"Bearer basic//{TOKEN}"}
    public = [
        (path, Request(through + path, headers=GZIP), Request(direct + path, headers=GZIP))
        for path in ("/", "/collections", SHARED, "/processes")
    ]
    jobs = [
        (path, Request(through + path, headers=user), Request(direct + local, headers=own))
        for path, local in (("/jobs", "/jobs"), ("/jobs/m0-job-001", "/jobs/job-001"))
    ]
    sent = [("POST /jobs", "/jobs", 1)]
    sent += [(label, "/result", size) for label, size in RESULTS.items()]
    posts = [
        (
            label,
            Request(through + path, "POST", user | JSON, graph(size)),
            Request(direct + path, "POST", own | JSON, graph(size)),
        )
        for label, path, size in sent
    ]
    return public + jobs + posts


def report_warm(found: Aggregator, direct: str, token: str, given: argparse.Namespace) -> None:
    """Loads every endpoint for some seconds, and prints the table."""
    print(
        f"{'warm':28}{'req/s':>9}{'direct':>9}{'ratio':>7}{'p50 ms':>9}{'p95 ms':>9}"
        f"{'direct':>9}{'ratio':>7}{'bytes':>11}"
    )
    for connections in given.connections:
        print(f"{connections} connections")
        for label, through, straight in plan(found.root, direct, token):
            load = {"connections": connections, "seconds": given.seconds}
            _show("  " + label, measure(through, **load), measure(straight, **load))
    print(f"peak memory of the aggregator's processes, MB: {peak_memory(found.process)}")


def _show(label: str, through: Figures, direct: Figures) -> None:
    print(
        f"{label:28}{through.rate:9.0f}{direct.rate:9.0f}{through.rate / direct.rate:7.2f}"
        f"{through.p50:9.2f}{through.p95:9.2f}{direct.p50:9.2f}"
        f"{through.p50 / direct.p50:7.2f}{through.body_bytes:11d}{_failed(through)}",
        flush=True,
    )


def report_cold(ports: Sequence[int], direct: str, token: str, given: argparse.Namespace) -> None:
    """Starts the aggregator for each endpoint, loads that, and prints the table."""
    share = given.collections // given.members
    print(
        f"{'cold':28}{'req/s':>9}{'direct':>9}{'ratio':>7}{'first ms':>9}{'direct':>9}{'ratio':>7}"
        f"{'ready s':>9}"
    )
    for number, (label, _, straight) in enumerate(plan("", direct, token)):
        with aggregator(ports, share, given.workers) as found:
            through = measure(plan(found.root, direct, token)[number][1], 1, given.cold)
        alone = measure(straight, 1, given.cold)
        print(
            f"  {label:26}{through.rate:9.0f}{alone.rate:9.0f}{through.rate / alone.rate:7.2f}"
            f"{through.first:9.2f}{alone.first:9.2f}{through.first / alone.first:7.2f}"
            f"{found.ready:9.1f}{_failed(through)}",
            flush=True,
        )


def _failed(through: Figures) -> str:
    return f"  {through.failures} FAILED" if through.failures else ""


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
        "--cold", type=float, metavar="SECONDS", default=1.0, help="of load when cold; 0: none"
    )
    parser.add_argument(
        "--connections", type=int, metavar="N", nargs="*", default=[1, 16], help="held open"
    )
    parser.add_argument("--workers", type=int, metavar="N", default=2, help="of the aggregator")
    given = parser.parse_args()
    share = given.collections // given.members
    ports = [free_port() for _ in range(given.members)]
    direct = f"http://127.0.0.1:{ports[0]}"
    with members(ports, share, given.delay):
        with aggregator(ports, share, given.workers) as found:
            print(f"cold start to the full listing: {found.ready:.1f} s")
            token = found.login()
            report_warm(found, direct, token, given)
        if given.cold:
            report_cold(ports, direct, token, given)


if __name__ == "__main__":
    main()
