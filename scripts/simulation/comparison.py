"""What came of the same load under different policies, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Any

from aggregator.ledger.amounts import to_credits
from aggregator.ledger.books import mistakes_in
from aggregator.moments import HOUR
from aggregator.storage.queries import UsageFilter, usage
from aggregator.storage.verification import read_books
from scripts.simulation.outcome import heading
from scripts.simulation.play import Play
from scripts.simulation.scenario import Scenario


def comparison_of(scenario: Scenario, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """All figures of all policies; `found` are those of each (see `figures_of`)."""
    return {
        **heading(scenario),
        "members": {
            member.id: {
                "title": member.title,
                "weight": member.weight,
                "capacity": member.capacity,
                "speed": member.speed,
                "credits_per_hour": member.credits_per_hour,
            }
            for member in scenario.members
        },
        "policies": {name: dict(figures) for name, figures in found.items()},
    }


def figures_of(play: Play) -> dict[str, Any]:
    """What came of the jobs, as far as they had ended at the end.

    Waits are hours from coming to beginning, or to the end, of all jobs that were taken.
    `fairness` is Jain's index of the work that members did in relation to their weights: 1 if each
    had its share, 1/n if one of n had all.
    """
    tally = play.tally
    charged = {
        r.keys[0]: to_credits(r.charged) for r in usage(play.database, UsageFilter(), ["backend"])
    }
    total, refused = sum(charged.values()), tally.refused.total()
    taken = {"served": tally.served.total(), "failed": tally.failed.total()}
    ended = {kind: count - tally.unfinished[kind] for kind, count in taken.items()}
    served = ended["served"]
    members = play.scenario.members
    worked = {member.id: tally.worked[member.id] for member in members}
    whole = sum(worked.values())
    weighed = [worked[m.id] / Fraction(m.weight) for m in members if m.weight]
    return {
        "jobs": sum(taken.values()) + refused,
        **ended,
        "unfinished": tally.unfinished.total(),
        "refused": refused,
        "wait_mean_hours": _hours(sum(tally.waits), len(tally.waits)),
        "wait_p95_hours": _hours(quantile(tally.waits, 95), 1),
        "credits": round(total, 3),
        "credits_per_job": round(total / served, 3) if served else None,
        "fairness": round(float(jain(weighed)), 3),
        "work_percent": {
            name: round(100 * work / whole, 1) if whole else 0.0 for name, work in worked.items()
        },
        "mistakes_in_books": list(mistakes_in(read_books(play.database))),
    }


def quantile(values: Sequence[int], percent: int) -> int:
    """The least of the values that so many percent of them do not exceed; 0 of none."""
    rank = ceil(len(values) * Fraction(percent, 100))
    return sorted(values)[max(rank, 1) - 1] if values else 0


def jain(shares: Iterable[Fraction]) -> Fraction:
    """Jain's index of fairness: from 1/n, if one has all, to 1, if all have the same.

    Source: Jain, Chiu, Hawe: A Quantitative Measure of Fairness (1984).
    """
    found = [*shares]
    squares = len(found) * sum(share * share for share in found)
    return sum(found, Fraction(0)) ** 2 / squares if squares else Fraction(1)


def _hours(milliseconds: int, count: int) -> float:
    return round(milliseconds / count / HOUR, 2) if count else 0.0
