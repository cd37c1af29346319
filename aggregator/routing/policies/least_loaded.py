"""Where the least work is under way, and where answers come soonest if that is equal.

openEO has no word for the length of a backend's queue. What counts is what the federation itself
has given to a backend and what has not ended, in relation to the backend's weight: twice the weight
stands for twice the room. How soon it answers decides between equals only, and only if one takes
twice as long as another: less is noise, and would send all work to and fro.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from aggregator.routing.policies.facts import Facts
from aggregator.routing.policies.figures import ranked_by
from aggregator.routing.preferences import Rating

QUICKEST = 0.001
"""Seconds: what is quicker than this is equally quick."""

Load = tuple[bool, float, float]


def rate(able: Sequence[str], facts: Facts) -> dict[str, Rating]:
    """By jobs under way for each unit of weight, then by latency in steps of a factor of two."""
    loads = {name: _load(name, facts) for name in able}
    return ranked_by(
        able,
        {name: load for name, load in loads.items() if load is not None},
        best="least loaded",
        equal="as little loaded as",
        said=lambda name: _said(name, facts),
        unknown=lambda _: "its load is not known",
        nothing="no load is known",
    )


def _load(name: str, facts: Facts) -> Load | None:
    queue, latency = facts.queues.get(name), facts.latencies.get(name)
    if queue is None and latency is None:
        return None
    step = math.inf if latency is None else math.floor(math.log2(max(latency, QUICKEST)))
    if queue is None:
        return True, 0.0, step
    weight = facts.weight(name)
    return False, queue / weight if weight > 0 else math.inf, step


def _said(name: str, facts: Facts) -> str:
    queue, latency = facts.queues.get(name), facts.latencies.get(name)
    jobs = "an unknown number of jobs" if queue is None else f"{queue} job{'s' * (queue != 1)}"
    weight = facts.weight(name)
    weighed = f" for a weight of {weight:g}" if queue is not None and weight != 1 else ""
    soon = "" if latency is None else f" and answers within {latency * 1000:.0f} ms"
    return f"{jobs} under way{weighed}{soon}"
