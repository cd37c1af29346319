"""Free credits: given each month per subscription and provider, gone at its end.

They are due once a month for each wallet and provider. A user with several subscriptions gets the
largest tier at each provider, not the sum; one who moves to a larger tier in mid-month gets the
difference. Each provider's free credits are a grant of their own, bound to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aggregator.ledger.grants import Grant
from aggregator.moments import month_bounds, month_of


@dataclass(frozen=True)
class FreeTier:
    """What a provider gives to everyone with a subscription each month, in millicredits."""

    provider: str
    subscription: str
    amount: int


def renewals_due(
    wallet: str,
    subscriptions: Collection[str],
    tiers: Iterable[FreeTier],
    grants: Iterable[Grant],
    now: int,
) -> list[Grant]:
    """The free grants that this wallet should have now and has not, one per provider at most."""
    entitled: dict[str, int] = {}
    for tier in tiers:
        if tier.subscription in subscriptions:
            entitled[tier.provider] = max(entitled.get(tier.provider, 0), tier.amount)
    start, end = month_bounds(month_of(now))
    had = dict.fromkeys(entitled, 0)
    for grant in grants:
        if grant.kind == "free" and grant.provider in had and grant.created >= start:
            had[grant.provider] += grant.amount
    return [
        Grant(
            key=f"free/{wallet}/{provider}/{month_of(now)}/{amount}",
            wallet=wallet,
            amount=amount - had[provider],
            created=now,
            provider=provider,
            expires=end,
            kind="free",
            note=f"free credits of {month_of(now)}",
        )
        for provider, amount in sorted(entitled.items())
        if amount > had[provider]
    ]
