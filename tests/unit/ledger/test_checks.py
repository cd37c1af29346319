"""May this work start?"""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.errors import BillingPlanInvalid, BudgetInvalid, PaymentRequired
from aggregator.ledger.checks import (
    check_budget,
    check_plan,
    read_budget,
    standing_at,
)
from aggregator.ledger.purses import Lot, Purse
from tests.unit.ledger.documents import MARCH, grant


def test_a_refusal_names_the_provider_and_the_day_of_renewal() -> None:
    purse = Purse("user/alice", (Lot(grant("g", 3), 2500),))
    standing = standing_at(purse, "terra", "Terra Observatory", MARCH, renewed=True)
    assert not standing.covers(2501)
    error = standing.refusal(7250)
    assert (error.status, error.code) == (402, "PaymentRequired")
    assert error.message == (
        "This needs 7.25 credits at Terra Observatory ('terra'), and 2.5 are left for use there. "
        "Your free credits there are renewed on 2026-04-01."
    )


def test_large_amounts_are_told_to_the_last_millicredit() -> None:
    purse = Purse("user/alice", (Lot(grant("g", 10**7), 1_234_567_891),))
    standing = standing_at(purse, "terra", "Terra Observatory", MARCH, renewed=True)
    assert "and 1234567.891 are left" in standing.refusal(2_345_678_912).message
    with pytest.raises(PaymentRequired, match=r"budget of 1234567\.891 credits"):
        check_budget(1_234_567_891, 2_345_678_912)


def test_who_gets_no_free_credits_is_promised_none() -> None:
    standing = standing_at(Purse("organisation/7"), "terra", "", MARCH, renewed=False)
    assert standing.refusal(1).message.endswith("Credits for it are not renewed by themselves.")


def test_a_provider_without_a_title_is_named_by_its_id() -> None:
    standing = standing_at(Purse("user/alice"), "terra", "", MARCH, renewed=False)
    assert standing.refusal(1).message.startswith("This needs 0.001 credits at terra ('terra'),")


def test_a_refusal_names_the_shared_wallet_that_was_to_pay() -> None:
    purse = Purse("organisation/7")
    standing = standing_at(purse, "terra", "", MARCH, renewed=False, shared=True)
    assert standing.refusal(1000).message == (
        "This needs 1 credits at terra ('terra'), and 0 are left for use there in organisation/7, "
        "which pays for it. Credits for it are not renewed by themselves."
    )


def test_a_refusal_tells_debts_as_what_is_owed() -> None:
    purse = Purse("user/alice", (), {"terra": 2943})
    standing = standing_at(purse, "terra", "", MARCH, renewed=False)
    assert "and 2.943 are owed there. " in standing.refusal(1000).message


def test_below_zero_not_even_free_work_starts() -> None:
    purse = Purse("user/alice", (), {"terra": 1})
    assert not standing_at(purse, "terra", "", MARCH, renewed=False).covers(0)
    assert standing_at(purse, "aurora", "", MARCH, renewed=False).covers(0)


@pytest.mark.parametrize(
    ("budget", "millicredits"),
    [(None, None), (10, 10_000), (7.76, 7760), (0.0019, 1), (10**12, 10**15)],
)
def test_a_budget_is_read_in_credits_and_never_rounded_up(budget: Any, millicredits: Any) -> None:
    assert read_budget(budget) == millicredits


@pytest.mark.parametrize(
    "budget", [0, -1, "10", True, [], float("nan"), float("inf"), 1e300, 10**12 + 1, 0.0001]
)
def test_a_budget_that_can_pay_for_nothing_is_refused(budget: Any) -> None:
    with pytest.raises(BudgetInvalid):
        read_budget(budget)


def test_a_budget_below_the_estimate_is_refused_before_the_work_starts() -> None:
    check_budget(None, 7250)
    check_budget(7250, 7250)
    with pytest.raises(PaymentRequired, match=r"budget of 7 credits .* costs of 7\.25 "):
        check_budget(7000, 7250)


def test_a_plan_is_found_in_any_case() -> None:
    assert check_plan("FREE", ["Free", "paid"]) == "Free"
    assert check_plan(None, ["Free"]) is None


@pytest.mark.parametrize("plan", ["gold", 7, ""])
def test_an_unknown_plan_is_refused_with_those_that_exist(plan: Any) -> None:
    with pytest.raises(BillingPlanInvalid, match="the plans are free, paid"):
        check_plan(plan, ["paid", "free"])


def test_who_has_no_plans_says_so_and_long_names_are_cut() -> None:
    with pytest.raises(BillingPlanInvalid, match=f"'{'x' * 100}'; it offers no plans"):
        check_plan("x" * 101, [])
