"""What policies rank by: plain values, gathered beforehand. What is not known is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Turn = Callable[[tuple[str, ...]], int]
"""How many requests with a choice between exactly these backends came before this one."""


def first_turn(_candidates: tuple[str, ...]) -> int:
    """As if no request had come before."""
    return 0


class Probes(NamedTuple):
    """The monitor's probes that count: how many found the backend up, and how many there were."""

    up: int
    counted: int

    @property
    def percent(self) -> str:
        """The share of those that found it up, cut off at two decimals and never rounded up."""
        whole, part = divmod(self.up * 10_000 // self.counted, 100)
        return f"{whole}.{part:02} %"


@dataclass(frozen=True)
class Facts:
    """What is known of the backends at a moment, by id.

    `costs` are the credits that the work is expected to cost by a backend's rates; `queues` the
    jobs that the federation has given to it and that have not ended; `latencies` the seconds in
    which it answers; `probes` what the monitor has counted. `weights` say how much work it is to
    get beside the others (1 where none is stated), `preferred` which go before the others where
    nothing else decides. `turn` is asked once for those among which `spread` chooses.
    """

    costs: Mapping[str, float] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    latencies: Mapping[str, float] = field(default_factory=dict)
    probes: Mapping[str, Probes] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    preferred: tuple[str, ...] = ()
    turn: Turn = first_turn

    def weight(self, backend: str) -> float:
        """How much work a backend is to get, beside the others."""
        return self.weights.get(backend, 1.0)


NOTHING_KNOWN = Facts()
