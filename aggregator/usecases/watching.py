"""What watches over the members in the background, put together: inside `monitor` or a worker."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from typing import Protocol

from aggregator.settings import Settings
from aggregator.storage.database import Database
from aggregator.storage.lease import Lease
from aggregator.upstream.probes import Connect, probers
from aggregator.upstream.webhooks import Webhooks
from aggregator.usecases.contract import joined_of, policy_of
from aggregator.usecases.messenger import Messenger
from aggregator.usecases.monitor import Monitor
from aggregator.usecases.record import Record

STOP_SECONDS = 5.0


class Runs(Protocol):
    """What runs in a thread of its own until it is told to end."""

    def run(self, stopping: threading.Event) -> None:
        """Do what there is to do until that is set."""
        ...

    def wake(self) -> None:
        """Look at once whether that is set."""
        ...


class Watch:
    """The monitor, and what tells webhooks, each in a thread, between `start` and `stop`."""

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
        """End; a probe that waits for a member ends with its deadline."""
        self._stopping.set()
        for runner in self.runners:
            runner.wake()
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
    holder = program_name()
    lease = Lease(database, "monitor", holder, availability.lease)
    record = record_of(settings, database)
    runners: list[Runs] = [Monitor(looking, record, lease, availability, clock=clock)]
    if availability.webhooks and availability.webhook_secret:
        webhooks = Webhooks(
            availability.webhook_secret,
            deadline=availability.webhook_deadline,
            private=availability.webhook_private_addresses,
        )
        # A message under way must have ended before another program may take over.
        seconds = max(availability.lease, 2 * availability.webhook_deadline)
        own = Lease(database, "webhooks", holder, seconds)
        runners.append(Messenger(database, webhooks, availability.webhooks, own, clock=clock))
    return Watch(*runners)


def program_name() -> str:
    """A name that no other program has, and that tells operators which one it is."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:12]}"
