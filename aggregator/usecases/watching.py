"""What watches over the members in the background, put together: inside `monitor` or a worker."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable

from aggregator.settings import Settings
from aggregator.storage.database import Database
from aggregator.storage.lease import Lease
from aggregator.upstream.probes import Connect, probers
from aggregator.usecases.contract import joined_of, policy_of
from aggregator.usecases.monitor import Monitor
from aggregator.usecases.record import Record

STOP_SECONDS = 5.0


class Watch:
    """The monitor in a thread, between `start` and `stop`."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        if not self._threads:
            self._stopping.clear()
            thread = threading.Thread(
                target=self.monitor.run, args=(self._stopping,), name="monitor", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End; a probe that waits for a member ends with its deadline."""
        self._stopping.set()
        self.monitor.wake()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        self._threads.clear()


def record_of(settings: Settings, database: Database) -> Record:
    """The record of availability by a federation's settings."""
    availability = settings.availability
    return Record(
        database,
        policy_of(availability),
        targets=availability.webhooks,
        joined=joined_of(settings),
    )


def watch_of(
    settings: Settings,
    database: Database,
    connect: Connect,
    *,
    clock: Callable[[], float] = time.time,
) -> Watch:
    """What watches over the members of a federation; `connect` makes clients of members."""
    availability = settings.availability
    looking = probers(
        settings.backends,
        connect,
        availability,
        limit=settings.upstream.max_metadata_bytes,
        clock=clock,
    )
    lease = Lease(database, "monitor", _holder(), availability.lease)
    return Watch(Monitor(looking, record_of(settings, database), lease, availability, clock=clock))


def _holder() -> str:
    """A name that no other program has, and that tells operators which one it is."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:12]}"
