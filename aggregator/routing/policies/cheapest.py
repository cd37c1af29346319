"""Where the work costs the fewest credits, by the rates that members have published."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.routing.policies.facts import Facts
from aggregator.routing.policies.figures import ranked_by
from aggregator.routing.preferences import Rating


def rate(able: Sequence[str], facts: Facts) -> dict[str, Rating]:
    """By the expected costs of the work that is asked for."""
    return ranked_by(
        able,
        facts.costs,
        best="cheapest",
        equal="as cheap as",
        said=lambda name: f"{facts.costs[name]:.15g} credits by its rates",
        unknown=lambda _: "its rates are not known",
        nothing="no rates are known",
    )
