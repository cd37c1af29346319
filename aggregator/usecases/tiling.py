"""Plans for jobs over large areas: the same process on each of many tiles, at one or more backends.

A job asks for them by `federation:tiles`. Each tile is a part of a federated job, or several parts
where no single backend can run it; all their results together are the result of the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.documents import JsonObject
from aggregator.errors import NoBackendForProcess, TilingUnsupported
from aggregator.routing import FREE, Billing, Exchange, Part, Plan, Routing, read_choice
from aggregator.routing.plans import renamed
from aggregator.routing.policies import ORDER, Policy
from aggregator.routing.reading import read_requirements
from aggregator.routing.splitting import Unsplittable
from aggregator.routing.tiling import Tile, Tiling, Untileable, tiled, tiles_wanted
from aggregator.usecases.accounts import Access
from aggregator.usecases.policies import Policies
from aggregator.usecases.processing import Processing, process_in
from aggregator.usecases.splitting import Splitting
from aggregator.usecases.views import View


@dataclass(frozen=True)
class _Job:
    """What all tiles of a job have in common."""

    body: JsonObject
    view: View
    operation: str
    access: Access | None
    billing: Billing
    explicit: str | None
    policy: Policy


class Tilings:
    """Divides areas into at most so many tiles, and deals these out. Nothing is run."""

    def __init__(
        self, processing: Processing, policies: Policies, splitting: Splitting, most: int
    ) -> None:
        self._processing, self._policies = processing, policies
        self._splitting, self._most = splitting, most

    def plan_for(
        self,
        body: JsonObject,
        view: View,
        *,
        operation: str,
        access: Access | None = None,
        billing: Billing = FREE,
    ) -> Plan | None:
        """The plan for a job that asks for tiles; None if it does not.

        By the policy `order` tiles are dealt out evenly to the backends that can run them, by any
        other one each goes to the first in its ranking. Raises TilesInvalid, TilingUnsupported, and
        what routing raises for a tile that no backend can run, nor several together.
        """
        wanted = tiles_wanted(body)
        if wanted is None:
            return None
        process, _ = self._processing.read(process_in(body), access)
        found = tiled(process, wanted.by, most=self._most, exact=wanted.exact)
        if isinstance(found, Untileable):
            raise TilingUnsupported(found.sentence())
        choice, policy = read_choice(body, base=view.backend), self._policies.asked(body)
        job = _Job(body, view, operation, access, billing, choice, policy)
        return self._dealt(found, job)

    def _dealt(self, tiling: Tiling, job: _Job) -> Plan:
        given: Counter[str] = Counter()
        parts: list[Part] = []
        exchanges: list[Exchange] = []
        ends: list[str] = []
        for number, tile in enumerate(tiling.tiles, 1):
            made = self._of_tile(f"tile{number}", tile, tiling.process(tile), job, given)
            parts += made.parts
            exchanges += made.exchanges
            ends += made.resulting
        return Plan(tuple(parts), tuple(exchanges), tuple(ends))

    def _of_tile(
        self, name: str, tile: Tile, process: JsonObject, job: _Job, given: Counter[str]
    ) -> Plan:
        """The plan for one tile."""
        routing = self._processing.route(
            read_requirements(process),
            job.view,
            job.explicit,
            job.operation,
            billing=job.billing,
            policy=job.policy,
            access=job.access,
            taking=True,
        )
        able = [b for b in routing.able if job.access is None or b in job.access.credentials]
        if able:
            chosen = able[0] if job.policy is not ORDER else _least(able, given)
            given[chosen] += 1
            why = f"tile {tile.id}; {_whose(able)}"
            return Plan((Part(name, chosen, tuple(process["process_graph"]), process, (), why),))
        return self._in_parts(name, tile, process, job, routing)

    def _in_parts(
        self, name: str, tile: Tile, process: JsonObject, job: _Job, routing: Routing
    ) -> Plan:
        """The plan for a tile that no single backend can run."""
        if routing.chosen is not None and job.access is not None:
            job.access.at(routing.chosen)
        refusal = routing.rejection()
        if not isinstance(refusal, NoBackendForProcess):
            raise refusal
        found = self._splitting.plan_for(
            {**job.body, "process": process},
            job.view,
            operation=job.operation,
            access=job.access,
            billing=job.billing,
        )
        if isinstance(found, Unsplittable):
            said = f"Of tile {tile.id}: {refusal.message} {found.sentence()}"
            raise NoBackendForProcess(said, refusal.lacking)
        return renamed(found, f"{name}.", f"tile {tile.id}")


def _least(able: Sequence[str], given: Counter[str]) -> str:
    """Who has the fewest tiles yet; of equals the most preferred."""
    return min(able, key=lambda backend: given[backend])


def _whose(able: Sequence[str]) -> str:
    return f"only {able[0]} can run it" if len(able) == 1 else f"{', '.join(able)} can run it"
