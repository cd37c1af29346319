"""Does in the background what is due for federated jobs: one program among several, by a lease.

One thread keeps the order of steps, and each step has a thread of its own: a backend that hangs
delays nobody else. What stands in the database is all that counts: a driver that vanishes is
followed by another one, which goes on from there.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from aggregator.errors import DatabaseUnavailable
from aggregator.federated.changes import set_back, settled, troubled
from aggregator.federated.states import AWAY, JobState, Limits
from aggregator.federated.steps import Step, steps
from aggregator.settings import Splitting
from aggregator.storage.federated_jobs import SET_BACK, FederatedJobs, NotOurs
from aggregator.storage.lease import Lease
from aggregator.usecases.aside import begun
from aggregator.usecases.federated.errands import Errands
from aggregator.usecases.rounds import Rounds, give_up

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
RETRY_SECONDS = 5.0
JOBS_AT_ONCE = 100
"""Jobs for which is looked what can be done; of more, those come first that have waited longest."""
AT_ONCE, AT_BACKEND = 48, 12
"""Steps that are done at the same time, in all and at one backend."""

Begin = Callable[[Callable[[], None], str], Future[None]]
Key = tuple[str, tuple[int, str]]


def limits_of(settings: Splitting, request_seconds: float) -> Limits:
    """The limits that the settings ask for; a request to a backend may be under way for so long."""
    return Limits(
        parallel=settings.parallel_parts,
        patience=round(settings.patience * 1000),
        settling=round(max(settings.lease, request_seconds) * 1000),
        longest=round(settings.longest_pause * 1000),
    )


class Driver(Rounds):
    """Call `run` in a thread of its own, or `step` again and again."""

    work, retry = "driving federated jobs", RETRY_SECONDS

    def __init__(
        self,
        store: FederatedJobs,
        errands: Errands,
        lease: Lease,
        lease_seconds: float,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        begin: Begin = begun,
    ) -> None:
        super().__init__()
        self._store, self._errands, self._limits = store, errands, limits
        self._lease, self._seconds = lease, lease_seconds
        self._clock, self._monotonic, self.begin = clock, monotonic, begin
        self._under_way: dict[Key, tuple[str, Future[None]]] = {}
        self._looked: dict[str, int] = {}
        self._steps = 0
        self._holds = False
        self._renew_at = self._idle_since = float("-inf")

    def lost(self) -> None:
        """Another one may hold the lease by now."""
        self._holds = False

    def step(self) -> float:
        """Begin what is due; the seconds until there may be more to do."""
        self._collect()
        now = int(self._clock() * 1000)
        due = self._store.due(now)
        if not self._hold(bool(due or self._under_way)):
            return LOOK_SECONDS
        for identifier in self._next(due):
            self._advance(identifier, now)
        return LOOK_SECONDS

    def _next(self, due: list[str]) -> list[str]:
        """Whose turn it is, so that jobs at a backend that hangs do not keep all others waiting."""
        self._steps += 1
        looked = {identifier: self._looked.get(identifier, 0) for identifier in due}
        chosen = sorted(due, key=looked.__getitem__)[:JOBS_AT_ONCE]
        self._looked = looked | dict.fromkeys(chosen, self._steps)
        return chosen

    def settle(self, seconds: float) -> None:
        """Wait until what is under way has ended, at most so long."""
        until = time.monotonic() + seconds
        for _, future in list(self._under_way.values()):
            future.exception(max(0.0, until - time.monotonic()))
        self._collect()

    def close(self) -> None:
        """Give the lease up; what is under way is found out by whoever takes it."""
        if self._holds:
            self._holds = False
            give_up(self._lease)

    def _hold(self, wanted: bool) -> bool:
        """Whether the lease is ours; it is taken when wanted, and given up some time after that."""
        now = self._monotonic()
        if wanted:
            self._idle_since = now
        elif now - self._idle_since >= self._seconds:
            self.close()
            return False
        if now >= self._renew_at or not self._holds:
            held = self._lease.acquire()
            self._renew_at = now + self._seconds / 4
            if self._holds and not held:
                LOG.warning("another program drives federated jobs now")
            self._holds = held
        return self._holds

    def _advance(self, identifier: str, now: int) -> None:
        """Begin the steps of a job that can be done now."""
        job = self._store.get(identifier)
        if job is None:
            return
        state, ahead = job.state, job.updated - now

        def arranged(before: JobState) -> JobState:
            return settled(set_back(before, ahead) if ahead > SET_BACK else before, now)

        if arranged(state) != state:
            try:
                changed = self._store.change(identifier, arranged, now, fence=self._lease)
            except NotOurs:
                self._holds = False
                return
            if changed is None:
                return
            state = changed
        for step in steps(state, now, self._limits):
            part = state.part(step.part)
            key = (identifier, step.part)
            if part is not None and key not in self._under_way and self._has_room(part.backend):
                self._start(key, part.backend, step)

    def _has_room(self, backend: str) -> bool:
        at = Counter(where for where, _ in self._under_way.values())
        return at.total() < AT_ONCE and at[backend] < AT_BACKEND

    def _start(self, key: Key, backend: str, step: Step) -> None:
        future = self.begin(partial(self._errands.run, key[0], step), f"part-{backend}")
        self._under_way[key] = backend, future
        future.add_done_callback(lambda _: self._wake.set())

    def _collect(self) -> None:
        """See how steps have ended; what they found out they have recorded themselves."""
        done = {key: future for key, (_, future) in self._under_way.items() if future.done()}
        for key, future in done.items():
            del self._under_way[key]
            error = future.exception()
            if isinstance(error, NotOurs):
                LOG.warning("another program drives federated jobs now")
                self._holds = False
            elif isinstance(error, DatabaseUnavailable):
                LOG.warning("without the database it is not recorded what became of %s", key[0])
            elif error is not None:  # a fault of ours; it is tried again
                LOG.error("a step for %s failed", key[0], exc_info=error)
                self._postpone(key)

    def _postpone(self, key: Key) -> None:
        """Try again later what failed by a fault of ours, and not for ever."""
        (identifier, part), now = key, int(self._clock() * 1000)
        said = "the federation failed, and tries again."

        def waiting(state: JobState) -> JobState:
            return troubled(state, part, AWAY, said, now, limits=self._limits)

        self._store.change(identifier, waiting, now)
