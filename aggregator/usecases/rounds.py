"""Work that a thread does in rounds until it is told to end, whatever fails in one of them."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from typing import ClassVar

from aggregator.errors import DatabaseUnavailable

LOG = logging.getLogger(__name__)


class Rounds(ABC):
    """Call `run` in a thread of its own, or `step` again and again.

    `work` says in the log what it is that failed; after a failure it pauses for `retry` seconds.
    """

    work: ClassVar[str]
    retry: ClassVar[float]

    def __init__(self) -> None:
        self._wake = threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Do what is due until that is set (call `wake` then), and close."""
        while not stopping.is_set():
            try:
                pause = self.step()
            except DatabaseUnavailable:
                self.lost()
                pause = self.retry
            except Exception:  # the thread outlives what nobody thought of
                LOG.exception("%s failed", self.work)
                pause = self.retry
            self._wake.wait(pause)
            self._wake.clear()
        self.close()

    def wake(self) -> None:
        """Let `run` look at once whether there is something to do."""
        self._wake.set()

    @abstractmethod
    def step(self) -> float:
        """Do what is due; the seconds until there may be more to do."""

    @abstractmethod
    def close(self) -> None:
        """End; what is under way is left to others."""

    def lost(self) -> None:  # noqa: B027 - most have nothing to forget
        """The database cannot be used: what is known of it may be true no more."""
