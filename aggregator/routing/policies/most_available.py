"""Who was there most of the time, by the monitor's probes of the last 30 days.

Shares are compared in whole tenths of a percent, since less than that is chance. Probes in
announced maintenance do not count, here as in the record.
"""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.routing.policies.facts import Facts
from aggregator.routing.policies.figures import ranked_by
from aggregator.routing.preferences import Rating

LEAST_PROBES = 100
"""With fewer nothing can be said in tenths of a percent."""


def rate(able: Sequence[str], facts: Facts) -> dict[str, Rating]:
    """By the share of successful probes, in tenths of a percent."""
    failing = {
        name: -(probes.up * 1000 // probes.counted)
        for name, probes in facts.probes.items()
        if probes.counted >= LEAST_PROBES
    }
    return ranked_by(
        able,
        failing,
        best="most available",
        equal="as available as",
        said=lambda name: _said(name, facts),
        unknown=lambda name: _too_few(name, facts),
        nothing="of none there are enough probes",
    )


def _said(name: str, facts: Facts) -> str:
    probes = facts.probes[name]
    return f"up in {probes.percent} of {probes.counted} probes"


def _too_few(name: str, facts: Facts) -> str:
    probes = facts.probes.get(name)
    if probes is None or not probes.counted:
        return "it was not monitored yet"
    return f"it was probed only {probes.counted} time{'s' * (probes.counted != 1)} yet"
