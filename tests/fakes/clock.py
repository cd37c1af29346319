"""A clock that stands still until it is set."""

from __future__ import annotations


class Clock:
    """Gives the time that it was set to, in seconds since 1970."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
