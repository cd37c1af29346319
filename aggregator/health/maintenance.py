"""Announced maintenance, and which of it takes time out of the evidence."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aggregator.health.policy import Policy


@dataclass(frozen=True)
class Window:
    """Maintenance of a member from `starts` until before `ends`, known since `announced`.

    All three are moments; `cancelled` is the moment at which it was called off.
    """

    id: str
    backend: str
    starts: int
    ends: int
    announced: int
    text: str = ""
    cancelled: int | None = None

    def in_time(self, policy: Policy) -> bool:
        """Whether it was announced before it began, and as long before as the policy asks."""
        latest = self.starts - policy.maintenance_notice
        return self.announced < self.starts and self.announced <= latest

    def active_at(self, moment: int) -> bool:
        """Whether it is under way."""
        return self.starts <= moment < self.end

    @property
    def end(self) -> int:
        """When it really ends: where it was called off if that comes first."""
        return self.ends if self.cancelled is None else min(self.ends, self.cancelled)


class Excused:
    """The moments of a member that count neither as up nor as down."""

    def __init__(self, windows: Iterable[Window], policy: Policy) -> None:
        """Of these windows those that were announced in time, as far as they may last."""
        self.spans = tuple(_joined(_excused(windows, policy)))
        self._starts = [start for start, _ in self.spans]

    def covers(self, moment: int) -> bool:
        """Whether the moment lies in such maintenance."""
        found = bisect_right(self._starts, moment)
        return found > 0 and moment < self.spans[found - 1][1]

    def within(self, start: int, end: int) -> int:
        """How many milliseconds from `start` until before `end` it covers."""
        return sum(max(0, min(end, b) - max(start, a)) for a, b in self.spans)


def _excused(windows: Iterable[Window], policy: Policy) -> Iterator[tuple[int, int]]:
    for window in windows:
        end = window.end
        if policy.maintenance_longest:
            end = min(end, window.starts + policy.maintenance_longest)
        if window.in_time(policy) and end > window.starts:
            yield window.starts, end


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
