"""What users ask for: jobs on collections, at any time of the day."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aggregator.moments import DAY, HOUR
from scripts.simulation.scenario import Scenario


@dataclass(frozen=True)
class Job:
    """A job that a user wants: how long it takes where it runs, in milliseconds."""

    number: int
    at: int
    user: str
    collection: str
    duration: int


def jobs_of(scenario: Scenario) -> Iterator[Job]:
    """All jobs, in order of time; the same for the same scenario, whatever the policy."""
    source = random.Random(f"{scenario.seed}/jobs")  # noqa: S311 - no secret
    load = scenario.load
    collections = sorted({c for member in scenario.members for c in member.collections})
    if not collections or not load.users or not load.jobs_per_day:
        return
    at, number = scenario.start, 0
    while True:
        at += int(source.expovariate(load.jobs_per_day / load.burst / DAY)) + 1
        if at >= scenario.end:
            return
        user = f"user{source.randrange(load.users) + 1}"
        for _ in range(load.burst):
            number += 1
            yield Job(
                number,
                at,
                user,
                source.choice(collections),
                max(int(source.expovariate(1 / (load.hours * HOUR))), 1000),
            )


def process_of(collection: str) -> dict[str, Any]:
    """The process that such a job runs."""
    load = {"process_id": "load_collection", "arguments": {"id": collection}}
    save = {
        "process_id": "save_result",
        "arguments": {"data": {"from_node": "load"}, "format": "GTiff"},
        "result": True,
    }
    return {"process_graph": {"load": load, "save": save}}
