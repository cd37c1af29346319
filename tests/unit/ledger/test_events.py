"""What can happen to credits, and which grants it happens to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.errors import PaymentRequired
from aggregator.ledger.entries import Posting, Transfer
from aggregator.ledger.errors import RefundInvalid
from aggregator.ledger.events import (
    Hold,
    charged,
    expired,
    granted,
    held,
    refunded,
    released,
    repaid,
)
from aggregator.ledger.events import settled as settlement
from aggregator.ledger.grants import Grant
from aggregator.ledger.purses import Lot, Purse
from tests.unit.ledger.documents import APRIL, DAY, MARCH, grant

JOB = Hold("start-1", "user/alice", "terra", 5000, MARCH, MARCH + DAY, job="j-1", user="alice")


def purse(*grants: Grant, **debts: int) -> Purse:
    return Purse("user/alice", tuple(Lot(one, one.amount) for one in grants), debts)


def changes(entry: Transfer | None) -> dict[str, int]:
    assert entry is not None
    return {posting.account: posting.amount for posting in entry.postings}


def pay(having: Purse, amount: int, provider: str = "terra", **more: object) -> Transfer | None:
    asked = {"reference": "terra/k", "provider": provider, "amount": amount, "at": MARCH} | more
    return charged(having, **asked)  # type: ignore[arg-type]


def test_a_grant_comes_from_the_federation() -> None:
    assert granted(grant("g", 5, provider="terra", note="For the workshop.")) == Transfer(
        "grant/g",
        "grant",
        MARCH,
        (Posting("issued", -5000), Posting("grant:g", 5000)),
        "user/alice",
        "terra",
        reason="For the workshop.",
    )
    assert granted(grant("g", 5)).reason is None


def test_what_is_left_of_a_grant_after_its_time_goes_back_to_the_federation() -> None:
    old = grant("g", 5, provider="terra", expires=APRIL)
    assert expired(Lot(old, 3000), at=APRIL + 1, number=2) == Transfer(
        "expiry/g/2",
        "expiry",
        APRIL + 1,
        (Posting("grant:g", -3000), Posting("expired", 3000)),
        "user/alice",
        "terra",
    )


def test_the_grant_that_expires_soonest_is_used_first() -> None:
    ever, soon, later = (
        grant("ever", 1),
        grant("soon", 1, expires=APRIL),
        grant("later", 1, expires=APRIL + DAY),
    )
    assert changes(pay(purse(ever, later, soon), 2500)) == {
        "grant:soon": -1000,
        "grant:later": -1000,
        "grant:ever": -500,
        "revenue:terra": 2500,
    }
    assert changes(pay(purse(ever, later, soon), 500)) == {
        "grant:soon": -500,
        "revenue:terra": 500,
    }


def test_of_equal_expiry_the_one_bound_to_the_provider_then_the_free_then_the_oldest() -> None:
    anywhere, bound = grant("a", 1), grant("b", 1, provider="terra", kind="purchase")
    free = grant("c", 1, provider="terra", kind="free")
    young = grant("0", 1, provider="terra", kind="free", created=MARCH + 1)
    order = purse(anywhere, young, bound, free).usable("terra", MARCH + 1)
    assert [lot.grant.key for lot in order] == ["c", "0", "b", "a"]
    order = purse(grant("2", 1), grant("1", 1)).usable("terra", MARCH)
    assert [lot.grant.key for lot in order] == ["1", "2"]


def test_work_at_one_provider_never_touches_what_is_bound_to_another() -> None:
    having = purse(grant("aurora", 9, provider="aurora"), grant("terra", 1, provider="terra"))
    assert changes(pay(having, 3000)) == {
        "grant:terra": -1000,
        "overdraft:user/alice:terra": -2000,
        "revenue:terra": 3000,
    }


def test_a_grant_pays_nothing_from_the_moment_of_its_expiry() -> None:
    having = purse(grant("g", 5, expires=APRIL))
    assert having.available("terra", APRIL - 1) == 5000
    assert having.available("terra", APRIL) == 0


def test_what_costs_nothing_is_not_booked() -> None:
    assert pay(purse(grant("g", 1)), 0) is None


def test_a_hold_puts_credits_aside_and_gives_them_back_to_where_they_came_from() -> None:
    soon, ever = grant("soon", 2, expires=APRIL), grant("ever", 9)
    opened = held(purse(soon, ever), JOB)
    assert changes(opened) == {"grant:soon": -2000, "grant:ever": -3000, "hold:start-1": 5000}
    closed = released(JOB, [Lot(soon, 2000), Lot(ever, 3000)], MARCH + 1, "released")
    assert changes(closed) == {account: -amount for account, amount in changes(opened).items()}


def test_what_happens_to_a_hold_and_what_it_paid_for_names_the_job() -> None:
    mine = grant("g", 9)
    opened = held(purse(mine), JOB)
    assert opened == Transfer(
        "hold/start-1", "hold", MARCH, opened.postings, "user/alice", "terra", "j-1"
    )
    closed = released(JOB, [Lot(mine, 5000)], MARCH + 1, "canceled")
    assert closed == Transfer(
        "release/start-1",
        "release",
        MARCH + 1,
        closed.postings,
        "user/alice",
        "terra",
        "j-1",
        "hold/start-1",
        "canceled",
    )
    paid = pay(purse(mine), 1000, job="j-1")
    assert paid is not None
    assert paid == Transfer(
        "charge/terra/k", "charge", MARCH, paid.postings, "user/alice", "terra", "j-1"
    )


def test_a_hold_never_overdraws() -> None:
    assert held(purse(grant("g", 5)), JOB).event == "hold"
    with pytest.raises(PaymentRequired):
        held(purse(grant("g", 5)), replace(JOB, amount=5001))
    with pytest.raises(PaymentRequired):
        held(purse(grant("g", 5), terra=1), JOB)


def test_what_was_put_aside_pays_even_if_its_grant_has_expired_since() -> None:
    old = grant("old", 5, expires=MARCH)
    assert changes(pay(purse(old), 3000, reserved=[Lot(old, 4000)])) == {
        "grant:old": -3000,
        "revenue:terra": 3000,
    }


def test_of_what_was_put_aside_the_grant_that_expires_soonest_pays_first() -> None:
    soon, ever = grant("soon", 2, expires=APRIL), grant("ever", 9)
    having = purse(soon, ever)
    assert changes(pay(having, 2500, reserved=[Lot(ever, 3000), Lot(soon, 2000)])) == {
        "grant:soon": -2000,
        "grant:ever": -500,
        "revenue:terra": 2500,
    }


def test_reserved_credits_are_not_spent_twice() -> None:
    having = purse(grant("g", 5))
    reserved = [Lot(having.lots[0].grant, 4000)]
    assert changes(pay(having, 7000, reserved=reserved)) == {
        "grant:g": -5000,
        "overdraft:user/alice:terra": -2000,
        "revenue:terra": 7000,
    }


def test_debts_are_paid_only_from_what_is_usable_where_they_were_made() -> None:
    having = purse(grant("b", 2, provider="boreal"), grant("any", 4), terra=9000, boreal=3000)
    entry = repaid(having, cause="grant/any", at=MARCH)
    assert entry is not None
    assert entry == Transfer(
        "repayment/grant/any",
        "repayment",
        MARCH,
        entry.postings,
        "user/alice",
        regards="grant/any",
    )
    assert changes(entry) == {
        "grant:b": -2000,
        "grant:any": -4000,
        "overdraft:user/alice:boreal": 3000,
        "overdraft:user/alice:terra": 3000,
    }
    assert repaid(purse(grant("a", 2, provider="aurora"), terra=1), cause="x", at=MARCH) is None


CHARGE = Transfer(
    "charge/terra/k",
    "charge",
    MARCH,
    (
        Posting("grant:free", -1000),
        Posting("grant:bought", -2000),
        Posting("overdraft:user/alice:terra", -4000),
        Posting("revenue:terra", 7000),
    ),
    "user/alice",
    "terra",
    "j-1",
)
PAYERS = {
    "grant:free": grant("free", 1, kind="free", expires=APRIL),
    "grant:bought": grant("bought", 2, kind="purchase", expires=APRIL + DAY),
}


def give_back(amount: int, **more: object) -> Transfer:
    asked = {"key": "r", "amount": amount, "earlier": [], "debt": 4000, "at": MARCH} | more
    return refunded(CHARGE, PAYERS, **asked).transfer  # type: ignore[arg-type]


def test_a_refund_cancels_debt_first_then_gives_back_what_was_used_last() -> None:
    assert changes(give_back(5000)) == {
        "revenue:terra": -5000,
        "overdraft:user/alice:terra": 4000,
        "grant:bought": 1000,
    }
    assert changes(give_back(6500, include_free=True)) == {
        "revenue:terra": -6500,
        "overdraft:user/alice:terra": 4000,
        "grant:bought": 2000,
        "grant:free": 500,
    }


def test_a_refund_answers_its_charge_and_makes_no_grant_that_is_not_needed() -> None:
    made = refunded(
        CHARGE, PAYERS, key="r", amount=1, earlier=[], debt=4000, at=MARCH, reason="Broken."
    )
    assert made.grant is None
    assert made.transfer == Transfer(
        "refund/r",
        "refund",
        MARCH,
        (Posting("revenue:terra", -1), Posting("overdraft:user/alice:terra", 1)),
        "user/alice",
        "terra",
        "j-1",
        "charge/terra/k",
        "Broken.",
    )
    assert give_back(1).reason is None


def test_free_credits_are_refunded_only_on_purpose() -> None:
    with pytest.raises(RefundInvalid, match=r"6 credits can be refunded, not 6\.001"):
        give_back(6001)
    assert changes(give_back(7000, include_free=True))["grant:free"] == 1000


def test_nothing_is_refunded_twice() -> None:
    first = give_back(5000)
    with pytest.raises(RefundInvalid, match="Of this charge 1 credits"):
        give_back(1001, earlier=[first])
    assert changes(give_back(1000, earlier=[first], debt=0)) == {
        "revenue:terra": -1000,
        "grant:bought": 1000,
    }


def test_what_came_back_as_a_new_grant_is_not_refunded_again() -> None:
    first = give_back(4500, debt=0)
    assert changes(first) == {
        "revenue:terra": -4500,
        "grant:bought": 500,
        "grant:refund/r": 4000,
    }
    with pytest.raises(RefundInvalid, match=r"Of this charge 1\.5 credits"):
        give_back(1501, key="s", earlier=[first], debt=0)
    assert changes(give_back(1500, key="s", earlier=[first], debt=0)) == {
        "revenue:terra": -1500,
        "grant:bought": 1500,
    }


def test_a_grant_that_got_its_part_back_gets_no_more() -> None:
    first = replace(
        CHARGE,
        key="refund/1",
        event="refund",
        postings=(Posting("revenue:terra", -2000), Posting("grant:bought", 2000)),
    )
    assert changes(give_back(5000, earlier=[first], include_free=True)) == {
        "revenue:terra": -5000,
        "overdraft:user/alice:terra": 4000,
        "grant:free": 1000,
    }


@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_of_nothing_is_refused(amount: int) -> None:
    with pytest.raises(RefundInvalid):
        give_back(amount)


def test_what_cannot_go_back_comes_as_a_new_grant_until_the_end_of_next_month() -> None:
    made = refunded(CHARGE, PAYERS, key="r", amount=6000, earlier=[], debt=500, at=APRIL + DAY)
    assert made.grant is not None
    assert (made.grant.provider, made.grant.kind, made.grant.amount) == ("terra", "refund", 5500)
    assert made.grant.expires == APRIL + 61 * DAY
    assert changes(made.transfer) == {
        "revenue:terra": -6000,
        "overdraft:user/alice:terra": 500,
        "grant:refund/r": 5500,
    }


def test_a_month_without_revenue_needs_no_settlement() -> None:
    assert settlement("terra", "2026-03", 0, APRIL) is None
    assert settlement("terra", "2026-03", 70, APRIL) == Transfer(
        "settlement/terra/2026-03",
        "settlement",
        APRIL,
        (Posting("revenue:terra", -70), Posting("settled:terra", 70)),
        provider="terra",
        reason="2026-03",
    )
