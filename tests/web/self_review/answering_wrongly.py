"""Mutations of what is computed: a process that does something else than it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.web.self_review.computing import Arguments

Node = dict[str, Any]
Alters = Callable[[str, Arguments], Node | None]
"""What a call is replaced with; None if it stays as it is."""


def _as_it_came(arguments: Arguments, name: str = "data") -> Node:
    """A node that hands on its data."""
    return {"process_id": "inspect", "arguments": {"data": arguments[name], "message": ""}}


def passes_on(process: str, name: str = "data") -> Alters:
    """The process does nothing."""
    return lambda called, arguments: _as_it_came(arguments, name) if called == process else None


def replaced(process: str, **arguments: Any) -> Alters:
    """The process takes other arguments than it is given."""
    return lambda called, given: (
        {"process_id": called, "arguments": {**given, **arguments}} if called == process else None
    )


def instead(process: str, other: str, **arguments: Any) -> Alters:
    """Another process is computed."""
    return lambda called, _given: (
        {"process_id": other, "arguments": arguments} if called == process else None
    )


def reducing(process: str, argument: str, this: str, other: str) -> Alters:
    """A callback of one process is taken for another one."""

    def alter(called: str, arguments: Arguments) -> Node | None:
        inner = str(arguments.get(argument))
        if called != process or f"'process_id': '{this}'" not in inner:
            return None
        return {"process_id": called, "arguments": {**arguments, argument: _callback(other)}}

    return alter


def _callback(process: str) -> Node:
    inner = {"process_id": process, "arguments": {"data": {"from_parameter": "data"}}}
    return {"process_graph": {"it": {**inner, "result": True}}}


def _doubled(called: str, arguments: Arguments) -> Node | None:
    """Twice as much of a collection is loaded as was asked for."""
    if called != "load_collection":
        return None
    box = arguments["spatial_extent"]
    wider = {**box, "east": 2 * box["east"] - box["west"]}
    return {"process_id": called, "arguments": {**arguments, "spatial_extent": wider}}


def _swapped(called: str, arguments: Arguments) -> Node | None:
    """The bands of a vegetation index are taken for one another."""
    if called != "ndvi":
        return None
    changed = {**arguments, "nir": arguments["red"], "red": arguments["nir"]}
    return {"process_id": called, "arguments": changed}


def _tripled(called: str, arguments: Arguments) -> Node | None:
    """What is inspected is changed."""
    if called != "inspect":
        return None
    return {"process_id": "apply_kernel", "arguments": {"data": arguments["data"], "kernel": [[3]]}}


def _long_ago(called: str, arguments: Arguments) -> Node | None:
    """Times are told that are not those of the data."""
    if called != "dimension_labels" or arguments["dimension"] != "t":
        return None
    return {"process_id": "array_create", "arguments": {"data": ["1999-01-01"]}}


def where(argument: str, value: str, alters: Alters) -> Alters:
    """Only the calls in whose argument that stands."""
    return lambda called, arguments: (
        alters(called, arguments) if value in str(arguments.get(argument)) else None
    )


SMALL_KERNEL = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
WRONG: dict[str, Alters] = {
    "apply": where("process", "multiply", passes_on("apply")),
    "reduce_dimension": reducing("reduce_dimension", "reducer", "sum", "max"),
    "apply_dimension": passes_on("apply_dimension"),
    "aggregate_temporal": reducing("aggregate_temporal", "reducer", "mean", "max"),
    "aggregate_temporal_period": reducing("aggregate_temporal_period", "reducer", "mean", "min"),
    "ndvi": _swapped,
    "filter_bands": where("bands", "['B08']", replaced("filter_bands", bands=["B04"])),
    "merge_cubes": passes_on("merge_cubes", "cube1"),
    "mask": passes_on("mask"),
    "apply_kernel": replaced("apply_kernel", kernel=SMALL_KERNEL),
    "inspect": _tripled,
    "nan": instead("nan", "pi"),
    "load_collection": _doubled,
    "filter_bbox": passes_on("filter_bbox"),
    "filter_spatial": passes_on("filter_spatial"),
    "mask_polygon": replaced("mask_polygon", inside=True),
    "resample_spatial": replaced("resample_spatial", resolution=30),
    "resample_cube_spatial": passes_on("resample_cube_spatial"),
    "aggregate_spatial": reducing("aggregate_spatial", "reducer", "mean", "sum"),
    "dimension_labels": _long_ago,
    "filter_temporal": passes_on("filter_temporal"),
    "rename_dimension": passes_on("rename_dimension"),
    "rename_labels": passes_on("rename_labels"),
    "add_dimension": replaced("add_dimension", label="two"),
    "drop_dimension": passes_on("drop_dimension"),
}
"""What a process does in place of what it says."""
WRONG_TOO = {
    "filter_bands": (("merge_cubes",), "the bands that are merged come from it"),
    "load_collection": (
        ("filter_bbox", "filter_spatial", "mask_polygon"),
        "what they must keep lies elsewhere in it",
    ),
}
"""What else is wrong by it, and why."""
