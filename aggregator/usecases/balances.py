"""What users see of their credits in `GET /me`: the sum, and where which part of it can be used.

The sum is of what can be spent somewhere; what is owed at one member does not hide what can be used
at the others. Source: openEO API, `GET /me`, property `budget`; the rest is `federation:wallet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aggregator.errors import DatabaseUnavailable
from aggregator.ledger.amounts import to_credits
from aggregator.ledger.purses import Purse
from aggregator.moments import rfc3339
from aggregator.storage.ledger import Ledger
from aggregator.storage.members import Member
from aggregator.storage.queries import GrantLeft, grants_of, held_in
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import Credits
from aggregator.usecases.usage import UsageReports
from aggregator.usecases.views import View


class Balances:
    """What is left to users."""

    def __init__(self, ledger: Ledger, credits_: Credits, usage: UsageReports) -> None:
        self._ledger, self._credits, self._usage = ledger, credits_, usage

    def of(self, access: Access, _view: View) -> Mapping[str, Any]:
        """What the ledger adds to `GET /me`; nothing while the database cannot be reached."""
        try:
            member = self._credits.member(access)
            purse = self._ledger.purse(member.wallet(), self._credits.now())
            total = purse.total(self._credits.now())
            return {
                "budget": to_credits(total),
                "federation:wallet": self._wallet(member, purse),
                "links": self._usage.links(access),
            }
        except DatabaseUnavailable:
            return {}

    def _wallet(self, member: Member, purse: Purse) -> dict[str, Any]:
        now, wallet = self._credits.now(), purse.wallet
        held = held_in(self._ledger.database, wallet)
        grants = grants_of(self._ledger.database, wallet, now)
        providers = tuple(self._ledger.tariffs.by_provider)
        standings = self._ledger.standings(member, providers, now, wallet)
        return {
            "wallet": wallet,
            "currency": "credits",
            "total": to_credits(purse.total(now)),
            "owed": to_credits(purse.owed()),
            "put_aside": to_credits(sum(held.values())),
            "providers": {
                standing.provider: {
                    "title": standing.title,
                    "available": to_credits(standing.available),
                    "put_aside": to_credits(held.get(standing.provider, 0)),
                    "owed": to_credits(purse.debts.get(standing.provider, 0)),
                    "renewal": None if standing.renewal is None else rfc3339(standing.renewal),
                }
                for standing in standings
            },
            "grants": [_grant(one) for one in grants if one.status == "active"],
        }


def _grant(one: GrantLeft) -> dict[str, Any]:
    grant = one.grant
    return {
        "kind": grant.kind,
        "usable_at": [grant.provider] if grant.provider else None,
        "amount": to_credits(grant.amount),
        "left": to_credits(one.left),
        "created": rfc3339(grant.created),
        "expires": None if grant.expires is None else rfc3339(grant.expires),
        "note": grant.note,
    }
