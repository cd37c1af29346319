"""Breaking changes and removals, and whether they come early enough."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.health.policy import Policy
from aggregator.moments import day_of, months_later

BREAKING, REMOVAL, EXPERIMENTAL, NOTICE = "breaking-change", "removal", "experimental", "notice"
KINDS = (BREAKING, REMOVAL, EXPERIMENTAL, NOTICE)
"""A change that breaks what users have, the removal of something, marking something experimental
(which is itself a breaking change), and any other news, which needs no lead time."""

IN_TIME, SHORT, LATE = "in time", "shorter than recommended", "too late"


@dataclass(frozen=True)
class Announcement:
    """Something that a member, or the federation (no backend), makes known ahead.

    `effective` is the moment from which it holds, `announced` the one from which it was known.
    """

    id: str
    backend: str
    kind: str
    title: str
    text: str
    announced: int
    effective: int | None = None


def lead_time(announcement: Announcement, policy: Policy) -> str:
    """Whether it comes early enough: `in time`, `shorter than recommended` or `too late`."""
    if announcement.kind == NOTICE or announcement.effective is None:
        return IN_TIME
    if announcement.effective < earliest(announcement.announced, policy):
        return LATE
    recommended = months_later(announcement.announced, policy.breaking_recommended_months)
    return IN_TIME if announcement.effective >= recommended else SHORT


def earliest(announced: int, policy: Policy) -> int:
    """The first moment at which what is announced then may take effect."""
    return months_later(announced, policy.breaking_notice_months)


def shortfall(announcement: Announcement, policy: Policy) -> str:
    """What is wrong with its lead time, in words; empty if nothing is."""
    if lead_time(announcement, policy) != LATE:
        return ""
    day = day_of(earliest(announcement.announced, policy))
    months = policy.breaking_notice_months
    return f"It is announced less than {months} months ahead; the earliest day would be {day}."
