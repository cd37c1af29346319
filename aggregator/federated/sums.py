"""Progress, costs and usage of the whole, from those of its parts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.documents import is_object, number, text
from aggregator.federated.states import FINISHED, PartState

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_UNITS = (86_400, 3_600, 60, 1)


def progress(parts: Sequence[PartState]) -> float:
    """How much is done, in percent; each part counts as much as the others."""
    done = [100.0 if p.stage == FINISHED else min(max(p.progress or 0.0, 0.0), 99.0) for p in parts]
    return round(sum(done) / len(done), 1) if done else 0.0


def costs(parts: Sequence[PartState]) -> float | None:
    """The costs so far; None if nothing is known of any."""
    known = [part.costs for part in parts if part.costs is not None]
    return round(sum(known), 3) if known else None


def usage(parts: Sequence[PartState]) -> dict[str, Any]:
    """Metrics added up; of one that is measured in two units only the first is."""
    found: dict[str, Any] = {}
    for part in parts:
        for name, metric in part.usage.items():
            value = number(metric, "value")
            if not is_object(metric) or value is None:
                continue
            before = found.get(name)
            if before is None:
                found[name] = {"value": value, "unit": text(metric, "unit")}
            elif before["unit"] == text(metric, "unit"):
                before["value"] = _plain(before["value"] + value)
    return found


def _plain(value: float) -> float:
    """A sum without the noise of binary fractions: 0.1 and 0.2 are 0.3."""
    return value if isinstance(value, int) else float(f"{value:.15g}")


def seconds_of(duration: object) -> float | None:
    """The seconds in a duration of ISO 8601, such as PT5M; None if it is none, or in months."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if found is None or not any(found.groups()):
        return None
    return sum(float(value or 0) * unit for value, unit in zip(found.groups(), _UNITS, strict=True))


def longest_way(needs: Mapping[str, Sequence[str]], seconds: Mapping[str, float]) -> float:
    """How long all parts take, those that need no other at the same time; dependencies first."""
    ends: dict[str, float] = {}
    for part, needed in needs.items():
        ends[part] = seconds[part] + max((ends[one] for one in needed), default=0.0)
    return max(ends.values(), default=0.0)


def readable_usage(document: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics in a job's metadata that can be added up."""
    metrics = document.get("usage")
    if not is_object(metrics):
        return {}
    return {
        name: {"value": value, "unit": text(metric, "unit")}
        for name, metric in metrics.items()
        if (value := number(metric, "value")) is not None
    }
