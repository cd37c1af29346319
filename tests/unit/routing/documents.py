"""Backends and processes for the tests of routing, from raw documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

from aggregator.routing import Abilities, Reason, Requirements, abilities_of, read_requirements
from aggregator.routing.abilities import Allowed
from aggregator.routing.verdicts import Asked

Json = dict[str, Any]

PARAMETERS = {
    "load_collection": ["id", "spatial_extent", "temporal_extent", "bands", "properties"],
    "save_result": ["data", "format", "options"],
    "reduce_dimension": ["data", "reducer", "dimension", "context"],
    "load_result": ["id", "spatial_extent", "temporal_extent", "bands"],
    "load_stac": ["url", "spatial_extent", "temporal_extent", "bands", "properties"],
    "run_udf": ["data", "udf", "runtime", "version", "context"],
    "load_uploaded_files": ["paths", "format", "options"],
    "ndvi": ["data", "nir", "red", "target_band"],
    "mean": ["data", "ignore_nodata"],
    "max": ["data", "ignore_nodata"],
}


def described(process: str | Json) -> Json:
    """A process as a backend lists it; unknown ones take `data`, `x` and `y`."""
    if isinstance(process, dict):
        return process
    names = PARAMETERS.get(process, ["data", "x", "y"])
    return {"id": process, "parameters": [{"name": name, "schema": {}} for name in names]}


def _collection(collection: str | Json) -> Json:
    return {"id": collection} if isinstance(collection, str) else collection


def backend(
    name: str = "terra",
    *,
    online: bool = True,
    collections: Sequence[str | Json] | None = ("S2",),
    processes: Sequence[str | Json] | None = (*PARAMETERS,),
    capabilities: Json | None = None,
    file_formats: Json | None = None,
    udf_runtimes: Json | None = None,
    service_types: Json | None = None,
    collection_names: dict[str, str] | None = None,
    allowed: Allowed = lambda _kind, _identifier: True,
) -> Abilities:
    """A backend that has these collections and processes, given by id or as documents."""
    return abilities_of(
        name,
        online=online,
        capabilities=capabilities,
        collections=None if collections is None else [_collection(c) for c in collections],
        processes=None if processes is None else [described(p) for p in processes],
        file_formats=file_formats,
        udf_runtimes=udf_runtimes,
        service_types=service_types,
        collection_names=collection_names,
        allowed=allowed,
    )


def node(
    process_id: str, *, result: bool = False, namespace: str | None = None, **given: Any
) -> Json:
    """A node of a process graph."""
    found: Json = {"process_id": process_id, "arguments": given}
    if namespace is not None:
        found["namespace"] = namespace
    return found | ({"result": True} if result else {})


def load(collection: str = "S2", *, result: bool = False, **given: Any) -> Json:
    """A node that loads a collection."""
    return node("load_collection", result=result, id=collection, **given)


def ref(name: str) -> Json:
    """The result of another node."""
    return {"from_node": name}


def process(**nodes: Json) -> Json:
    """A process of these nodes; the last is its result if none says so."""
    if not any(content.get("result") for content in nodes.values()):
        last = list(nodes)[-1]
        nodes[last] = {**nodes[last], "result": True}
    return {"process_graph": nodes}


def needs(**nodes: Json) -> Requirements:
    """What such a process needs."""
    return read_requirements(process(**nodes))


def only(backend_id: str, process_id: str = "eq") -> Json:
    """The condition on `federation:backends` as the openEO Python client sends it."""
    arguments = {"x": {"from_parameter": "value"}, "y": backend_id}
    inner = {"eq1": {"process_id": process_id, "arguments": arguments, "result": True}}
    return {"federation:backends": {"process_graph": inner}}


Judge = Callable[[Requirements, Abilities, Asked], Iterable[Reason]]


def said(judge: Judge, wanted: Requirements, judged: Abilities, **asked: Any) -> list[str]:
    """What a rule says about a backend, as text with the node; it must say that it is concerned."""
    request = Asked(**{"members": ("terra", "aurora"), **asked})
    found = [str(reason) for reason in judge(wanted, judged, request)]
    assert not found or import_module(judge.__module__).concerns(wanted, request), "passed over"
    return found
