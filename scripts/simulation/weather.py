"""When members are down: what was drawn, what is written, what is announced."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aggregator.moments import DAY, HOUR
from scripts.simulation.scenario import Member, Scenario

Span = tuple[int, int]


@dataclass(frozen=True)
class Weather:
    """The times in which a member is down, in order and apart from each other."""

    spans: tuple[Span, ...]
    starts: tuple[int, ...]

    def down_at(self, moment: int) -> bool:
        """Whether it is down."""
        found = bisect_right(self.starts, moment)
        return found > 0 and moment < self.spans[found - 1][1]

    def up_from(self, moment: int) -> int:
        """The moment itself if it is up then, else when it is up again."""
        return (
            self.spans[bisect_right(self.starts, moment) - 1][1] if self.down_at(moment) else moment
        )

    def next_down(self, moment: int, until: int) -> int | None:
        """When it goes down after a moment, if that is before `until`."""
        found = bisect_right(self.starts, moment)
        return (
            self.starts[found] if found < len(self.starts) and self.starts[found] < until else None
        )


def weather_of(member: Member, scenario: Scenario) -> Weather:
    """The member's weather; the same for the same seed and id, whatever stands beside it."""
    spans = joined([*_drawn(member, scenario), *_written(member, scenario)])
    return Weather(tuple(spans), tuple(start for start, _ in spans))


def _drawn(member: Member, scenario: Scenario) -> Iterator[Span]:
    phases = sorted(member.failures, key=lambda failures: failures.since)
    for number, phase in enumerate(phases):
        source = random.Random(f"{scenario.seed}/{member.id}/{number}")  # noqa: S311 - no secret
        at = max(phase.since, scenario.start)
        later = [other.since for other in phases[number + 1 :]]
        end = min([scenario.end, *later])
        while (at := at + int(source.expovariate(1 / (phase.days_between * DAY)))) < end:
            repaired = at + int(source.expovariate(1 / (phase.hours_to_repair * HOUR)))
            yield at, repaired
            at = repaired


def _written(member: Member, scenario: Scenario) -> Iterator[Span]:
    for outage in (*member.outages, *(o for o in scenario.outages if member.id in o.members)):
        yield outage.starts, outage.ends
    for work in member.maintenance:
        yield work.starts, work.ends


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same times without overlaps, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif end > start:
            found.append((start, end))
    return found
