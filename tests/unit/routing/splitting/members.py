"""Backends, collections and graphs for the tests of splitting, and what plans are held against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aggregator.routing import Abilities, Plan
from aggregator.routing.plans import PART_ADDRESS
from aggregator.routing.splitting import CollectionFacts, Unsplittable, facts_of, split
from tests.unit.routing.documents import Json, backend, load, node, process, ref

CUBE = {"type": "object", "subtype": "datacube"}
PROCESSES: dict[str, list[str]] = {
    "load_collection": ["id", "spatial_extent", "temporal_extent", "bands", "properties"],
    "load_stac": ["url", "spatial_extent", "temporal_extent", "bands", "properties"],
    "load_uploaded_files": ["paths", "format", "options"],
    "load_result": ["id", "spatial_extent", "temporal_extent", "bands"],
    "save_result": ["data", "format", "options"],
    "export_workspace": ["data", "workspace", "merge"],
    "reduce_dimension": ["data", "reducer", "dimension", "context"],
    "aggregate_temporal_period": ["data", "period", "reducer"],
    "aggregate_spatial": ["data", "geometries", "reducer"],
    "resample_cube_spatial": ["data", "target", "method"],
    "apply": ["data", "process"],
    "ndvi": ["data", "nir", "red", "target_band"],
    "mask": ["data", "mask", "replacement"],
    "merge_cubes": ["cube1", "cube2", "overlap_resolver"],
    "run_udf": ["data", "udf", "runtime", "version", "context"],
    "filter_bands": ["data", "bands"],
    "mean": ["data"],
    "eq": ["x", "y"],
}
FILES: Json = {
    "input": {"GTiff": {}, "netCDF": {}},
    "output": {"GTiff": {}, "netCDF": {}},
}
BOX = {"west": 10.0, "south": 0.0, "east": 10.1, "north": 0.1}
"""At the equator, a tenth of a degree each way: 1,112 pixels of ten metres each way."""

YEAR = ["2023-01-01", "2024-01-01"]


BANDS = {"S1": ("VV", "VH"), "S2": ("B04", "B08"), "LANDCOVER": ("MAP",)}


def collection(name: str, **more: Any) -> Json:
    """A collection every five days in ten metres, as a backend describes it in full."""
    return {
        "id": name,
        "extent": {
            "spatial": {"bbox": [[-180, -80, 180, 80]]},
            "temporal": {"interval": [["2016-01-01T00:00:00Z", None]]},
        },
        "cube:dimensions": {
            "x": {"type": "spatial", "axis": "x"},
            "y": {"type": "spatial", "axis": "y"},
            "t": {"type": "temporal", "step": "P5D"},
            "bands": {"type": "bands", "values": list(BANDS[name])},
        },
        "summaries": {"gsd": [10]},
        **more,
    }


def member(
    name: str,
    *collections: str | Json,
    without: Iterable[str] = (),
    only: Iterable[str] | None = None,
    **more: Any,
) -> Abilities:
    """A backend with these collections and all processes but some."""
    offered = set(PROCESSES if only is None else only) - set(without)
    listed = [{"id": p, "parameters": _named(names)} for p, names in PROCESSES.items()]
    given: Any = {"file_formats": FILES, **more}
    return backend(
        name,
        collections=[collection(c) if isinstance(c, str) else c for c in collections],
        processes=[process for process in listed if process["id"] in offered],
        **given,
    )


def _named(names: Sequence[str]) -> list[Json]:
    return [{"name": name, "schema": {}} for name in names]


def facts(*names: str | Json, at: Sequence[str] = ("terra", "aurora", "boreal")) -> Any:
    """What is known of these collections, at all backends alike."""
    documents = [collection(name) if isinstance(name, str) else name for name in names]
    return {d["id"]: {backend: facts_of(d) for backend in at} for d in documents}


def callback(process_id: str, name: str = "data", **more: Any) -> Json:
    """A callback of one node."""
    given: Json = {name: {"from_parameter": name}, **more}
    inner = node(process_id, result=True, **given)
    return {"process_graph": {"inner": inner}}


def over_time(data: Json) -> Json:
    """A node with the mean over time."""
    return node("reduce_dimension", data=data, dimension="t", reducer=callback("mean"))


WHAT: Json = {"spatial_extent": BOX, "temporal_extent": YEAR}
TERRA, AURORA = member("terra", "S2"), member("aurora", "S1")
BOREAL = member("boreal", "LANDCOVER")


def optical_and_radar(**more: Json) -> Json:
    """The mean of each over a year, merged."""
    return process(
        optical=load("S2", **WHAT),
        ndvi=node("ndvi", data=ref("optical")),
        optical_mean=over_time(ref("ndvi")),
        radar=load("S1", **WHAT),
        radar_mean=over_time(ref("radar")),
        merged=node("merge_cubes", cube1=ref("optical_mean"), cube2=ref("radar_mean")),
        save=node("save_result", data=ref("merged"), format="GTiff"),
        **more,
    )


def planned(process: Json, backends: Sequence[Abilities], **more: Any) -> Plan:
    """The plan for a process; the test fails with the obstacles if there is none."""
    found = split(process, backends, **{"facts": facts("S1", "S2", "LANDCOVER"), **more})
    assert isinstance(found, Plan), found.explain()
    return found


def refused(process: Json, backends: Sequence[Abilities], **more: Any) -> list[str]:
    """The obstacles in the way of a process; the test fails with the plan if there is one."""
    found = split(process, backends, **{"facts": facts("S1", "S2", "LANDCOVER"), **more})
    assert isinstance(found, Unsplittable), found.explain()
    return [obstacle.text for obstacle in found.obstacles]


def where(plan: Plan) -> list[tuple[str, list[str]]]:
    """The backend and the nodes of each part."""
    return [(part.backend, list(part.nodes)) for part in plan.parts]


def handed(plan: Plan) -> list[str]:
    """The nodes whose results are handed on."""
    return [exchange.node for exchange in plan.exchanges]


def joined(plan: Plan) -> Json:
    """The graph of the whole, put together from the parts."""
    made_by = {exchange.producer: exchange.node for exchange in plan.exchanges}
    graph: Json = {}
    for part in plan.parts:
        own = part.process["process_graph"]
        graph |= {name: content for name, content in own.items() if name in part.nodes}
        added = {name: content for name, content in own.items() if name not in part.nodes}
        saved = [name for name, one in added.items() if one["process_id"] == "save_result"]
        read = {
            name: one["arguments"]["url"].removeprefix(PART_ADDRESS)
            for name, one in added.items()
            if one["process_id"] == "load_stac"
        }
        assert len(saved) + len(read) == len(added)
        assert [added[name]["arguments"]["data"] for name in saved] == (
            [] if part is plan.last else [{"from_node": made_by[part.id]}]
        )
        # What is read stands for the node that was handed on.
        assert {made_by[producer] for producer in read.values()} == set(read)
        assert sorted(read.values()) == sorted(part.needs)
    return graph


__all__ = [
    "AURORA",
    "BOREAL",
    "BOX",
    "FILES",
    "PROCESSES",
    "TERRA",
    "WHAT",
    "YEAR",
    "CollectionFacts",
    "callback",
    "collection",
    "facts",
    "handed",
    "joined",
    "member",
    "optical_and_radar",
    "over_time",
    "planned",
    "refused",
    "where",
]
