"""Which requests a fault strikes, and the count of those it has struck."""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

from backends.faults.effects import Effect
from backends.faults.exchange import Asked
from backends.faults.schedule import When


@dataclass(frozen=True)
class Scope:
    """Requests of these methods and paths, at these times.

    Paths are patterns in which `*` stands for anything; they are below the API's root, or at the
    host where they begin with `//`. An empty tuple means all. `rate` is the share of them that is
    struck, chosen by `seed`; after `times` of them the fault is over (0: never), and the first
    `after` are spared.
    """

    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    rate: float = 1.0
    seed: int = 0
    times: int = 0
    after: int = 0
    when: tuple[When, ...] = ()

    def covers(self, asked: Asked, now: datetime, start: datetime) -> bool:
        """Whether the fault may strike that request."""
        return (
            (not self.methods or asked.method in self.methods)
            and (not self.paths or any(fnmatchcase(asked.path, one) for one in self.paths))
            and (not self.when or any(one.holds(now, start) for one in self.when))
        )


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with some requests."""

    effect: Effect
    scope: Scope = field(default_factory=Scope)


class Armed:
    """A fault that is switched on: it knows how many requests it has met."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.struck = 0
        self._met = 0
        self._chance = random.Random(fault.scope.seed)  # noqa: S311 - no secret
        self._lock = threading.Lock()

    def strikes(self, asked: Asked, now: datetime, start: datetime) -> bool:
        """Whether that request is struck; each call counts as a request."""
        scope = self.fault.scope
        if not scope.covers(asked, now, start):
            return False
        with self._lock:
            self._met += 1
            lucky = self._chance.random() >= scope.rate
            over = scope.times and self.struck >= scope.times
            if self._met <= scope.after or lucky or over:
                return False
            self.struck += 1
            return True

    def jitter(self, most: float) -> float:
        """A number between 0 and `most`, of the same seeded row."""
        with self._lock:
            return self._chance.uniform(0, most)


class Plan:
    """The faults that are switched on, since when; `ended` is set once others take their place."""

    def __init__(self, faults: Sequence[Fault], start: datetime) -> None:
        self.armed = tuple(Armed(fault) for fault in faults)
        self.start = start
        self.ended = threading.Event()

    def striking(self, asked: Asked, now: datetime) -> list[Armed]:
        """The faults that strike this request, in their order."""
        return [one for one in self.armed if one.strikes(asked, now, self.start)]
