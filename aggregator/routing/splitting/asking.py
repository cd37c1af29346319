"""The request around a process that is to be split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aggregator.routing.abilities import Abilities
from aggregator.routing.billing import FREE, Billing
from aggregator.routing.decision import Routing, decide
from aggregator.routing.preferences import Preference
from aggregator.routing.references import OwnerOf
from aggregator.routing.requirements import Requirements

HANDED_ON_BY = "POST /jobs"
"""The endpoint by which parts that hand on a result are run."""


@dataclass(frozen=True)
class Asking:
    """What `decide` takes beside the process.

    `operation` is the endpoint that the last part is for; the others are for `HANDED_ON_BY`.
    `explicit` is the backend that the request asks for; such a request is not split.
    """

    operation: str | None = HANDED_ON_BY
    explicit: str | None = None
    preferences: Sequence[Preference] = ()
    owner_of: OwnerOf | None = None
    stored: Mapping[str, Sequence[str]] | None = None
    billing: Billing = FREE

    def decide(
        self, needs: Requirements, abilities: Sequence[Abilities], operation: str | None = None
    ) -> Routing:
        """The ordinary decision on a part of the process."""
        return decide(
            needs,
            abilities,
            owner_of=self.owner_of,
            stored=self.stored,
            operation=operation,
            billing=self.billing,
        )

    def ranked(self, needs: Requirements, abilities: Sequence[Abilities]) -> tuple[str, ...]:
        """All backends, the most preferred first, as if each could run the whole."""
        ratings = {b.backend: [p(needs, b).value for p in self.preferences] for b in abilities}
        # Sorting is stable: between equals the configured order stays.
        return tuple(sorted(ratings, key=lambda backend: ratings[backend]))

    def unpaid(self, abilities: Sequence[Abilities]) -> frozenset[str]:
        """The backends at which the user cannot pay for the work."""
        names = (backend.backend for backend in abilities)
        return frozenset(name for name in names if any(self.billing.shortages(name)))
