"""What the parts of a federated job are expected to cost, may cost, and have cost.

Each part is paid at its own provider, as any job there is. Here is only what concerns the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aggregator.documents import number, text
from aggregator.errors import PaymentRequired
from aggregator.federated.budgets import allotted
from aggregator.federated.states import PartState
from aggregator.ledger.amounts import MILLICREDITS, to_credits
from aggregator.ledger.checks import check_budget, read_budget
from aggregator.ledger.orders import read_order
from aggregator.routing.plans import Plan
from aggregator.storage.federated_jobs import FederatedJob
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import BATCH, SYNCHRONOUS, Credits
from aggregator.usecases.job_accounts import JobAccounts
from aggregator.usecases.past_jobs import PastJobs


class Money:
    """Without accounting nothing is known of costs but what backends say."""

    def __init__(
        self,
        credits_: Credits | None,
        accounts: JobAccounts | None,
        past: PastJobs | None = None,
    ) -> None:
        self._credits, self._accounts, self._past = credits_, accounts, past

    def expected(self, backend: str, activity: str = BATCH) -> int:
        """The millicredits that a part costs there by the published rates; 0 if unknown."""
        found = self._credits.expected(backend, activity) if self._credits else None
        return round((found or 0) * MILLICREDITS)

    def timed(self, backend: str, estimate: dict[str, Any]) -> dict[str, Any]:
        """An estimate with the time that such work took there, if that is known."""
        return estimate if self._past is None else self._past.timed(backend, estimate)

    def share(self, job: FederatedJob, part: PartState, access: Access) -> int | None:
        """What the part may spend of the job's budget; None if there is no budget.

        Raises PaymentRequired if nothing is left of it.
        """
        budget = read_budget(job.request.get("budget"))
        if budget is None:
            return None
        parts = self.charged(job.state.current, access)
        expected = {one.id: self.expected(one.backend) for one in parts}
        found = allotted(budget, parts, expected, part.id)
        if found <= 0:
            raise PaymentRequired(
                f"Nothing is left for it of the job's budget of {to_credits(budget):.15g} credits, "
                "which all parts share. Raise the budget, or leave it out."
            )
        return found

    def charged(self, parts: Sequence[PartState], access: Access) -> tuple[PartState, ...]:
        """The parts with the costs that were charged for them, where they are accounted for."""
        accounts = self._accounts
        if accounts is None:
            return tuple(parts)
        by_backend: dict[str, list[PartState]] = {}
        for part in parts:
            if part.job and accounts.accounts_for(part.backend):
                by_backend.setdefault(part.backend, []).append(part)
        costs: dict[tuple[str, str], float | None] = {}
        for backend, some in by_backend.items():
            stated = [{"id": part.job, "costs": part.costs} for part in some]
            for document in accounts.costed(access, backend, stated):
                costs[backend, text(document, "id")] = number(document, "costs")
        return tuple(
            replace(part, costs=costs.get((part.backend, part.job), part.costs)) for part in parts
        )

    def shares(self, request: Mapping[str, object], plan: Plan) -> tuple[int | None, int | None]:
        """A budget divided between all parts but the last, and the last, which is synchronous."""
        budget = read_budget(request.get("budget"))
        if budget is None:
            return None, None
        first = sum(self.expected(part.backend) for part in plan.parts[:-1])
        whole = first + self.expected(plan.last.backend, SYNCHRONOUS)
        if whole == 0:
            first, whole = len(plan.parts) - 1, len(plan.parts)
        share = budget * first // whole
        return max(share, 1), max(budget - share, 1)

    def check(self, plan: Plan, request: Mapping[str, object], access: Access) -> None:
        """Whether all parts can be paid as things stand; each is asked for again when it starts.

        Raises PaymentRequired if they cannot, BudgetInvalid and BillingPlanInvalid for a request
        that cannot be read.
        """
        order = read_order(request, BATCH)
        if self._credits is None:
            return
        check_budget(order.budget, sum(self.expected(part.backend) for part in plan.parts))
        billing = self._credits.billing(self._credits.payer(access, order), order)
        for backend, count in Counter(part.backend for part in plan.parts).items():
            credit = billing.credits.get(backend)
            if credit is not None and credit.left < credit.needed * count:
                needed = replace(credit, needed=credit.needed * count)
                raise PaymentRequired(f"Backend '{backend}' {needed}.")
