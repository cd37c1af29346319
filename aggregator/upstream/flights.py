"""Single flight: of several callers that want the same, one fetches and the others wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Flights:
    """What is being fetched at the moment."""

    def __init__(self) -> None:
        self._landed: dict[Hashable, threading.Event] = {}
        self._lock = threading.Lock()

    @contextmanager
    def only_one(self, key: Hashable, until: float) -> Iterator[bool]:
        """True for the caller that is to fetch; false, after it has ended, for the others.

        `until` (of the monotonic clock) is how long the others wait for the first one.
        """
        with self._lock:
            landed = self._landed.get(key)
            first = landed is None
            if landed is None:
                landed = self._landed[key] = threading.Event()
        if not first:
            landed.wait(max(until - time.monotonic(), 0))
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                del self._landed[key]
            landed.set()
