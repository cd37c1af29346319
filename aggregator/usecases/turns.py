"""Whose turn it is: how many requests with the same choice came before."""

from __future__ import annotations

import threading

from cachetools import LRUCache

CHOICES = 1024


class Turns:
    """Counts for one process. Each of several counts for itself (see `routing.policies.spread`)."""

    def __init__(self) -> None:
        self._counts: LRUCache[tuple[str, ...], int] = LRUCache(CHOICES)
        self._lock = threading.Lock()

    def look(self, candidates: tuple[str, ...]) -> int:
        """How many requests had the choice between these backends so far."""
        with self._lock:
            return self._counts.get(candidates, 0)

    def take(self, candidates: tuple[str, ...]) -> int:
        """The same, for a request that has the choice now; no other gets the same number."""
        with self._lock:
            turn = self._counts.get(candidates, 0)
            self._counts[candidates] = turn + 1
            return turn
