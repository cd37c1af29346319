"""A purse: what a wallet has at one moment, and which grants would pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aggregator.ledger.grants import Grant, order_of_use


@dataclass(frozen=True)
class Lot:
    """Millicredits of one grant."""

    grant: Grant
    amount: int


@dataclass(frozen=True)
class Purse:
    """The state of a wallet: what is left of each grant, and its debts.

    `debts` maps providers to millicredits owed there (positive). What is on hold is in neither.
    """

    wallet: str
    lots: tuple[Lot, ...] = ()
    debts: Mapping[str, int] = field(default_factory=dict)

    def usable(self, provider: str, now: int) -> list[Lot]:
        """What can be spent at a provider, in order of use."""
        lots = [lot for lot in self.lots if lot.amount > 0 and lot.grant.usable(provider, now)]
        return sorted(lots, key=lambda lot: order_of_use(lot.grant))

    def available(self, provider: str, now: int) -> int:
        """What new work at a provider may cost; below zero if the wallet owes there."""
        credit = sum(lot.amount for lot in self.usable(provider, now))
        return credit - self.debts.get(provider, 0)

    def total(self, now: int) -> int:
        """All that can be spent, wherever that is: what is left once debts are paid.

        A debt is paid only with what can be used at its provider, and so takes nothing away from
        what can be used elsewhere.
        """
        left = [Lot(lot.grant, lot.amount) for lot in self.lots if not lot.grant.expired(now)]
        for provider in sorted(self.debts):
            paid, _ = Purse(self.wallet, tuple(left)).draw(provider, self.debts[provider], now)
            taken = {lot.grant.key: lot.amount for lot in paid}
            left = [Lot(lot.grant, lot.amount - taken.get(lot.grant.key, 0)) for lot in left]
        return sum(lot.amount for lot in left)

    def owed(self) -> int:
        """All debts, at whichever providers."""
        return sum(self.debts.values())

    def draw(self, provider: str, amount: int, now: int) -> tuple[list[Lot], int]:
        """Which grants pay an amount, and what none of them covers."""
        drawn: list[Lot] = []
        for lot in self.usable(provider, now):
            if amount <= 0:
                break
            taken = min(amount, lot.amount)
            drawn.append(Lot(lot.grant, taken))
            amount -= taken
        return drawn, amount
