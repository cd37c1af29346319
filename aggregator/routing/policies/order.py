"""The configured order: those that are preferred by name first, then as they are configured."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.routing.policies.facts import Facts
from aggregator.routing.preferences import Rating


def rate(able: Sequence[str], facts: Facts) -> dict[str, Rating]:
    """By the place among the preferred ones; all others are equal."""
    places = {name: place for place, name in enumerate(facts.preferred)}
    return {
        name: Rating(places[name], f"number {places[name] + 1} of the order asked for")
        if name in places
        else Rating(len(places))
        for name in able
    }
