"""Observations of members, as many as a story needs."""

from __future__ import annotations

from collections.abc import Iterator

from aggregator.health.observations import Observation
from aggregator.moments import month_bounds

STEP = 300_000


def probes(
    start: int,
    end: int,
    *,
    backend: str = "terra",
    down: tuple[tuple[int, int], ...] = (),
    step: int = STEP,
) -> list[Observation]:
    """A probe each five minutes from `start` until before `end`, failures in the spans `down`."""
    return list(_probes(start, end, backend, down, step))


def month(
    name: str, failures: int = 0, *, backend: str = "terra", step: int = STEP
) -> list[Observation]:
    """All probes of a month, of which the first so many fail."""
    start, end = month_bounds(name)
    return probes(start, end, backend=backend, down=((start, start + failures * step),), step=step)


def _probes(
    start: int, end: int, backend: str, down: tuple[tuple[int, int], ...], step: int
) -> Iterator[Observation]:
    for at in range(start, end, step):
        if any(a <= at < b for a, b in down):
            yield Observation(backend, at, False, 3000, None, "connection", "refused at 10.0.0.7")
        else:
            yield Observation(backend, at, True, 80, 200)
