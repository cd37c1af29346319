"""Putting credits aside for work, and giving back what it did not take: each one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from sqlalchemy import Connection, select

from aggregator.errors import PaymentRequired
from aggregator.ledger.amounts import LARGEST
from aggregator.ledger.errors import HoldConflict
from aggregator.ledger.events import Hold
from aggregator.ledger.pricing import Tariffs
from aggregator.storage.database import Database
from aggregator.storage.holds import (
    ENDED,
    FoundHold,
    claim_values,
    find_hold,
    fitting,
    holds_of_jobs,
    open_holds,
    overdue_holds,
    unclaimed_holds,
)
from aggregator.storage.members import read_members, standing_of
from aggregator.storage.misnaming import charged_before
from aggregator.storage.page import Page
from aggregator.storage.schema import hold_job, misnaming, sighting, usage_report

RELEASED, ABANDONED, REPORTED, UNUSED = "released", "abandoned", "reported", "unused"
"""Why a hold was closed without being settled.

The work did not start; no report came in time; the report had taken no hold, or another user's; its
provider says that it never ran, or cost nothing. Where work may have started a report that comes
all the same is charged to who started it, as if the hold were open.
"""


@dataclass(frozen=True)
class Opened:
    """A hold for a job; `fresh` if it was opened now, by whoever asked for it."""

    hold: Hold
    fresh: bool


class Holding:
    """The holds in a database."""

    def __init__(self, database: Database, tariffs: Tariffs) -> None:
        self._database, self._tariffs = database, tariffs

    def open(self, wanted: Hold) -> Hold:
        """Puts credits aside for work that is about to run. The same again is no second hold.

        Raises PaymentRequired, naming provider and day of renewal, if the wallet has too little;
        HoldConflict if the key stands for other work or was closed.
        """
        _check(wanted)
        with self._database.write() as connection:
            self._database.lock(connection, [wanted.wallet, f"hold/{wanted.key}"])
            if known := find_hold(connection, wanted.key):
                if known.closed or not _same_work(known.hold, wanted):
                    raise HoldConflict(wanted.key)
                return known.hold
            self._put_aside(connection, wanted, ())
        return wanted

    def open_for_job(self, wanted: Hold, still_runs: Callable[[Hold], bool]) -> Opened:
        """A hold for a run of `wanted.job`: the one that is open, if it is for this run, or a new.

        `still_runs` says of an open hold whether what it was made for may still run (or is about
        to). Raises PaymentRequired as `open` does.
        """
        _check(wanted)
        job = wanted.job or ""
        with self._database.write() as connection:
            self._database.lock(connection, [wanted.wallet, job_lock(wanted.provider, job)])
            there = _holds_there(connection, wanted.provider, job)
            made = [one for one in there if one.hold.user == wanted.user]
            for one in reversed(made):
                if one.closed is None and still_runs(one.hold):
                    return Opened(one.hold, fresh=False)
            numbered = replace(wanted, key=f"{wanted.key}/{len(made) + 1}")
            self._put_aside(connection, numbered, there)
            return Opened(numbered, fresh=True)

    def claim(self, key: str, job: str, now: int) -> bool:
        """Says what the hold under a key was for, as its backend has answered.

        If a report about the job has come already and took this hold or another one of this user,
        nothing is left to be done; if it took none, this work is charged and the hold given back.
        Returns whether the job was reported.
        """
        with self._database.write() as connection:
            found = self._locked(connection, key, job)
            if found is None:
                return False
            mine = found.hold
            reported = _reported(connection, mine.provider, job)
            there = _holds_there(connection, mine.provider, job)
            taken = any(one.hold.user == mine.user for one in there)
            left = None if taken else self._left(connection, found, now)
            page = Page(self._database, connection, now)
            _note_charged_before(page, replace(mine, job=job))
            if left is not None:
                page.add(hold_job, claim_values(left, job, now))
            page.write()
            if left is not None and reported:
                self._close(connection, left, now, REPORTED)
            return reported

    def give_up(self, key: str, now: int) -> bool:
        """Gives back a hold whose work did not start; False if something has claimed it."""
        with self._database.write() as connection:
            found = self._locked(connection, key)
            if found is None or not found.unclaimed:
                return False
            return self._close(connection, found.hold, now, RELEASED)

    def release(self, key: str, now: int, reason: str = RELEASED) -> bool:
        """Gives back what a hold has put aside; False if there is nothing (any more) to give."""
        with self._database.write() as connection:
            found = self._locked(connection, key)
            if found is None or found.closed:
                return False
            return self._close(connection, found.hold, now, reason)

    def spare(self, one: Hold, now: int) -> bool:
        """Gives back what was put aside for a canceled job that cost nothing.

        False if it was started again meanwhile, as `runs_again` notes, or has been closed.
        """
        with self._database.write() as connection:
            found = self._locked(connection, one.key, one.job or "")
            if found is None or found.closed or not _was_seen_to_end(connection, found.hold):
                return False
            return self._close(connection, found.hold, now, UNUSED)

    def spared_of_job(self, provider: str, job: str, user: str) -> Hold | None:
        """What was given back as `spare` does it, if nothing is put aside for that job now."""
        with self._database.read() as connection:
            there = _holds_there(connection, provider, job)
        mine = [one for one in there if one.hold.user == user]
        if not mine or mine[-1].closed != UNUSED or any(one.closed is None for one in mine):
            return None
        return mine[-1].hold

    def open_of_job(self, provider: str, job: str, user: str, until: int) -> list[Hold]:
        """What is put aside for a job of a user since before `until`, the oldest first."""
        with self._database.read() as connection:
            there = _holds_there(connection, provider, job)
        mine = [one.hold for one in there if one.closed is None and one.hold.user == user]
        return [one for one in mine if one.opened <= until]

    def is_known(self, provider: str, job: str) -> bool:
        """Whether anything was ever put aside for a job."""
        with self._database.read() as connection:
            return bool(_holds_there(connection, provider, job))

    def reconcile(self, now: int, patience: int, since: int = 0) -> list[Hold]:
        """Closes the holds that no report will settle; returns those that it closed.

        Their time is over, or their job was seen to have ended `patience` milliseconds ago; what
        was due at `since` has been closed before. Several may do this at once: each hold is closed
        by one of them.
        """
        with self._database.read() as connection:
            overdue = overdue_holds(connection, now, patience, since)
        return [one for one in overdue if self.release(one.key, now, ABANDONED)]

    def all_open(self) -> list[Hold]:
        """All that is put aside now."""
        with self._database.read() as connection:
            return open_holds(connection)

    def _put_aside(self, connection: Connection, wanted: Hold, there: Sequence[FoundHold]) -> None:
        user = wanted.user or ""
        member = read_members(connection, [user])[user]
        page = Page(self._database, connection, wanted.opened)
        page.load([wanted.wallet])
        if member.subscriptions and wanted.wallet == member.own_wallet:
            page.renew(wanted.wallet, member.subscriptions, self._tariffs.free_tiers())
        try:
            page.put_aside(wanted)
        except PaymentRequired:
            purse = page.purse(wanted.wallet)
            tariff = self._tariffs.of(wanted.provider)
            found = standing_of(member, purse, tariff, wanted.opened)
            raise found.refusal(wanted.amount) from None
        _note_charged_before(page, wanted, there)
        page.write()

    def _locked(self, connection: Connection, key: str, job: str = "") -> FoundHold | None:
        """The hold as it is once its wallet (and the job) are locked.

        It is read again after waiting for the lock; in SQLite the transaction is the lock.
        """
        found = find_hold(connection, key)
        if found is None or self._database.sqlite:
            return found
        names = [job_lock(found.hold.provider, job)] if job else []
        self._database.lock(connection, [found.hold.wallet, *names])
        return find_hold(connection, key)

    def _left(self, connection: Connection, found: FoundHold, now: int) -> Hold | None:
        """The hold itself if nothing has claimed it, otherwise one that can stand for it."""
        mine = found.hold
        if found.unclaimed:
            return mine
        others = unclaimed_holds(connection, [mine.user or ""], mine.activity, now)
        alike = [
            one for one in others if (one.provider, one.wallet) == (mine.provider, mine.wallet)
        ]
        return fitting(alike, inf if mine.budget is None else mine.budget, mine.wallet)

    def _close(self, connection: Connection, one: Hold, now: int, reason: str) -> bool:
        page = Page(self._database, connection, now)
        page.load([one.wallet])
        page.load_holds([one])
        page.give_back(one, reason)
        page.pay_debts(one.wallet, f"release/{one.key}")
        page.write()
        return True


def job_lock(provider: str, job: str) -> str:
    """The name of the lock under which is settled which hold is for a job."""
    return f"job/{provider}/{job}"


def _holds_there(connection: Connection, provider: str, job: str) -> list[FoundHold]:
    """The holds for a job of this provider, the oldest first."""
    return [one for one in holds_of_jobs(connection, [job]) if one.hold.provider == provider]


def _note_charged_before(page: Page, made: Hold, there: Sequence[FoundHold] = ()) -> None:
    """Keeps which reports were charged to others, now that it is known who started the work.

    `there` are the holds of others who have started it too.
    """
    if made.job is None or made.user is None:
        return
    starters = [made.user, *(one.hold.user for one in there if one.closed != RELEASED)]
    for row in charged_before(page.connection, made, starters, page.now):
        page.add(misnaming, row)


def _was_seen_to_end(connection: Connection, one: Hold) -> bool:
    here = (sighting.c.provider == one.provider) & (sighting.c.job == one.job)
    return connection.scalar(select(sighting.c.status).where(here)) in ENDED


def _reported(connection: Connection, provider: str, job: str) -> bool:
    here = (usage_report.c.provider == provider) & (usage_report.c.job == job)
    return connection.execute(select(usage_report.c.key).where(here).limit(1)).first() is not None


def _check(wanted: Hold) -> None:
    if wanted.amount <= 0 or wanted.amount > LARGEST or wanted.expires <= wanted.opened:
        raise ValueError("a hold needs an amount above 0 and an expiry after its opening")


def _same_work(known: Hold, wanted: Hold) -> bool:
    return replace(known, opened=wanted.opened, expires=wanted.expires) == wanted
