"""Times routing: reading a graph's needs, deciding over many backends, rewriting.

Run `python -m scripts.bench.routing`. All graphs and backends are generated here; times are CPU
time of this process, the median of several runs, without parsing the JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import process_time
from typing import Any

from aggregator.errors import OpenEOError
from aggregator.routing import (
    Abilities,
    abilities_of,
    decide,
    read_requirements,
    rewrite_for,
)

BACKENDS = 20
COLLECTIONS = 10_000
PROCESSES = [f"process_{number}" for number in range(140)]
PARAMETERS = ("data", "x", "y", "reducer", "context", "id", "bands", "spatial_extent", "format")

Graph = dict[str, Any]


def main() -> None:
    """Print one line per graph."""
    backends = [backend(number) for number in range(BACKENDS)]
    print(f"{BACKENDS} backends, {COLLECTIONS:,} collections, {len(PROCESSES)} processes each")
    print(f"{'graph':<34}{'nodes':>8}{'read ms':>10}{'decide ms':>11}{'rewrite ms':>12}  outcome")
    for name, graph in graphs().items():
        report(name, {"process_graph": graph}, backends)


def report(name: str, process: Graph, backends: list[Abilities]) -> None:
    """Time one graph; one that is refused is timed up to the refusal."""
    size = len(process["process_graph"])
    try:
        needs = read_requirements(process)
    except OpenEOError as error:
        refusal = milliseconds(lambda: refused(process), size)
        print(f"{name:<34}{'':>8}{refusal:>10.3f}{'':>11}{'':>12}  {error.code}")
        return
    routing = decide(needs, backends)
    read = milliseconds(lambda: read_requirements(process), size)
    # Requirements remember what they were asked: each decision gets fresh ones, as in a request.
    decided = milliseconds(lambda: decide(replace(needs), backends), size)
    rewritten = milliseconds(lambda: rewrite_for(process, "backend_0", own_ids={"C0": "c-0"}), size)
    outcome = routing.chosen or routing.rejection().code
    print(f"{name:<34}{needs.nodes:>8}{read:>10.3f}{decided:>11.3f}{rewritten:>12.3f}  {outcome}")


def refused(process: Graph) -> None:
    """Read a process that is refused."""
    try:
        read_requirements(process)
    except OpenEOError:
        return


def milliseconds(work: Callable[[], object], size: int) -> float:
    """The median over blocks of the CPU time of the work."""
    block = max(1, 2000 // size)
    times = []
    for _ in range(15):
        start = process_time()
        for _ in range(block):
            work()
        times.append((process_time() - start) / block)
    return median(times) * 1000


def backend(number: int) -> Abilities:
    """A backend with its share of the collections and all processes but one."""
    share = COLLECTIONS // BACKENDS
    first = number * share
    names = ["load_collection", "save_result", *(p for p in PROCESSES if p != PROCESSES[number])]
    return abilities_of(
        f"backend_{number}",
        capabilities={"api_version": "1.2.0"},
        collections=[collection(f"C{n}") for n in (0, *range(first + 1, first + share))],
        processes=[{"id": p, "parameters": [{"name": n} for n in PARAMETERS]} for p in names],
        file_formats={"input": {}, "output": {"GTiff": {}, "netCDF": {}}},
        udf_runtimes={},
        service_types={},
    )


def collection(identifier: str) -> Graph:
    """A collection with bands and extents."""
    return {
        "id": identifier,
        "cube:dimensions": {"bands": {"type": "bands", "values": [f"B{n}" for n in range(12)]}},
        "extent": {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [["2015-01-01T00:00:00Z", None]]},
        },
    }


def graphs() -> dict[str, Graph]:
    """The graphs that are timed."""
    return {
        "typical, 10 nodes": typical(10),
        "typical, 100 nodes": typical(100),
        "no single backend, 100 nodes": typical(100, first=0),
        "unknown process, 100 nodes": typical(99) | {"x": node("unknown_process")},
        "500 diamonds": diamonds(500),
        "chain of 10,000 nodes": chain(10_000),
        "10,000 different processes": {
            f"n{n}": node(f"other_{n}", result=n == 0) for n in range(10_000)
        },
        "chain of 10,001 nodes": chain(10_001),
        "circle of 10,000 nodes": chain(10_000) | {"n0": node("process_30", "n9999")},
    }


def node(process: str, *sources: str, result: bool = False, **arguments: Any) -> Graph:
    """A node that takes the results of others."""
    data: dict[str, Any] = {"data": [{"from_node": source} for source in sources]}
    return {"process_id": process, "arguments": data | arguments, "result": result}


def typical(nodes: int, first: int = 30) -> Graph:
    """Data loaded, a chain of processes with a callback every fifth node, and saved."""
    extent = {"west": 5, "south": 50, "east": 6, "north": 51}
    graph = {"n0": node("load_collection", id="C0", bands=["B1", "B2"], spatial_extent=extent)}
    count, last = 1, "n0"
    while count < nodes - 1:
        callback: dict[str, Any] = {}
        if count % 5 == 0:
            inner = {"process_graph": {"m": node("process_70", result=True)}}
            callback, count = {"reducer": inner}, count + 1
        name = f"n{count}"
        graph[name] = node(PROCESSES[first + len(graph) - 1], last, **callback)
        count, last = count + 1, name
    graph["save"] = node("save_result", last, result=True, format="gtiff")
    return graph


def diamonds(number: int) -> Graph:
    """Each pair of nodes takes the one before, and the next takes both."""
    graph = {"d0": node("load_collection", id="C0")}
    for n in range(number):
        graph[f"l{n}"] = node("process_40", f"d{n}")
        graph[f"r{n}"] = node("process_41", f"d{n}")
        graph[f"d{n + 1}"] = node("process_42", f"l{n}", f"r{n}", result=n == number - 1)
    return graph


def chain(nodes: int) -> Graph:
    """Each node takes the one before."""
    links = {
        f"n{n}": node("process_40", f"n{n - 1}", result=n == nodes - 1) for n in range(1, nodes)
    }
    return {"n0": node("load_collection", id="C0")} | links


if __name__ == "__main__":
    main()
