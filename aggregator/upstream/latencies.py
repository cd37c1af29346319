"""How soon a backend answers, by its recent answers to whoever asked."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from statistics import median

ANSWERS = 31
SECONDS = 600.0


class Latency:
    """The median of a backend's last answers, of ten minutes at most.

    A median, since what is asked differs: a few long listings say nothing of the backend.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._answers: deque[tuple[float, float]] = deque(maxlen=ANSWERS)
        self._lock = threading.Lock()

    def note(self, seconds: float) -> None:
        """An answer took so long, or there was none in so long a time."""
        with self._lock:
            self._answers.append((self._timer(), seconds))

    def recent(self) -> float | None:
        """Seconds; None if it has not answered lately."""
        since = self._timer() - SECONDS
        with self._lock:
            found = [seconds for at, seconds in self._answers if at >= since]
        return median(found) if found else None
