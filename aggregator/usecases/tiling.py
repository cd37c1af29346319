"""Plans for jobs over large areas: the same process on each of many tiles, at one or more backends.

A job asks for them by `federation:tiles`. Each tile is a part of a federated job, or several parts
where no single backend can run it; all their results together are the result of the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aggregator.documents import JsonObject
from aggregator.errors import NoBackendForProcess, TilingUnsupported
from aggregator.routing import FREE, Billing, Exchange, Part, Plan, Routing
from aggregator.routing.plans import renamed
from aggregator.routing.policies import ORDER, Policy
from aggregator.routing.reading import read_requirements
from aggregator.routing.splitting import Unsplittable
from aggregator.routing.tiling import Tile, Tiling, Untileable, tiled, tiles_wanted
from aggregator.usecases.policies import Policies
from aggregator.usecases.processing import Processing, process_in
from aggregator.usecases.splitting import Splitting, Whole, with_reason


@dataclass(frozen=True)
class _Job:
    """What all tiles of a job have in common."""

    whole: Whole
    billing: Billing
    policy: Policy


class Tilings:
    """Divides areas into at most so many tiles, and deals these out. Nothing is run."""

    def __init__(
        self, processing: Processing, policies: Policies, splitting: Splitting, most: int
    ) -> None:
        self._processing, self._policies = processing, policies
        self._splitting, self._most = splitting, most

    def plan_for(self, whole: Whole, billing: Billing = FREE) -> Plan | None:
        """The plan for a job that asks for tiles; None if it does not.

        By the policy `order` tiles are dealt out evenly to the backends that can run them, by any
        other one each goes to the first in its ranking. Raises TilesInvalid, TilingUnsupported, and
        what routing raises for a tile that no backend can run, nor several together.
        """
        wanted = tiles_wanted(whole.body)
        if wanted is None:
            return None
        process, _ = self._processing.read(process_in(whole.body), whole.access)
        found = tiled(process, wanted.by, most=self._most, exact=wanted.exact)
        if isinstance(found, Untileable):
            raise TilingUnsupported(found.sentence())
        return self._dealt(found, _Job(whole, billing, self._policies.asked(whole.body)))

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
        whole = job.whole
        routing = self._processing.route(
            read_requirements(process),
            whole.view,
            whole.explicit,
            whole.operation,
            billing=job.billing,
            policy=job.policy,
            access=whole.access,
            taking=True,
        )
        able = [b for b in routing.able if whole.access is None or b in whole.access.credentials]
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
        whole = job.whole
        if routing.chosen is not None and whole.access is not None:
            whole.access.at(routing.chosen)
        refusal = routing.rejection()
        if not isinstance(refusal, NoBackendForProcess):
            raise refusal
        of_tile = replace(whole, body={**whole.body, "process": process})
        found = self._splitting.plan_for(of_tile, job.billing)
        if isinstance(found, Unsplittable):
            if found.awaited:
                raise with_reason(refusal, found)
            said = f"Of tile {tile.id}: {refusal.message} {found.sentence()}"
            raise NoBackendForProcess(said, refusal.lacking)
        return renamed(found, f"{name}.", f"tile {tile.id}")


def _least(able: Sequence[str], given: Counter[str]) -> str:
    """Who has the fewest tiles yet; of equals the most preferred."""
    return min(able, key=lambda backend: given[backend])


def _whose(able: Sequence[str]) -> str:
    return f"only {able[0]} can run it" if len(able) == 1 else f"{', '.join(able)} can run it"
