"""How often somebody may be wrong."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MOST: Final = 10_000
"""Of so many names and addresses failures are counted; the oldest are forgotten first."""


class Attempts:
    """Counts failures by key; after ``limit`` within ``window`` seconds one has to wait.

    Counts are kept in memory: a restart begins anew.
    """

    def __init__(self, limit: int, window: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Seconds until the key may be tried again; 0 if it may now."""
        with self._lock:
            recent = self._recent(key)
            if len(recent) < self._limit:
                return 0.0
            return max(recent[-self._limit] + self._window - self._clock(), 1.0)

    def failed(self, key: str) -> None:
        with self._lock:
            self._failures[key] = [*self._recent(key)[-self._limit :], self._clock()]
            self._failures.move_to_end(key)
            while len(self._failures) > MOST:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        with self._lock:
            self._failures.pop(key, None)

    def _recent(self, key: str) -> list[float]:
        since = self._clock() - self._window
        return [time for time in self._failures.get(key, []) if time > since]
