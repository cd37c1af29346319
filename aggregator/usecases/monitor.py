"""The monitor: probes each member at its interval, one runner among several replicas.

One thread keeps the order of steps, and each probe has a thread of its own: none delays another.
Who holds the lease in the database probes; who loses it writes nothing more. Intervals are measured
by the monotonic clock. When the wall clock jumps nothing is recorded and no month is closed for two
intervals: what was not measured is no data.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

from aggregator.health.observations import Observation
from aggregator.settings import Availability
from aggregator.storage.lease import Lease
from aggregator.storage.observations import read_tracks
from aggregator.usecases.aside import begun
from aggregator.usecases.contract import kept_since
from aggregator.usecases.record import LeaseLost, Record
from aggregator.usecases.rounds import Rounds, give_up

LOG = logging.getLogger(__name__)

JUMP_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 60.0
RETRY_SECONDS = 1.0

Clock = Callable[[], float]


class Probes(Protocol):
    """What looks at one member; never raises for what the member does."""

    backend: str

    def probe(self) -> Observation:
        """What is seen of the member now."""
        ...


class Monitor(Rounds):
    """Call `run` in a thread of its own, or `step` again and again.

    `clock` gives seconds since 1970, `monotonic` seconds that only grow, `chance` numbers from 0 to
    1 for the jitter.
    """

    work, retry = "a step of the monitor", RETRY_SECONDS

    def __init__(
        self,
        probers: Sequence[Probes],
        record: Record,
        lease: Lease,
        settings: Availability,
        *,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
        chance: Clock = random.random,
    ) -> None:
        super().__init__()
        self._probers = {prober.backend: prober for prober in probers}
        self._record, self._lease, self._settings = record, lease, settings
        self._clock, self._monotonic, self._chance = clock, monotonic, chance
        self._slots: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._pending: dict[str, Future[Observation]] = {}
        self._seen: list[Observation] = []
        self._holds = False
        self._renew_at = self._house_at = float("-inf")
        self._offset = self._clock() - self._monotonic()
        self._steady_since, self._jumped_at = self._monotonic(), float("-inf")

    @property
    def holds(self) -> bool:
        """Whether this one probes, as far as it knows."""
        return self._holds

    def lost(self) -> None:
        """Another one may hold the lease by now."""
        self._holds = False

    def step(self) -> float:
        """Do what is due; the seconds until there may be more to do."""
        now = self._monotonic()
        self._watch_clocks(now)
        if now >= self._renew_at:
            self._hold(now)
        if not self._holds:
            return self._renew_at - now
        try:
            self._collect(now)
            self._keep_house(now)
        except LeaseLost:
            LOG.warning("another monitor has taken over")
            self._let_go()
            return self._settings.lease / 4
        self._submit(now)
        return max(0.0, min(self._renew_at, *self._due.values()) - self._monotonic())

    def close(self) -> None:
        """Give the lease up; probes under way are left alone."""
        if self._holds:
            self._holds = False
            give_up(self._lease)

    def _watch_clocks(self, now: float) -> None:
        offset = self._clock() - now
        if abs(offset - self._offset) > JUMP_SECONDS:
            LOG.warning("the clock jumped by %+.0f seconds", offset - self._offset)
            self._steady_since = self._jumped_at = now
        self._offset = offset

    def _hold(self, now: float) -> None:
        held, first = self._lease.acquire(), self._renew_at == float("-inf")
        self._renew_at = now + self._settings.lease / 4
        if held and not self._holds:
            LOG.info("monitoring %d members", len(self._probers))
            self._plan(now)
        elif self._holds and not held:
            LOG.warning("another monitor has taken over")
            self._let_go()
        elif first and not held:
            LOG.info("another monitor probes the members; this one stands by")
        self._holds = held

    def _let_go(self) -> None:
        """What is under way is another's to see."""
        self._holds = False
        self._pending.clear()
        self._seen.clear()

    def _plan(self, now: float) -> None:
        """Go on where the last probes stopped, whoever made them."""
        with self._record.database.read() as connection:
            tracks = read_tracks(connection)
        for backend in self._probers:
            last = tracks[backend].last if backend in tracks else None
            age = self._clock() - last.at / 1000 if last is not None else -1.0
            waiting = self._settings.interval - age if 0 <= age < self._settings.interval else 0.0
            self._slots[backend] = self._due[backend] = now + waiting

    def _submit(self, now: float) -> None:
        for backend, due in self._due.items():
            if due <= now:
                self._plan_next(backend, now)
                if backend not in self._pending:
                    self._start(backend)

    def _start(self, backend: str) -> None:
        future = begun(self._probers[backend].probe, f"probe-{backend}")
        self._pending[backend] = future
        future.add_done_callback(lambda _: self._wake.set())

    def _plan_next(self, backend: str, now: float) -> None:
        interval = self._settings.interval
        slot = self._slots[backend] + interval
        # What was missed, as after a pause of the whole program, is not made up for.
        self._slots[backend] = slot if slot > now - interval else now + interval
        spread = min(self._settings.jitter, 1.0) * interval
        self._due[backend] = self._slots[backend] + self._chance() * spread

    def _collect(self, now: float) -> None:
        done = {name: future for name, future in self._pending.items() if future.done()}
        for name, future in done.items():
            del self._pending[name]
            error = future.exception()
            if error is None:
                self._seen.append(future.result())
            else:  # a fault of ours says nothing about the member
                LOG.error("probing %s failed", name, exc_info=error)
        if not self._steady_for(now, self._jumped_at):
            self._seen.clear()
        if self._seen:  # kept for the next step if the database cannot be reached now
            self._record.observe(self._seen, self._lease)
            self._seen.clear()

    def _keep_house(self, now: float) -> None:
        if now < self._house_at:
            return
        self._house_at = now + HOUSEKEEPING_SECONDS
        wall = round(self._clock() * 1000)
        if self._steady_for(now, self._steady_since):
            delay = round(self._settings.closing_delay * 1000)
            for verdict in self._record.close_months(wall, delay, self._lease):
                LOG.info("%s: %s", verdict.evidence.backend, verdict.reason)
            self._record.prune(kept_since(self._settings, wall))

    def _steady_for(self, now: float, since: float) -> bool:
        return now - since >= 2 * self._settings.interval
