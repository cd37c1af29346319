"""The books are looked after in the background."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.ledger.events import Hold
from aggregator.settings import Accounting
from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.usecases.housekeeping import Housekeeping
from tests.fakes.clock import Clock
from tests.unit.ledger.documents import DAY, MARCH, grant, tariffs

HOLD = Hold("h", "user/alice", "terra", 3000, MARCH, MARCH + DAY, "j-1", "alice")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite", tariffs())
    made.grant(grant("g", 10, expires=MARCH + 60 * DAY))
    made.hold(HOLD)
    return made


def wait_until_closed(ledger: Ledger) -> None:
    deadline = time.monotonic() + 20
    while ledger.open_holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_hold_that_nobody_settled_is_given_back_in_the_background(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock((MARCH + DAY) / 1000)
    keeping = Housekeeping(ledger, Accounting(reconcile_interval=0.01), clock)
    keeping.start()
    wait_until_closed(ledger)
    keeping.stop()
    assert "3 credits put aside at terra for job j-1 were given back" in caplog.text
    assert "alice" not in caplog.text
    ledger.database.dispose()


def test_it_goes_on_after_a_failure(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock((MARCH + DAY) / 1000)
    keeping = Housekeeping(ledger, Accounting(reconcile_interval=0.01), clock)
    failures = iter([RuntimeError("a fault"), RuntimeError("another")])
    reconcile = ledger.reconcile

    def failing(now: int, patience: int, since: int) -> list[Hold]:
        for failure in failures:
            raise failure
        return reconcile(now, patience, since)

    monkeypatch.setattr(ledger, "reconcile", failing)
    keeping.start()
    wait_until_closed(ledger)
    keeping.stop()
    ledger.database.dispose()


def test_what_is_due_later_is_given_back_later(ledger: Ledger) -> None:
    clock = Clock(MARCH / 1000)
    keeping = Housekeeping(ledger, Accounting(), clock)
    keeping.tidy()
    ledger.hold(replace(HOLD, key="later", expires=MARCH + 3 * DAY))
    clock.advance(86400)
    keeping.tidy()
    assert [hold.key for hold in ledger.open_holds()] == ["later"]
    clock.advance(2 * 86400)
    keeping.tidy()
    assert ledger.open_holds() == []
    ledger.database.dispose()


def test_credits_that_ran_out_are_taken_back_once_a_day(ledger: Ledger) -> None:
    clock = Clock((MARCH + 61 * DAY) / 1000)
    keeping = Housekeeping(ledger, Accounting(), clock)
    for _ in range(2):
        keeping.tidy()
    assert ledger.expire(int(clock() * 1000)) == []
    assert ledger.purse("user/alice", MARCH).lots[0].amount == 0
    ledger.database.dispose()
