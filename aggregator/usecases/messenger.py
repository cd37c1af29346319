"""Tells webhooks of what has happened, until each was told or its time is over.

What is to be told stands in the database since it happened: a crash loses nothing. Of several
programs one tells, by a lease of its own; a message may come twice, under the same id. No webhook
delays another: each is told by one thread at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Protocol

import orjson

from aggregator.moments import rfc3339
from aggregator.storage.database import Database
from aggregator.storage.events import (
    LONGEST_PAUSE,
    Delivery,
    Event,
    due_deliveries,
    note_delivery,
)
from aggregator.storage.lease import Lease
from aggregator.upstream.webhooks import NotTold
from aggregator.usecases.aside import begun
from aggregator.usecases.rounds import Rounds, give_up

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
RETRY_SECONDS = 5.0
MINUTE, HOUR = 60, 3600
PAUSES = (
    5,
    30,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    LONGEST_PAUSE,
)
"""Seconds after each attempt that failed; after the last one the message is given up."""


class Tells(Protocol):
    """What sends one message; raises NotTold."""

    def tell(self, url: str, identifier: str, body: bytes, now: int) -> None:
        """Send it once."""
        ...


class Messenger(Rounds):
    """Call `run` in a thread of its own, or `step` again and again."""

    work, retry = "telling webhooks", RETRY_SECONDS

    def __init__(
        self,
        database: Database,
        webhooks: Tells,
        targets: Sequence[str],
        lease: Lease,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._database, self._webhooks = database, webhooks
        self._targets, self._lease, self._clock = tuple(targets), lease, clock
        self._under_way: dict[str, tuple[Delivery, Future[str]]] = {}

    def step(self) -> float:
        """Note what was told, and begin to tell what is due."""
        self._note()
        now = round(self._clock() * 1000)
        with self._database.read() as connection:
            due = due_deliveries(connection, now, busy=self._under_way)
        if (due or self._under_way) and not self._lease.acquire():
            return LOOK_SECONDS
        for made in due:
            if made.target not in self._under_way:
                self._begin(made, now)
        return LOOK_SECONDS

    def settle(self, seconds: float) -> None:
        """Wait until what is under way has ended, at most so long, and note it."""
        until = time.monotonic() + seconds
        for _, future in list(self._under_way.values()):
            future.exception(max(0.0, until - time.monotonic()))
        self._note()

    def close(self) -> None:
        """End; what is under way is told again by the next one."""
        give_up(self._lease)

    def _begin(self, made: Delivery, now: int) -> None:
        future = begun(partial(self._tell, made, now), "webhook")
        self._under_way[made.target] = made, future
        future.add_done_callback(lambda _: self._wake.set())

    def _tell(self, made: Delivery, now: int) -> str:
        """What went wrong; empty if nothing did."""
        if made.target not in self._targets:
            return "It is no longer among the webhooks."
        try:
            self._webhooks.tell(made.target, made.event.id, message(made.event), now // 1000)
        except NotTold as error:
            return str(error)
        return ""

    def _note(self) -> None:
        done = {t: entry for t, entry in self._under_way.items() if entry[1].done()}
        for target, (made, future) in done.items():
            del self._under_way[target]
            problem = future.result()
            now = round(self._clock() * 1000)
            due = None if not problem else self._next(made, now)
            with self._database.write() as connection:
                note_delivery(
                    connection, made, due=due, done=None if problem else now, problem=problem
                )
            if problem:
                again = "given up" if due is None else f"again at {rfc3339(due)}"
                LOG.warning("a webhook was not told of %s: %s; %s", made.event.id, problem, again)

    def _next(self, made: Delivery, now: int) -> int | None:
        if made.target not in self._targets or made.attempts >= len(PAUSES):
            return None
        return now + PAUSES[made.attempts] * 1000


def message(event: Event) -> bytes:
    """The body of a message: type, timestamp and data, as Standard Webhooks recommends.

    Messages may overtake each other: `sequence` tells their order.
    """
    return orjson.dumps(
        {
            "type": event.kind,
            "timestamp": rfc3339(event.at),
            "data": {
                "sequence": event.sequence,
                "backend": event.backend or None,
                "title": event.title,
                "text": event.text,
                **event.data,
            },
        }
    )
