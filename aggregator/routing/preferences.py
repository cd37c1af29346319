"""Which of several able backends is preferred.

A preference rates a backend for a process, less is better, and says why. The first preference
decides, the next only between equals; the configured order breaks what ties remain.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aggregator.routing.abilities import Abilities
from aggregator.routing.billing import Billing
from aggregator.routing.references import OwnerOf
from aggregator.routing.requirements import Requirements


class Rating(NamedTuple):
    """Less is better; `why` says what the rating comes from, empty if it is of no interest."""

    value: float
    why: str = ""


class Preference(Protocol):
    """Rates one able backend for one process, by itself."""

    def __call__(self, needs: Requirements, backend: Abilities, /) -> Rating: ...


class Ranked(NamedTuple):
    """An able backend, with its ratings in the order of the preferences."""

    backend: str
    ratings: tuple[Rating, ...]

    @property
    def why(self) -> str:
        """What speaks for this place in the ranking, in words."""
        return ", ".join(rating.why for rating in self.ratings if rating.why)


@dataclass(frozen=True)
class NearData:
    """Prefers the backend that holds most of the results the process reads over the web."""

    owner_of: OwnerOf

    def __call__(self, needs: Requirements, backend: Abilities) -> Rating:
        held = sum(
            not need.binding and self.owner_of(need.reference) == backend.backend
            for need in needs.references
        )
        return Rating(-held, f"holds {held} of the results that are read" if held else "")


@dataclass(frozen=True)
class Reachable:
    """Prefers the backends at which the user is known, where work needs a user."""

    backends: Collection[str]

    def __call__(self, _needs: Requirements, backend: Abilities) -> Rating:
        if backend.backend in self.backends:
            return Rating(0)
        return Rating(1, "though your login does not count there")


@dataclass(frozen=True)
class Payable:
    """Prefers the backends at which the user can pay for what will be started later."""

    billing: Billing

    def __call__(self, _needs: Requirements, backend: Abilities) -> Rating:
        shortages = [shortage.text for shortage in self.billing.shortages(backend.backend)]
        if shortages:
            return Rating(1, f"though it {' and '.join(shortages)}")
        elsewhere = any(any(self.billing.shortages(name)) for name in self.billing.credits)
        return Rating(0, "covered by your credits" if elsewhere else "")


RateAll = Callable[[Sequence[str], bool], Mapping[str, Rating]]
"""Rates backends that are equal so far, beside each other; the flag says if they lead."""


def rank(
    needs: Requirements,
    able: Sequence[Abilities],
    preferences: Sequence[Preference],
    between_equals: Sequence[RateAll] = (),
    at_last: Sequence[Preference] = (),
) -> tuple[Ranked, ...]:
    """The able backends, given in configured order, the most preferred first.

    `between_equals` rate those that no preference told apart; `at_last` are further preferences.
    """
    ratings = {b.backend: [p(needs, b) for p in preferences] for b in able}
    for rate in between_equals:
        for number, names in enumerate(_equals(ratings)):
            for name, rating in rate(names, number == 0).items():
                ratings[name].append(rating)
    for backend in able:
        ratings[backend.backend] += [p(needs, backend) for p in at_last]
    ranked = [Ranked(name, tuple(found)) for name, found in ratings.items()]
    # Sorting is stable: between equals the configured order stays.
    return tuple(sorted(ranked, key=lambda entry: [rating.value for rating in entry.ratings]))


def _equals(ratings: Mapping[str, Sequence[Rating]]) -> list[list[str]]:
    """The backends that all ratings find equal, the best first."""
    found: dict[tuple[float, ...], list[str]] = {}
    for name, given in ratings.items():
        found.setdefault(tuple([rating.value for rating in given]), []).append(name)
    return [found[values] for values in sorted(found)]
