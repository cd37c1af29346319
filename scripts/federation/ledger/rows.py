"""What is in the ledger, as rows of words and numbers; amounts in credits, times in UTC."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aggregator.ledger.amounts import to_credits
from aggregator.ledger.entries import Transfer
from aggregator.ledger.events import Hold
from aggregator.ledger.grants import Grant
from aggregator.moments import rfc3339
from aggregator.storage.exports import every_entry, every_report, every_wallet
from aggregator.storage.ledger import Ledger
from aggregator.storage.queries import GrantLeft, MonthStatement, grants_of, held_in
from aggregator.storage.reconciliation import Unreconciled
from aggregator.storage.verification import balances, rebuild, verify

Row = dict[str, Any]


def wallets(ledger: Ledger, now: int) -> list[Row]:
    """Every wallet with what can be spent from it somewhere, what it owes and has put aside."""
    return [
        {
            "wallet": wallet,
            "credits": to_credits(purse.total(now)),
            "owed": to_credits(purse.owed()),
            "put_aside": to_credits(sum(held_in(ledger.database, wallet).values())),
        }
        for wallet in every_wallet(ledger.database)
        for purse in [ledger.purse(wallet, now)]
    ]


def by_provider(ledger: Ledger, wallet: str, now: int) -> list[Row]:
    """What one wallet can spend at each provider, owes there and has put aside."""
    purse, held = ledger.purse(wallet, now), held_in(ledger.database, wallet)
    return [
        {
            "provider": provider,
            "available": to_credits(purse.available(provider, now)),
            "owed": to_credits(purse.debts.get(provider, 0)),
            "put_aside": to_credits(held.get(provider, 0)),
        }
        for provider in sorted({*ledger.tariffs.by_provider, *purse.debts, *held})
    ]


def grants(ledger: Ledger, wallet: str, now: int) -> list[Row]:
    """All grants that a wallet ever had, in their order of use."""
    return [_grant_left(one) for one in grants_of(ledger.database, wallet, now)]


def _grant_left(one: GrantLeft) -> Row:
    return {
        "grant": one.grant.key,
        "kind": one.grant.kind,
        "usable_at": one.grant.provider or "everywhere",
        "amount": to_credits(one.grant.amount),
        "left": to_credits(one.left),
        "expires": _time(one.grant.expires),
        "status": one.status,
    }


def granted(grant: Grant) -> Row:
    """A grant that was given."""
    return {
        "grant": grant.key,
        "wallet": grant.wallet,
        "kind": grant.kind,
        "usable_at": grant.provider or "everywhere",
        "amount": to_credits(grant.amount),
        "expires": _time(grant.expires),
    }


def member(ledger: Ledger, user: str) -> Row:
    """What a user can charge work to: their own wallet, shared ones, and which is the usual."""
    found = ledger.member(user)
    wallets = [found.own_wallet, *sorted(found.wallets)]
    return {"user": user, "wallets": wallets, "default": found.wallet()}


def transfer(entry: Transfer) -> Row:
    """Something that happened to a wallet; `change` is of all its grants, holds and debts."""
    own = ("grant:", "hold:", "overdraft:")
    change = sum(part.amount for part in entry.postings if part.account.startswith(own))
    return {
        "time": rfc3339(entry.at),
        "event": entry.event,
        "provider": entry.provider,
        "job": entry.job,
        "change": to_credits(change),
        "reason": entry.reason,
        "key": entry.key,
    }


def month(statement: MonthStatement) -> Row:
    """What a provider earned in a month."""
    return {
        "provider": statement.provider,
        "month": statement.month,
        "charged": to_credits(statement.charged),
        "refunded": to_credits(statement.refunded),
        "earned": to_credits(statement.earned),
        "settled": _amount(statement.settled),
        **{f"from_{kind}": to_credits(sum_) for kind, sum_ in _kinds(statement.by_kind)},
    }


def _kinds(by_kind: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for kind in ("free", "award", "refund", "purchase", "debt"):
        yield kind, by_kind.get(kind, 0)


def hold(found: Hold) -> Row:
    """Credits put aside."""
    return {
        "provider": found.provider,
        "job": found.job,
        "wallet": found.wallet,
        "amount": to_credits(found.amount),
        "opened": rfc3339(found.opened),
        "expires": rfc3339(found.expires),
        "hold": found.key,
    }


WHY = {
    "unreported": "it ended, and no usage report came",
    "abandoned": "credits were put aside for it, and no usage report came",
    "costs-differ": "its backend states other costs than were charged",
    "other-user": "its report names another user; who started it was charged",
    "charged-to-other": "another user was charged, before it was known who had started it",
}


def unreconciled(found: Unreconciled) -> Row:
    """A job that does not agree with the books, and why."""
    return {
        "provider": found.provider,
        "job": found.job,
        "user": found.user,
        "status": found.status,
        "stated": _amount(found.stated),
        "charged": _amount(found.charged),
        "put_aside": _amount(found.held),
        "named": found.named,
        "report": found.report,
        "since": rfc3339(found.at),
        "why": WHY[found.why],
    }


def _amount(millicredits: int | None) -> float | None:
    return None if millicredits is None else to_credits(millicredits)


def mistakes(ledger: Ledger) -> list[str]:
    """All that is wrong with the books; balances that differ from the rebuild are among it."""
    stated, rebuilt = balances(ledger.database), rebuild(ledger.database)
    differ = [
        f"{account}: the ledger goes by {stated.get(account)}, the entries give {rebuilt[account]}"
        for account in rebuilt
        if stated.get(account) != rebuilt[account]
    ]
    return verify(ledger.database) + differ


def rebuilt_balances(ledger: Ledger) -> list[Row]:
    """Every balance from the entries alone, beside the one that the ledger goes by."""
    stated = balances(ledger.database)
    return [
        {
            "account": account,
            "rebuilt": to_credits(balance),
            "stated": _amount(stated.get(account)),
        }
        for account, balance in sorted(rebuild(ledger.database).items())
    ]


def entries(ledger: Ledger, of_month: str | None) -> Iterator[Row]:
    """Each posting; its amount in millicredits, as it is kept."""
    for row in every_entry(ledger.database, of_month):
        yield {
            "transfer": row["id"],
            "time": rfc3339(row["at"]),
            "event": row["event"],
            "key": row["key"],
            "account": row["account"],
            "millicredits": row["amount"],
            "wallet": row["wallet"],
            "provider": row["provider"],
            "job": row["job"],
            "regards": row["regards"],
            "reason": row["reason"],
        }


def reports(ledger: Ledger, of_month: str | None) -> Iterator[Row]:
    """Each usage report and what was charged for it."""
    for row in every_report(ledger.database, of_month):
        times = {name: _time(row[name]) for name in ("started", "finished", "received")}
        costs = {name: to_credits(row[name]) for name in ("charged", "uncovered")}
        kept = ("provider", "key", "reporter", "activity", "person", "wallet", "job", "title")
        named = row["named"] or row["person"]
        yield {
            **{name: row[name] for name in kept},
            "named": named,
            **{name: row[name] for name in ("execution", "service", "state", "status")},
            **times,
            **costs,
            **_measured(row["metrics"]),
            "remarks": row["remarks"],
        }


def _measured(metrics: str) -> Row:
    found = json.loads(metrics)
    return {
        unit: next((one["value"] for one in found.values() if one.get("unit") == unit), None)
        for unit in ("cpu-seconds", "mb-seconds", "milliseconds", "shpu", "credits", "square_meter")
    }


def _time(moment: int | None) -> str | None:
    return None if moment is None else rfc3339(moment)
