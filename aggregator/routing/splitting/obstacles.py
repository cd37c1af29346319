"""Why a process cannot be run in parts, cause by cause."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.routing.plans import amount
from aggregator.routing.suggestions import shortened

SAID = 5
LONGEST = 2000


@dataclass(frozen=True)
class Obstacle:
    """One cause: a short name, and a sentence without its full stop.

    `why` is how the sentence ends, after a colon, where the reasons may have been told before.
    """

    cause: str
    said: str
    why: str = ""

    @property
    def text(self) -> str:
        """The whole sentence."""
        return f"{self.said}: {self.why}" if self.why else self.said

    def after(self, told: str) -> str:
        """The sentence to follow what was told, without reasons that stand in it."""
        return self.said if self.why and self.why in told else self.text


def limited(largest: int) -> str:
    """How much a part can read of others, to follow how much it would have to."""
    most = amount(largest).removeprefix("about ")
    return (
        f"a part reads at most {most} of others: choose a smaller area or smaller tiles "
        "('federation:tiles'), fewer dates or bands"
    )


@dataclass(frozen=True)
class Unsplittable:
    """There is no plan, and why; there would be one if those `awaited` were not offline."""

    obstacles: tuple[Obstacle, ...]
    awaited: tuple[str, ...] = ()

    def sentence(self, told: str = "") -> str:
        """All causes in one sentence of bounded length, to follow what was told."""
        said = [obstacle.after(told) for obstacle in self.obstacles[:SAID]]
        beyond = len(self.obstacles) - len(said)
        more = f"; and {beyond} more cause{'s' * (beyond != 1)}" if beyond > 0 else ""
        whole = shortened("; ".join(said), LONGEST)
        return f"It cannot be split over several backends either: {whole}{more}."

    def explain(self) -> str:
        """The causes as text of several lines, for people at a terminal and in logs."""
        lines = [f"  - {shortened(obstacle.text, 500)}" for obstacle in self.obstacles]
        return "\n".join(["It cannot be split over several backends either:", *lines])
