"""Rankings by a figure that is known of some backends: the known ones first, by the figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aggregator.routing.preferences import Rating


def ranked_by(
    able: Sequence[str],
    figures: Mapping[str, Any],
    *,
    best: str,
    equal: str,
    said: Callable[[str], str],
    unknown: Callable[[str], str],
    nothing: str,
) -> dict[str, Rating]:
    """A rating for each of the able backends: its place among them, from 0.

    `figures` can be compared with each other, less is better; equal ones are one place, and who
    has none is after all who have. `best` and `equal` are what is said of the first ("cheapest",
    "as cheap as"), `said` and `unknown` of each, `nothing` where there are no figures at all.
    """
    known = {name: figures[name] for name in able if name in figures}
    if not known:
        return {
            name: Rating(0, f"first in configured order: {nothing}" if number == 0 else "")
            for number, name in enumerate(able)
        }
    steps = sorted(set(known.values()))
    places = {name: steps.index(figure) for name, figure in known.items()}
    first = [name for name in able if places.get(name) == 0]
    rated = {}
    for name in able:
        if name not in places:
            rated[name] = Rating(len(steps), unknown(name))
        elif places[name] or len(able) == 1:
            rated[name] = Rating(places[name], said(name))
        else:
            others = [other for other in first if other != name]
            word = f"{equal} {', '.join(others)}" if others else best
            rated[name] = Rating(0, f"{word}: {said(name)}{_next(able, places, said)}")
    return rated


def _next(able: Sequence[str], places: Mapping[str, int], said: Callable[[str], str]) -> str:
    """What is to be said of the next one, as far as one is known."""
    following = [other for other in able if places.get(other) == 1]
    return f"; next is {following[0]}: {said(following[0])}" if following else ""
