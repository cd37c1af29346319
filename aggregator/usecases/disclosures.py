"""What everybody may read of the record of availability, as JSON.

No error texts of backends, no names of operators or users, no internal addresses. The export
(`history`) is described in `docs/availability.md`; `openeo-self-review --history` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aggregator.health.announcements import Announcement, lead_time
from aggregator.health.judging import share
from aggregator.health.maintenance import Window
from aggregator.health.policy import Policy
from aggregator.health.standing import Decision
from aggregator.health.uptime import Day, quantile
from aggregator.moments import month_of, rfc3339
from aggregator.storage.notices import Incident
from aggregator.storage.verdicts import ClosedMonth
from aggregator.usecases.availability import MemberHealth, Overview

HISTORY_VERSION = 1


def window(one: Window, policy: Policy) -> dict[str, Any]:
    """Maintenance; `excused` says whether it does not count as downtime."""
    found = {
        "id": one.id,
        "backend": one.backend,
        "starts": rfc3339(one.starts),
        "ends": rfc3339(one.ends),
        "announced": rfc3339(one.announced),
        "excused": one.in_time(policy),
        "text": one.text,
    }
    return found | ({} if one.cancelled is None else {"cancelled": rfc3339(one.cancelled)})


def incident(one: Incident) -> dict[str, Any]:
    """An incident with the operators' notes; `closed` is null while it goes on."""
    return {
        "id": one.id,
        "backend": one.backend,
        "opened": rfc3339(one.opened),
        "closed": None if one.closed is None else rfc3339(one.closed),
        "error": one.error,
        "notes": [{"at": rfc3339(note.at), "text": note.text} for note in one.notes],
    }


def announcement(one: Announcement, policy: Policy) -> dict[str, Any]:
    """An announcement; `backend` is null if it is the federation's."""
    return {
        "id": one.id,
        "backend": one.backend or None,
        "kind": one.kind,
        "title": one.title,
        "text": one.text,
        "announced": rfc3339(one.announced),
        "effective": None if one.effective is None else rfc3339(one.effective),
        "lead_time": lead_time(one, policy),
    }


def decision(one: Decision) -> dict[str, Any]:
    """An operator's decision, without who it was."""
    return {
        "backend": one.backend,
        "decision": one.kind,
        "at": rfc3339(one.at),
        "reason": one.reason,
    }


def month(one: ClosedMonth) -> dict[str, Any]:
    """A closed month: evidence, verdict, reason."""
    verdict, evidence = one.verdict, one.verdict.evidence
    return {
        "month": evidence.month,
        "up": evidence.uptime.up,
        "counted": evidence.uptime.counted,
        "excused": evidence.excused,
        "due": evidence.due,
        "uptime": evidence.uptime.percent(3) if evidence.uptime.counted else None,
        "interval_seconds": one.policy.probe_interval / 1000,
        "judged": verdict.judged,
        "status": verdict.standing,
        "warning": verdict.warned,
        "warning_below_percent": share(verdict.limit),
        "proposal": verdict.proposal or None,
        "collections": verdict.collections,
        "reason": verdict.reason,
        "closed": rfc3339(one.closed),
    }


def day(one: Day) -> dict[str, Any]:
    """A day's probes, and the durations of the successful ones in milliseconds."""
    return {
        "day": one.day,
        "up": one.up,
        "down": one.down,
        "excused": one.excused,
        "p50_ms": quantile(one.durations, 0.5),
        "p95_ms": quantile(one.durations, 0.95),
    }


def history(overview: Overview, policy: Policy) -> dict[str, Any]:
    """The monitor's whole history, for programs."""
    return {
        "version": HISTORY_VERSION,
        "created": rfc3339(overview.at),
        "backends": {member.backend: _member(member) for member in overview.members},
        "maintenance": [window(one, policy) for one in overview.windows],
        "incidents": [incident(one) for one in overview.incidents],
        "announcements": [announcement(one, policy) for one in overview.announcements],
        "decisions": [decision(one) for one in overview.decisions],
        "links": [],
    }


def listing(key: str, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A list under its name."""
    return {key: list(items), "links": []}


def _member(member: MemberHealth) -> dict[str, Any]:
    """A member; `months` are those that were judged, `unjudged` the others and why.

    `collections` are its non-experimental ones, for which `collections` of each month holds.
    """
    judged = [month(one) for one in member.verdicts if one.verdict.judged]
    unjudged = [month(one) for one in member.verdicts if not one.verdict.judged]
    standing = member.standing
    return {
        "title": member.title,
        "since": None if member.joined is None else month_of(member.joined),
        "status": standing.standing,
        "status_since": None if standing.since is None else rfc3339(standing.since),
        "status_reason": standing.reason,
        "collections": list(member.collections),
        "months": judged,
        "unjudged": unjudged,
        "days": [day(one) for one in member.days],
    }
