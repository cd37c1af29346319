from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from scripts.simulation.queues import Queue

JOBS = some.lists(some.tuples(some.integers(0, 50), some.integers(1, 30)), max_size=40)


def ran(capacity: int, jobs: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """When each job came, began and ended; jobs are times since the last one, and durations."""
    queue, at, found = Queue(capacity), 0, []
    for pause, duration in jobs:
        at += pause
        begin = queue.next_place(at)
        queue.take(begin + duration)
        found.append((at, begin, begin + duration))
    return found


def test_jobs_wait_for_the_first_place_that_is_free() -> None:
    assert ran(2, [(0, 10), (0, 4), (1, 5), (0, 1)]) == [
        (0, 0, 10),
        (0, 0, 4),
        (1, 4, 9),
        (1, 9, 10),
    ]


def test_where_there_is_room_for_any_number_nobody_waits() -> None:
    assert all(came == began for came, began, _ in ran(0, [(0, 10)] * 50))


def test_who_waits_or_runs_is_in_the_queue() -> None:
    queue = Queue(1)
    for _ in range(3):
        queue.take(queue.next_place(0) + 10)
    assert [queue.length(at) for at in (0, 9, 10, 19, 20, 30)] == [3, 3, 2, 2, 1, 0]


@given(some.integers(1, 4), JOBS)
def test_never_more_jobs_run_than_there_are_places_and_none_waits_without_need(
    capacity: int, jobs: list[tuple[int, int]]
) -> None:
    found = ran(capacity, jobs)

    def running(moment: int) -> int:
        return sum(begin <= moment < end for _, begin, end in found)

    for came, began, _ in found:
        assert running(began) <= capacity
        assert began == came or running(began - 1) == capacity
    begins = [began for _, began, _ in found]
    assert begins == sorted(begins), "served in the order in which they came"
