"""How fast, how many at once, how many in all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a review may cost the backend, and how long it may take."""

    per_second: float = 25.0
    at_once: int = 6
    seconds: float = 10.0
    """For one answer, from the first byte sent to the last one read."""
    overall: float = 300.0
    """For the whole review."""
    requests: int = 400
    bytes: int = 30_000_000
    """For one answer."""
    redirects: int = 5


class ExhaustedError(Exception):
    """The time or the number of requests of this review is used up, or it was stopped."""


class Pace:
    """Lets requests begin at a bounded rate; counts them."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.begun = 0
        self._next = self.started = time.monotonic()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(limits.at_once)
        self._stopped = threading.Event()

    def stop(self) -> None:
        """No request begins any more, but for those that clean up."""
        self._stopped.set()

    @property
    def left(self) -> float:
        """The seconds until the review must end."""
        return self.started + self.limits.overall - time.monotonic()

    @contextmanager
    def turn(self, *, cleaning: bool = False) -> Iterator[None]:
        """Within it a request may run; raises ExhaustedError if none may any more.

        Cleaning up is always allowed: what was made must be removed.
        """
        with self._places:
            self._wait(cleaning)
            yield

    def _wait(self, cleaning: bool) -> None:
        with self._lock:
            if not cleaning:
                self._refuse()
            self.begun += 1
            now = time.monotonic()
            due = max(self._next, now)
            self._next = due + 1 / self.limits.per_second
        if due > now:
            time.sleep(due - now)

    def _refuse(self) -> None:
        if self._stopped.is_set():
            raise ExhaustedError("the review was stopped")
        if self.left <= 0:
            raise ExhaustedError(f"the {self.limits.overall:g} seconds of this review are over")
        if self.begun >= self.limits.requests:
            raise ExhaustedError(f"the {self.limits.requests} requests of this review are used up")
