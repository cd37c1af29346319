"""Grants: credits given to a wallet, for one provider or for all, for a time or for ever.

A wallet is named `user/SUB` or `organisation/ID`. Its grants are used in this order:

1. the one that expires soonest (those that never expire come last),
2. one bound to the provider before one that is usable everywhere,
3. free credits before awards, refunds and purchases,
4. the oldest,
5. by key, so that the order is never left to chance.

A grant bound to a provider is never touched by work at another.
"""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.ledger.accounts import grant_account

KINDS = ("free", "award", "refund", "purchase")


@dataclass(frozen=True)
class Grant:
    """Credits given to a wallet: `provider` None is usable everywhere, `expires` None never."""

    key: str
    wallet: str
    amount: int
    created: int
    provider: str | None = None
    expires: int | None = None
    kind: str = "award"
    note: str = ""

    @property
    def account(self) -> str:
        """Where its remaining credits stand."""
        return grant_account(self.key)

    def usable(self, provider: str, now: int) -> bool:
        """Whether it can pay for work at this provider now (not at the moment of expiry)."""
        return self.provider in (None, provider) and not self.expired(now)

    def expired(self, now: int) -> bool:
        """Whether its time is over."""
        return self.expires is not None and self.expires <= now


def order_of_use(grant: Grant) -> tuple[bool, int, bool, int, int, str]:
    """Sort key: the grant that is used first comes first."""
    return (
        grant.expires is None,
        grant.expires or 0,
        grant.provider is None,
        KINDS.index(grant.kind),
        grant.created,
        grant.key,
    )


def user_wallet(user: str) -> str:
    """Each user has a wallet of their own."""
    return f"user/{user}"


def organisation_wallet(organisation: int | str) -> str:
    """The wallet that members of an organisation share."""
    return f"organisation/{organisation}"
