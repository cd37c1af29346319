"""What everything that is done with federated jobs stands on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aggregator.storage.federated_jobs import FederatedJobs
from aggregator.usecases.federated.keyring import Keyring
from aggregator.usecases.federated.members import Members
from aggregator.usecases.federated.money import Money


@dataclass(frozen=True)
class Tools:
    """Where jobs are kept, what backends are asked, credentials, costs, and the time.

    `clock` gives seconds since 1970.
    """

    store: FederatedJobs
    members: Members
    keyring: Keyring
    money: Money
    clock: Callable[[], float]

    def now(self) -> int:
        """This moment, in milliseconds since 1970."""
        return int(self.clock() * 1000)
