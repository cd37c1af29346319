"""The answer to a usage report: what was charged for it, the same however often it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aggregator.ledger.amounts import to_credits
from aggregator.ledger.pricing import Item

# What can be remarkable about a report that is recorded all the same.
UNKNOWN_USER = "unknown-user"
"""The federation has never seen this user; the usage is recorded as their debt."""
EMPTY_WALLET = "empty-wallet"
"""No grant covered all of it; the rest is recorded as a debt at this provider."""
OVER_BUDGET = "over-budget"
"""The job's budget was lower than its costs; only the budget was charged."""
NOT_A_MEMBER = "not-a-member"
"""The user is not in the organisation named; their own wallet was charged."""
OTHER_USER = "other-user"
"""Another user than the one named had started the work, and was charged."""


@dataclass(frozen=True)
class Receipt:
    """What was charged for a report; `uncovered` is the part that became a debt.

    All amounts are in millicredits; `tariff_cost` is what it would cost without the job's budget.
    """

    provider: str
    key: str
    job: str
    wallet: str
    items: tuple[Item, ...]
    tariff_cost: int
    uncovered: int = 0
    remarks: tuple[str, ...] = ()
    repeated: bool = False

    @property
    def charged(self) -> int:
        """The sum of the items."""
        return sum(item.cost for item in self.items)

    def as_json(self) -> list[dict[str, Any]]:
        """The body of the response: objects whose `cost`, in credits, the client adds up."""
        return [{"jobId": self.job, "cost": to_credits(item.cost)} for item in self.items]
