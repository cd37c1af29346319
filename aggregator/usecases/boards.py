"""The state of the federation for everybody: one document that the page, its JSON, the badge and
the metrics are made of.

The states are those by which requests are routed; where the record cannot be read they are shown
without it. Error texts of backends, names of people and internal addresses are left out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cachetools import TTLCache

from aggregator.errors import DatabaseUnavailable
from aggregator.health.judging import share
from aggregator.health.maintenance import Window
from aggregator.health.policy import Policy
from aggregator.health.uptime import Day
from aggregator.moments import DAY, day_of, month_of, rfc3339
from aggregator.usecases import disclosures
from aggregator.usecases.availability import Availability, MemberHealth, Overview

DAYS = 90
REMEMBERED_SECONDS = 5.0
ONLINE, OFFLINE = "online", "offline"

Earnings = Callable[[str], Mapping[str, float]]
"""The credits used at each backend in a month."""


@dataclass(frozen=True)
class Board:
    """What there is to show at a moment; `complete` is False without the record."""

    overview: Overview
    credits: Mapping[str, float] | None
    complete: bool = True


class Boards:
    """Makes boards, each once for a few seconds while nobody's state changes."""

    def __init__(self, availability: Availability, earnings: Earnings | None) -> None:
        self._availability, self._earnings = availability, earnings
        self._made: TTLCache[Any, Board] = TTLCache(64, REMEMBERED_SECONDS)
        self._lock = threading.Lock()

    def board(self, backend: str | None = None) -> Board:
        """The board of all members, or of one."""
        key = (backend, self._availability.states())
        with self._lock:
            found = self._made.get(key)
        if found is None:
            found = self._make(backend)
            if found.complete:
                with self._lock:
                    self._made[key] = found
        return found

    def _make(self, backend: str | None) -> Board:
        try:
            overview = self._availability.overview(days=DAYS, backend=backend)
            month = month_of(overview.at)
            return Board(overview, self._earnings(month) if self._earnings else None)
        except DatabaseUnavailable:
            return Board(self._availability.present(backend), None, complete=False)

    def document(
        self, board: Board, title: str, url: str, backend: str | None = None
    ) -> dict[str, Any]:
        """The board of all members, or of one, as JSON; `url` is the public address."""
        overview, policy = board.overview, self._availability.record.policy
        return {
            "title": title,
            "headline": headline(board),
            "as_of": rfc3339(overview.at),
            "complete": board.complete,
            "month": month_of(overview.at),
            "stable_from_percent": share(policy.stable),
            "backends": {
                member.backend: _member(member, board, policy) for member in overview.members
            },
            "maintenance": [disclosures.window(one, policy) for one in coming(overview)],
            "incidents": [disclosures.incident(one) for one in overview.incidents],
            "announcements": [
                disclosures.announcement(one, policy) for one in overview.announcements
            ],
            "links": _links(url, overview, backend),
        }


def headline(board: Board) -> str:
    """How things are in a sentence, such as "1 of 3 backends offline: Boreal HPC"."""
    members = board.overview.members
    offline = [member.title for member in members if not member.online]
    if len(members) == 1:
        return f"{members[0].title} is {OFFLINE if offline else ONLINE}"
    if not offline:
        return f"All {len(members)} backends online"
    if len(offline) == len(members):
        return f"All {len(members)} backends offline"
    return f"{len(offline)} of {len(members)} backends offline: {', '.join(offline)}"


def coming(overview: Overview) -> Sequence[Window]:
    """Maintenance that is under way or to come."""
    return [window for window in overview.windows if window.end > overview.at]


def all_days(member: MemberHealth, at: int) -> list[Day]:
    """The days until now, those without a probe too."""
    known = {day.day: day for day in member.days}
    names = [day_of(at - back * DAY) for back in reversed(range(DAYS))]
    return [known.get(name, Day(member.backend, name)) for name in names]


def _member(member: MemberHealth, board: Board, policy: Policy) -> dict[str, Any]:
    at = board.overview.at
    since = member.status.since if member.online == (member.status.state == "up") else None
    standing = member.standing
    return {
        "title": member.title,
        "status": ONLINE if member.online else OFFLINE,
        "since": None if since is None else rfc3339(since),
        "last_probe": None if member.status.last is None else rfc3339(member.status.last.at),
        "maintenance": any(
            window.backend == member.backend and window.active_at(at)
            for window in board.overview.windows
        ),
        "experimental": member.experimental,
        "deprecated": member.deprecated,
        "standing": standing.standing,
        "standing_since": None if standing.since is None else rfc3339(standing.since),
        "standing_reason": standing.reason,
        "uptime_30_days": _percent(member.uptime.percent(), member.uptime.counted),
        "uptime_month": _percent(member.month_uptime.percent(), member.month_uptime.counted),
        "budget": {
            "allowed": member.budget.allowed,
            "spent": member.budget.spent,
            "left": member.budget.left,
        },
        "latency_ms": {"p50": member.latency[0], "p95": member.latency[1]},
        "credits": None if board.credits is None else board.credits.get(member.backend, 0.0),
        "days": [_day(day, policy) for day in all_days(member, at)],
        "months": [disclosures.month(one) for one in reversed(member.verdicts)],
    }


def _percent(said: str, counted: int) -> str | None:
    return said if counted else None


def _day(day: Day, policy: Policy) -> dict[str, Any]:
    """A day's probes; `state` is how its bar is drawn."""
    uptime = _percent(day.uptime.percent(), day.uptime.counted)
    return {**disclosures.day(day), "uptime": uptime, "state": _state(day, policy)}


def _state(day: Day, policy: Policy) -> str:
    """Good (as a stable month), fair (no warning), bad, excused (maintenance only) or none."""
    if not day.uptime.counted:
        return "excused" if day.excused else "none"
    if day.uptime.at_least(policy.stable):
        return "good"
    return "fair" if day.uptime.at_least(policy.warning) else "bad"


def _links(url: str, overview: Overview, backend: str | None) -> list[dict[str, str]]:
    pages = [
        {
            "rel": "item",
            "href": f"{url}/federation/{member.backend}",
            "type": "text/html",
            "title": member.title,
        }
        for member in overview.members
    ]
    page, only = (f"/{backend}", f"?backend={backend}") if backend else ("", "")
    return [
        {"rel": "self", "href": f"{url}/federation{page}", "type": "application/json"},
        *pages,
        {
            "rel": "alternate",
            "href": f"{url}/federation/feed{only}",
            "type": "application/atom+xml",
        },
        {"rel": "related", "href": f"{url}/federation/history{only}", "type": "application/json"},
        {"rel": "related", "href": f"{url}/metrics", "type": "text/plain"},
    ]
