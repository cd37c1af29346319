"""The request around a process that is to be split."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from aggregator.routing.abilities import Abilities
from aggregator.routing.billing import FREE, Billing
from aggregator.routing.decision import Routing, decide
from aggregator.routing.policies import NOTHING_KNOWN, ORDER, Facts, Policy, first_turn
from aggregator.routing.preferences import RateAll, rank
from aggregator.routing.references import OwnerOf
from aggregator.routing.requirements import Requirements

HANDED_ON_BY = "POST /jobs"
"""The endpoint by which parts that hand on a result are run."""


@dataclass(frozen=True)
class Asking:
    """What `decide` takes beside the process.

    `operation` is the endpoint that the last part is for; the others are for `HANDED_ON_BY`.
    `explicit` is the backend that the request asks for; such a request is not split. Parts run only
    at backends that are `reachable`, those at which the user is known (None: it does not matter).
    `largest` is how many bytes a part reads of others at most, as far as sizes are known.
    """

    operation: str | None = HANDED_ON_BY
    explicit: str | None = None
    policy: Policy = ORDER
    facts: Facts = NOTHING_KNOWN
    reachable: Collection[str] | None = None
    owner_of: OwnerOf | None = None
    billing: Billing = FREE
    largest: int | None = None

    def decide(
        self, needs: Requirements, abilities: Sequence[Abilities], operation: str | None = None
    ) -> Routing:
        """The ordinary decision on a part of the process."""
        return decide(
            needs,
            abilities,
            owner_of=self.owner_of,
            operation=operation,
            billing=self.billing,
        )

    def ranked(self, needs: Requirements, abilities: Sequence[Abilities]) -> tuple[str, ...]:
        """All backends, the most preferred first, as if each could run the whole."""
        rates = [self._by(self.policy), self._by(ORDER)]
        return tuple(one.backend for one in rank(needs, abilities, (), rates))

    def _by(self, policy: Policy) -> RateAll:
        """Whose turn it is does not count: the parts are several, and none is given away here."""
        facts = replace(self.facts, turn=first_turn)
        return lambda names, _leading: policy.rate(names, facts)

    def reaches(self, backend: str) -> bool:
        """Whether the user is known there."""
        return self.reachable is None or backend in self.reachable

    def unpaid(self, abilities: Sequence[Abilities]) -> frozenset[str]:
        """The backends at which the user cannot pay for the work."""
        names = (backend.backend for backend in abilities)
        return frozenset(name for name in names if any(self.billing.shortages(name)))
