"""What users, providers and operators read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.ledger.events import Hold
from aggregator.ledger.reports import read_resources
from aggregator.storage.ledger import GRACE, Ledger
from aggregator.storage.queries import (
    UsageFilter,
    costs_by_job,
    grants_of,
    held_in,
    metrics_of_job,
    month_statement,
    receipts_of_job,
    statement,
    usage,
)
from tests.unit.ledger.documents import APRIL, DAY, MARCH, direct, grant, resources

HOLD = Hold("h", "user/alice", "terra", 5000, MARCH, MARCH + DAY, job="j-1", user="alice")


def charge(ledger: Ledger, key: str, credits_: float, now: int = MARCH, **changes: object) -> None:
    source = changes.get("sourceId", "terra")
    ledger.report(read_resources(direct(key, credits_, **changes)), f"{source}-accounting", now)


def rows(ledger: Ledger, wanted: UsageFilter, *groups: str) -> list[tuple[object, ...]]:
    found = usage(ledger.database, wanted, groups)
    return [(*row.keys, row.reports, row.jobs, row.charged, row.uncovered) for row in found]


def test_usage_is_summed_by_month_day_backend_user_and_kind(ledger: Ledger) -> None:
    ledger.grant(grant("g", 5))
    charge(ledger, "a", 2)
    charge(ledger, "b", 2, MARCH + DAY)
    charge(ledger, "c", 2, userId="bob", jobId="j-2", jobStart=None)
    charge(ledger, "d", 1, APRIL, sourceId="aurora")
    march = UsageFilter(month="2026-03")
    assert rows(ledger, march) == [(3, 2, 6000, 2000)]
    assert rows(ledger, march, "day") == [
        ("2026-03-14", 2, 2, 4000, 2000),
        ("2026-03-15", 1, 1, 2000, 0),
    ]
    assert rows(ledger, march, "user", "kind") == [
        ("alice", "batch", 2, 1, 4000, 0),
        ("bob", "synchronous", 1, 1, 2000, 2000),
    ]
    assert rows(ledger, UsageFilter(), "month", "backend") == [
        ("2026-03", "terra", 3, 2, 6000, 2000),
        ("2026-04", "aurora", 1, 1, 1000, 0),
    ]
    assert rows(ledger, UsageFilter(user="bob")) == [(1, 1, 2000, 2000)]
    assert rows(ledger, UsageFilter(provider="aurora"), "backend") == [("aurora", 1, 1, 1000, 0)]
    assert rows(ledger, UsageFilter(wallet="user/nobody")) == []


def test_what_is_no_month_or_group_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="month"):
        usage(ledger.database, UsageFilter(month="2026-03' OR 1=1"), ["day"])
    with pytest.raises(KeyError):
        usage(ledger.database, UsageFilter(), ["wallet"])


def test_a_wallet_is_shown_grant_by_grant_in_the_order_of_use(ledger: Ledger) -> None:
    ledger.grant(grant("old", 1, expires=MARCH + 1))
    ledger.grant(grant("ever", 3))
    ledger.grant(grant("soon", 2, expires=APRIL, provider="terra"))
    charge(ledger, "k", 4, MARCH + 2)
    shown = grants_of(ledger.database, "user/alice", MARCH + 2)
    assert [(one.grant.key, one.left, one.status) for one in shown] == [
        ("ever", 1000, "active"),
        ("old", 1000, "expired"),
        ("soon", 0, "used"),
    ]


def test_what_is_put_aside_is_shown_by_provider(ledger: Ledger) -> None:
    ledger.grant(grant("g", 50))
    ledger.hold(HOLD)
    ledger.hold(replace(HOLD, key="h2", provider="aurora", job="j-2"))
    ledger.hold(replace(HOLD, key="h3", job="j-3"))
    ledger.release("h3", MARCH)
    assert held_in(ledger.database, "user/alice") == {"terra": 5000, "aurora": 5000}


def test_a_statement_tells_everything_in_order(ledger: Ledger) -> None:
    ledger.grant(grant("g", 50))
    ledger.hold(HOLD)
    charge(ledger, "k", 4, MARCH + 1, jobId="j-1")
    charge(ledger, "april", 4, APRIL)
    told = statement(ledger.database, "user/alice", MARCH, APRIL)
    assert [entry.key for entry in told] == [
        "grant/g",
        "hold/h",
        "release/h",
        "charge/terra/k",
    ]
    assert told[-1].change("grant:g") == -4000


def test_a_job_costs_the_sum_of_its_receipts(ledger: Ledger) -> None:
    charge(ledger, "k", 2, jobId="j-1")
    ledger.report(
        read_resources(
            resources(
                idempotencyKey="k_1",
                jobId="j-1",
                metrics={"cpu": {"value": 3600, "unit": "cpu-seconds"}},
            )
        ),
        "terra-accounting",
        MARCH,
    )
    receipts = receipts_of_job(ledger.database, "terra", "j-1", "alice")
    assert sum(receipt.charged for receipt in receipts) == 3500
    assert metrics_of_job(ledger.database, "terra", "j-1", "alice") == {
        "processing": {"value": 2, "unit": "credits"},
        "cpu": {"value": 3600, "unit": "cpu-seconds"},
    }
    assert receipts_of_job(ledger.database, "aurora", "j-1", "alice") == []


def test_a_job_costs_its_user_what_was_charged_to_them_less_refunds(ledger: Ledger) -> None:
    ledger.grant(grant("g", 50))
    charge(ledger, "k", 5, jobId="j-1")
    charge(ledger, "k_1", 2, jobId="j-1")
    charge(ledger, "k_2", 9, jobId="j-1", userId="mallory")
    charge(ledger, "k", 1, jobId="j-1", sourceId="aurora")
    asked = [("terra", "j-1"), ("aurora", "j-1"), ("terra", "j-2")]
    assert costs_by_job(ledger.database, asked, "alice") == {asked[0]: 7000, asked[1]: 1000}
    ledger.refund("terra", "k", 1500, key="r", now=MARCH)
    ledger.refund("terra", "k", 3500, key="rest", now=APRIL + DAY)
    ledger.refund("terra", "k_2", 9000, key="foreign", now=MARCH)
    assert costs_by_job(ledger.database, asked, "alice") == {asked[0]: 2000, asked[1]: 1000}
    assert costs_by_job(ledger.database, asked, "mallory") == {asked[0]: 0}
    told = receipts_of_job(ledger.database, "terra", "j-1", "alice")
    assert [receipt.key for receipt in told] == ["k", "k_1"]
    (metric,) = metrics_of_job(ledger.database, "terra", "j-1", "alice").values()
    assert metric["value"] == 2


def test_a_month_tells_who_paid_and_what_was_given_back(ledger: Ledger) -> None:
    ledger.grant(grant("free", 1, kind="free", provider="terra", expires=APRIL))
    ledger.grant(grant("bought", 2, kind="purchase"))
    charge(ledger, "k", 7)
    ledger.refund("terra", "k", 500, key="r", now=MARCH)
    told = month_statement(ledger.database, "terra", "2026-03")
    assert (told.charged, told.refunded, told.earned, told.settled) == (7000, 500, 6500, None)
    assert told.by_kind == {"free": 1000, "purchase": 2000, "debt": 4000}
    ledger.close_month("terra", "2026-03", APRIL + GRACE)
    closed = month_statement(ledger.database, "terra", "2026-03")
    assert (closed.earned, closed.settled) == (6500, 6500)
