"""Checks before work, and the credits put aside while it runs.

What users can spend is read before routing, which decides with it. The hold is on disk before the
backend is asked, and no transaction is open meanwhile. What becomes of it::

    the work did not start          given back at once
    it failed, and has an id        waits for a report about that
    a report about it comes         settled: the credits pay, the rest is given back
    it is canceled unused           given back at once, if its backend says so (`JobAccounts`)
    nothing is heard of it          given back when its time is over (`housekeeping`)
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeVar

from aggregator.errors import (
    BackendError,
    BackendFailure,
    BackendTimeout,
    DatabaseUnavailable,
    OpenEOError,
    PaymentRequired,
)
from aggregator.ledger.amounts import to_credits
from aggregator.ledger.checks import Standing
from aggregator.ledger.events import Hold
from aggregator.ledger.orders import LEAST, Order, amount_to_hold
from aggregator.moments import day_of
from aggregator.routing import FREE, Billing, Credit
from aggregator.settings import Settings
from aggregator.storage.ledger import Ledger
from aggregator.storage.members import Member
from aggregator.storage.queries import receipts_of_job
from aggregator.usecases.accounts import Access
from aggregator.usecases.wallets import Wallets

LOG = logging.getLogger(__name__)

SYNCHRONOUS, SERVICE, BATCH = "synchronous", "service", "batch"
# A report may come a little after the answer, and clocks differ.
SLACK_SECONDS = 60.0
# After these the backend may be at work all the same.
UNCERTAIN = (BackendTimeout, BackendFailure)


class Decision(Protocol):
    """Where work is to run."""

    @property
    def backend(self) -> str:
        """The id of the backend."""
        ...


Decided = TypeVar("Decided", bound=Decision)


class Reservation:
    """What was put aside for work that is about to run: here nothing, as it costs nothing."""

    def returned_on_failure(self) -> AbstractContextManager[None]:
        """Gives the credits back if what is done in this context fails before work has begun."""
        return nullcontext()

    def answered(self, job: str) -> float | None:  # noqa: ARG002 - there is nothing to note
        """Notes the id that the work has; its costs in credits, if they were reported already."""
        return None


NOTHING = Reservation()


@dataclass(frozen=True)
class Held(Reservation):
    """Credits that a user has put aside at a provider, under the key of a hold."""

    ledger: Ledger
    key: str
    provider: str
    user: str
    now: Callable[[], int]

    @contextmanager
    def returned_on_failure(self) -> Iterator[None]:
        """Gives the credits back if what is done in this context fails before work has begun."""
        try:
            yield
        except OpenEOError as error:
            if isinstance(error, BackendError) and error.work:  # it has begun, and is reported
                self.answered(error.work)
            elif not isinstance(error, UNCERTAIN):
                with tolerated("a hold is given back when its time is over"):
                    self.ledger.holds.give_up(self.key, self.now())
            raise

    def answered(self, job: str) -> float | None:
        """Notes the id that the work has; its costs in credits, if they were reported already."""
        with tolerated("it is not noted which hold was for a request"):
            if job and self.ledger.holds.claim(self.key, job, self.now()):
                receipts = receipts_of_job(self.ledger.database, self.provider, job, self.user)
                if receipts:
                    return to_credits(sum(receipt.charged for receipt in receipts))
        return None


@dataclass(frozen=True)
class Payer:
    """The user who asks, and the wallet that is charged: their own, or one that they share."""

    member: Member
    wallet: str


class Credits:
    """What users can spend where, and what is put aside for their work."""

    def __init__(
        self, ledger: Ledger, wallets: Wallets, settings: Settings, clock: Callable[[], float]
    ) -> None:
        self._ledger, self._wallets, self._clock = ledger, wallets, clock
        self._sync_seconds = settings.upstream.result_deadline + SLACK_SECONDS
        self._hold_seconds = settings.accounting.hold_time if settings.accounting else 0.0

    def accounts_for(self, provider: str) -> bool:
        """Whether work at this backend is paid for here."""
        return provider in self._ledger.tariffs.by_provider

    def expected(self, provider: str, activity: str) -> float | None:
        """What such work costs at a provider by its rates, in credits; None if nothing is known."""
        if not self.accounts_for(provider):
            return None
        return to_credits(self._ledger.tariffs.of(provider).estimate(activity)) or None

    def rates(self, activity: str) -> dict[str, float]:
        """What such work is expected to cost at each provider that tells, in credits."""
        return {
            provider: to_credits(tariff.estimate(activity))
            for provider, tariff in self._ledger.tariffs.by_provider.items()
            if tariff.expects(activity)
        }

    def member(self, access: Access) -> Member:
        """The user as the ledger knows them, with this month's free credits."""
        claims = access.claims
        self._wallets.welcome(access.user_id, claims.subscriptions if claims else None)
        return self._ledger.member(access.user_id)

    def payer(self, access: Access, order: Order) -> Payer:
        """Who pays for it. Raises PermissionsInsufficient if another's wallet is to."""
        member = self.member(access)
        return Payer(member, member.wallet(order.organisation))

    def billing(self, payer: Payer, order: Order, *, starts: bool = True) -> Billing:
        """What routing is to know: expected costs and credits at each provider."""
        providers = tuple(self._ledger.tariffs.by_provider)
        standings = self._ledger.standings(payer.member, providers, self.now(), payer.wallet)
        budget = None if order.budget is None else to_credits(order.budget)
        known = {standing.provider: self._credit(standing, order) for standing in standings}
        return Billing(known, budget, order.plan, starts)

    def prospect(self, access: Access, order: Order) -> Billing:
        """The same for work that is not to start; nothing is known without the database."""
        try:
            return self.billing(self.payer(access, order), order, starts=False)
        except DatabaseUnavailable:
            return FREE

    def admit(
        self, access: Access, order: Order, decide: Callable[[Billing], Decided]
    ) -> tuple[Decided, Reservation]:
        """Decides on work that starts now, and puts aside what it is expected to cost.

        If others were quicker to take the credits there, it is decided anew: perhaps for another.
        Raises what `decide` raises, and PaymentRequired if others are always quicker.
        """
        payer = self.payer(access, order)
        more = len(self._ledger.tariffs.by_provider)
        while True:
            decision = decide(self.billing(payer, order))
            try:
                return decision, self.put_aside(payer, order, decision.backend)
            except PaymentRequired:
                if not more:
                    raise
                more -= 1

    def put_aside(self, payer: Payer, order: Order, provider: str) -> Reservation:
        """Puts aside what work without an id yet is expected to cost, or else a token.

        Raises PaymentRequired, naming provider and day of renewal.
        """
        if not self.accounts_for(provider):
            return NOTHING
        expected = amount_to_hold(order, self._ledger.tariffs.of(provider))
        amount = expected or self.token(order, provider)
        if not amount:
            return NOTHING
        key = f"{order.activity}/{provider}/{uuid.uuid4().hex}"
        wanted = self.hold(payer, order, provider=provider, amount=amount, key=key)
        try:
            self._ledger.hold(wanted)
        except PaymentRequired:
            if expected:
                raise
            return NOTHING
        return Held(self._ledger, key, provider, payer.member.user, self.now)

    def token(self, order: Order, provider: str) -> int:
        """Millicredits to put aside for work that may cost nothing.

        With the hold is kept who started it. None for services, of which no report may ever come,
        and where nobody reports.
        """
        reports = bool(self._ledger.tariffs.of(provider).reporters)
        return LEAST if reports and order.activity != SERVICE else 0

    def check_debt(self, payer: Payer, provider: str) -> None:
        """Raises PaymentRequired if the wallet owes at this provider."""
        standing = self._ledger.standing(payer.member, provider, self.now(), payer.wallet)
        if not standing.covers(0):
            raise standing.refusal(0)

    def hold(
        self,
        payer: Payer,
        order: Order,
        *,
        provider: str,
        amount: int,
        key: str,
        job: str = "",
    ) -> Hold:
        """The hold that is wanted for some work, not yet opened."""
        now = self.now()
        seconds = self._sync_seconds if order.activity == SYNCHRONOUS else self._hold_seconds
        return Hold(
            key=key,
            wallet=payer.wallet,
            provider=provider,
            amount=amount,
            opened=now,
            expires=now + int(seconds * 1000),
            job=job or None,
            user=payer.member.user,
            budget=order.budget,
            activity=order.activity,
        )

    def now(self) -> int:
        """This moment, in milliseconds since 1970."""
        return int(self._clock() * 1000)

    def _credit(self, standing: Standing, order: Order) -> Credit:
        needed = self._ledger.tariffs.of(standing.provider).estimate(order.activity)
        return Credit(
            needed=to_credits(needed),
            left=to_credits(standing.available),
            renewal="" if standing.renewal is None else day_of(standing.renewal),
            wallet=standing.shared,
        )


@contextmanager
def tolerated(consequence: str) -> Iterator[None]:
    """Goes on without the database where an answer is worth more than what is noted of it."""
    try:
        yield
    except DatabaseUnavailable:
        LOG.warning("without the database %s", consequence)
