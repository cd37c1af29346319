"""How much work is under way where, by what is put aside for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.ledger.events import Hold
from aggregator.ledger.reports import read_resources
from aggregator.storage.ledger import Ledger
from aggregator.storage.reconciliation import Sighting, note
from aggregator.storage.underway import work_under_way
from tests.unit.ledger.documents import DAY, MARCH, direct, grant

JOB = Hold("batch/terra/j-1", "user/alice", "terra", 3000, MARCH, MARCH + DAY, "j-1", "alice")
REQUEST = replace(JOB, key="r1", job=None, activity="synchronous")
SERVICE = replace(JOB, key="s1", job=None, activity="service")
KINDS = ("batch", "synchronous")


@pytest.fixture
def funded(ledger: Ledger) -> Ledger:
    ledger.grant(grant("g", 100))
    for one in (JOB, REQUEST, SERVICE, replace(REQUEST, key="r2", provider="aurora")):
        ledger.hold(one)
    return ledger


def counted(ledger: Ledger, now: int = MARCH + 1) -> dict[str, int]:
    with ledger.database.read() as connection:
        return work_under_way(connection, KINDS, now)


def test_open_holds_are_counted_at_each_provider_and_services_are_not(funded: Ledger) -> None:
    assert counted(funded) == {"terra": 2, "aurora": 1}


def test_a_job_that_was_reported_is_no_longer_under_way(funded: Ledger) -> None:
    document = direct("k-1", 1, jobId="j-1")
    funded.report(read_resources(document), "terra-accounting", MARCH)
    assert counted(funded) == {"terra": 1, "aurora": 1}


def test_a_job_that_was_seen_to_end_is_no_longer_under_way(funded: Ledger) -> None:
    seen = Sighting("terra", "j-1", "alice", "finished", None, MARCH + 1)
    note(funded.database, [replace(seen, at=MARCH - 1)])
    assert counted(funded)["terra"] == 2, "an earlier run is none of this one"
    note(funded.database, [replace(seen, status="error")])
    assert counted(funded)["terra"] == 1


def test_what_is_over_its_time_is_not_counted(funded: Ledger) -> None:
    assert counted(funded, MARCH + DAY) == {}
