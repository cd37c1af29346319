"""What operators do: maintenance, announcements, notes on incidents, decisions on members.

Each is written once, with who did it and when, in one transaction with the event that tells of it.
Raises OperatorRequestInvalid, OperatorRequestConflict or NotFound.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from aggregator.errors import NotFound
from aggregator.health.announcements import KINDS, NOTICE, Announcement, lead_time, shortfall
from aggregator.health.errors import OperatorRequestConflict, OperatorRequestInvalid
from aggregator.health.maintenance import Window
from aggregator.health.standing import (
    DECISIONS,
    Decision,
    DecisionError,
    Step,
    decided,
    standing_of,
)
from aggregator.moments import moment_of
from aggregator.storage import notices, verdicts
from aggregator.usecases import happenings
from aggregator.usecases.record import LOCK, Record

TITLE, TEXT = 200, 10_000
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
"""No federation has a date before, or from then on: it is a slip of whoever typed it."""
FEDERATION = ""
"""Stands for the federation as a whole where a member is named."""


@dataclass(frozen=True)
class Written:
    """What was written under an id, and what the operator should know about it."""

    id: str
    remark: str = ""


class Operations:
    """What operators may do with these members; `clock` gives seconds since 1970."""

    def __init__(
        self, record: Record, members: Collection[str], clock: Callable[[], float]
    ) -> None:
        self._record, self._members, self._clock = record, tuple(members), clock

    def announce_maintenance(
        self,
        backend: str,
        starts: str,
        ends: str,
        *,
        by: str,
        text: str = "",
        announced: str | None = None,
    ) -> Written:
        """Announce maintenance; `announced` if it was known to users earlier than now."""
        now, check = self._now(), _Check()
        self._check_member(check, backend)
        begin, end = check.moment("starts", starts), check.moment("ends", ends)
        known = check.moment("announced", announced) if announced else now
        check.that(not (begin and end) or end > begin, "ends: must be later than starts")
        check.that(known <= now, "announced: must not be in the future")
        check.length("text", text, TEXT)
        check.settle()
        window = Window(_new_id("maintenance"), backend, begin, end, known, text)
        database = self._record.database
        with database.write() as connection:
            database.lock(connection, LOCK)
            notices.add_window(connection, window, entered=now, by=by)
            if begin < now:
                try:
                    self._record.recount(connection, window)
                except ValueError as error:
                    raise OperatorRequestConflict(str(error)) from error
            self._record.write(connection, happenings.planned(window, now, self._record.policy))
        in_time = window.in_time(self._record.policy)
        return Written(window.id, "" if in_time else "Announced too late: it counts as downtime.")

    def announce(
        self,
        kind: str,
        title: str,
        *,
        by: str,
        backend: str = FEDERATION,
        text: str = "",
        effective: str | None = None,
        announced: str | None = None,
    ) -> Written:
        """Announce a breaking change, a removal or other news of a member or the federation."""
        now, check = self._now(), _Check()
        if backend != FEDERATION:
            self._check_member(check, backend)
        check.that(kind in KINDS, f"kind: must be one of {', '.join(KINDS)}")
        check.length("title", title, TITLE, least=1)
        check.length("text", text, TEXT)
        known = check.moment("announced", announced) if announced else now
        check.that(known <= now, "announced: must not be in the future")
        holds = check.moment("effective", effective) if effective else None
        dated = holds is not None or kind == NOTICE
        check.that(dated, f"effective: is required for a {kind}")
        check.settle()
        made = Announcement(_new_id("announcement"), backend, kind, title, text, known, holds)
        policy = self._record.policy
        with self._record.database.write() as connection:
            self._record.database.lock(connection, LOCK)
            notices.add_announcement(connection, made, entered=now, by=by)
            self._record.write(connection, happenings.announced(made, now, policy))
        short = lead_time(made, policy) if not shortfall(made, policy) else shortfall(made, policy)
        return Written(made.id, "" if short == "in time" else short)

    def withdraw(
        self, identifier: str, reason: str, *, by: str, kind: str | None = None
    ) -> Written:
        """Call maintenance off, or withdraw an announcement; only what is of that kind, if given.

        A kind is `maintenance` or `announcement`.
        """
        now = self._now()
        _reason(reason)
        with self._record.database.write() as connection:
            self._record.database.lock(connection, LOCK)
            found = notices.subject_of(connection, identifier)
            if found is None or kind not in (None, found[0]):
                wanted = kind or "maintenance or announcement"
                raise NotFound(f"There is no {wanted} '{identifier[:100]}'.")
            if notices.is_withdrawn(connection, identifier):
                raise OperatorRequestConflict(f"'{identifier}' was withdrawn before.")
            made = notices.Withdrawal(now, by, reason)
            notices.add_withdrawal(connection, identifier, made)
            event = happenings.withdrawn(*found, identifier, reason, now)
            self._record.write(connection, event)
        return Written(identifier)

    def note(self, incident: str, text: str, *, by: str) -> Written:
        """Write a public note on an incident."""
        now, check = self._now(), _Check()
        check.length("text", text, TEXT, least=1)
        check.settle()
        with self._record.database.write() as connection:
            self._record.database.lock(connection, LOCK)
            backend = notices.has_incident(connection, incident)
            if backend is None:
                raise NotFound(f"There is no incident '{incident[:100]}'.")
            event = happenings.noted(backend, incident, text, now)
            number = self._record.write(connection, event)
            notices.add_note(connection, number, incident, notices.Note(now, by, text))
        return Written(incident)

    def decide(self, backend: str, kind: str, reason: str, *, by: str) -> Written:
        """Exclude a member, readmit it, or decline what is proposed for it."""
        now, check = self._now(), _Check()
        self._check_member(check, backend)
        check.that(kind in DECISIONS, f"decision: must be one of {', '.join(DECISIONS)}")
        check.settle()
        _reason(reason)
        made = Decision(backend, now, kind, by, reason)
        with self._record.database.write() as connection:
            self._record.database.lock(connection, LOCK)
            before, steps = self._record.state(connection, backend)
            try:
                after = decided(before, made, self._record.policy)
            except DecisionError as error:
                raise OperatorRequestConflict(str(error)) from error
            number = self._record.write(connection, happenings.decided(made))
            verdicts.add_decision(connection, number, made, after)
            if after.standing != before.standing:
                now_stands = standing_of(backend, [*steps, Step(now, after, reason)])
                self._record.write(connection, happenings.stands(now_stands, now))
        return Written(f"decision-{number}")

    def _now(self) -> int:
        return round(self._clock() * 1000)

    def _check_member(self, check: _Check, backend: str) -> None:
        known = ", ".join(self._members)
        check.that(backend in self._members, f"backend: must be one of {known}")


class _Check:
    """Gathers what is wrong with a request, to say it all at once."""

    def __init__(self) -> None:
        self._mistakes: list[str] = []

    def that(self, holds: bool, mistake: str) -> None:
        if not holds:
            self._mistakes.append(mistake)

    def length(self, name: str, text: str, most: int, *, least: int = 0) -> None:
        fits = least <= len(text.strip()) and len(text) <= most
        self.that(fits, f"{name}: must have {least} to {most} characters")
        readable = not any(sign < " " and sign not in "\t\n\r" for sign in text)
        self.that(readable, f"{name}: must have no control characters but tabs and ends of lines")

    def moment(self, name: str, text: str) -> int:
        """The moment; 0 if it cannot be read."""
        try:
            found = read_moment(text)
        except ValueError:
            self._mistakes.append(
                f"{name}: must be a day or time such as 2026-03-14 or 2026-03-14T09:30:00Z"
            )
            return 0
        possible = moment_of(EARLIEST) <= found < moment_of(LATEST)
        self.that(possible, f"{name}: must be in the years 2000 to 2999")
        return found

    def settle(self) -> None:
        if self._mistakes:
            raise OperatorRequestInvalid(self._mistakes)


def read_moment(text: str) -> int:
    """The moment of an RFC 3339 time, or of the beginning of a day (UTC). Raises ValueError."""
    if len(text) == len("2026-03-14"):
        return moment_of(datetime.combine(date.fromisoformat(text), time(), UTC))
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("a time needs its offset from UTC")
    return moment_of(when)


def _reason(text: str) -> None:
    check = _Check()
    check.length("reason", text, TEXT, least=1)
    check.settle()


def _new_id(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"
