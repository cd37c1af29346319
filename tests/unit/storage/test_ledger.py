"""The operations of the ledger, each one transaction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.errors import PaymentRequired, PermissionsInsufficient
from aggregator.ledger.errors import GrantInvalid, HoldConflict, MonthOpen, RefundInvalid
from aggregator.ledger.events import Hold
from aggregator.ledger.grants import Grant
from aggregator.ledger.reports import read_resources
from aggregator.storage.database import Database
from aggregator.storage.ledger import GRACE, Ledger, Settlement, open_ledger
from aggregator.storage.verification import balances, rebuild, verify
from tests.unit.ledger.documents import APRIL, DAY, MARCH, direct, grant, tariffs

JOB = Hold("start-1", "user/alice", "terra", 60_000, MARCH, MARCH + DAY, job="j-1", user="alice")


def available(ledger: Ledger, provider: str, now: int = MARCH, wallet: str = "user/alice") -> int:
    return ledger.purse(wallet, now).available(provider, now)


def charge(ledger: Ledger, key: str, credits_: float, now: int = MARCH, job: str = "j-1") -> int:
    report = read_resources(direct(key, credits_, jobId=job))
    return ledger.report(report, "terra-accounting", now).charged


def assert_in_order(ledger: Ledger) -> None:
    assert verify(ledger.database) == []
    assert rebuild(ledger.database) == balances(ledger.database)


def test_who_comes_for_the_first_time_gets_free_credits_at_each_provider(ledger: Ledger) -> None:
    given = ledger.welcome("alice", ["general"], MARCH)
    assert {one.provider: one.amount for one in given} == {"aurora": 20_000, "terra": 100_000}
    assert ledger.welcome("alice", ["general"], MARCH + 1) == []
    assert available(ledger, "terra") == 100_000
    assert ledger.purse("user/alice", MARCH).total(MARCH) == 120_000
    assert len(ledger.welcome("alice", ["general"], APRIL)) == 2
    assert available(ledger, "terra", APRIL) == 100_000
    assert_in_order(ledger)


def test_a_better_subscription_gives_the_difference_at_once(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.welcome("alice", ["general", "copernicus"], MARCH + 1)
    assert available(ledger, "terra") == 150_000
    assert ledger.member("alice").subscriptions == ("copernicus", "general")


def test_using_one_provider_leaves_the_free_credits_of_another(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    charge(ledger, "k", 500)
    assert available(ledger, "terra") == -400_000
    assert available(ledger, "aurora") == 20_000
    assert_in_order(ledger)


def test_the_same_grant_again_is_no_second_one_and_another_is_refused(ledger: Ledger) -> None:
    ledger.grant(grant("g", 5))
    ledger.grant(grant("g", 5, created=MARCH + 9))
    assert available(ledger, "terra") == 5000
    with pytest.raises(GrantInvalid, match="another grant"):
        ledger.grant(grant("g", 6))


@pytest.mark.parametrize(
    "wrong",
    [
        grant("g", 0),
        grant("g", -5),
        grant("g", 10**13),
        grant("", 5),
        grant("g", 5, kind="gift"),
        grant("g", 5, expires=MARCH),
        grant("g", 5, wallet="alice"),
    ],
)
def test_a_grant_that_cannot_be_is_refused(ledger: Ledger, wrong: Grant) -> None:
    with pytest.raises(GrantInvalid):
        ledger.grant(wrong)
    assert balances(ledger.database) == {}


def test_new_credits_pay_old_debts(ledger: Ledger) -> None:
    charge(ledger, "k", 8)
    ledger.grant(grant("aurora", 100, provider="aurora"))
    assert available(ledger, "terra") == -8000
    ledger.grant(grant("g", 10))
    assert balances(ledger.database)["overdraft:user/alice:terra"] == 0
    assert available(ledger, "terra") == 2000
    assert_in_order(ledger)


def test_a_finished_job_settles_its_hold(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.hold(JOB)
    assert available(ledger, "terra") == 40_000
    assert charge(ledger, "k", 12.5) == 12_500
    assert available(ledger, "terra") == 87_500
    assert ledger.open_holds() == []
    assert_in_order(ledger)


def test_a_job_that_costs_more_than_its_hold_uses_the_other_grants(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.hold(JOB)
    charge(ledger, "k", 130)
    assert available(ledger, "terra") == -30_000
    assert_in_order(ledger)


def test_a_second_report_of_a_job_is_charged_though_the_hold_is_settled(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.hold(JOB)
    charge(ledger, "k", 2)
    charge(ledger, "k_1", 3)
    assert available(ledger, "terra") == 95_000


def test_a_failed_job_gives_its_hold_back_once(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.hold(JOB)
    assert ledger.release("start-1", MARCH + 1)
    assert not ledger.release("start-1", MARCH + 2)
    assert not ledger.release("never", MARCH)
    assert available(ledger, "terra") == 100_000
    assert_in_order(ledger)


def test_holds_never_overdraw_and_the_refusal_says_when_credits_come(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.hold(JOB)
    with pytest.raises(PaymentRequired, match=r"Terra Observatory.* renewed on 2026-04-01"):
        ledger.hold(replace(JOB, key="start-2", job="j-2"))
    assert available(ledger, "terra") == 40_000


def test_the_same_hold_again_is_no_second_one_and_a_closed_one_stays_closed(
    ledger: Ledger,
) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.hold(JOB)
    ledger.hold(replace(JOB, opened=MARCH + 5))
    assert available(ledger, "terra") == 40_000
    with pytest.raises(HoldConflict):
        ledger.hold(replace(JOB, amount=1))
    ledger.release("start-1", MARCH)
    with pytest.raises(HoldConflict):
        ledger.hold(JOB)


def test_a_hold_that_a_crash_left_is_closed_after_its_time(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.hold(JOB)
    assert ledger.reconcile(MARCH + DAY - 1) == []
    assert ledger.reconcile(MARCH + DAY) == [JOB]
    assert ledger.reconcile(MARCH + DAY) == []
    assert available(ledger, "terra") == 100_000
    assert_in_order(ledger)


def test_credits_on_hold_at_month_end_pay_for_the_job_and_the_rest_expires(
    ledger: Ledger,
) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.hold(replace(JOB, expires=APRIL + DAY))
    assert len(ledger.expire(APRIL)) == 2
    charge(ledger, "k", 50, APRIL + 1)
    assert balances(ledger.database)["grant:free/user/alice/terra/2026-03/100000"] == 10_000
    assert available(ledger, "terra", APRIL + 1) == 100_000
    assert [entry.postings[1].amount for entry in ledger.expire(APRIL + 2)] == [10_000]
    assert ledger.expire(APRIL + 2) == []
    assert_in_order(ledger)


def test_a_member_charges_the_wallet_of_the_organisation(ledger: Ledger) -> None:
    ledger.grant(grant("org", 50, wallet="organisation/7"))
    with pytest.raises(PermissionsInsufficient, match="organisation 7"):
        ledger.member("alice").wallet(7)
    ledger.join("alice", "organisation/7", MARCH)
    assert ledger.member("alice").wallet(7) == "organisation/7"
    assert ledger.member("alice").wallet() == "user/alice"
    ledger.leave("alice", "organisation/7", MARCH)
    with pytest.raises(PermissionsInsufficient):
        ledger.member("alice").wallet(7)


def test_a_service_account_uses_the_wallet_of_the_person_it_is_linked_to(ledger: Ledger) -> None:
    ledger.join("robot", "user/alice", MARCH, default=True)
    assert ledger.member("robot").wallet() == "user/alice"


def test_a_refund_comes_once_and_never_exceeds_the_charge(ledger: Ledger) -> None:
    ledger.grant(grant("g", 10, kind="purchase"))
    charge(ledger, "k", 6)
    first = ledger.refund("terra", "k", 4000, key="r", now=MARCH, reason="outage")
    again = ledger.refund("terra", "k", 4000, key="r", now=MARCH + 1)
    assert first.transfer.key == again.transfer.key
    assert available(ledger, "terra") == 8000
    with pytest.raises(RefundInvalid, match="Of this charge 2 credits"):
        ledger.refund("terra", "k", 2001, key="r2", now=MARCH)
    with pytest.raises(RefundInvalid, match="another refund"):
        ledger.refund("terra", "k", 3999, key="r", now=MARCH)
    with pytest.raises(RefundInvalid, match="Nothing was charged"):
        ledger.refund("terra", "other", 1, key="r3", now=MARCH)
    assert_in_order(ledger)


def test_a_refund_after_the_grant_has_expired_makes_a_new_one(ledger: Ledger) -> None:
    ledger.grant(grant("g", 10, kind="purchase", expires=APRIL))
    charge(ledger, "k", 6)
    made = ledger.refund("terra", "k", 6000, key="r", now=APRIL)
    assert made.grant is not None
    assert available(ledger, "terra", APRIL) == 6000
    assert ledger.refund("terra", "k", 6000, key="r", now=APRIL).grant == made.grant
    assert_in_order(ledger)


def test_a_month_is_closed_once_after_its_end(ledger: Ledger) -> None:
    charge(ledger, "k", 6)
    ledger.refund("terra", "k", 1000, key="r", now=MARCH)
    charge(ledger, "late", 4, APRIL)
    with pytest.raises(MonthOpen):
        ledger.close_month("terra", "2026-03", APRIL)
    closed = ledger.close_month("terra", "2026-03", APRIL + GRACE)
    assert closed == Settlement("terra", "2026-03", 5000, APRIL + GRACE)
    assert ledger.close_month("terra", "2026-03", APRIL + DAY) == closed
    assert ledger.close_month("aurora", "2026-03", APRIL + DAY).amount == 0
    assert balances(ledger.database)["revenue:terra"] == 4000
    assert_in_order(ledger)


def test_what_a_clock_that_was_set_back_books_into_a_closed_month_is_settled_with_the_next(
    ledger: Ledger,
) -> None:
    charge(ledger, "k", 6)
    ledger.close_month("terra", "2026-03", APRIL + GRACE)
    charge(ledger, "set-back", 3)
    charge(ledger, "april", 2, APRIL + DAY)
    may = APRIL + 30 * DAY
    assert ledger.close_month("terra", "2026-03", may).amount == 6000
    assert ledger.close_month("terra", "2026-04", may + GRACE).amount == 5000
    charge(ledger, "set-back-again", 1)
    assert ledger.close_month("terra", "2026-05", may + 32 * DAY).amount == 1000
    found = balances(ledger.database)
    assert (found["revenue:terra"], found["settled:terra"]) == (0, 12_000)
    assert_in_order(ledger)


def test_the_books_are_there_after_reopening(ledger: Ledger, url: str) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    charge(ledger, "k", 6)
    again = open_ledger(url, tariffs())
    assert available(again, "terra") == 94_000
    again.database.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_books_that_would_not_last_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="needs a file"):
        Database(url)


def test_free_credits_of_a_new_month_come_to_all_known_users_at_once(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.welcome("bob", ["general"], MARCH)
    ledger.welcome("bob", ["copernicus"], MARCH)
    assert ledger.renew(MARCH) == []
    given = ledger.renew(APRIL)
    assert {(one.wallet, one.provider, one.amount) for one in given} == {
        ("user/alice", "terra", 100_000),
        ("user/alice", "aurora", 20_000),
        ("user/bob", "terra", 150_000),
    }
    assert ledger.renew(APRIL) == []
