"""When a backend is not asked, since it would cost time and give nothing.

A breaker opens after repeated failures, and closes when a probe has seen the backend answer. That
probes (`GET /`) are answered does not say that other requests are: a kind of them (`GET /jobs`)
that was waited for in vain as often pauses for some seconds, whatever probes say. Then one request
tries it, while others of its kind still do without. What only one user was kept waiting for may be
that user's own (the results of an immense job), and pauses for nobody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 16.0
"""Seconds without requests of a kind; each trial in vain doubles them."""
KINDS = 256
"""As many are known at most, whatever paths there are."""
_BELOW = frozenset({"jobs", "services", "collections"})


def kind_of(method: str, path: str) -> str:
    """What requests have in common that a backend keeps waiting: their endpoint, without ids."""
    first, _, rest = path.lstrip("/").partition("/")
    _, _, deeper = rest.partition("/") if first in _BELOW else ("", "", "")
    below, _, one = deeper.partition("/")
    ids = ["{id}"] * bool(rest) + [below] * bool(below) + ["{id}"] * bool(one)
    return "/".join([f"{method} /{first}", *ids])


@dataclass
class _Waits:
    """How often one kind was waited for in vain in a row, and until when it pauses.

    `tried` while a trial is under way; `askers` are who waited, two of them at most.
    """

    count: int = 0
    until: float = 0.0
    tried: bool = False
    askers: set[int | None] = field(default_factory=set)

    def pauses_for(self, asker: int | None) -> bool:
        """Whether a pause concerns that one, too."""
        return len(self.askers) > 1 or asker in self.askers

    def concerns(self, asker: int | None) -> bool:
        """Note who waited; whether from now on the pause is everybody's."""
        alone = len(self.askers) == 1
        if len(self.askers) < 2:
            self.askers.add(asker)
        return alone and len(self.askers) > 1


class Breaker:
    """Open after so many failures in a row; only `reset` closes it again.

    `timer` gives seconds that only grow.
    """

    def __init__(self, failures: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._allowed, self._timer = failures, timer
        self._failures = 0
        self._open = False
        self._waits: dict[str, _Waits] = {}
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the backend is not to be asked."""
        return self._open

    def lets(self, kind: str, asker: int | None = None) -> bool:
        """Whether a request of the kind may go out; a trial is the only one meanwhile.

        `asker` stands for whose request it is: None for everybody who needs no credentials.
        """
        if kind not in self._waits:
            return True
        with self._lock:
            waits = self._waits.get(kind)
            if waits is None or waits.count < self._allowed or not waits.pauses_for(asker):
                return True
            now = self._timer()
            if now < waits.until:
                return False
            waits.until, waits.tried = now + LONGEST_PAUSE, True
            return True

    def pause(self, kind: str) -> float:
        """The seconds after which a request of the kind may go out that `lets` has held back."""
        waits = self._waits.get(kind)
        return 0.0 if waits is None else max(waits.until - self._timer(), 0.0)

    def failed(self) -> bool:
        """Count a failure; true if it opened the breaker."""
        with self._lock:
            return self._count()

    def waited(self, kind: str, asker: int | None = None) -> bool:
        """Count that a request was waited for in vain; true if it opened the breaker.

        One that was a trial, or under way when the pause began, says nothing new of the backend.
        """
        with self._lock:
            waits = self._waits.get(kind) or self._new(kind)
            over, spreads = waits.count + 1 - self._allowed, waits.concerns(asker)
            if over > 0 and not (waits.tried or spreads):
                return False
            waits.count, waits.tried = waits.count + 1, False
            if over >= 0:
                waits.until = self._timer() + min(FIRST_PAUSE * 2 ** min(over, 8), LONGEST_PAUSE)
            return over <= 0 and self._count()

    def succeeded(self, kind: str = "") -> None:
        """An answer came: the row of failures ends, an open breaker stays open."""
        if self._failures or self._waits:
            with self._lock:
                self._failures = 0
                self._waits.pop(kind, None)

    def trip(self) -> None:
        """Open."""
        with self._lock:
            self._open = True

    def reset(self, *, recovered: bool = False) -> None:
        """Close, and count anew; where the backend has `recovered` every kind is asked again."""
        with self._lock:
            self._open, self._failures = False, 0
            if recovered:
                self._waits.clear()

    def _new(self, kind: str) -> _Waits:
        if len(self._waits) >= KINDS:
            self._waits.pop(next(iter(self._waits)))
        return self._waits.setdefault(kind, _Waits())

    def _count(self) -> bool:
        self._failures += 1
        opened = not self._open and self._failures >= self._allowed
        self._open = self._open or opened
        return opened
