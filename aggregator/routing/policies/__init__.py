"""Policies: how backends that can run a process are ranked, each a module with one function.

::

    order            as they are configured
    cheapest         by expected costs
    least_loaded     by jobs under way, then by latency
    most_available   by the monitor's probes
    spread           by turns, in proportion to weights

A policy rates the able backends by its `facts`, less is better, and says why (with
`figures`). Backends of which it knows nothing come after the others, the configured order breaks
ties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aggregator.routing.policies import cheapest, least_loaded, most_available, order, spread
from aggregator.routing.policies.facts import NOTHING_KNOWN, Facts, Probes, Turn, first_turn
from aggregator.routing.preferences import Rating

Rate = Callable[[Sequence[str], Facts], Mapping[str, Rating]]
"""Rates backends that are able, given in configured order; less is better."""


@dataclass(frozen=True)
class Policy:
    """A way to rank backends; `description` tells users in a sentence which come first."""

    name: str
    description: str
    rate: Rate


ORDER = Policy("order", "The backends in the order in which they are configured.", order.rate)
POLICIES: Mapping[str, Policy] = {
    policy.name: policy
    for policy in (
        ORDER,
        Policy("cheapest", "Those where the work is expected to cost least.", cheapest.rate),
        Policy(
            "least_loaded",
            "Those with the fewest jobs for their weight; of equals, those that answer soonest.",
            least_loaded.rate,
        ),
        Policy(
            "most_available",
            "Those that were up for the largest part of the last 30 days.",
            most_available.rate,
        ),
        Policy("spread", "Each in its turn, in proportion to the weights.", spread.rate),
    )
}
"""All policies by name."""


def published(default: str) -> list[dict[str, Any]]:
    """The policies as users find them, the one that holds where a request names none marked."""
    return [
        {
            "name": policy.name,
            "description": policy.description,
            "default": policy.name == default,
        }
        for policy in POLICIES.values()
    ]


__all__ = [
    "NOTHING_KNOWN",
    "ORDER",
    "POLICIES",
    "Facts",
    "Policy",
    "Probes",
    "Rate",
    "Turn",
    "first_turn",
    "published",
]
