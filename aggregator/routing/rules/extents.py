"""A collection must have something where and when it is asked for.

Only extents that are apart count; whoever asks for more than there is gets what there is.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite

from aggregator.routing.abilities import Abilities
from aggregator.routing.extents import Box, Interval
from aggregator.routing.requirements import Requirements
from aggregator.routing.verdicts import Asked, Reason


def concerns(needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return any(need.box or need.interval for need in needs.collections)


def judge(needs: Requirements, backend: Abilities, _asked: Asked) -> Iterator[Reason]:
    """Judge by the published boxes and intervals."""
    for need in needs.collections:
        if need.box is None and need.interval is None:
            continue
        collection = (backend.collections or {}).get(need.id)
        if collection is None:
            continue
        if need.box is not None and _apart(need.box, collection.boxes):
            text = (
                f"has collection '{need.id}' only within {_boxes(collection.boxes)}, "
                f"not at {_boxes((need.box,))}"
            )
            yield Reason("extents", text, need.path)
        if need.interval is not None and _apart(need.interval, collection.intervals):
            text = (
                f"has collection '{need.id}' only {_intervals(collection.intervals)}, "
                f"not {_intervals((need.interval,))}"
            )
            yield Reason("extents", text, need.path)


def _apart(wanted: Box | Interval, published: tuple[Box, ...] | tuple[Interval, ...]) -> bool:
    return bool(published) and not any(wanted.meets(part) for part in published)  # type: ignore[arg-type]


def _boxes(boxes: tuple[Box, ...]) -> str:
    # The first one is the overall extent by STAC, and good enough where it is not.
    west, south, east, north = boxes[0]
    return f"{west:g} to {east:g}° E, {south:g} to {north:g}° N"


def _intervals(intervals: tuple[Interval, ...]) -> str:
    start = min(interval.start for interval in intervals)
    end = max(interval.end for interval in intervals)
    return f"from {_day(start)} to {_day(end)}"


def _day(instant: float) -> str:
    if not isfinite(instant):
        return "ever"
    return datetime.fromtimestamp(instant, UTC).date().isoformat()
