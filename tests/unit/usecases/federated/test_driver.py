"""Who drives, and what gets in the way."""

from __future__ import annotations

import threading
import time

import pytest

from aggregator.errors import DatabaseUnavailable
from aggregator.federated import changes
from aggregator.usecases.aside import begun
from tests.unit.usecases.federated.world import NAME, World


def stages(world: World) -> dict[str, str]:
    return {part.id: part.stage for part in world.state.parts}


def test_a_backend_that_hangs_delays_no_other() -> None:
    world, hung = World(), threading.Event()

    def hangs(_kind: str, backend: str) -> None:
        if backend == "terra":
            assert hung.wait(30)

    world.members.pauses = hangs
    driver = world.driver()
    driver.begin = begun
    end = time.monotonic() + 20
    while stages(world)["part2"] != "finished":
        assert time.monotonic() < end
        driver.step()
        world.clock.advance(0.5)
        time.sleep(0.01)
    assert stages(world) == {"part1": "creating", "part2": "finished", "part3": "waiting"}
    hung.set()
    driver.settle(20)


def test_only_who_holds_the_lease_acts_and_another_one_follows() -> None:
    world = World()
    one, two = world.driver("one"), world.driver("two")
    one.step()
    made = len(world.members.made)
    assert made == 2
    world.clock.advance(5)
    two.step()
    assert len(world.members.made) == made
    assert all(job.starts == 0 for _, job in world.members.made)
    one.close()
    state = world.drive(two)
    assert state is not None
    assert state.status == "finished"


def test_the_lease_is_given_up_when_there_is_nothing_to_do() -> None:
    world = World()
    now = [0.0]
    driver = world.driver()
    driver._monotonic = lambda: now[0]
    world.drive(driver)
    assert world.leases.holder == "one"
    now[0] += 60.0
    driver.step()
    assert world.leases.holder == ""


def test_a_fault_of_ours_is_tried_again_and_told_without_details() -> None:
    world = World()
    faults = [KeyError("a secret"), KeyError("a secret")]
    does = world.members.start

    def fails(backend: str, job: str, access: object) -> None:
        if faults:
            raise faults.pop()
        does(backend, job, access)

    setattr(world.members, "start", fails)  # noqa: B010
    state = world.drive(world.driver())
    assert state is not None
    assert state.status == "finished"
    told = [line for line in world.said if "the federation failed, and tries again." in line]
    assert told
    assert "secret" not in " ".join(world.said)
    assert [job.starts for _, job in world.members.made] == [1, 1, 1]


def test_without_the_database_nothing_is_recorded_and_it_goes_on_afterwards() -> None:
    world, gone = World(), [3]
    records = world.store.change

    def fails(*values: object, **named: object) -> object:
        if gone[0]:
            gone[0] -= 1
            raise DatabaseUnavailable
        return records(*values, **named)  # type: ignore[arg-type]

    setattr(world.store, "change", fails)  # noqa: B010
    state = world.drive(world.driver())
    assert state is not None
    assert state.status == "finished"
    assert [job.starts for _, job in world.members.made] == [1, 1, 1]


@pytest.mark.parametrize("after", range(12))
def test_a_job_that_is_deleted_at_any_time_leaves_nothing(after: int) -> None:
    world = World()
    driver = world.driver()
    for _ in range(after):
        driver.step()
        world.clock.advance(0.5)
    world.ask(changes.asked_to_remove)
    assert world.drive(driver) is None
    assert NAME not in world.store.jobs
    assert not any(world.members.jobs.values())


def test_it_runs_in_a_thread_until_it_is_told_to_end() -> None:
    world, stopping = World(), threading.Event()
    driver = world.driver()
    thread = threading.Thread(target=driver.run, args=(stopping,))
    thread.start()
    end = time.monotonic() + 20
    while world.state.busy:
        assert time.monotonic() < end, world.said
        world.clock.advance(0.5)
        driver.wake()
        time.sleep(0.01)
    stopping.set()
    driver.wake()
    thread.join(10)
    assert not thread.is_alive()
    assert world.leases.holder == ""
