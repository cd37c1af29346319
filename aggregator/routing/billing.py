"""What a request may cost, and where its user can pay for it: plain values, known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Credit:
    """What the work is expected to cost at a backend and what the user can spend there, in credits.

    `left` is below zero if the user owes there; `renewal` is the day on which free credits come
    next (2026-04-01), empty if none ever do; `wallet` is the shared one that pays, empty if it is
    the user's own.
    """

    needed: float
    left: float
    renewal: str = ""
    wallet: str = ""

    @property
    def suffices(self) -> bool:
        """Whether the work may start there (even free work needs no debt)."""
        return self.left >= self.needed

    def __str__(self) -> str:
        renewed = f" (free credits there are renewed on {self.renewal})" if self.renewal else ""
        return f"needs {self.needed:.15g} credits, and {self._what_is_left()}{renewed}"

    def _what_is_left(self) -> str:
        if self.left < 0:
            return f"{self.wallet + ' owes' if self.wallet else 'you owe'} {-self.left:.15g} there"
        return (
            f"{self.wallet + ' has' if self.wallet else 'you have'} {self.left:.15g} for use there"
        )


class Shortage(NamedTuple):
    """Why the user cannot pay at a backend; `text` continues a sentence that begins with it."""

    rule: str
    text: str


@dataclass(frozen=True)
class Billing:
    """How a request is to be paid for. Backends that are not in `credits` cost nothing here.

    `budget` is the most that the work may cost, in credits; `plan` the billing plan asked for.
    Where work `starts`, who cannot be paid runs nothing; where it is only prepared, those at which
    the user can pay are preferred.
    """

    credits: Mapping[str, Credit] = field(default_factory=dict)
    budget: float | None = None
    plan: str | None = None
    starts: bool = True

    def shortages(self, backend: str) -> Iterator[Shortage]:
        """All that keeps the user from paying for the work at this backend."""
        credit = self.credits.get(backend)
        if credit is None:
            return
        if self.budget is not None and self.budget < credit.needed:
            text = (
                f"is expected to charge {credit.needed:.15g} credits, more than the budget of "
                f"{self.budget:.15g}"
            )
            yield Shortage("budget", text)
        if not credit.suffices:
            yield Shortage("credits", str(credit))


FREE = Billing()
"""Nothing is accounted for."""
