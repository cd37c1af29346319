"""Daily roll-ups, uptime as whole numbers, error budgets."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aggregator.health.maintenance import Excused
from aggregator.health.observations import Observation
from aggregator.health.policy import WHOLE, Policy
from aggregator.moments import DAY, day_of, month_bounds

# fmt: off
BOUNDS = (
    5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000,
    7_500, 10_000, 15_000, 20_000, 30_000,
)
# fmt: on
"""Upper bounds, in milliseconds, of the classes in which durations are counted; one more class
holds what is longer."""
NO_DURATIONS = (0,) * (len(BOUNDS) + 1)


@dataclass(frozen=True)
class Uptime:
    """Successful probes of those that count, without maintenance and gaps in the measurement."""

    up: int = 0
    counted: int = 0

    @property
    def down(self) -> int:
        """The probes that failed."""
        return self.counted - self.up

    def at_least(self, share: int) -> bool:
        """Whether it is that share or more; exact. False if nothing counts."""
        return self.counted > 0 and self.up * WHOLE >= share * self.counted

    def above(self, share: int) -> bool:
        """Whether it is more than that share; exact."""
        return self.up * WHOLE > share * self.counted

    def percent(self, places: int = 2) -> str:
        """In percent, cut off and never rounded up: 99.4999 is "99.49"; "–" if nothing counts.

        There is at least one decimal place.
        """
        if not self.counted:
            return "–"
        cut = self.up * 100 * 10**places // self.counted
        whole, part = divmod(cut, 10**places)
        return f"{whole}.{part:0{places}}"


@dataclass(frozen=True)
class Day:
    """All probes of a member on a day; two parts of a day sum up with `+`.

    `excused_up` and `excused_down` are the probes in announced maintenance. `first` and `last` are
    the moments of the first and the last probe; `durations` counts the successful ones by `BOUNDS`.
    """

    backend: str
    day: str
    up: int = 0
    down: int = 0
    excused_up: int = 0
    excused_down: int = 0
    first: int = 0
    last: int = 0
    durations: tuple[int, ...] = NO_DURATIONS

    @property
    def probes(self) -> int:
        """How many there were, counted or not."""
        return self.up + self.down + self.excused

    @property
    def excused(self) -> int:
        """How many fell into announced maintenance."""
        return self.excused_up + self.excused_down

    @property
    def uptime(self) -> Uptime:
        """What counts of them."""
        return Uptime(self.up, self.up + self.down)

    def __add__(self, other: Day) -> Day:
        if (self.backend, self.day) != (other.backend, other.day):
            raise ValueError("only parts of the same day of the same member sum up")
        if not (self.probes and other.probes):
            return self if self.probes else other
        return Day(
            self.backend,
            self.day,
            self.up + other.up,
            self.down + other.down,
            self.excused_up + other.excused_up,
            self.excused_down + other.excused_down,
            min(self.first, other.first),
            max(self.last, other.last),
            tuple(a + b for a, b in zip(self.durations, other.durations, strict=True)),
        )


def roll_up(
    observations: Iterable[Observation], excused: Mapping[str, Excused] | None = None
) -> list[Day]:
    """The days in which these observations lie, by member and day, whatever their order."""
    parts: dict[tuple[str, int], list[Observation]] = defaultdict(list)
    for observation in observations:
        parts[observation.backend, observation.at // DAY].append(observation)
    return [
        _rolled(backend, found, (excused or {}).get(backend))
        for (backend, _), found in sorted(parts.items())
    ]


def _rolled(backend: str, observations: list[Observation], excused: Excused | None) -> Day:
    counts = [0, 0, 0, 0]
    durations = [*NO_DURATIONS]
    covers = excused.covers if excused is not None and excused.spans else _never
    for observation in observations:
        _, at, succeeded, duration, _, _, _ = observation
        beside = 2 if covers(at) else 0
        counts[beside + (not succeeded)] += 1
        if succeeded:
            durations[bisect_left(BOUNDS, duration)] += 1
    moments = [observation.at for observation in observations]
    first, last = min(moments), max(moments)
    up, down, excused_up, excused_down = counts
    return Day(
        backend, day_of(first), up, down, excused_up, excused_down, first, last, tuple(durations)
    )


def _never(_moment: int) -> bool:
    return False


def uptime_of(days: Iterable[Day]) -> Uptime:
    """The uptime of several days together: of a window or a calendar month."""
    up = down = 0
    for day in days:
        up, down = up + day.up, down + day.down
    return Uptime(up, up + down)


def durations_of(days: Iterable[Day]) -> tuple[int, ...]:
    """The durations of several days together."""
    return tuple(map(sum, zip(NO_DURATIONS, *(day.durations for day in days), strict=True)))


def quantile(durations: tuple[int, ...], share: float) -> int | None:
    """A duration, in milliseconds, that this share of the successful probes did not exceed.

    The upper bound of its class, so never too small but for what is longer than the last bound;
    None without any.
    """
    total = sum(durations)
    if not total:
        return None
    reached = 0
    for bound, count in zip((*BOUNDS, BOUNDS[-1]), durations, strict=True):
        reached += count
        if reached >= share * total:
            return bound
    return BOUNDS[-1]


def allowed_failures(counted: int, share: int) -> int:
    """How many of so many probes may fail without falling below a share: 43 of 8640 for 99.5 %."""
    return counted * (WHOLE - share) // WHOLE


@dataclass(frozen=True)
class Budget:
    """How many probes of a month may fail for it to be stable, and how many have."""

    allowed: int
    spent: int

    @property
    def left(self) -> int:
        """How many more may; negative if the month is lost."""
        return self.allowed - self.spent


def budget(days: Iterable[Day], month: str, now: int, excused: Excused, policy: Policy) -> Budget:
    """The error budget of a month at a moment, if no probe is missed from now on."""
    done = uptime_of(days)
    start, end = month_bounds(month)
    begin = min(max(now, start), end)
    open_time = end - begin - excused.within(begin, end)
    return Budget(
        allowed_failures(done.counted + open_time // policy.probe_interval, policy.stable),
        done.down,
    )
