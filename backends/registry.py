"""The registry of the parser, filled with every process that can be run."""

from __future__ import annotations

from functools import cache

from openeo_pg_parser_networkx.process_registry import Process, ProcessRegistry

# Imported for what they declare.
from backends.definitions import definitions
from backends.processes import (  # noqa: F401
    aggregation,
    arrays,
    climatology,
    comparison,
    curves,
    dates,
    dimensions,
    filters,
    flattening,
    foreign,
    indices,
    logic,
    masks,
    mathematics,
    merging,
    neighborhoods,
    reducers,
    reduction,
    resampling,
    sequences,
    storage,
    texts,
    udfs,
    vectors,
    windows,
    zonal,
)
from backends.processes.declaration import IMPLEMENTATIONS


@cache
def registry() -> ProcessRegistry:
    """Implementations with their official definitions, under the namespace "predefined"."""
    filled = ProcessRegistry()
    for identifier, implementation in IMPLEMENTATIONS.items():
        spec = definitions().get(identifier, {})
        filled[identifier] = Process(spec=spec, implementation=implementation)
    return filled
