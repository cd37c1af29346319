"""Refunds: one transaction each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from aggregator.ledger.accounts import revenue_account
from aggregator.ledger.entries import Transfer
from aggregator.ledger.errors import RefundInvalid
from aggregator.ledger.events import refundable_parts, refunded
from aggregator.ledger.grants import Grant
from aggregator.storage.database import Database
from aggregator.storage.lookups import find_grant, find_transfers
from aggregator.storage.page import Page
from aggregator.storage.schema import transfer


@dataclass(frozen=True)
class Refunded:
    """A refund that is booked; `grant` is the one that it had to make, if any."""

    transfer: Transfer
    grant: Grant | None


def refund(
    database: Database,
    charge_key: str,
    amount: int,
    *,
    key: str,
    now: int,
    include_free: bool,
    reason: str,
) -> Refunded:
    """Books a refund of a charge; see `aggregator.ledger.events.refunded`."""
    with database.write() as connection:
        charge = _charge(connection, charge_key)
        wallet, provider = charge.wallet or "", charge.provider or ""
        database.lock(connection, [wallet, f"refund/{key}"])
        if known := _known(connection, charge, key, amount):
            return known
        page = Page(database, connection, now)
        page.load([wallet])
        page.load_grants([p.account for p in charge.postings if p.account.startswith("grant:")])
        made = refunded(
            charge,
            page.grants_by_account(),
            key=key,
            amount=amount,
            earlier=_earlier(connection, charge),
            debt=page.purse(wallet).debts.get(provider, 0),
            at=now,
            include_free=include_free,
            reason=reason,
        )
        if made.grant:
            page.open_grant(made.grant)
        page.book(made.transfer)
        page.pay_debts(wallet, made.transfer.key)
        page.write()
        return Refunded(made.transfer, made.grant)


def refundable(database: Database, charge_key: str, *, include_free: bool) -> int:
    """What is left of a charge to give back. Raises RefundInvalid if there is no such charge."""
    with database.read() as connection:
        charge = _charge(connection, charge_key)
        page = Page(database, connection, charge.at)
        page.load_grants([p.account for p in charge.postings if p.account.startswith("grant:")])
        earlier = _earlier(connection, charge)
        return sum(
            refundable_parts(charge, page.grants_by_account(), earlier, include_free).values()
        )


def _charge(connection: Connection, key: str) -> Transfer:
    if found := find_transfers(connection, transfer.c.key == key):
        return found[0]
    raise RefundInvalid(f"Nothing was charged under '{key.removeprefix('charge/')}'.")


def _earlier(connection: Connection, charge: Transfer) -> list[Transfer]:
    made = transfer.c.regards == charge.key
    return find_transfers(connection, made & (transfer.c.event == "refund"))


def _known(connection: Connection, charge: Transfer, key: str, amount: int) -> Refunded | None:
    """The refund under this key, if it is the same; RefundInvalid if it is another."""
    found = find_transfers(connection, transfer.c.key == f"refund/{key}")
    if not found:
        return None
    taken = -found[0].change(revenue_account(charge.provider or ""))
    if found[0].regards != charge.key or taken != amount:
        raise RefundInvalid(f"There is another refund under the key '{key}'.")
    return Refunded(found[0], find_grant(connection, f"refund/{key}"))
