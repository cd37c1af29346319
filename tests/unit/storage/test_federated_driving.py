"""Several programs drive the same jobs at once, and are paused for longer than their leases."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from aggregator.federated import changes
from aggregator.federated.states import JobState, Limits, new_parts
from aggregator.storage.database import Database
from aggregator.storage.federated_jobs import FederatedJob, FederatedJobs, Owner
from aggregator.storage.lease import Lease
from aggregator.usecases.federated.driver import Driver
from aggregator.usecases.federated.errands import Errands
from aggregator.usecases.federated.keyring import Keyring
from aggregator.usecases.federated.money import Money
from aggregator.usecases.federated.tools import Tools
from tests.fakes.federated import MemoryMembers, Points
from tests.unit.usecases.federated.world import ALICE, EMPTY, PLAN, Everybody

LEASE = 0.5
LIMITS = Limits(settling=1800, shortest=20, longest=50)
PROGRAMS, JOBS = 3, 2


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.dispose()


class Program:
    """A driver in a thread, with a connection of its own to the database."""

    def __init__(self, url: str, members: MemoryMembers, name: str) -> None:
        self._database = Database(url)
        store = FederatedJobs(self._database, LIMITS)
        lease = Lease(self._database, "federated jobs", name, LEASE)
        keyring = Keyring("key", 3600.0, time.time)
        tools = Tools(store, cast("Any", members), keyring, Money(None, None), time.time)
        errands = Errands(
            tools, cast("Any", Everybody()), fence=lease, fenced_seconds=LEASE, limits=LIMITS
        )
        self._driver = Driver(store, errands, lease, LEASE, LIMITS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(random.Random(name),))
        self._thread.start()

    def _run(self, chance: random.Random) -> None:
        while not self._stopping.wait(0.02):
            self._driver.step()
            if chance.random() < 0.04:  # paused until another one has taken over
                time.sleep(3 * LEASE)

    def end(self) -> None:
        self._stopping.set()
        self._thread.join(20)
        self._driver.settle(20)
        self._database.dispose()


def name(number: int) -> str:
    return f"federation-{number:032x}"


@pytest.mark.filterwarnings("error")
def test_each_part_is_started_once_whoever_drives(url: str, database: Database) -> None:
    members, chance = MemoryMembers(Points()), random.Random(7)
    members.pauses = lambda _kind, _backend: time.sleep(
        3 * LEASE if chance.random() < 0.04 else chance.random() / 100
    )
    store, keyring = FederatedJobs(database, LIMITS), Keyring("key", 3600.0, time.time)
    now = int(time.time() * 1000)
    for number in range(JOBS):
        state = JobState(
            name(number), new_parts([(p.id, p.backend, p.needs) for p in PLAN.parts], 1)
        )
        sealed = keyring.seal(ALICE, PLAN.backends)
        started = changes.asked_to_start(state, now)
        owner = Owner("", "alice")
        store.add(FederatedJob(started, owner, {}, EMPTY, PLAN, now, now, sealed, now))
    programs = [Program(url, members, f"program {number}") for number in range(PROGRAMS)]
    try:
        end = time.monotonic() + 60
        while any(store.get(name(n)).state.busy for n in range(JOBS)):  # type: ignore[union-attr]
            assert time.monotonic() < end, [store.get(name(n)) for n in range(JOBS)]
            time.sleep(0.05)
    finally:
        for program in programs:
            program.end()
    kept = [store.get(name(number)) for number in range(JOBS)]
    assert [job and job.state.problem for job in kept] == [None] * JOBS
    titles = sorted(job.title for jobs in members.jobs.values() for job in jobs.values())
    assert titles == sorted(
        f"[{name(number)}/{part.id}]" for number in range(JOBS) for part in PLAN.parts
    )
    starts = [job.starts for jobs in members.jobs.values() for job in jobs.values()]
    assert starts == [1] * len(titles)
    assert all(job.starts <= 1 for _, job in members.made)
