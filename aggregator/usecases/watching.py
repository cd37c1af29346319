"""What watches over the members in the background, put together: inside `monitor` or a worker."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable

from aggregator.settings import Settings
from aggregator.storage.database import Database
from aggregator.storage.lease import Lease
from aggregator.upstream.probes import Connect, probers
from aggregator.upstream.webhooks import Webhooks
from aggregator.usecases.contract import joined_of, policy_of
from aggregator.usecases.messenger import Messenger
from aggregator.usecases.monitor import Monitor
from aggregator.usecases.record import Record
from aggregator.usecases.rounds import Runs, Threads


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
) -> Threads:
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
    return Threads(*runners)


def program_name() -> str:
    """A name that no other program has, and that tells operators which one it is."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:12]}"
