"""The ledger's operations: each is one transaction, and on disk when it returns.

All amounts are millicredits, all times moments (milliseconds since 1970, UTC), passed in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from aggregator.errors import DatabaseUnavailable
from aggregator.ledger.amounts import LARGEST
from aggregator.ledger.checks import Standing
from aggregator.ledger.entries import Transfer
from aggregator.ledger.errors import GrantInvalid, MonthOpen, UsageReportConflict
from aggregator.ledger.events import Hold, expired, settled
from aggregator.ledger.grants import KINDS, Grant, user_wallet
from aggregator.ledger.pricing import Tariffs
from aggregator.ledger.purses import Lot, Purse
from aggregator.ledger.receipts import Receipt
from aggregator.ledger.reports import UsageReport
from aggregator.moments import month_bounds
from aggregator.storage.commits import GroupCommit
from aggregator.storage.database import Database
from aggregator.storage.holding import Holding
from aggregator.storage.lookups import (
    expired_grants,
    find_grant,
    late_revenue,
    revenue_between,
    settlement_of,
)
from aggregator.storage.members import (
    Member,
    read_members,
    read_subscriptions,
    standing_of,
    subscriber_values,
    write_membership,
)
from aggregator.storage.page import Page
from aggregator.storage.refunds import Refunded, refund
from aggregator.storage.reporting import Incoming, Outcome, record
from aggregator.storage.schema import subscriber

GRACE = 5 * 60 * 1000
"""A month is closed no sooner than this after its end: what was under way has ended by then."""

BATCH = 64

PATIENCE = 60 * 60 * 1000
"""How long after a job was seen to have ended its report is waited for."""


@dataclass(frozen=True)
class Settlement:
    """A provider's closed month: charges less refunds, in millicredits."""

    provider: str
    month: str
    amount: int
    closed: int


