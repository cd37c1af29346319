"""The plan of a request that no single backend can run."""

from __future__ import annotations

from typing import Protocol

from aggregator.documents import JsonObject
from aggregator.errors import NoBackendForProcess, OpenEOError, TilesInvalid
from aggregator.ledger.orders import read_order
from aggregator.routing import FREE, Billing, Plan
from aggregator.routing.bodies import TILES, read_tiles
from aggregator.routing.splitting import Unsplittable
from aggregator.usecases.credits import Credits
from aggregator.usecases.splitting import Whole, with_reason

BATCH_ONLY = "an area is divided for batch jobs only"


def with_sentence(refusal: NoBackendForProcess, sentence: str) -> NoBackendForProcess:
    """The refusal with one sentence more."""
    return NoBackendForProcess(f"{refusal.message} {sentence}", refusal.lacking)


def no_tiles(body: JsonObject, reason: str) -> None:
    """Raises TilesInvalid, with the reason, if a request asks for tiles."""
    if read_tiles(body) is not None:
        raise TilesInvalid(TILES, reason)


class Plans(Protocol):
    """Finds plans."""

    def plan_for(self, whole: Whole, billing: Billing = FREE) -> Plan | Unsplittable:
        """A plan for a request, or why there is none."""
        ...


class Tiles(Protocol):
    """Finds plans for requests that ask for tiles."""

    def plan_for(self, whole: Whole, billing: Billing = FREE) -> Plan | None:
        """The plan; None for a request that asks for none."""
        ...


class Planning:
    """Splits what may be split: requests to the whole federation that ask for no backend."""

    def __init__(
        self, plans: Plans | None, credits_: Credits | None, tiles: Tiles | None = None
    ) -> None:
        self.plans, self._credits, self._tiles = plans, credits_, tiles

    def tiles(self, whole: Whole) -> Plan | None:
        """The plan for a request that asks for tiles, None if it does not.

        Raises TilesInvalid where there are none, and what finding a plan raises.
        """
        if self._tiles is None:
            no_tiles(whole.body, "this federation divides no areas")
            return None
        if whole.view.backend is not None:
            no_tiles(whole.body, "at the address of one backend no area is divided")
            return None
        return self._tiles.plan_for(whole, self._billing(whole))

    def plan(self, whole: Whole, refusal: OpenEOError) -> Plan:
        """The plan for a request that was refused for want of one backend.

        Raises the refusal, with the reason why the request cannot be split either.
        """
        plans = self.plans
        asks_for_one = whole.explicit is not None
        if plans is None or asks_for_one or not isinstance(refusal, NoBackendForProcess):
            raise refusal
        found = plans.plan_for(whole, self._billing(whole))
        if isinstance(found, Plan):
            return found
        raise with_reason(refusal, found) from refusal

    def _billing(self, whole: Whole) -> Billing:
        """Where the user can pay, as far as that is known."""
        if self._credits is None or whole.access is None:
            return FREE
        return self._credits.prospect(whole.access, read_order(whole.body, whole.activity))
