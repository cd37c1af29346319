"""A scenario moved in time, so that it can be the past of a federation."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from aggregator.moments import month_of, months_between, months_later, shifted
from scripts.simulation.scenario import Maintenance, Member, Outage, Scenario


def ending_at(scenario: Scenario, now: int) -> Scenario:
    """The same scenario, moved by whole months so that its last month is the present one."""
    last = shifted(month_of(scenario.start), scenario.months - 1)
    months = months_between(last, month_of(now))
    return replace(
        scenario,
        start=months_later(scenario.start, months),
        members=tuple(_moved(member, months) for member in scenario.members),
        outages=tuple(_moved_span(outage, months) for outage in scenario.outages),
        decisions=tuple(
            replace(decision, at=months_later(decision.at, months))
            for decision in scenario.decisions
        ),
        until=now,
    )


def _moved(member: Member, months: int) -> Member:
    return replace(
        member,
        joined=months_later(member.joined, months),
        failures=tuple(
            replace(phase, since=months_later(phase.since, months)) if phase.since else phase
            for phase in member.failures
        ),
        outages=tuple(_moved_span(outage, months) for outage in member.outages),
        maintenance=tuple(
            replace(_moved_span(work, months), announced=months_later(work.announced, months))
            for work in member.maintenance
        ),
    )


_Span = TypeVar("_Span", Outage, Maintenance)


def _moved_span(span: _Span, months: int) -> _Span:
    starts, ends = months_later(span.starts, months), months_later(span.ends, months)
    return replace(span, starts=starts, ends=ends)
