"""May this work start? Credits, budgets and plans, before anything is sent to a backend."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from aggregator.errors import (
    BillingPlanInvalid,
    BudgetInvalid,
    PaymentRequired,
)
from aggregator.ledger.amounts import LARGEST, MILLICREDITS, quantity, to_credits
from aggregator.ledger.purses import Purse
from aggregator.moments import day_of, next_month


@dataclass(frozen=True)
class Standing:
    """What a wallet can spend at one provider, in millicredits; below zero it owes there.

    `renewal` is the moment at which free credits come next, None if none ever do; `shared` is the
    wallet if it is not the user's own.
    """

    provider: str
    title: str
    available: int
    renewal: int | None
    shared: str = ""

    def covers(self, needed: int) -> bool:
        """Whether work of this cost may start (even free work needs a wallet not below zero)."""
        return self.available >= needed

    def refusal(self, needed: int) -> PaymentRequired:
        """The error for work that may not start, naming provider and day of renewal."""
        wanted, left = to_credits(needed), to_credits(self.available)
        said = (
            f"{left:.15g} are left for use there" if left >= 0 else f"{-left:.15g} are owed there"
        )
        return PaymentRequired(
            f"This needs {wanted:.15g} credits at {self.title} ('{self.provider}'), and "
            f"{said}{self._where()}. {self._renewal()}"
        )

    def _where(self) -> str:
        return f" in {self.shared}, which pays for it" if self.shared else ""

    def _renewal(self) -> str:
        if self.renewal is None:
            return "Credits for it are not renewed by themselves."
        return f"Your free credits there are renewed on {day_of(self.renewal)}."


def standing_at(
    purse: Purse, provider: str, title: str, now: int, *, renewed: bool, shared: bool = False
) -> Standing:
    """What a purse has at a provider; `renewed` if the user gets free credits there.

    `shared`: it is not the user's own.
    """
    renewal = next_month(now) if renewed else None
    wallet = purse.wallet if shared else ""
    return Standing(provider, title or provider, purse.available(provider, now), renewal, wallet)


def read_budget(value: Any) -> int | None:
    """A request's `budget` in millicredits; None is no limit. Raises BudgetInvalid.

    A budget finer than a millicredit is rounded down: it is the most that may be spent.
    """
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BudgetInvalid("The budget must be a number of credits greater than 0, or null.")
    if not 0 < value <= LARGEST // MILLICREDITS:
        raise BudgetInvalid("The budget must be greater than 0 and not larger than all credits.")
    budget = int(quantity(value) * MILLICREDITS)
    if not budget:
        raise BudgetInvalid("The budget must be at least a thousandth of a credit.")
    return budget


def check_budget(budget: int | None, estimate: int) -> None:
    """Raises PaymentRequired if the user's own limit does not cover the estimate."""
    if budget is not None and budget < estimate:
        raise PaymentRequired(
            f"The budget of {to_credits(budget):.15g} credits does not cover the estimated costs "
            f"of {to_credits(estimate):.15g} credits. Raise the budget, or leave it out."
        )


def check_plan(plan: Any, plans: Collection[str]) -> str | None:
    """The plan as the provider spells it (case does not matter), None if none was asked for.

    Raises BillingPlanInvalid if the provider has no such plan.
    """
    if plan is None:
        return None
    for known in plans:
        if isinstance(plan, str) and known.casefold() == plan.casefold():
            return known
    offered = f"the plans are {', '.join(sorted(plans))}" if plans else "it offers no plans"
    raise BillingPlanInvalid(f"There is no billing plan {str(plan)[:100]!r}; {offered}.")
