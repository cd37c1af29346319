"""When a fault strikes: windows of time, once or again and again."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Window:
    """A time between two moments; each is given as UTC time or as seconds since the start.

    The end does not belong to it. A moment that is None never comes before or after.
    """

    begin: datetime | float | None = None
    end: datetime | float | None = None

    def holds(self, now: datetime, start: datetime) -> bool:
        """Whether `now` lies in it, for faults that were switched on at `start`."""
        after = self.begin is None or _seconds(self.begin, start) <= (now - start).total_seconds()
        before = self.end is None or (now - start).total_seconds() < _seconds(self.end, start)
        return after and before


@dataclass(frozen=True)
class Cycle:
    """The first `lasting` seconds of every period of `every` seconds, counted from the start."""

    every: float
    lasting: float

    def holds(self, now: datetime, start: datetime) -> bool:
        """Whether `now` lies in one of them, for faults that were switched on at `start`."""
        return (now - start).total_seconds() % self.every < self.lasting


@dataclass(frozen=True)
class Daily:
    """Every day for `lasting` seconds from the minute `minute` of the day (UTC)."""

    minute: int
    lasting: float

    def holds(self, now: datetime, start: datetime) -> bool:  # noqa: ARG002 - as the others
        """Whether `now` lies in one of them."""
        passed = (now.hour * 60 + now.minute - self.minute) * 60 + now.second
        return passed % 86_400 < self.lasting


When = Window | Cycle | Daily


def _seconds(moment: datetime | float, start: datetime) -> float:
    return (moment - start).total_seconds() if isinstance(moment, datetime) else moment
