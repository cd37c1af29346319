"""Usage reports: recorded always, charged once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeGuard

import pytest

from aggregator.errors import PermissionsInsufficient
from aggregator.ledger.errors import UsageReportConflict
from aggregator.ledger.events import Hold
from aggregator.ledger.receipts import Receipt
from aggregator.ledger.reports import read_added_value, read_resources
from aggregator.storage.ledger import Ledger
from aggregator.storage.queries import UsageFilter, month_statement, usage
from aggregator.storage.reporting import Incoming, record
from aggregator.storage.verification import balances, rebuild, verify
from tests.unit.ledger.documents import (
    APRIL,
    DAY,
    MARCH,
    added_value,
    direct,
    grant,
    resources,
    tariff,
    tariffs,
)

CLIENT = "terra-accounting"


def send(ledger: Ledger, now: int = MARCH, **changes: Any) -> Receipt:
    return ledger.report(read_resources(resources(**changes)), CLIENT, now)


def test_the_answer_lists_costs_that_the_client_adds_up(ledger: Ledger) -> None:
    receipt = send(ledger)
    assert receipt.as_json() == [
        {"jobId": "j-2603140910abcd", "cost": 3.0},
        {"jobId": "j-2603140910abcd", "cost": 4.0},
        {"jobId": "j-2603140910abcd", "cost": 2.0},
    ]


def test_the_same_report_again_gives_the_same_answer_and_is_charged_once(ledger: Ledger) -> None:
    first = send(ledger)
    again = send(ledger, MARCH + DAY, state="FAILED")
    assert again == replace(first, repeated=True)
    assert balances(ledger.database)["revenue:terra"] == 9000


def test_a_new_tariff_does_not_change_an_old_answer(ledger: Ledger) -> None:
    first = send(ledger)
    dearer = tariff(rates={"cpu-seconds": {"credits": 99}})
    incoming = Incoming(read_resources(resources()), dearer, CLIENT, MARCH)
    assert record(ledger.database, tariffs(), [incoming]) == [replace(first, repeated=True)]


def test_a_changed_report_under_an_old_key_is_a_conflict(ledger: Ledger) -> None:
    send(ledger)
    with pytest.raises(UsageReportConflict, match="spark-7f3c21"):
        send(ledger, userId="bob")
    assert balances(ledger.database)["revenue:terra"] == 9000


def test_another_provider_may_use_the_same_key(ledger: Ledger) -> None:
    send(ledger)
    report = read_resources(resources(sourceId="aurora"))
    assert not ledger.report(report, "aurora-accounting", MARCH).repeated


def test_a_provider_reports_only_for_its_own_source(ledger: Ledger) -> None:
    with pytest.raises(PermissionsInsufficient):
        ledger.report(read_resources(resources()), "aurora-accounting", MARCH)
    assert balances(ledger.database) == {}


def test_usage_of_an_unknown_user_is_recorded_as_debt(ledger: Ledger) -> None:
    receipt = send(ledger, userId="stranger")
    assert receipt.remarks == ("unknown-user", "empty-wallet")
    assert receipt.uncovered == 9000
    assert balances(ledger.database)["overdraft:user/stranger:terra"] == -9000


def test_usage_beyond_the_wallet_is_recorded_and_the_rest_owed(ledger: Ledger) -> None:
    ledger.welcome("alice", [], MARCH)
    ledger.grant(grant("g", 5))
    receipt = send(ledger)
    assert (receipt.charged, receipt.uncovered) == (9000, 4000)
    assert receipt.remarks == ("empty-wallet",)


def test_free_credits_due_are_given_before_a_report_is_charged(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    receipt = send(ledger, MARCH + 40 * DAY)
    assert receipt.uncovered == 0


def test_a_fee_a_report_and_a_service_of_one_execution_are_charged_each(ledger: Ledger) -> None:
    fee = ledger.report(read_resources(direct("spark-7f3c21", 2)), CLIENT, MARCH)
    main = send(
        ledger,
        idempotencyKey="spark-7f3c21_1",
        metrics={"processing": {"value": 12.5, "unit": "shpu"}},
    )
    area = ledger.report(read_added_value(added_value()), CLIENT, MARCH)
    assert [fee.charged, main.charged, area.charged] == [2000, 0, 2500]
    assert verify(ledger.database) == []


def test_a_member_may_charge_the_organisation_and_nobody_else_can(ledger: Ledger) -> None:
    ledger.grant(grant("org", 100, wallet="organisation/7"))
    ledger.welcome("alice", [], MARCH)
    foreign = send(ledger, orgId=7)
    assert (foreign.wallet, foreign.remarks) == ("user/alice", ("not-a-member", "empty-wallet"))
    ledger.join("alice", "organisation/7", MARCH)
    own = send(ledger, orgId=7, idempotencyKey="k2")
    assert (own.wallet, own.uncovered) == ("organisation/7", 0)


HOLD = Hold("h", "user/alice", "terra", 5000, MARCH, MARCH + DAY, job="j-1", user="alice")


def test_no_more_than_the_budget_is_charged_over_all_reports_of_a_job(ledger: Ledger) -> None:
    ledger.grant(grant("g", 100))
    ledger.hold(replace(HOLD, budget=8000))
    first = send(ledger, jobId="j-1")
    second = send(ledger, jobId="j-1", idempotencyKey="k2")
    assert (first.charged, first.tariff_cost) == (8000, 9000)
    assert (second.charged, second.remarks[-1]) == (0, "over-budget")
    assert sum(part["cost"] for part in first.as_json()) == 8.0
    assert verify(ledger.database) == []


def test_what_one_wallet_started_is_charged_to_it(ledger: Ledger) -> None:
    ledger.grant(grant("org", 100, wallet="organisation/7"))
    ledger.hold(replace(HOLD, wallet="organisation/7"))
    assert send(ledger, jobId="j-1").wallet == "organisation/7"


def test_a_report_that_names_another_user_is_charged_to_who_started_the_job(
    ledger: Ledger,
) -> None:
    ledger.grant(grant("g", 100))
    ledger.grant(grant("theirs", 100, wallet="user/mallory"))
    ledger.welcome("alice", [], MARCH)
    ledger.hold(HOLD)
    receipt = send(ledger, jobId="j-1", userId="mallory")
    assert (receipt.wallet, receipt.charged, receipt.remarks) == (
        "user/alice",
        9000,
        ("other-user",),
    )
    assert ledger.open_holds() == []
    assert left(ledger, "alice", "mallory") == [91_000, 100_000]
    assert send(ledger, jobId="j-1", userId="mallory") == replace(receipt, repeated=True)
    assert verify(ledger.database) == []


def left(ledger: Ledger, *users: str) -> list[int]:
    return [ledger.purse(f"user/{one}", MARCH).available("terra", MARCH) for one in users]


@pytest.mark.parametrize("end", ["settled", "abandoned"])
def test_who_started_a_job_is_charged_for_it_also_when_its_hold_is_closed(
    ledger: Ledger, end: str
) -> None:
    ledger.grant(grant("org", 100, wallet="organisation/7"))
    ledger.hold(replace(HOLD, wallet="organisation/7"))
    if end == "settled":
        send(ledger, jobId="j-1", idempotencyKey="first")
    else:
        ledger.reconcile(MARCH + DAY)
    receipt = send(ledger, MARCH + 2 * DAY, jobId="j-1", userId="mallory")
    assert (receipt.wallet, receipt.uncovered) == ("organisation/7", 0)
    assert balances(ledger.database).get("overdraft:user/mallory:terra") is None


def test_a_user_whose_start_was_called_off_is_not_charged_for_anothers_job(ledger: Ledger) -> None:
    for name in ("alice", "bob"):
        ledger.grant(grant(name, 100, wallet=f"user/{name}"))
    ledger.hold(replace(HOLD, key="off", wallet="user/bob", user="bob"))
    ledger.release("off", MARCH)
    ledger.hold(HOLD)
    assert send(ledger, jobId="j-1", userId="bob").wallet == "user/alice"


def test_a_user_who_started_a_job_of_that_id_too_is_charged_for_their_own(ledger: Ledger) -> None:
    for name in ("alice", "bob"):
        ledger.grant(grant(name, 100, wallet=f"user/{name}"))
    ledger.hold(HOLD)
    ledger.hold(replace(HOLD, key="bobs", wallet="user/bob", user="bob"))
    receipt = send(ledger, jobId="j-1", userId="bob")
    assert (receipt.wallet, receipt.remarks) == ("user/bob", ("unknown-user",))
    assert ledger.open_holds() == [HOLD]


def test_the_free_credits_due_to_who_started_a_job_pay_what_names_another(ledger: Ledger) -> None:
    ledger.welcome("alice", ["general"], MARCH)
    ledger.hold(HOLD)
    receipt = send(ledger, MARCH + 40 * DAY, jobId="j-1", userId="mallory")
    assert (receipt.wallet, receipt.uncovered) == ("user/alice", 0)


def test_the_budget_of_a_job_holds_for_reports_that_name_another_and_counts_no_foreign_ones(
    ledger: Ledger,
) -> None:
    ledger.grant(grant("g", 100))
    before = send(ledger, jobId="j-1", userId="mallory", idempotencyKey="before-the-start")
    assert before.wallet == "user/mallory"
    ledger.hold(replace(HOLD, budget=8000))
    first = send(ledger, jobId="j-1", userId="mallory")
    second = send(ledger, jobId="j-1", idempotencyKey="k2")
    assert [(one.wallet, one.charged) for one in (first, second)] == [
        ("user/alice", 8000),
        ("user/alice", 0),
    ]


def test_what_was_refunded_of_a_job_can_be_charged_again_within_its_budget(ledger: Ledger) -> None:
    ledger.grant(grant("g", 100))
    ledger.hold(replace(HOLD, budget=8000))
    send(ledger, jobId="j-1")
    ledger.refund("terra", "spark-7f3c21", 8000, key="r", now=MARCH)
    right = ledger.report(read_resources(direct("right", 4, jobId="j-1")), CLIENT, MARCH)
    more = ledger.report(read_resources(direct("more", 9, jobId="j-1")), CLIENT, MARCH)
    assert (right.charged, more.charged) == (4000, 4000)


def test_reports_of_one_batch_settle_holds_of_several_wallets(ledger: Ledger) -> None:
    ledger.grant(grant("g", 100))
    ledger.grant(grant("org", 100, wallet="organisation/7"))
    ledger.hold(HOLD)
    ledger.hold(replace(HOLD, key="again", wallet="organisation/7", opened=MARCH + 1))
    batch = [
        Incoming(read_resources(direct(key, 1, jobId="j-1", userId=user)), tariff(), CLIENT, MARCH)
        for key, user in (("a", "mallory"), ("b", "alice"), ("c", "mallory"))
    ]
    found = [one.wallet for one in record(ledger.database, tariffs(), batch) if not_refused(one)]
    assert found == ["user/alice", "organisation/7", "organisation/7"]
    assert ledger.open_holds() == []
    assert verify(ledger.database) == []


def not_refused(outcome: object) -> TypeGuard[Receipt]:
    return isinstance(outcome, Receipt)


def test_a_job_of_the_same_name_elsewhere_does_not_use_the_hold(ledger: Ledger) -> None:
    ledger.grant(grant("g", 100))
    ledger.hold(replace(HOLD, provider="aurora"))
    send(ledger, jobId="j-1")
    assert len(ledger.open_holds()) == 1


def test_a_report_of_no_cost_is_recorded_and_ends_the_hold(ledger: Ledger) -> None:
    ledger.grant(grant("g", 100))
    ledger.hold(HOLD)
    receipt = ledger.report(read_resources(direct("k", 0, jobId="j-1")), CLIENT, MARCH)
    assert receipt.charged == 0
    assert ledger.open_holds() == []
    assert ledger.purse("user/alice", MARCH).available("terra", MARCH) == 100_000
    assert verify(ledger.database) == []


def test_duplicates_and_changes_within_one_batch_are_told_apart(ledger: Ledger) -> None:
    ledger.grant(grant("g", 100))
    ledger.hold(HOLD)
    batch = [
        Incoming(read_resources(document), tariff(), CLIENT, MARCH)
        for document in (
            direct("a", 1, jobId="j-1"),
            direct("a", 1, jobId="j-1"),
            direct("a", 2, jobId="j-1"),
            direct("b", 3, jobId="j-1"),
            direct("c", 4, userId="bob"),
        )
    ]
    one, same, changed, two, other = record(ledger.database, tariffs(), batch)
    assert isinstance(one, Receipt)
    assert same == replace(one, repeated=True)
    assert isinstance(changed, UsageReportConflict)
    assert isinstance(two, Receipt)
    assert isinstance(other, Receipt)
    assert ledger.purse("user/alice", MARCH).available("terra", MARCH) == 96_000
    assert verify(ledger.database) == []
    assert rebuild(ledger.database) == balances(ledger.database)


def test_reports_of_one_batch_are_used_in_the_month_in_which_they_are_charged(
    ledger: Ledger,
) -> None:
    batch = [
        Incoming(read_resources(direct(key, 1)), tariff(), CLIENT, received)
        for key, received in (("last-of-march", APRIL - 1), ("first-of-april", APRIL))
    ]
    record(ledger.database, tariffs(), batch)
    for month in ("2026-03", "2026-04"):
        rows = usage(ledger.database, UsageFilter(month=month), [])
        used = sum(row.charged for row in rows)
        assert used == month_statement(ledger.database, "terra", month).charged, month
