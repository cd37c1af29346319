"""How long jobs took at a provider: what the durations of past ones tell of the next."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LEAST = 5
"""Fewer jobs tell nothing, and might tell of somebody's."""


@dataclass(frozen=True)
class Durations:
    """Of so many jobs half took at most `median` milliseconds, nine in ten at most `long`."""

    jobs: int
    median: int
    long: int

    def as_json(self) -> dict[str, Any]:
        """What is said of them beside an estimate."""
        return {"jobs": self.jobs, "median": iso_8601(self.median), "long": iso_8601(self.long)}


def summarised(milliseconds: Iterable[int]) -> Durations | None:
    """The durations of jobs, summed up; None if there are fewer than LEAST."""
    ordered = sorted(value for value in milliseconds if value >= 0)
    if len(ordered) < LEAST:
        return None
    return Durations(len(ordered), _rank(ordered, 0.5), _rank(ordered, 0.9))


def iso_8601(milliseconds: int) -> str:
    """A duration as openEO writes it, in whole seconds, rounded up: PT42S."""
    return f"PT{math.ceil(milliseconds / 1000)}S"


def _rank(ordered: list[int], part: float) -> int:
    """The smallest of the values that at least this part of them does not exceed."""
    return ordered[math.ceil(part * len(ordered)) - 1]
