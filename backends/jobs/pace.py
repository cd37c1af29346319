"""How fast this backend works, measured on the jobs that it has run.

A job takes a while however little it loads, and then longer the more it loads. Both are taken from
the latest jobs: the first from small ones, the second from large ones.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from backends.errors import OpenEOError
from backends.jobs.budgets import SAMPLES_PER_SECOND, START_SECONDS, estimate
from backends.jobs.records import Job
from backends.profile import Profile

LATEST: Final = 50
"""So many of the latest jobs are looked at."""
LEAST: Final = 3
"""Fewer jobs measure nothing."""
SMALL: Final = SAMPLES_PER_SECOND / 2
LARGE: Final = SAMPLES_PER_SECOND * 2
"""Samples up to which a job counts as small, and from which it counts as large."""


@dataclass(frozen=True)
class Pace:
    """Seconds that any job takes, and samples that are computed in each second more."""

    start: float = START_SECONDS
    rate: float = SAMPLES_PER_SECOND

    def seconds(self, samples: float) -> float:
        """How long a job takes that loads so many samples."""
        return self.start + samples / self.rate


def pace_of(runs: Iterable[tuple[float, float]]) -> Pace:
    """The pace in these runs (samples, seconds); what they cannot tell is assumed."""
    known = list(runs)
    short = [seconds for samples, seconds in known if samples <= SMALL]
    start = median(short) if len(short) >= LEAST else START_SECONDS
    rates = [
        samples / (seconds - start)
        for samples, seconds in known
        if samples >= LARGE and seconds > start
    ]
    return Pace(start, median(rates) if len(rates) >= LEAST else SAMPLES_PER_SECOND)


def runs_of(
    jobs: Iterable[Job],
    profile: Profile,
    resolved: Callable[[Mapping[str, Any], str], Mapping[str, Any]],
) -> Iterable[tuple[float, float]]:
    """Samples and seconds of each job of which both are known."""
    for job in jobs:
        duration = (job.usage or {}).get("duration", {}).get("value")
        if duration is not None:
            with suppress(OpenEOError):  # what it loads cannot be counted
                samples = estimate(resolved(job.process, job.user), profile).samples
                yield samples, float(duration)
