"""Work in the background, in threads of its own, between `start` and `stop`."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from typing import ClassVar, Protocol

from aggregator.errors import DatabaseUnavailable
from aggregator.storage.lease import Lease

LOG = logging.getLogger(__name__)

STOP_SECONDS = 5.0


class Runs(Protocol):
    """What runs in a thread of its own until it is told to end."""

    def run(self, stopping: threading.Event) -> None:
        """Do what there is to do until that is set."""
        ...

    def wake(self) -> None:
        """Look at once whether that is set."""
        ...


class Rounds(ABC):
    """Work that is done in rounds until it is told to end, whatever fails in one of them.

    `work` says in the log what it is that failed; after a failure it pauses for `retry` seconds.
    """

    work: ClassVar[str]
    retry: ClassVar[float]

    def __init__(self) -> None:
        self._wake = threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Do what is due until that is set (call `wake` then), and close."""
        while not stopping.is_set():
            self._wake.wait(self.round())
            self._wake.clear()
        self.close()

    def round(self) -> float:
        """Do what is due, if that is possible; the seconds until the next round."""
        try:
            return self.step()
        except DatabaseUnavailable:
            self.lost()
        except Exception:  # the thread outlives what nobody thought of
            LOG.exception("%s failed", self.work)
        return self.retry

    def wake(self) -> None:
        """Let `run` look at once whether there is something to do."""
        self._wake.set()

    @abstractmethod
    def step(self) -> float:
        """Do what is due; the seconds until there may be more to do."""

    def close(self) -> None:  # noqa: B027 - most have nothing to give up
        """End; what is under way is left to others."""

    def lost(self) -> None:  # noqa: B027 - most have nothing to forget
        """The database cannot be used: what is known of it may be true no more."""


def give_up(lease: Lease) -> None:
    """Let another program take the lease at once, if that can be recorded."""
    try:
        lease.release()
    except DatabaseUnavailable:
        LOG.warning("the lease could not be given up: it runs out by itself")


class Threads:
    """Runners, each in a thread of its own, between `start` and `stop`."""

    def __init__(self, *runners: Runs) -> None:
        self.runners = runners
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        if self._threads:
            return
        self._stopping.clear()
        for runner in self.runners:
            name = type(runner).__name__.lower()
            thread = threading.Thread(
                target=runner.run, args=(self._stopping,), name=name, daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End; what waits for a backend ends with its deadline."""
        self._stopping.set()
        for runner in self.runners:
            runner.wake()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        self._threads.clear()
