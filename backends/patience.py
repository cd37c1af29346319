"""How long others are waited for: servers that are away, results that are still computed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from backends.addresses import Away

T = TypeVar("T")
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 10.0


def _untold(_message: str) -> None:
    """What nobody wants to know."""


@dataclass(frozen=True)
class Patience:
    """Waits in growing pauses, `seconds` at most, and tells once that it does."""

    seconds: float = 0.0
    tell: Callable[[str], None] = _untold
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def asking(self, ask: Callable[[], T]) -> T:
        """What `ask` gives, asked again where the server is away. Raises what it raises last."""
        pauses = self.pauses()
        while True:
            try:
                return ask()
            except Away as error:
                if not pauses.another(f"{error.message} It is tried again."):
                    raise

    def pauses(self) -> "Pauses":
        """The pauses of one wait, which begins now."""
        return Pauses(self, self.clock() + self.seconds)


@dataclass
class Pauses:
    """One wait."""

    patience: Patience
    ends: float
    length: float = FIRST_PAUSE
    told: bool = False

    def another(self, reason: str) -> bool:
        """Pause once more; False, at once, where the time is over."""
        patience = self.patience
        length = min(self.length, self.ends - patience.clock())
        if length <= 0:
            return False
        if not self.told:
            patience.tell(reason)
            self.told = True
        patience.sleep(length)
        self.length = min(2 * self.length, LONGEST_PAUSE)
        return True


NONE: Final = Patience()
"""Whoever has it waits for nothing."""