class Ledger:
    """The books of the federation, in a database, with the tariffs of its providers."""

    def __init__(self, database: Database, tariffs: Tariffs, *, batch: int = BATCH) -> None:
        self.database = database
        self.tariffs = tariffs
        self.holds = Holding(database, tariffs)
        self._reports: GroupCommit[Incoming, Outcome] = GroupCommit(
            self._record, batch, shared=(DatabaseUnavailable,)
        )

    # Users

    def member(self, user: str) -> Member:
        """What the federation knows of a user."""
        with self.database.read() as connection:
            return read_members(connection, [user])[user]

    def welcome(self, user: str, subscriptions: Collection[str], now: int) -> list[Grant]:
        """Notes that a user is here with these subscriptions; gives the free credits due now.

        Cheap where nothing is new. Returns what was given.
        """
        subscribed = tuple(sorted(set(subscriptions)))
        with self.database.read() as connection:
            known = read_members(connection, [user])[user].subscriptions == subscribed
            page = Page(self.database, connection, now)
            page.load([user_wallet(user)])
            if known and not page.renew(user_wallet(user), subscribed, self.tariffs.free_tiers()):
                return []
        with self.database.write() as connection:
            wallet = user_wallet(user)
            self.database.lock(connection, [wallet])
            page = Page(self.database, connection, now)
            page.load([wallet])
            if read_members(connection, [user])[user].subscriptions != subscribed:
                page.add(subscriber, subscriber_values(user, subscribed, now))
            given = page.renew(wallet, subscribed, self.tariffs.free_tiers())
            page.write()
            return given

    def renew(self, now: int) -> list[Grant]:
        """Gives all users that were ever seen the free credits that are due now."""
        with self.database.read() as connection:
            known = read_subscriptions(connection)
        return [
            grant
            for user, subscriptions in known.items()
            for grant in self.welcome(user, subscriptions, now)
        ]

    def join(self, user: str, wallet: str, now: int, *, default: bool = False) -> None:
        """Lets a user charge work to a shared wallet (`organisation/7`, or another's `user/X`).

        With `default` that is what they use if they name no organisation: the link between a
        service account and a person.
        """
        with self.database.write() as connection:
            write_membership(connection, user, wallet, "default" if default else "member", now)

    def leave(self, user: str, wallet: str, now: int) -> None:
        """Ends that."""
        with self.database.write() as connection:
            write_membership(connection, user, wallet, "left", now)

    # Credits

    def grant(self, grant: Grant) -> Grant:
        """Gives credits to a wallet; debts are paid from them at once. The same again is no second.

        Raises GrantInvalid for an amount, kind or expiry that cannot be, and for another grant
        under an old key.
        """
        _check_grant(grant)
        with self.database.write() as connection:
            self.database.lock(connection, [grant.wallet, f"grant/{grant.key}"])
            if known := find_grant(connection, grant.key):
                if replace(known, created=grant.created) != grant:
                    raise GrantInvalid(f"There is another grant under the key '{grant.key}'.")
                return known
            page = Page(self.database, connection, grant.created)
            page.load([grant.wallet])
            page.issue(grant)
            page.write()
        return grant

    def purse(self, wallet: str, now: int) -> Purse:
        """What a wallet has: grants that have not expired, and debts."""
        with self.database.read() as connection:
            page = Page(self.database, connection, now)
            page.load([wallet])
            return page.purse(wallet)

    def standing(self, member: Member, provider: str, now: int, wallet: str = "") -> Standing:
        """What a user can spend at one provider; `wallet` if not their usual one."""
        return self.standings(member, [provider], now, wallet)[0]

    def standings(
        self, member: Member, providers: Sequence[str], now: int, wallet: str = ""
    ) -> list[Standing]:
        """The same for several providers, from one reading."""
        purse = self.purse(wallet or member.wallet(), now)
        return [
            standing_of(member, purse, self.tariffs.of(provider), now) for provider in providers
        ]

    # Holds

    def hold(self, wanted: Hold) -> Hold:
        """Puts credits aside for work that is about to run; see `Holding.open`."""
        return self.holds.open(wanted)

    def release(self, key: str, now: int) -> bool:
        """Gives back what a hold has put aside; False if there is nothing (any more) to give."""
        return self.holds.release(key, now)

    def reconcile(self, now: int, patience: int = PATIENCE, since: int = 0) -> list[Hold]:
        """Closes the holds that no report will settle, such as a crash left; see `Holding`."""
        return self.holds.reconcile(now, patience, since)

    def open_holds(self) -> list[Hold]:
        """All that is put aside now."""
        return self.holds.all_open()

    # Usage

    def report(self, report: UsageReport, reporter: str, now: int) -> Receipt:
        """Records and charges usage, once; what was charged for it before is told again.

        Raises PermissionsInsufficient if the reporter may not report for that source,
        UsageReportConflict if another report stands under its key.
        """
        tariff = self.tariffs.reported_by(report.source, reporter)
        outcome = self._reports.submit(Incoming(report, tariff, reporter, now))
        if isinstance(outcome, UsageReportConflict):
            raise outcome
        return outcome

    def _record(self, batch: Sequence[Incoming]) -> list[Outcome]:
        return record(self.database, self.tariffs, batch)

    def refund(
        self,
        provider: str,
        report_key: str,
        amount: int,
        *,
        key: str,
        now: int,
        include_free: bool = False,
        reason: str = "",
    ) -> Refunded:
        """Gives back what a report was charged, or a part of it; the same key again is no second.

        Raises RefundInvalid if there is no such charge or less of it is left to refund.
        """
        return refund(
            self.database,
            f"charge/{provider}/{report_key}",
            amount,
            key=key,
            now=now,
            include_free=include_free,
            reason=reason,
        )

    # Housekeeping

    def expire(self, now: int) -> list[Transfer]:
        """Takes back what is left of grants whose time is over."""
        with self.database.read() as connection:
            over = expired_grants(connection, now)
        return [entry for grant in over if (entry := self._expire(grant, now))]

    def _expire(self, grant: Grant, now: int) -> Transfer | None:
        with self.database.write() as connection:
            self.database.lock(connection, [grant.wallet])
            page = Page(self.database, connection, now)
            page.load_grants([grant.account])
            left = page.balance(grant.account)
            if left <= 0:
                return None
            number = page.postings_so_far(grant.account)
            entry = expired(Lot(grant, left), at=now, number=number)
            page.book(entry)
            page.write()
            return entry

    def close_month(self, provider: str, month: str, now: int) -> Settlement:
        """Settles what a provider earned in a month; closing it again tells the same.

        Reports that come later fall into the month in which they come; what a clock that was set
        back books into a closed month is settled with the next that is closed. Raises MonthOpen
        until the month is over.
        """
        start, end = month_bounds(month)
        if now < end + GRACE:
            raise MonthOpen(month)
        with self.database.write() as connection:
            self.database.lock(connection, [f"settlement/{provider}"])
            if known := settlement_of(connection, provider, month):
                return Settlement(provider, month, *known)
            amount = revenue_between(connection, provider, start, end)
            amount += late_revenue(connection, provider)
            page = Page(self.database, connection, now)
            page.book(settled(provider, month, amount, now))
            page.write()
            return Settlement(provider, month, amount, now)


def _check_grant(grant: Grant) -> None:
    if not 0 < grant.amount <= LARGEST:
        raise GrantInvalid("A grant must be of more than 0 credits, and of a possible number.")
    if grant.kind not in KINDS:
        raise GrantInvalid(f"A grant is one of {', '.join(KINDS)}, not {grant.kind!r}.")
    if grant.expires is not None and grant.expires <= grant.created:
        raise GrantInvalid("A grant must expire after it is given.")
    if not grant.key or not grant.wallet.startswith(("user/", "organisation/")):
        raise GrantInvalid("A grant needs a key, and a wallet such as user/SUB or organisation/7.")


def open_ledger(url: str, tariffs: Tariffs) -> Ledger:
    """The ledger at a database URL; makes its tables if they are not there."""
    database = Database(url)
    database.create()
    return Ledger(database, tariffs)
