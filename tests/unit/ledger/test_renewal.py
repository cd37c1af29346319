"""Free credits come once a month, per subscription and provider."""

from __future__ import annotations

from aggregator.ledger.renewal import FreeTier, renewals_due
from tests.unit.ledger.documents import APRIL, MARCH, grant

TIERS = (
    FreeTier("terra", "general", 10_000_000),
    FreeTier("terra", "copernicus", 20_000_000),
    FreeTier("aurora", "general", 1_000_000),
)


def test_each_provider_gives_its_own_grant_until_the_end_of_the_month() -> None:
    due = renewals_due("user/alice", ["general"], TIERS, [], MARCH)
    assert [(one.provider, one.amount, one.expires, one.kind) for one in due] == [
        ("aurora", 1_000_000, APRIL, "free"),
        ("terra", 10_000_000, APRIL, "free"),
    ]


def test_they_come_once_a_month_and_again_in_the_next() -> None:
    due = renewals_due("user/alice", ["general"], TIERS, [], MARCH)
    assert renewals_due("user/alice", ["general"], TIERS, due, APRIL - 1) == []
    assert len(renewals_due("user/alice", ["general"], TIERS, due, APRIL)) == 2
    first = renewals_due("user/alice", ["general"], TIERS, due, APRIL)
    assert renewals_due("user/alice", ["general"], TIERS, due + first, APRIL) == []


def test_two_subscriptions_give_the_larger_tier_not_the_sum() -> None:
    due = renewals_due("user/alice", ["general", "copernicus"], TIERS, [], MARCH)
    assert {one.provider: one.amount for one in due} == {"aurora": 1_000_000, "terra": 20_000_000}


def test_a_larger_tier_in_mid_month_gives_the_difference() -> None:
    first = renewals_due("user/alice", ["general"], TIERS, [], MARCH)
    more = renewals_due("user/alice", ["copernicus"], TIERS, first, MARCH + 1)
    assert [(one.provider, one.amount) for one in more] == [("terra", 10_000_000)]
    back = renewals_due("user/alice", ["general"], TIERS, first + more, MARCH + 2)
    assert back == []


def test_bought_credits_do_not_count_as_free_ones() -> None:
    bought = grant("b", 90_000, provider="terra", kind="purchase")
    assert len(renewals_due("user/alice", ["general"], TIERS, [bought], MARCH)) == 2


def test_no_subscription_gives_nothing() -> None:
    assert renewals_due("user/alice", [], TIERS, [], MARCH) == []
