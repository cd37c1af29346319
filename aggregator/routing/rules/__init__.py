"""The rules: one per module, each says why a backend cannot run a process.

A rule is a function `judge(needs, backend, asked)` that yields a reason for each thing that is
lacking, and nothing if it finds none. Every rule judges every backend, so that all that stands in
the way is known at once. What a backend has not published restricts nothing, except that without
its collections and processes it cannot be known to be able.
"""

from collections.abc import Callable, Iterable

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.rules import (
    bands,
    collections,
    endpoints,
    explicit,
    extents,
    input_formats,
    namespaces,
    online,
    output_formats,
    processes,
    references,
    service_types,
    udf_runtimes,
)
from aggregator.routing.verdicts import Asked, Reason

Rule = Callable[[Requirements, Abilities, Asked], Iterable[Reason]]

RULES: tuple[Rule, ...] = (
    online.judge,
    explicit.judge,
    collections.judge,
    bands.judge,
    extents.judge,
    processes.judge,
    namespaces.judge,
    references.judge,
    output_formats.judge,
    input_formats.judge,
    udf_runtimes.judge,
    service_types.judge,
    endpoints.judge,
)

__all__ = ["RULES", "Rule"]
