"""The rules: one per module, each says why a backend cannot run a process.

A rule's `judge(needs, backend, asked)` yields a reason for each thing that is lacking, and nothing
if it finds none; its `concerns(needs, asked)` says whether it is worth asking. Every rule judges
every backend, so that all that stands in the way is known at once. What a backend has not published
restricts nothing, except that without its collections and processes it cannot be known to be able.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

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
    payment,
    plans,
    processes,
    references,
    service_types,
    standing,
    udf_runtimes,
)
from aggregator.routing.verdicts import Asked, Reason


class Rule(NamedTuple):
    """What each module here provides."""

    concerns: Callable[[Requirements, Asked], bool]
    judge: Callable[[Requirements, Abilities, Asked], Iterable[Reason]]


RULES = (
    Rule(online.concerns, online.judge),
    Rule(standing.concerns, standing.judge),
    Rule(explicit.concerns, explicit.judge),
    Rule(collections.concerns, collections.judge),
    Rule(bands.concerns, bands.judge),
    Rule(extents.concerns, extents.judge),
    Rule(processes.concerns, processes.judge),
    Rule(namespaces.concerns, namespaces.judge),
    Rule(references.concerns, references.judge),
    Rule(output_formats.concerns, output_formats.judge),
    Rule(input_formats.concerns, input_formats.judge),
    Rule(udf_runtimes.concerns, udf_runtimes.judge),
    Rule(service_types.concerns, service_types.judge),
    Rule(endpoints.concerns, endpoints.judge),
    Rule(plans.concerns, plans.judge),
    Rule(payment.concerns, payment.judge),
)

__all__ = ["RULES", "Rule"]
