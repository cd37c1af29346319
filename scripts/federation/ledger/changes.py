"""Grants, refunds and month ends, as an operator asks for them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import click

from aggregator.ledger.accounts import revenue_account
from aggregator.ledger.amounts import to_credits
from aggregator.ledger.grants import Grant
from aggregator.moments import moment_of
from aggregator.storage.ledger import Ledger
from aggregator.storage.queries import month_statement
from aggregator.storage.refunds import refundable
from scripts.federation.ledger import rows


def grant(
    ledger: Ledger,
    wallet: str,
    amount: int,
    *,
    now: int,
    provider: str | None,
    expires: datetime | None,
    kind: str,
    note: str,
    key: str | None,
) -> Grant:
    """Gives millicredits. Raises ClickException for a provider that there is not, GrantInvalid."""
    if provider is not None:
        _must_be_known(ledger, provider)
    end = None if expires is None else moment_of(expires.replace(tzinfo=UTC))
    wanted = Grant(
        key=key or _new_key("grant"),
        wallet=wallet,
        amount=amount,
        created=now,
        provider=provider,
        expires=end,
        kind=kind,
        note=note,
    )
    return ledger.grant(wanted)


def refund(
    ledger: Ledger,
    provider: str,
    report: str,
    *,
    amount: int | None,
    include_free: bool,
    reason: str,
    key: str | None,
    now: int,
) -> rows.Row:
    """Gives back millicredits of a charge, all by default. Raises RefundInvalid if less is left."""
    if amount is None:
        charge = f"charge/{provider}/{report}"
        amount = refundable(ledger.database, charge, include_free=include_free)
    made = ledger.refund(
        provider,
        report,
        amount,
        key=key or _new_key("refund"),
        now=now,
        include_free=include_free,
        reason=reason,
    )
    back = -made.transfer.change(revenue_account(provider))
    return {"refund": made.transfer.key, "wallet": made.transfer.wallet, "amount": to_credits(back)}


def months(ledger: Ledger, month: str) -> list[rows.Row]:
    """What each provider earned in a month."""
    providers = sorted(ledger.tariffs.by_provider)
    return [rows.month(month_statement(ledger.database, one, month)) for one in providers]


def close(ledger: Ledger, month: str, provider: str | None, *, now: int) -> list[rows.Row]:
    """Settles a month with every provider, or with one. Raises MonthOpen before its end."""
    if provider is not None:
        _must_be_known(ledger, provider)
    providers = sorted(ledger.tariffs.by_provider) if provider is None else [provider]
    closed = [ledger.close_month(one, month, now) for one in providers]
    return [
        rows.month(month_statement(ledger.database, one.provider, month))
        | {"settled": to_credits(one.amount)}
        for one in closed
    ]


def _must_be_known(ledger: Ledger, provider: str) -> None:
    if provider not in ledger.tariffs.by_provider:
        known = ", ".join(sorted(ledger.tariffs.by_provider)) or "none"
        raise click.ClickException(f"There are no rates of '{provider}'; there are: {known}.")


def _new_key(kind: str) -> str:
    """A key that nothing else in the books has."""
    return f"{kind}-{uuid.uuid4().hex}"
