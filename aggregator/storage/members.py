"""Users, what they are subscribed to, and whose wallet their work is charged to."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select

from aggregator.errors import PermissionsInsufficient
from aggregator.ledger.checks import Standing, standing_at
from aggregator.ledger.grants import organisation_wallet, user_wallet
from aggregator.ledger.pricing import Tariff
from aggregator.ledger.purses import Purse
from aggregator.storage.schema import membership, subscriber

_latest = (
    select(func.max(subscriber.c.id))
    .where(subscriber.c.person.in_(bindparam("people", expanding=True)))
    .group_by(subscriber.c.person)
)
_SUBSCRIBERS = select(subscriber.c.person, subscriber.c.subscriptions).where(
    subscriber.c.id.in_(_latest)
)
_ALL_SUBSCRIBERS = (
    select(subscriber.c.person, subscriber.c.subscriptions)
    .where(subscriber.c.id.in_(select(func.max(subscriber.c.id)).group_by(subscriber.c.person)))
    .order_by(subscriber.c.person)
)
_MEMBERSHIPS = (
    select(membership)
    .where(membership.c.person.in_(bindparam("people", expanding=True)))
    .order_by(membership.c.id)
)
_JOIN = insert(membership)


@dataclass(frozen=True)
class Member:
    """A user as the federation knows them; `subscriptions` None: it has never seen them.

    `wallets` are the shared ones that they may use, `default` the one they use if they name none.
    """

    user: str
    subscriptions: tuple[str, ...] | None = None
    wallets: frozenset[str] = frozenset()
    default: str | None = None

    @property
    def known(self) -> bool:
        """Whether the user has ever been seen."""
        return self.subscriptions is not None

    @property
    def own_wallet(self) -> str:
        """The wallet that free credits come to."""
        return user_wallet(self.user)

    def wallet(self, organisation: int | str | None = None) -> str:
        """What their work is charged to. Raises PermissionsInsufficient for a foreign wallet."""
        if organisation is None:
            return self.default or self.own_wallet
        wallet = organisation_wallet(organisation)
        if wallet not in self.wallets:
            raise PermissionsInsufficient(f"You are not a member of organisation {organisation}.")
        return wallet


def read_members(connection: Connection, users: Iterable[str]) -> dict[str, Member]:
    """These users, also the unknown ones."""
    people = sorted(set(users))
    subscriptions = {
        row.person: tuple(json.loads(row.subscriptions))
        for row in connection.execute(_SUBSCRIBERS, {"people": people})
    }
    standing: dict[str, dict[str, str]] = {}
    for row in connection.execute(_MEMBERSHIPS, {"people": people}):
        standing.setdefault(row.person, {})[row.wallet] = row.standing
    return {
        person: _member(person, subscriptions.get(person), standing.get(person, {}))
        for person in people
    }


def read_subscriptions(connection: Connection) -> dict[str, tuple[str, ...]]:
    """What every user that was ever seen has subscribed to, as far as is known."""
    return {
        row.person: tuple(json.loads(row.subscriptions))
        for row in connection.execute(_ALL_SUBSCRIBERS)
    }


def _member(person: str, subscriptions: tuple[str, ...] | None, standing: dict[str, str]) -> Member:
    shared = frozenset(wallet for wallet, how in standing.items() if how != "left")
    defaults = [wallet for wallet, how in standing.items() if how == "default"]
    return Member(person, subscriptions, shared, defaults[-1] if defaults else None)


def subscriber_values(user: str, subscriptions: Collection[str], now: int) -> dict[str, object]:
    """The row that says from when on a user has these subscriptions."""
    return {"person": user, "subscriptions": json.dumps(sorted(set(subscriptions))), "at": now}


def write_membership(
    connection: Connection, user: str, wallet: str, standing: str, now: int
) -> None:
    """Records that a user joined, left, or uses a wallet by default."""
    values = {"person": user, "wallet": wallet, "standing": standing, "at": now}
    connection.execute(_JOIN, values)


def standing_of(member: Member, purse: Purse, tariff: Tariff, now: int) -> Standing:
    """What a user can spend from a purse at the provider of a tariff."""
    shared = purse.wallet != member.own_wallet
    renewed = not shared and any(
        tier.subscription in (member.subscriptions or ()) and tier.amount
        for tier in tariff.free_tiers
    )
    return standing_at(purse, tariff.provider, tariff.title, now, renewed=renewed, shared=shared)
