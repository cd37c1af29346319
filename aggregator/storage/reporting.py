"""Usage reports: many in one transaction, each recorded and charged exactly once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from aggregator.ledger.errors import UsageReportConflict
from aggregator.ledger.events import Hold, charged
from aggregator.ledger.pricing import Tariff, Tariffs, capped
from aggregator.ledger.purses import Lot
from aggregator.ledger.receipts import (
    EMPTY_WALLET,
    NOT_A_MEMBER,
    OTHER_USER,
    OVER_BUDGET,
    UNKNOWN_USER,
    Receipt,
)
from aggregator.ledger.reports import UsageReport
from aggregator.storage.database import Database
from aggregator.storage.holding import RELEASED, job_lock
from aggregator.storage.holds import (
    FoundHold,
    claim_values,
    claimed,
    fitting,
    holds_of_jobs,
    unclaimed_holds,
)
from aggregator.storage.job_costs import UserAtWork, costs_of_jobs
from aggregator.storage.members import Member, read_members
from aggregator.storage.misnaming import misnaming_values
from aggregator.storage.page import Page
from aggregator.storage.rows import receipt_of, report_values
from aggregator.storage.schema import hold_job, misnaming, usage_report

_RECORDED = select(usage_report).where(usage_report.c.key.in_(bindparam("keys", expanding=True)))

Job = tuple[str, str]
SYNCHRONOUS = "synchronous"
Outcome = Receipt | UsageReportConflict


@dataclass(frozen=True)
class Incoming:
    """A report that has arrived, from a reporter who may report for this provider."""

    report: UsageReport
    tariff: Tariff
    reporter: str
    received: int

    @property
    def provider(self) -> str:
        """Who is to be paid."""
        return self.tariff.provider

    @property
    def key(self) -> Job:
        """What the report is known by."""
        return self.provider, self.report.key

    @property
    def job(self) -> Job:
        """The job (or request) at its provider."""
        return self.provider, self.report.job


def record(database: Database, tariffs: Tariffs, batch: Sequence[Incoming]) -> list[Outcome]:
    """Records and charges reports, in order. When this returns, all of it is on disk."""
    wallets: frozenset[str] = frozenset()
    while True:
        try:
            with database.write() as connection:
                return _Recording(database, connection, tariffs, batch).run(wallets)
        except _OtherWallets as others:
            wallets |= others.wallets


class _OtherWallets(Exception):  # noqa: N818 - not an error: it begins anew
    """While it waited for its locks a batch came to need other wallets than it has locked.

    Locking them now, out of order, could wait for ever for one who waits for us.
    """

    def __init__(self, wallets: set[str]) -> None:
        super().__init__()
        self.wallets = frozenset(wallets)


class _Recording:
    """One batch of reports in one transaction."""

    def __init__(
        self,
        database: Database,
        connection: Connection,
        tariffs: Tariffs,
        batch: Sequence[Incoming],
    ) -> None:
        self.database = database
        self.connection = connection
        self.tariffs = tariffs
        self.batch = batch
        self.page = Page(database, connection, max(one.received for one in batch))
        self.members: dict[str, Member] = {}
        self.holds: dict[Job, list[FoundHold]] = {}
        self.open: dict[str, Hold] = {}
        self.unclaimed: dict[tuple[str, str], list[Hold]] = {}
        self.spent: dict[UserAtWork, int] = defaultdict(int)
        self.recorded: dict[Job, tuple[str, Receipt]] = {}

    def run(self, wanted: frozenset[str]) -> list[Outcome]:
        """Records; `wanted` are wallets to lock in any case. Raises _OtherWallets."""
        self._read_holds()
        locked = self._wallets() | wanted
        keys = [f"report/{'/'.join(one.key)}" for one in self.batch]
        jobs = [job_lock(*one.job) for one in self.batch]
        self.database.lock(self.connection, [*locked, *keys, *jobs])
        if not self.database.sqlite:
            self._read_holds()  # again: holds may have come or gone while we waited
        wallets = self._wallets()
        if not wallets <= locked:
            raise _OtherWallets(wallets)
        self._read_recorded()
        self.page.load(wallets)
        self.page.load_holds([one for one in self.open.values() if one.wallet in wallets])
        outcomes = [self._record(one) for one in self.batch]
        self.page.write()
        return outcomes

    def _wallets(self) -> set[str]:
        """All that this batch may write to: what pays, and what free credits come to."""
        own = {member.own_wallet for member in self.members.values()}
        spare = {hold.wallet for holds in self.unclaimed.values() for hold in holds}
        # All of a job's: a report that settles one hold leaves the next report another.
        made = {one.hold.wallet for holds in self.holds.values() for one in holds}
        return own | spare | made | {self._wallet(one)[0] for one in self.batch}

    def _read_holds(self) -> None:
        wanted = {one.job for one in self.batch}
        jobs = sorted({job for _, job in wanted})
        self.holds, self.open = defaultdict(list), {}
        for found in holds_of_jobs(self.connection, jobs):
            job = (found.hold.provider, found.hold.job or "")
            if job in wanted:
                self.holds[job].append(found)
                if found.closed is None:
                    self.open[found.hold.key] = found.hold
        self._read_unclaimed()
        made = [one.hold for found in self.holds.values() for one in found]
        self._read_members([one.report.user for one in self.batch])
        self._read_members([one.user for one in made if one.user is not None])
        if any(one.budget is not None for one in made):
            self.spent |= costs_of_jobs(self.connection, jobs)

    def _read_members(self, users: Iterable[str]) -> None:
        if missing := {user for user in users if user not in self.members}:
            self.members |= read_members(self.connection, missing)

    def _read_unclaimed(self) -> None:
        """The holds of users for requests whose id nobody knows yet: one may be meant."""
        self.unclaimed = defaultdict(list)
        seeking = {one.report.user for one in self.batch if self._may_claim(one)}
        if seeking:
            found = unclaimed_holds(self.connection, seeking, SYNCHRONOUS, self.page.now)
            for one in found:
                self.unclaimed[(one.provider, one.user or "")].append(one)
                self.open[one.key] = one

    def _may_claim(self, one: Incoming) -> bool:
        return one.report.activity == SYNCHRONOUS and self._hold_of(one) is None

    def _claim(self, one: Incoming) -> None:
        """Takes one of these holds for a request that has none of its own."""
        spare = self.unclaimed[(one.provider, one.report.user)]
        if not self._may_claim(one):
            return
        cost = sum(item.cost for item in one.tariff.price(one.report))
        found = fitting(spare, cost, self._wallet(one)[0])
        if found is not None:
            spare.remove(found)
            self.holds[one.job].append(FoundHold(claimed(found, one.report.job), None))
            self.page.add(hold_job, claim_values(found, one.report.job, self.page.now))

    def _read_recorded(self) -> None:
        keys = sorted({one.report.key for one in self.batch})
        for row in self.connection.execute(_RECORDED, {"keys": keys}):
            receipt = receipt_of(row, repeated=True)
            self.recorded[(row.provider, row.key)] = (row.fingerprint, receipt)

    def _hold_of(self, one: Incoming) -> Hold | None:
        """The hold that the job was started with: the oldest that is open, or else the latest.

        That of the user whom the report names, if they have started it; otherwise that of who has.
        (A hold that was released was for work that did not start.)
        """
        found = [made for made in self.holds.get(one.job, ()) if made.hold.user is not None]
        started = [made for made in found if made.closed != RELEASED]
        own = [made for made in found if made.hold.user == one.report.user]
        chosen = [made for made in own if made in started] or started or own
        holds = [made.hold for made in chosen]
        still_open = [hold for hold in holds if hold.key in self.open]
        return next(iter(still_open or holds[-1:]), None)

    def _payer(self, one: Incoming) -> Member:
        """Who started the work, or if that is not known the user whom the report names."""
        made = self._hold_of(one)
        return self.members[one.report.user if made is None else made.user or one.report.user]

    def _wallet(self, one: Incoming) -> tuple[str, tuple[str, ...]]:
        """Which wallet pays, and what is remarkable about that.

        The wallet that the work was started with; otherwise that of the organisation named, if the
        user is in it; otherwise the user's own.
        """
        member = self._payer(one)
        remarks: tuple[str, ...] = () if member.known else (UNKNOWN_USER,)
        if member.user != one.report.user:
            remarks += (OTHER_USER,)
        if made := self._hold_of(one):
            return made.wallet, remarks
        if one.report.organisation is None:
            return member.wallet(), remarks
        return _organisation_or_own(member, one.report.organisation, remarks)

    def _record(self, one: Incoming) -> Outcome:
        if known := self.recorded.get(one.key):
            fingerprint, receipt = known
            same = fingerprint == one.report.fingerprint
            return receipt if same else UsageReportConflict(one.report.key)
        self._claim(one)
        payer = self._payer(one)
        receipt = self._charge(one, payer)
        # As all that is booked with it: a month's usage is what is charged in that month.
        values = report_values(one.report, receipt, payer.user, one.reporter, self.page.now)
        self.page.add(usage_report, values)
        if payer.user != one.report.user:
            found = misnaming_values(one.key, one.report.user, payer.user, self.page.now)
            self.page.add(misnaming, found)
        self.recorded[one.key] = (one.report.fingerprint, _repeated(receipt))
        self.spent[(*one.job, payer.user)] += receipt.charged
        return receipt

    def _charge(self, one: Incoming, member: Member) -> Receipt:
        wallet, remarks = self._wallet(one)
        if member.subscriptions is not None:
            self.page.renew(member.own_wallet, member.subscriptions, self.tariffs.free_tiers())
        items = one.tariff.price(one.report)
        tariff_cost = sum(item.cost for item in items)
        made = self._hold_of(one)
        if made and made.budget is not None:
            items = capped(items, made.budget - self.spent[(*one.job, member.user)])
        cost = sum(item.cost for item in items)
        if cost < tariff_cost:
            remarks += (OVER_BUDGET,)
        uncovered = self._pay(one, wallet, cost)
        if uncovered:
            remarks += (EMPTY_WALLET,)
        key, job = one.report.key, one.report.job
        return Receipt(one.provider, key, job, wallet, items, tariff_cost, uncovered, remarks)

    def _pay(self, one: Incoming, wallet: str, cost: int) -> int:
        """Books the charge, after the job's hold has given back what it had; returns the debt."""
        reserved = self._settle_holds(one)
        entry = charged(
            self.page.purse(wallet),
            reference="/".join(one.key),
            provider=one.provider,
            amount=cost,
            at=self.page.now,
            job=one.report.job,
            reserved=reserved,
        )
        self.page.book(entry)
        if reserved:
            self.page.pay_debts(wallet, f"report/{'/'.join(one.key)}")
        if entry is None:
            return 0
        return -sum(p.amount for p in entry.postings if p.account.startswith("overdraft:"))

    def _settle_holds(self, one: Incoming) -> list[Lot]:
        made = self._hold_of(one)
        if made is None or made.key not in self.open:
            return []
        del self.open[made.key]
        return list(self.page.give_back(made, "settled"))


def _organisation_or_own(
    member: Member, organisation: int, remarks: Iterable[str]
) -> tuple[str, tuple[str, ...]]:
    if f"organisation/{organisation}" in member.wallets:
        return member.wallet(organisation), tuple(remarks)
    return member.wallet(), (*remarks, NOT_A_MEMBER)


def _repeated(receipt: Receipt) -> Receipt:
    return Receipt(**{**vars(receipt), "repeated": True})
