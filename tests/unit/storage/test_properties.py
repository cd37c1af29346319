"""Whatever happens in whatever order, the books stay right."""

from __future__ import annotations

import itertools
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from aggregator.errors import PaymentRequired
from aggregator.ledger.errors import GrantInvalid, HoldConflict, RefundInvalid, UsageReportConflict
from aggregator.ledger.events import Hold
from aggregator.ledger.grants import Grant
from aggregator.ledger.reports import read_resources
from aggregator.storage.holding import RELEASED
from aggregator.storage.holds import holds_of_jobs
from aggregator.storage.ledger import Ledger
from aggregator.storage.lookups import find_transfers
from aggregator.storage.reconciliation import Sighting, note
from aggregator.storage.schema import credit_grant, misnaming, transfer, usage_report
from aggregator.storage.verification import balances, rebuild, verify
from tests.unit.ledger.documents import DAY, MARCH, direct

users = st.sampled_from(["alice", "bob"])
providers = st.sampled_from(["terra", "aurora"])
names = st.sampled_from(["1", "2", "3"])
few = st.integers(1, 60)
EVENTS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 20)),
    st.tuples(st.just("welcome"), users, st.sampled_from([[], ["general"], ["copernicus"]])),
    st.tuples(
        st.just("grant"), users, names, few, st.none() | providers, st.none() | st.integers(1, 30)
    ),
    st.tuples(st.just("hold"), users, names, few, providers, st.none() | few),
    st.tuples(st.just("release"), names),
    st.tuples(st.just("request"), users, names, few, providers),
    st.tuples(st.just("answer"), names, names),
    st.tuples(st.just("refuse"), names),
    st.tuples(st.just("answered"), users, names, names, st.integers(0, 60), providers),
    st.tuples(st.just("see"), users, names, providers, st.sampled_from(["running", "finished"])),
    st.tuples(st.just("report"), users, names, names, st.integers(0, 60), providers),
    st.tuples(st.just("foreign"), users, names, few, providers, st.booleans()),
    st.tuples(st.just("refund"), names, few, providers, names, st.booleans()),
    st.tuples(st.just("expire")),
    st.tuples(st.just("reconcile")),
)
EXAMPLES = itertools.count()


