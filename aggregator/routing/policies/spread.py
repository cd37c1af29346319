"""Work is spread over the able backends by their weights, one request after the other.

The request of number n goes where Webster's method of apportionment would give the seat n + 1: a
function of the weights and the number alone. Of n requests among k backends one of the share s has
had n s, give or take (1 + k s) / 2 at most, however large n is. Each worker process may count for
itself; then the sum is off by so much for each of them.

Those that can run one request and those that can run the next may differ. Every choice between the
same backends is a sequence of its own: a backend that was away does not have to catch up.
Source: A. Sainte-Laguë (1910); Balinski and Young, Fair Representation (1982).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from heapq import heapify, heapreplace

from aggregator.routing.policies.facts import Facts
from aggregator.routing.preferences import Rating

HALF = Fraction(1, 2)


def rate(able: Sequence[str], facts: Facts) -> dict[str, Rating]:
    """By the turn of each: the first has the present one, the second would have the next."""
    weights = {name: Fraction(facts.weight(name)) for name in able if facts.weight(name) > 0}
    if len(able) == 1 or not weights:
        return dict.fromkeys(able, Rating(0))
    turn = facts.turn(tuple(weights)) if len(weights) > 1 else 0
    counts = apportioned(weights, turn)
    places = sorted(weights, key=lambda name: _due(counts[name], weights[name]))
    rated = {name: Rating(len(places), "of weight 0, for want of others") for name in able}
    whole = sum(weights.values())
    for place, name in enumerate(places):
        share = f"{float(100 * weights[name] / whole):.3g} % of such requests"
        rated[name] = Rating(place, f"next in turn for its {share}" if place == 0 else share)
    return rated


def apportioned(weights: Mapping[str, Fraction], seats: int) -> dict[str, int]:
    """How many of so many seats each has by its weight; of equals the first has one more.

    Weights are above zero. Takes as long for many seats as for few.
    """
    # So many seats were due at this moment, or fewer; those that remain are given one by one.
    moment = max((Fraction(seats) - HALF * len(weights)) / sum(weights.values()), Fraction(0))
    counts = {name: math.floor(weight * moment + HALF) for name, weight in weights.items()}
    following = [
        (_due(counts[name], weight), number, name)
        for number, (name, weight) in enumerate(weights.items())
    ]
    heapify(following)
    for _ in range(seats - sum(counts.values())):
        _, number, name = following[0]
        counts[name] += 1
        heapreplace(following, (_due(counts[name], weights[name]), number, name))
    return counts


def _due(count: int, weight: Fraction) -> Fraction:
    """When the next seat of one who has so many is due."""
    return (count + HALF) / weight
