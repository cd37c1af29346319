"""Times routing: reading a graph's needs, deciding over many backends, rewriting, splitting.

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
    Plan,
    abilities_of,
    decide,
    read_requirements,
    rewrite_for,
)
from aggregator.routing.splitting import facts_of, split
from scripts.bench import asking

BACKENDS = 20
COLLECTIONS = 10_000
PROCESSES = [f"process_{number}" for number in range(140)]
PARAMETERS = ("data", "x", "y", "reducer", "context", "id", "bands", "spatial_extent", "format")

Graph = dict[str, Any]


def main() -> None:
    """Print one line per graph."""
    asking.parser("routing", __doc__).parse_args()
    backends = [backend(number) for number in range(BACKENDS)]
    print(f"{BACKENDS} backends, {COLLECTIONS:,} collections, {len(PROCESSES)} processes each")
    print(f"{'graph':<34}{'nodes':>8}{'read ms':>10}{'decide ms':>11}{'rewrite ms':>12}  outcome")
    for name, graph in graphs().items():
        report(name, {"process_graph": graph}, backends)
    print(f"\n{'split':<34}{'nodes':>8}{'ms':>10}  outcome")
    sharing = [sharing_backend(number) for number in range(BACKENDS)]
    for name, graph in split_graphs().items():
        report_split(name, {"process_graph": graph}, sharing)


def report_split(name: str, process: Graph, backends: list[Abilities]) -> None:
    """Time splitting one graph, from its JSON to a plan that the rules have approved."""
    found = split(process, backends, facts=FACTS)
    time = milliseconds(lambda: split(process, backends, facts=FACTS), 2000)
    parts = f"{len(found.parts)} parts" if isinstance(found, Plan) else found.obstacles[0].cause
    print(f"{name:<34}{len(process['process_graph']):>8}{time:>10.3f}  {parts}")


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


def sharing_backend(number: int) -> Abilities:
    """A backend with a collection that no other has, and what it takes to exchange results."""
    cubes = {"netCDF": {"gis_data_types": ["raster"]}}
    return abilities_of(
        f"backend_{number}",
        collections=[dated(f"C{number}")],
        processes=[{"id": p, "parameters": [{"name": n} for n in PASSED]} for p in CUBE_PROCESSES],
        file_formats={"input": cubes, "output": cubes},
    )


def dated(identifier: str) -> Graph:
    """A collection of twelve bands every five days in ten metres."""
    axes = {axis: {"type": "spatial", "axis": axis} for axis in ("x", "y")}
    dimensions = collection(identifier)["cube:dimensions"] | axes
    dimensions["t"] = {"type": "temporal", "step": "P5D"}
    return collection(identifier) | {"cube:dimensions": dimensions, "summaries": {"gsd": [10]}}


CUBE_PROCESSES = (
    *("load_collection", "load_stac", "save_result", "apply", "filter_bands", "merge_cubes"),
    "reduce_dimension",
)
PASSED = (*PARAMETERS, "temporal_extent", "url", "dimension", "cube1", "cube2")
FACTS = {
    f"C{number}": {f"backend_{number}": facts_of(dated(f"C{number}"))} for number in range(BACKENDS)
}


def split_graphs() -> dict[str, Graph]:
    """The graphs that no single one of the backends can run."""
    return {
        "2 collections": merged(2, 2),
        "10 collections": merged(10, 7),
        "20 collections": merged(20, 2),
        "500 diamonds and a collection": merged_diamonds(500),
        "chain of 10,000 nodes": chain(10_000),
    }


def merged(collections: int, between: int) -> Graph:
    """Collections, each with some processes and a mean over time, merged one after the other."""
    graph, last = {}, ""
    for number in range(collections):
        graph[f"c{number}"] = load(number)
        for place in range(between):
            source = f"c{number}" if place == 0 else f"p{number}_{place - 1}"
            graph[f"p{number}_{place}"] = over("apply", source)
        last_of = f"p{number}_{between - 1}"
        graph[f"m{number}"] = over("reduce_dimension", last_of, dimension="t")
        if last:
            cubes = {"cube1": {"from_node": last}, "cube2": {"from_node": f"m{number}"}}
            graph[f"j{number}"] = {"process_id": "merge_cubes", "arguments": cubes}
        last = f"j{number}" if last else f"m{number}"
    graph["save"] = over("save_result", last, format="netCDF") | {"result": True}
    return graph


def merged_diamonds(number: int) -> Graph:
    """Diamonds over one collection, merged with another one in the end."""
    graph = {"d0": load(0), "other": load(1)}
    for n in range(number):
        graph[f"l{n}"] = over("apply", f"d{n}")
        graph[f"r{n}"] = over("filter_bands", f"d{n}", bands=["B1"])
        sides = {"cube1": {"from_node": f"l{n}"}, "cube2": {"from_node": f"r{n}"}}
        graph[f"d{n + 1}"] = {"process_id": "merge_cubes", "arguments": sides}
    both = {"cube1": {"from_node": f"d{number}"}, "cube2": {"from_node": "other"}}
    graph["all"] = {"process_id": "merge_cubes", "arguments": both, "result": True}
    return graph


def over(process: str, source: str, **more: Any) -> Graph:
    """A node that works on a cube."""
    return {"process_id": process, "arguments": {"data": {"from_node": source}, **more}}


def load(number: int) -> Graph:
    """A small area of one of the collections, over a year."""
    extent = {"west": 5, "south": 50, "east": 5.1, "north": 50.1}
    arguments = {
        "id": f"C{number}",
        "spatial_extent": extent,
        "temporal_extent": ["2024-01-01", "2025-01-01"],
    }
    return {"process_id": "load_collection", "arguments": arguments}


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
