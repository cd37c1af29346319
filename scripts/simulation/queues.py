"""Jobs wait where all places of a member are taken, and are served in the order they came in."""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace


class Queue:
    """The jobs of one member: so many run at once (0: as many as there are), the others wait.

    How long each will run is known when it comes, so that its end is known too.
    """

    def __init__(self, capacity: int) -> None:
        self._free = [0] * capacity
        self._ends: list[int] = []

    def next_place(self, at: int) -> int:
        """When a job that comes at a moment can begin."""
        return max(at, self._free[0]) if self._free else at

    def take(self, end: int) -> None:
        """A job takes that place until it ends."""
        if self._free:
            heapreplace(self._free, end)
        heappush(self._ends, end)

    def length(self, at: int) -> int:
        """How many jobs run or wait at a moment, which is not before any that was asked about."""
        while self._ends and self._ends[0] <= at:
            heappop(self._ends)
        return len(self._ends)
