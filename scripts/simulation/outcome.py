"""What came of a scenario, as data."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aggregator.health.uptime import uptime_of
from aggregator.ledger.amounts import to_credits
from aggregator.ledger.books import mistakes_in
from aggregator.moments import DAY, day_of, month_of, rfc3339
from aggregator.storage.notices import read_incidents
from aggregator.storage.observations import read_days
from aggregator.storage.queries import UsageFilter, usage
from aggregator.storage.verdicts import read_decisions, read_months, read_steps
from aggregator.storage.verification import read_books
from aggregator.usecases import disclosures
from scripts.simulation.play import Play
from scripts.simulation.scenario import Scenario

EVER = 1_000_000


def heading(scenario: Scenario) -> dict[str, Any]:
    """What was played."""
    return {
        "title": scenario.title,
        "description": scenario.description,
        "seed": scenario.seed,
        "from": day_of(scenario.start),
        "until": rfc3339(scenario.end),
    }


def outcome_of(play: Play) -> dict[str, Any]:
    """Verdicts, credits, jobs and incidents, read from what the federation has recorded."""
    scenario = play.scenario
    with play.database.read() as connection:
        months = read_months(connection)
        incidents = read_incidents(connection, limit=EVER)
        decisions = read_decisions(connection)
        days = read_days(connection, day_of(scenario.start), day_of(scenario.end))
        steps = read_steps(connection)
    verdicts: dict[str, list[dict[str, Any]]] = {m.id: [] for m in scenario.members}
    for month in months:
        verdicts[month.verdict.evidence.backend].append(disclosures.month(month))
    down = Counter(incident.backend for incident in incidents)
    earned = _earned(play)
    return {
        **heading(scenario),
        "members": {
            member.id: {
                "title": member.title,
                "joined": day_of(member.joined),
                "standing": steps[member.id][-1].state.standing
                if steps.get(member.id)
                else "stable",
                "uptime": uptime_of(d for d in days if d.backend == member.id).percent(3),
                "incidents": down[member.id],
                "months": verdicts[member.id],
                "jobs_served": play.tally.served[member.id],
                "jobs_failed": play.tally.failed[member.id],
                "credits": earned.get(member.id, {}),
            }
            for member in scenario.members
        },
        "decisions": [disclosures.decision(one) for one in reversed(decisions)],
        "jobs": _jobs(play),
        "mistakes_in_books": list(mistakes_in(read_books(play.database))),
        "days": {
            member.id: [disclosures.day(day) for day in days if day.backend == member.id]
            for member in scenario.members
        },
    }


def _jobs(play: Play) -> dict[str, Any]:
    tally = play.tally
    first, last = month_of(play.scenario.start), month_of(play.scenario.end - DAY)
    months = sorted({month for month, _ in tally.by_month if first <= month <= last})
    return {
        "served": tally.served.total(),
        "failed": tally.failed.total(),
        "refused": dict(sorted(tally.refused.items())),
        "examples": dict(sorted(tally.examples.items())),
        "by_month": {
            month: {kind: tally.by_month[month, kind] for kind in ("served", "failed", "refused")}
            for month in months
        },
    }


def _earned(play: Play) -> dict[str, dict[str, float]]:
    """Credits by provider and month in which they were reported."""
    found: dict[str, dict[str, float]] = {}
    for row in usage(play.database, UsageFilter(), ["backend", "month"]):
        provider, month = row.keys
        found.setdefault(provider, {})[month] = to_credits(row.charged)
    return found
