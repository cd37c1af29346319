"""Jobs that do not agree with what was reported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aggregator.ledger.events import Hold
from aggregator.ledger.reports import read_resources
from aggregator.storage import job_costs
from aggregator.storage.ledger import Ledger
from aggregator.storage.reconciliation import Sighting, Unreconciled, note, unreconciled
from tests.unit.ledger.documents import APRIL, DAY, MARCH, direct, grant

SEEN = Sighting("terra", "j-1", "alice", "finished", 2000, MARCH)


def found(ledger: Ledger, seen_before: int = APRIL, **more: Any) -> list[Unreconciled]:
    wanted = {"provider": None} | more
    return unreconciled(ledger.database, MARCH, APRIL, seen_before=seen_before, **wanted)


def report(ledger: Ledger, job: str, credits_: float, **more: Any) -> None:
    document = direct(f"k-{job}", credits_, jobId=job, **more)
    ledger.report(read_resources(document), "terra-accounting", MARCH)


def test_a_job_that_ended_without_a_report_is_found_once_its_time_is_over(ledger: Ledger) -> None:
    note(ledger.database, [SEEN])
    expected = Unreconciled("unreported", "terra", "j-1", "alice", "finished", MARCH, stated=2000)
    assert found(ledger) == [expected]
    assert found(ledger, seen_before=MARCH - 1) == []
    report(ledger, "j-1", 2)
    assert found(ledger) == []


def test_a_job_that_is_charged_otherwise_than_its_provider_states_is_found(ledger: Ledger) -> None:
    report(ledger, "j-1", 3)
    note(ledger.database, [SEEN])
    (one,) = found(ledger, seen_before=0)
    assert (one.why, one.stated, one.charged) == ("costs-differ", 2000, 3000)


def test_what_a_provider_does_not_state_cannot_differ(ledger: Ledger) -> None:
    report(ledger, "j-1", 3)
    note(ledger.database, [replace(SEEN, costs=None)])
    assert found(ledger) == []


def test_a_job_that_still_runs_is_not_expected_to_be_reported(ledger: Ledger) -> None:
    note(ledger.database, [replace(SEEN, status="running")])
    assert found(ledger) == []


def test_what_was_last_seen_counts_from_when_it_was_first_so(ledger: Ledger) -> None:
    note(ledger.database, [replace(SEEN, status="running", at=MARCH)])
    note(ledger.database, [replace(SEEN, at=MARCH + 1)])
    note(ledger.database, [replace(SEEN, at=MARCH + 2)])
    assert [one.at for one in found(ledger)] == [MARCH + 1]


def test_credits_that_were_put_aside_for_nothing_are_found(ledger: Ledger) -> None:
    ledger.grant(grant("g", 50))
    made = Hold("h", "user/alice", "terra", 5000, MARCH, MARCH + DAY, None, "alice")
    ledger.hold(made)
    ledger.hold(replace(made, key="h-2", job="j-2"))
    ledger.hold(replace(made, key="h-3", job="j-3"))
    ledger.hold(replace(made, key="released", job="j-4"))
    ledger.release("released", MARCH)
    report(ledger, "j-3", 1)
    ledger.reconcile(MARCH + DAY)
    assert [(one.why, one.job, one.held) for one in found(ledger)] == [
        ("abandoned", None, 5000),
        ("abandoned", "j-2", 5000),
    ]


def test_a_provider_sees_its_own(ledger: Ledger) -> None:
    note(ledger.database, [SEEN])
    note(ledger.database, [replace(SEEN, provider="aurora")])
    assert [one.provider for one in found(ledger, provider="aurora")] == ["aurora"]
    assert [one.provider for one in found(ledger)] == ["aurora", "terra"]


RUN = Hold("batch/terra/j-1", "user/alice", "terra", 5000, MARCH, MARCH + DAY, "j-1", "alice")


def started(ledger: Ledger, at: int = MARCH) -> None:
    ledger.grant(grant("g", 50))
    ledger.holds.open_for_job(replace(RUN, opened=at), lambda _: False)


def test_a_report_that_names_another_user_than_who_started_the_job_is_found(
    ledger: Ledger,
) -> None:
    started(ledger)
    report(ledger, "j-1", 2, userId="mallory")
    note(ledger.database, [SEEN])
    assert found(ledger) == [
        Unreconciled(
            "other-user",
            "terra",
            "j-1",
            "alice",
            None,
            MARCH,
            charged=2000,
            named="mallory",
            report="k-j-1",
        )
    ]
    assert found(ledger, provider="aurora") == []


def test_a_report_that_came_before_it_was_known_who_started_the_job_is_found(
    ledger: Ledger,
) -> None:
    report(ledger, "j-1", 2, userId="mallory")
    assert found(ledger) == []
    for number in range(2):
        started(ledger, MARCH + number)
    note(ledger.database, [SEEN])
    assert found(ledger) == [
        Unreconciled(
            "charged-to-other",
            "terra",
            "j-1",
            "alice",
            None,
            MARCH,
            charged=2000,
            named="mallory",
            report="k-j-1",
        )
    ]


def test_an_earlier_run_of_who_starts_a_job_again_is_no_disagreement(ledger: Ledger) -> None:
    report(ledger, "j-1", 2)
    started(ledger)
    assert found(ledger) == []


def test_a_job_of_one_user_that_was_charged_to_another_is_found(ledger: Ledger) -> None:
    report(ledger, "j-1", 2, userId="mallory")
    note(ledger.database, [SEEN])
    (one,) = found(ledger)
    assert (one.why, one.user, one.named, one.charged) == (
        "charged-to-other",
        "alice",
        "mallory",
        2000,
    )


def refund(ledger: Ledger, amount: int, key: str) -> None:
    ledger.refund("terra", "k-j-1", amount, key=key, now=MARCH)


def test_what_refunds_have_put_right_agrees(ledger: Ledger) -> None:
    started(ledger)
    report(ledger, "j-1", 5, userId="mallory")
    note(ledger.database, [SEEN])
    assert [one.why for one in found(ledger)] == ["costs-differ", "other-user"]
    refund(ledger, 3000, "part")
    assert [(one.why, one.charged) for one in found(ledger)] == [("other-user", 5000)]
    refund(ledger, 2000, "rest")
    assert [(one.why, one.charged) for one in found(ledger)] == [("costs-differ", 5000)]
    document = direct("right", 2, jobId="j-1")
    ledger.report(read_resources(document), "terra-accounting", MARCH)
    assert found(ledger) == []


def test_a_refund_of_what_was_charged_rightly_is_no_disagreement(ledger: Ledger) -> None:
    report(ledger, "j-1", 2)
    note(ledger.database, [SEEN])
    refund(ledger, 1000, "for the trouble")
    assert found(ledger) == []


def test_jobs_are_compared_however_many_there_are(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_costs, "AT_A_TIME", 2)
    for number in range(5):
        report(ledger, f"j-{number}", 3)
        note(ledger.database, [replace(SEEN, job=f"j-{number}")])
        ledger.refund("terra", f"k-j-{number}", 1000 if number else 500, key=str(number), now=MARCH)
    assert [one.job for one in found(ledger)] == ["j-0"]
