"""Several processes at once, and processes that are killed."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aggregator.errors import PaymentRequired
from aggregator.ledger.events import Hold
from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.storage.queries import UsageFilter, usage
from aggregator.storage.verification import balances, rebuild, verify
from tests.unit.ledger.documents import DAY, MARCH, grant, tariffs
from tests.unit.storage.reporter import USERS, cost_of

ROOT = Path(__file__).resolve().parents[3]


def reporter(url: str, seed: int, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.storage.reporter", url, str(seed), str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> list[tuple[int, int, bool]]:
    """What was acknowledged, as (number, cost, repeated); the process must have ended well."""
    told, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    return acknowledged(told)


def acknowledged(told: str) -> list[tuple[int, int, bool]]:
    lines = (line.split() for line in told.splitlines() if line.count(" ") == 2)
    return [(int(number), int(cost), repeated == "1") for number, cost, repeated in lines]


def assert_each_charged_once(ledger: Ledger, numbers: set[int]) -> None:
    assert verify(ledger.database) == []
    found = balances(ledger.database)
    assert found == rebuild(ledger.database)
    assert found["revenue:terra"] == sum(cost_of(number) for number in numbers)
    assert usage(ledger.database, UsageFilter(), [])[0].reports == len(numbers)


def test_eight_processes_report_the_same_at_once_and_each_is_charged_once(
    ledger: Ledger, url: str
) -> None:
    for user in range(USERS - 1):
        ledger.welcome(f"user-{user}", ["general"], MARCH)
    count = 60
    processes = [reporter(url, seed, count) for seed in range(8)]
    answers = [answer for process in processes for answer in finished(process)]
    assert len(answers) == 8 * count
    assert {(number, cost) for number, cost, _ in answers} == {
        (number, cost_of(number)) for number in range(count)
    }
    assert sum(not repeated for _, _, repeated in answers) == count
    assert_each_charged_once(ledger, set(range(count)))


def test_what_a_killed_process_had_acknowledged_is_there_exactly_once(
    ledger: Ledger, url: str
) -> None:
    chance = random.Random(7)
    told: dict[int, int] = {}
    for round_ in range(4):
        process = reporter(url, round_, 200)
        assert process.stdout is not None
        first = process.stdout.readline()
        killer = threading.Timer(chance.uniform(0.0, 0.2), process.kill)
        killer.start()
        rest = process.stdout.read()
        killer.join()
        process.communicate(timeout=30)
        told |= {number: cost for number, cost, _ in acknowledged(first + rest)}
    there = usage(ledger.database, UsageFilter(), [])[0]
    assert 0 < len(told) <= there.reports
    again = finished(reporter(url, 99, 200))
    repeated = {number: cost for number, cost, repeated in again if repeated}
    assert told.items() <= repeated.items()
    assert len(repeated) == there.reports
    assert_each_charged_once(ledger, set(range(200)))


def test_concurrent_holds_share_what_is_there_and_no_more(ledger: Ledger, url: str) -> None:
    ledger.grant(grant("g", 10))
    others = [open_ledger(url, tariffs()) for _ in range(4)]

    def hold(number: int) -> bool:
        wanted = Hold(f"h{number}", "user/alice", "terra", 3000, MARCH, MARCH + DAY)
        try:
            others[number % 4].hold(wanted)
        except PaymentRequired:
            return False
        return True

    with ThreadPoolExecutor(12) as threads:
        outcomes = list(threads.map(hold, range(12)))
    for other in others:
        other.database.dispose()
    assert outcomes.count(True) == 3
    assert ledger.purse("user/alice", MARCH).available("terra", MARCH) == 1000
    assert verify(ledger.database) == []


def test_a_hold_is_closed_by_one_of_many_who_try(ledger: Ledger, url: str) -> None:
    ledger.grant(grant("g", 10))
    ledger.hold(Hold("h", "user/alice", "terra", 3000, MARCH, MARCH + DAY))
    others = [open_ledger(url, tariffs()) for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda n: others[n % 4].release("h", MARCH), range(8)))
    for other in others:
        other.database.dispose()
    assert outcomes.count(True) == 1
    assert ledger.purse("user/alice", MARCH).available("terra", MARCH) == 10_000


def test_reading_does_not_wait_for_a_writer(ledger: Ledger) -> None:
    ledger.grant(grant("g", 10))
    with ledger.database.write() as connection:
        ledger.database.lock(connection, ["user/alice"])
        started = time.monotonic()
        assert ledger.purse("user/alice", MARCH).total(MARCH) == 10_000
        assert time.monotonic() - started < 5
