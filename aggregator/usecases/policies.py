"""By which policy a request is routed, and what that policy is to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aggregator.documents import JsonObject
from aggregator.health.uptime import Uptime
from aggregator.routing import POLICIES, Facts, Policy, read_policy
from aggregator.routing.policies import ORDER, Probes, published
from aggregator.settings import Settings
from aggregator.upstream.fleet import Fleet
from aggregator.usecases.credits import BATCH, SERVICE, SYNCHRONOUS
from aggregator.usecases.gathering import Gathering
from aggregator.usecases.turns import Turns
from aggregator.usecases.views import View

ACTIVITIES = {"POST /result": SYNCHRONOUS, "POST /jobs": BATCH, "POST /services": SERVICE}

Costs = Mapping[str, Mapping[str, float]]
"""By activity, what such work is expected to cost at each backend whose rates are known."""


class Policies:
    """The policies of a federation, with all that they need to know."""

    def __init__(
        self, settings: Settings, fleet: Fleet, gathering: Gathering, costs: Costs
    ) -> None:
        self.gathering = gathering
        self._settings, self._fleet, self._costs = settings, fleet, costs
        self._weights = {backend.id: backend.weight for backend in settings.backends}
        self._turns = Turns()

    def asked(self, body: JsonObject) -> Policy:
        """The policy that a request asks for, or the configured one. Raises PolicyUnsupported."""
        return read_policy(body) or POLICIES[self._settings.routing.policy]

    def facts(self, policy: Policy, operation: str | None, *, taking: bool) -> Facts:
        """What is known now; `taking` if work is given away, and not only asked where it would go.

        Memory only: nothing is asked, and nothing read, within a request.
        """
        if policy is ORDER:
            return Facts(preferred=self._settings.preferred)
        return Facts(
            costs=self._costs.get(ACTIVITIES.get(operation or "", SYNCHRONOUS), {}),
            queues=self.gathering.queues(),
            latencies=self._fleet.latencies(),
            probes={name: _probes(found) for name, found in self.gathering.uptimes().items()},
            weights=self._weights,
            preferred=self._settings.preferred,
            turn=self._turns.take if taking else self._turns.look,
        )

    def document(self, view: View) -> dict[str, Any]:
        """The policies, and what they know of each backend; null is not known."""
        queues, latencies = self.gathering.queues(), self._fleet.latencies()
        uptimes = self.gathering.uptimes()
        return {
            "policies": published(self._settings.routing.policy),
            "backends": {
                name: {
                    "weight": self._weights[name],
                    "costs": {
                        activity: costs[name]
                        for activity, costs in self._costs.items()
                        if name in costs
                    },
                    "jobs_under_way": queues.get(name),
                    "latency_ms": None if name not in latencies else round(latencies[name] * 1000),
                    "uptime_30_days": _percent(uptimes.get(name)),
                }
                for name in self._settings.order
                if view.backend in (None, name)
            },
            "links": [
                {
                    "rel": "self",
                    "href": view.link("federation", "policies"),
                    "type": "application/json",
                }
            ],
        }


def _probes(uptime: Uptime) -> Probes:
    return Probes(uptime.up, uptime.counted)


def _percent(uptime: Uptime | None) -> str | None:
    return uptime.percent() if uptime is not None and uptime.counted else None
