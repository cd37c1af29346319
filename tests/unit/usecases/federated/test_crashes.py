"""The aggregator is killed between any two steps, and another one goes on.

A crash comes before or after something is recorded, and before or after a backend does what it is
asked. What was in memory is lost then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aggregator.errors import BackendFailure, BackendTimeout, OpenEOError
from aggregator.federated import changes
from aggregator.federated.states import JobState
from tests.fakes.federated import Crash, Points
from tests.unit.usecases.federated.world import NAME, World

Asks = Callable[[JobState, int], JobState] | None


def lived(asks: Asks, *crashes: int, after: int = 3) -> World:
    """A job's life with crashes at these points; after some steps the user asks for something."""
    world = World(Points(*crashes))
    asked, steps = asks is None, 0
    for number in range(len(crashes) + 1):
        driver = world.driver(f"program {number}")
        world.leases.holder = ""  # the lease of the one before has run out
        try:
            while not asked and steps < after:
                driver.step()
                world.clock.advance(0.5)
                steps += 1
            if asks is not None:
                asked = True
                world.ask(asks)
            world.drive(driver)
        except Crash:
            world.clock.advance(1)
    return world


def lives(asks: Asks = None) -> Iterator[World]:
    """One life for each point at which there can be a crash."""
    whole = lived(asks).points.passed
    assert whole > 25
    for at in range(1, whole + 1):
        world = lived(asks, at)
        assert len(world.points.where) == 1
        yield world


def test_each_part_is_created_and_started_exactly_once() -> None:
    for world in lives():
        where = world.points.where
        assert world.state.status == "finished", (where, world.said)
        made = [(backend, job.title, job.starts) for backend, job in world.members.made]
        assert sorted(made) == [
            ("aurora", f"Fields [{NAME}/part2]", 1),
            ("terra", f"Fields [{NAME}/part1]", 1),
            ("terra", f"Fields [{NAME}/part3]", 1),
        ], where


def test_two_crashes_are_no_worse_than_one() -> None:
    whole = lived(None).points.passed
    for first, second in ((at, at + more) for at in range(1, whole) for more in range(1, 8)):
        world = lived(None, first, second)
        where = world.points.where
        assert world.state.status == "finished", (where, world.said)
        assert [job.starts for _, job in world.members.made] == [1, 1, 1], where


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 6])
def test_a_job_that_was_canceled_leaves_nothing_at_work(after: int) -> None:
    whole = lived(changes.asked_to_stop, after=after).points.passed
    for at in range(1, whole + 1):
        world = lived(changes.asked_to_stop, at, after=after)
        where = world.points.where
        assert world.state.status == "canceled", where
        titles = [job.title for _, job in world.members.made]
        assert len(titles) == len(set(titles)), where
        assert all(j.status not in ("queued", "running") for _, j in world.members.made), where


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 6])
def test_a_job_that_was_deleted_leaves_nothing_at_all(after: int) -> None:
    whole = lived(changes.asked_to_remove, after=after).points.passed
    for at in range(1, whole + 1):
        world = lived(changes.asked_to_remove, at, after=after)
        where = world.points.where
        assert NAME not in world.store.jobs, where
        assert not any(world.members.jobs.values()), where
        titles = [job.title for _, job in world.members.made]
        assert len(titles) == len(set(titles)), where


@pytest.mark.parametrize("error", [BackendTimeout("terra", 30), BackendFailure("terra", "content")])
@pytest.mark.parametrize("kind", ["create", "start"])
def test_what_a_backend_did_without_an_answer_is_not_done_twice(
    kind: str, error: OpenEOError
) -> None:
    world = World()
    does = getattr(world.members, kind)
    lost = [error]

    def without_answer(*values: object) -> object:
        done = does(*values)
        if lost:
            raise lost.pop()
        return done

    setattr(world.members, kind, without_answer)
    state = world.drive(world.driver())
    assert state is not None
    assert state.status == "finished"
    assert [job.starts for _, job in world.members.made] == [1, 1, 1]
    assert any("waits for its backend" in line for line in world.said)


def test_a_start_that_takes_effect_late_is_no_failure() -> None:
    world = World()
    starts, looks = world.members.start, world.members.look
    lost: list[OpenEOError] = [BackendTimeout("terra", 30)]
    stale = [{"id": "j1", "status": "created"}]

    def without_answer(backend: str, job: str, access: object) -> None:
        starts(backend, job, access)
        if lost:
            raise lost.pop()

    def before_it(backend: str, job: str, access: object) -> dict[str, Any]:
        return stale.pop() if stale and not lost else looks(backend, job, access)

    setattr(world.members, "start", without_answer)  # noqa: B010
    setattr(world.members, "look", before_it)  # noqa: B010
    state = world.drive(world.driver())
    assert state is not None
    assert state.status == "finished", world.said
    assert [job.starts for _, job in world.members.made] == [1, 1, 1]


def test_a_program_that_was_paused_records_nothing_and_takes_back_what_it_created() -> None:
    world = World()
    slow, quick = world.driver("slow"), world.driver("quick")

    def taken_over(kind: str, backend: str) -> None:
        if kind == "create" and backend == "terra" and world.leases.holder == "slow":
            world.leases.holder = "quick"
            world.clock.advance(5)
            for _ in range(8):  # finds nothing, and creates the part itself
                quick.step()
                world.clock.advance(0.5)

    world.members.pauses = taken_over
    slow.step()
    world.drive(quick)
    assert world.state.status == "finished"
    there = [job.title for jobs in world.members.jobs.values() for job in jobs.values()]
    assert sorted(there) == [f"Fields [{NAME}/part{n}]" for n in (1, 2, 3)]
    assert sorted(job.starts for _, job in world.members.made) == [0, 1, 1, 1]


def test_a_program_that_was_paused_leaves_what_another_one_has_found() -> None:
    world = World()
    slow, quick = world.driver("slow"), world.driver("quick")
    creates = world.members.create

    def then_paused(backend: str, body: dict[str, Any], access: Any) -> str:
        name = creates(backend, body, access)
        if backend == "terra" and world.leases.holder == "slow":
            world.leases.holder = "quick"
            world.clock.advance(5)
            for _ in range(8):  # finds the part, and goes on with it
                quick.step()
                world.clock.advance(0.5)
        return name

    setattr(world.members, "create", then_paused)  # noqa: B010
    slow.step()
    world.drive(quick)
    assert world.state.status == "finished", world.said
    assert [job.starts for _, job in world.members.made] == [1, 1, 1]
    there = [job.title for jobs in world.members.jobs.values() for job in jobs.values()]
    assert sorted(there) == [f"Fields [{NAME}/part{n}]" for n in (1, 2, 3)]


def test_a_program_that_was_paused_before_it_asked_does_not_ask_any_more() -> None:
    world = World()
    times = iter([0.0, 6.0, *[100.0] * 50])
    driver = world.driver(monotonic=lambda: next(times))
    driver.step()
    assert [backend for backend, _ in world.members.made] == ["aurora"]
    driver.step()  # nobody has taken over: at once, not when it could have been created
    assert [backend for backend, _ in world.members.made] == ["aurora", "terra"]
