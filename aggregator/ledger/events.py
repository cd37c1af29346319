"""What can happen to credits, each as a transfer (or none, where nothing would move).

Every function takes what it needs to know as arguments and returns what is to be booked; keys say
what happened to what, so that the books refuse the same event a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aggregator.errors import PaymentRequired
from aggregator.ledger.accounts import (
    EXPIRED,
    ISSUED,
    hold_account,
    overdraft_account,
    revenue_account,
    settled_account,
)
from aggregator.ledger.amounts import to_credits
from aggregator.ledger.entries import Transfer, postings
from aggregator.ledger.errors import RefundInvalid
from aggregator.ledger.grants import Grant, order_of_use
from aggregator.ledger.purses import Lot, Purse
from aggregator.moments import month_bounds, month_of


@dataclass(frozen=True)
class Hold:
    """Credits put aside for work that is about to run.

    `job` is the backend's own id of the job that they are for, where it is known; the first usage
    report about it settles the hold. `budget` is the most that the user lets the job cost,
    `activity` what kind of work it is (see `reports.ACTIVITIES`).
    """

    key: str
    wallet: str
    provider: str
    amount: int
    opened: int
    expires: int
    job: str | None = None
    user: str | None = None
    budget: int | None = None
    activity: str = "batch"

    @property
    def account(self) -> str:
        """Where the credits stand meanwhile."""
        return hold_account(self.key)


def granted(grant: Grant) -> Transfer:
    """The federation issues credits to a wallet."""
    return Transfer(
        key=f"grant/{grant.key}",
        event="grant",
        at=grant.created,
        postings=postings({ISSUED: -grant.amount, grant.account: grant.amount}),
        wallet=grant.wallet,
        provider=grant.provider,
        reason=grant.note or None,
    )


def held(purse: Purse, hold: Hold) -> Transfer:
    """Puts a hold's amount aside, from the grants in order of use.

    Raises PaymentRequired if the wallet has less at this provider, debts deducted: holds never
    overdraw.
    """
    if purse.available(hold.provider, hold.opened) < hold.amount:
        raise PaymentRequired()
    lots, _ = purse.draw(hold.provider, hold.amount, hold.opened)
    changes = {lot.grant.account: -lot.amount for lot in lots}
    return Transfer(
        key=f"hold/{hold.key}",
        event="hold",
        at=hold.opened,
        postings=postings(changes | {hold.account: hold.amount}),
        wallet=hold.wallet,
        provider=hold.provider,
        job=hold.job,
    )


def released(hold: Hold, lots: Sequence[Lot], at: int, reason: str) -> Transfer:
    """Gives a hold back to the grants that it came from, expired or not."""
    back = [(lot.grant.account, lot.amount) for lot in lots]
    return Transfer(
        key=f"release/{hold.key}",
        event="release",
        at=at,
        postings=postings([(hold.account, -hold.amount), *back]),
        wallet=hold.wallet,
        provider=hold.provider,
        job=hold.job,
        regards=f"hold/{hold.key}",
        reason=reason,
    )


def _from_lots(lots: Sequence[Lot], amount: int) -> tuple[list[Lot], int]:
    drawn: list[Lot] = []
    for lot in sorted(lots, key=lambda lot: order_of_use(lot.grant)):
        taken = min(amount, lot.amount)
        if taken > 0:
            drawn.append(Lot(lot.grant, taken))
            amount -= taken
    return drawn, amount


def charged(
    purse: Purse,
    *,
    reference: str,
    provider: str,
    amount: int,
    at: int,
    job: str | None = None,
    reserved: Sequence[Lot] = (),
) -> Transfer | None:
    """Pays a provider for usage; None if it cost nothing.

    `reserved` is what a hold had put aside for it and has just given back: it is used first, even
    if its grant has expired since. What no grant covers becomes a debt at that provider: usage
    that has happened is never refused.
    """
    lots, rest = _from_lots(reserved, amount)
    taken = {lot.grant.key: lot.amount for lot in lots}
    left = tuple(Lot(lot.grant, lot.amount - taken.get(lot.grant.key, 0)) for lot in purse.lots)
    more, uncovered = Purse(purse.wallet, left, purse.debts).draw(provider, rest, at)
    changes = [(lot.grant.account, -lot.amount) for lot in (*lots, *more)]
    changes.append((overdraft_account(purse.wallet, provider), -uncovered))
    changes.append((revenue_account(provider), amount))
    if not amount:
        return None
    return Transfer(
        key=f"charge/{reference}",
        event="charge",
        at=at,
        postings=postings(changes),
        wallet=purse.wallet,
        provider=provider,
        job=job,
    )


def repaid(purse: Purse, *, cause: str, at: int) -> Transfer | None:
    """Pays debts from grants that are usable where they were made; None if nothing can be paid.

    `cause` is the key of the transfer after which there may be something to pay with.
    """
    left = {lot.grant.key: lot for lot in purse.lots}
    changes: list[tuple[str, int]] = []
    for provider in sorted(purse.debts):
        paying = Purse(purse.wallet, tuple(left.values()))
        lots, rest = paying.draw(provider, purse.debts[provider], at)
        for lot in lots:
            left[lot.grant.key] = Lot(lot.grant, left[lot.grant.key].amount - lot.amount)
            changes.append((lot.grant.account, -lot.amount))
        paid = purse.debts[provider] - rest
        changes.append((overdraft_account(purse.wallet, provider), paid))
    entries = postings(changes)
    if not entries:
        return None
    return Transfer(f"repayment/{cause}", "repayment", at, entries, purse.wallet, regards=cause)


def expired(lot: Lot, *, at: int, number: int) -> Transfer:
    """Takes back what is left of a grant after its time; `number` tells repeated ones apart.

    (A hold that is released after the expiry leaves something to take back once more.)
    """
    return Transfer(
        key=f"expiry/{lot.grant.key}/{number}",
        event="expiry",
        at=at,
        postings=postings({lot.grant.account: -lot.amount, EXPIRED: lot.amount}),
        wallet=lot.grant.wallet,
        provider=lot.grant.provider,
    )


@dataclass(frozen=True)
class Refund:
    """A refund as it is to be booked, with the grant that it may need to make."""

    transfer: Transfer
    grant: Grant | None


def refunded(
    charge: Transfer,
    payers: Mapping[str, Grant],
    *,
    key: str,
    amount: int,
    earlier: Sequence[Transfer],
    debt: int,
    at: int,
    include_free: bool = False,
    reason: str = "",
) -> Refund:
    """Gives back what a charge took, wholly or in part.

    `payers` maps accounts to the grants of the charge, `earlier` are its refunds so far, `debt` is
    what the wallet owes this provider now. Debt is cancelled first, then the grants get back what
    they paid, the last used first. What was paid by a grant that has expired, or by a debt that was
    paid back since, comes as a new grant for this provider, until the end of next month. Free
    credits are not refunded unless `include_free`. Raises RefundInvalid if that leaves less than
    `amount`.
    """
    wallet, provider = charge.wallet or "", charge.provider or ""
    overdraft = overdraft_account(wallet, provider)
    open_parts = refundable_parts(charge, payers, earlier, include_free)
    if not 0 < amount <= sum(open_parts.values()):
        raise RefundInvalid(
            f"Of this charge {to_credits(sum(open_parts.values())):.15g} credits can be refunded, "
            f"not {to_credits(amount):.15g}."
        )
    changes: list[tuple[str, int]] = [(revenue_account(provider), -amount)]
    fresh = 0
    for account, part in open_parts.items():
        given = min(part, amount)
        amount -= given
        payer = payers.get(account)
        if account == overdraft:
            back = min(given, debt)
        else:
            back = 0 if payer is None or payer.expired(at) else given
        changes.append((account, back))
        fresh += given - back
    grant = _refund_grant(wallet, provider, key, fresh, at) if fresh else None
    if grant:
        changes.append((grant.account, fresh))
    return Refund(
        Transfer(
            key=f"refund/{key}",
            event="refund",
            at=at,
            postings=postings(changes),
            wallet=wallet,
            provider=provider,
            job=charge.job,
            regards=charge.key,
            reason=reason or None,
        ),
        grant,
    )


def refundable_parts(
    charge: Transfer, payers: Mapping[str, Grant], earlier: Sequence[Transfer], include_free: bool
) -> dict[str, int]:
    """What each payer of a charge can still get back, in the order of giving back."""
    paid = [p for p in charge.postings if p.amount < 0]
    parts = {
        posting.account: -posting.amount
        for posting in sorted(
            paid, key=lambda p: _order_of_payment(p.account, payers), reverse=True
        )
        if include_free or posting.account not in payers or payers[posting.account].kind != "free"
    }
    elsewhere = 0
    for posting in (p for refund in earlier for p in refund.postings if p.amount > 0):
        done = min(parts.get(posting.account, 0), posting.amount)
        if done:
            parts[posting.account] -= done
        elsewhere += posting.amount - done
    for account, part in parts.items():
        done = min(part, elsewhere)
        parts[account] = part - done
        elsewhere -= done
    return parts


def _order_of_payment(account: str, payers: Mapping[str, Grant]) -> tuple[bool, tuple[object, ...]]:
    grant = payers.get(account)
    return (grant is None, order_of_use(grant) if grant else ())


def _refund_grant(wallet: str, provider: str, key: str, amount: int, at: int) -> Grant:
    end_of_month = month_bounds(month_of(at))[1]
    return Grant(
        key=f"refund/{key}",
        wallet=wallet,
        amount=amount,
        created=at,
        provider=provider,
        expires=month_bounds(month_of(end_of_month))[1],
        kind="refund",
    )


def settled(provider: str, month: str, amount: int, at: int) -> Transfer | None:
    """Closes a provider's month: its revenue becomes settled; None if there was none."""
    if not amount:
        return None
    return Transfer(
        key=f"settlement/{provider}/{month}",
        event="settlement",
        at=at,
        postings=postings({revenue_account(provider): -amount, settled_account(provider): amount}),
        provider=provider,
        reason=month,
    )
