"""Gathers in the background what policies rank by; requests read memory.

What could not be read for a while is not known: a ranking by old figures would be a wrong one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aggregator.health.uptime import Uptime, uptime_of
from aggregator.moments import DAY, day_of
from aggregator.settings import Settings
from aggregator.storage.database import Database
from aggregator.storage.observations import read_days
from aggregator.storage.underway import work_under_way
from aggregator.usecases.credits import BATCH, SYNCHRONOUS
from aggregator.usecases.rounds import Rounds

WINDOW_DAYS = 30
RETRY_SECONDS = 30.0
# After so many intervals without a look nothing is known.
STALE_INTERVALS = 12
# Between creating a job and starting it.
CREATED_SECONDS = 60.0
REMEMBERED = 10_000


@dataclass(frozen=True)
class _Read:
    """What was read, and when that began, in seconds of a timer."""

    begun: float = -1e9
    queues: Mapping[str, int] = field(default_factory=dict)
    uptimes: Mapping[str, Uptime] = field(default_factory=dict)


@dataclass(frozen=True)
class _Given:
    """Work that has been given to a backend; `held` if credits were put aside for it."""

    at: float
    held: bool


class Gathering(Rounds):
    """Knows how much is under way where, and how available members were."""

    work, retry = "reading what policies rank by", RETRY_SECONDS

    def __init__(
        self,
        settings: Settings,
        database: Database,
        counted: frozenset[str],
        clock: Callable[[], float],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`counted` are the members for whose work credits are put aside, so that it is known."""
        super().__init__()
        self._times, self._database, self._counted = settings.routing, database, counted
        self._clock, self._timer = clock, timer
        self._load = self._uptime = _Read()
        self._given = {name: deque[_Given](maxlen=REMEMBERED) for name in counted}
        self._lock = threading.Lock()

    def step(self) -> float:
        """Look at what is due; the seconds until the next look."""
        self.refresh()
        return self._times.load_interval

    def refresh(self) -> None:
        """Look now at what is due. Raises DatabaseUnavailable; what was known stays for a while."""
        begun = self._timer()
        uptime_due = begun - self._uptime.begun >= self._times.uptime_interval
        with self._database.read() as connection:
            if self._counted:
                found = work_under_way(connection, (BATCH, SYNCHRONOUS), self._now())
                self._load = _Read(begun, queues={n: found.get(n, 0) for n in self._counted})
            if uptime_due:
                first = day_of(self._now() - (WINDOW_DAYS - 1) * DAY)
                days = read_days(connection, first, day_of(self._now()))
                names = {day.backend for day in days}
                uptimes = {n: uptime_of(d for d in days if d.backend == n) for n in names}
                self._uptime = _Read(begun, uptimes=uptimes)

    def given(self, backend: str, *, held: bool) -> None:
        """Note work that goes to a backend now, until it can be seen in the database.

        Work for which credits are `held` already is there at the next look, a job that is only
        created when it is started.
        """
        if backend in self._given:
            with self._lock:
                self._given[backend].append(_Given(self._timer(), held))

    def queues(self) -> dict[str, int]:
        """The jobs under way at each backend of which that is known."""
        now, read = self._timer(), self._load
        if now - read.begun > STALE_INTERVALS * self._times.load_interval:
            return {}
        with self._lock:
            since = {
                name: sum(
                    one.at >= read.begun if one.held else one.at > now - CREATED_SECONDS
                    for one in given
                )
                for name, given in self._given.items()
            }
        return {name: count + since[name] for name, count in read.queues.items()}

    def uptimes(self) -> Mapping[str, Uptime]:
        """The monitor's probes of the last 30 days, of each member that was probed."""
        stale = STALE_INTERVALS * self._times.uptime_interval
        return {} if self._timer() - self._uptime.begun > stale else self._uptime.uptimes

    def _now(self) -> int:
        return round(self._clock() * 1000)
