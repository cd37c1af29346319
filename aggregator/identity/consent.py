"""What a user agreed to, from the record of it.

Source: contract requirement auth-aggregator-3 (asked once, can be withdrawn).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Deed = Literal["agreed", "withdrawn"]


@dataclass(frozen=True)
class Event:
    """What a user did about which version of the terms, and when (milliseconds since 1970)."""

    deed: Deed
    version: str
    at: int


@dataclass(frozen=True)
class Consent:
    """Where a user stands: the terms as they are now, and the last thing that the user did."""

    version: str
    last: Event | None = None

    @property
    def given(self) -> bool:
        """Whether the user agreed to these very terms and has not withdrawn that."""
        last = self.last
        return last is not None and last.deed == "agreed" and last.version == self.version


def consent(version: str, events: Sequence[Event]) -> Consent:
    """Where a user with this record, oldest first, stands with this version of the terms."""
    return Consent(version, events[-1] if events else None)


def next_event(present: Consent, deed: Deed, now: int) -> Event | None:
    """What is to be recorded when a user does this now; None if it would change nothing.

    One agrees to the present version, and withdraws from the one agreed to.
    """
    if deed == "agreed":
        return None if present.given else Event("agreed", present.version, now)
    if present.last is None or present.last.deed == "withdrawn":
        return None
    return Event("withdrawn", present.last.version, now)


def as_json(event: Event, moment: str) -> dict[str, Any]:
    """An entry of the record as users read it; `moment` is its time as RFC 3339 has it."""
    return {"event": event.deed, "version": event.version, "time": moment}