@dataclass
class World:
    """Plays events against a ledger and remembers what was promised."""

    ledger: Ledger
    prefix: str
    now: int = MARCH
    paid: dict[tuple[str, str], list[tuple[str, str, int]]] = field(default_factory=dict)
    named: dict[tuple[str, str], str] = field(default_factory=dict)
    refunds: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def play(self, event: tuple[Any, ...]) -> None:
        getattr(self, event[0])(*event[1:])

    def name(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def wait(self, days: int) -> None:
        self.now += days * DAY

    def welcome(self, user: str, subscriptions: list[str]) -> None:
        self.ledger.welcome(self.name(user), subscriptions, self.now)
        assert self.ledger.welcome(self.name(user), subscriptions, self.now) == []

    def grant(
        self, user: str, name: str, amount: int, provider: str | None, days: int | None
    ) -> None:
        expires = None if days is None else self.now + days * DAY
        wallet = f"user/{self.name(user)}"
        given = Grant(self.name(name), wallet, amount * 1000, self.now, provider, expires)
        try:
            self.ledger.grant(given)
        except GrantInvalid as error:
            assert "another grant" in error.message

    def hold(self, user: str, name: str, amount: int, provider: str, budget: int | None) -> None:
        wallet = f"user/{self.name(user)}"
        before = self.ledger.purse(wallet, self.now).available(provider, self.now)
        known = {hold.key for hold in self.ledger.open_holds()}
        wanted = Hold(
            key=self.name(name),
            wallet=wallet,
            provider=provider,
            amount=amount * 1000,
            opened=self.now,
            expires=self.now + 3 * DAY,
            job=self.name(name),
            user=self.name(user),
            budget=None if budget is None else budget * 1000,
        )
        try:
            self.ledger.hold(wanted)
        except PaymentRequired:
            assert before < wanted.amount
        except HoldConflict:
            pass
        else:
            after = self.ledger.purse(wallet, self.now).available(provider, self.now)
            assert wanted.key in known or after >= 0

    def release(self, name: str) -> None:
        self.ledger.release(self.name(name), self.now)
        assert not self.ledger.release(self.name(name), self.now)

    def request(self, user: str, name: str, amount: int, provider: str) -> None:
        """A synchronous request: its hold is made before anybody knows its id."""
        wanted = Hold(
            key=f"{self.name(name)}-request",
            wallet=f"user/{self.name(user)}",
            provider=provider,
            amount=amount * 1000,
            opened=self.now,
            expires=self.now + 10 * DAY,
            user=self.name(user),
            activity="synchronous",
        )
        with suppress(PaymentRequired, HoldConflict):
            self.ledger.hold(wanted)

    def answer(self, name: str, job: str) -> None:
        for _ in range(2):
            self.ledger.holds.claim(f"{self.name(name)}-request", self.name(job), self.now)

    def refuse(self, name: str) -> None:
        self.ledger.holds.give_up(f"{self.name(name)}-request", self.now)
        assert not self.ledger.holds.give_up(f"{self.name(name)}-request", self.now)

    def see(self, user: str, job: str, provider: str, status: str) -> None:
        seen = Sighting(provider, self.name(job), self.name(user), status, None, self.now)
        note(self.ledger.database, [seen])

    def answered(self, user: str, key: str, job: str, amount: int, provider: str) -> None:
        """A report about a synchronous request."""
        self.report(user, key, job, amount, provider, jobStart=None, jobFinish=None)

    def report(
        self, user: str, key: str, job: str, amount: int, provider: str, **more: Any
    ) -> None:
        document = direct(
            self.name(key),
            amount,
            userId=self.name(user),
            jobId=self.name(job),
            sourceId=provider,
            **more,
        )
        try:
            receipt = self.ledger.report(
                read_resources(document), f"{provider}-accounting", self.now
            )
        except UsageReportConflict:
            assert (provider, self.name(key)) in self.paid
            return
        told = self.paid.setdefault((provider, self.name(key)), [])
        assert receipt.repeated == bool(told)
        self.named.setdefault((provider, self.name(key)), self.name(user))
        told.append((receipt.wallet, receipt.job, receipt.charged))
        assert len(set(told)) == 1

    def foreign(self, user: str, name: str, amount: int, provider: str, before: bool) -> None:
        """A report that names another user than who starts the work, before the start or after."""
        other = {"alice": "bob", "bob": "alice"}[user]
        self.grant(user, f"{name}-{user}", 60, None, None)
        if before:
            self.report(other, f"{name}-before", name, amount, provider)
        self.hold(user, name, amount, provider, None)
        self.report(other, f"{name}-after", name, amount, provider)

    def refund(self, key: str, amount: int, provider: str, report: str, free: bool) -> None:
        try:
            made = self.ledger.refund(
                provider,
                self.name(report),
                amount * 1000,
                key=self.name(key),
                now=self.now,
                include_free=free,
            )
        except RefundInvalid:
            return
        self.refunds[made.transfer.key] = amount * 1000

    def expire(self) -> None:
        self.ledger.expire(self.now)
        assert self.ledger.expire(self.now) == []

    def reconcile(self) -> None:
        self.ledger.reconcile(self.now)
        assert all(hold.expires > self.now for hold in self.ledger.open_holds())


def revenue(ledger: Ledger) -> int:
    found = balances(ledger.database)
    return found.get("revenue:terra", 0) + found.get("revenue:aurora", 0)


def assert_bound_grants_paid_only_at_home(world: World) -> None:
    """No grant of a provider ever paid, or was put aside, for work at another."""
    with world.ledger.database.read() as connection:
        bound = {
            row.account: row.provider
            for row in connection.execute(select(credit_grant))
            if row.provider
        }
        entries = find_transfers(connection, transfer.c.event.in_(["charge", "hold"]))
    for entry in entries:
        for posting in entry.postings:
            assert bound.get(posting.account, entry.provider) == entry.provider


def assert_who_started_work_pays_and_other_names_are_told(world: World) -> None:
    """Whoever is charged is named, or has started the work; where these are two, it is kept."""
    with world.ledger.database.read() as connection:
        reports = {(row.provider, row.key): row for row in connection.execute(select(usage_report))}
        told = {(row.provider, row.report): row for row in connection.execute(select(misnaming))}
        holds = holds_of_jobs(connection, {row.job for row in reports.values()})
    for key, named in world.named.items():
        row, note_ = reports[key], told.get(key)
        starters = {
            made.hold.user
            for made in holds
            if (made.hold.provider, made.hold.job) == (row.provider, row.job)
            and made.closed != RELEASED
        }
        assert row.person == named or row.person in starters
        if row.person != named or (starters and named not in starters):
            assert note_ is not None
            assert note_.named == named


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=st.lists(EVENTS, min_size=5, max_size=25))
def test_whatever_happens_the_books_are_right(
    ledger: Ledger, events: list[tuple[Any, ...]]
) -> None:
    world = World(ledger, f"e{next(EXAMPLES)}")
    before = revenue(ledger)
    for event in events:
        world.play(event)
    assert verify(ledger.database) == []
    assert rebuild(ledger.database) == balances(ledger.database)
    assert sum(balances(ledger.database).values()) == 0
    charged_ = sum(told[0][2] for told in world.paid.values())
    assert revenue(ledger) - before == charged_ - sum(world.refunds.values())
    assert_bound_grants_paid_only_at_home(world)
    assert_who_started_work_pays_and_other_names_are_told(world)
