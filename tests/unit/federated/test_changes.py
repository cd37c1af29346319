"""What follows from what is asked of a federated job, and from what is seen of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from aggregator.federated import changes
from aggregator.federated.states import (
    AT_WORK,
    AWAY,
    CANCELED,
    CREATED,
    CREATING,
    FAILED,
    FINISHED,
    GONE,
    LOGIN,
    REMOVE,
    STARTING,
    SYNCHRONOUS,
    WAITING,
    JobState,
    Limits,
    PartState,
    new_parts,
)
from aggregator.federated.steps import Step, next_due, steps

NAME = "federation-00000000000000000000000000000001"
LIMITS = Limits(parallel=1, patience=1000, settling=50, shortest=10, longest=100, attempts=3)
# part3 needs both others, which can run at the same time.
PLANNED = (("part1", "terra", ()), ("part2", "aurora", ()), ("part3", "terra", ("part1", "part2")))
ONE, TWO, THREE = (1, "part1"), (1, "part2"), (1, "part3")


def made(*planned: tuple[str, str, tuple[str, ...]]) -> JobState:
    return JobState(NAME, new_parts(planned or PLANNED, 1))


def started(*planned: tuple[str, str, tuple[str, ...]]) -> JobState:
    return changes.asked_to_start(made(*planned), 0)


def todo(job: JobState, now: int = 0) -> list[tuple[str, str]]:
    return [(step.kind, step.part[1]) for step in steps(job, now, LIMITS)]


def created(job: JobState, key: tuple[int, str], now: int = 0) -> JobState:
    job = changes.intended(job, key, CREATING, now, limits=LIMITS)
    return changes.created(job, key, f"j-{key[1]}", now)


def at_work(job: JobState, key: tuple[int, str], now: int = 0) -> JobState:
    job = changes.intended(created(job, key, now), key, STARTING, now, limits=LIMITS)
    return changes.started(job, key, now, LIMITS)


def seen(
    job: JobState, key: tuple[int, str], status: str, now: int = 0, **more: object
) -> JobState:
    return changes.seen(job, key, {"status": status, **more}, now, limits=LIMITS)


def finished(job: JobState, key: tuple[int, str]) -> JobState:
    return seen(at_work(job, key), key, "finished")


def part(job: JobState, key: tuple[int, str]) -> PartState:
    found = job.part(key)
    assert found is not None
    return found


def said(job: JobState) -> list[str]:
    return [line.message for line in job.lines]


def test_nothing_is_done_before_the_user_starts_the_job() -> None:
    assert todo(made()) == []
    assert next_due(made(), LIMITS) is None
    assert next_due(started(), LIMITS) == 0


def test_parts_begin_at_once_unless_they_need_others() -> None:
    job = started()
    assert todo(job) == [("create", "part1"), ("create", "part2")]
    job = finished(job, ONE)
    assert todo(job) == [("create", "part2")]
    job = finished(job, TWO)
    assert todo(job) == [("create", "part3")]
    assert job.status == "running"


def test_only_so_many_parts_are_at_one_backend_at_once() -> None:
    job = started(("a", "terra", ()), ("b", "terra", ()), ("c", "aurora", ()))
    assert todo(job) == [("create", "a"), ("create", "c")]
    job = at_work(job, (1, "a"))
    assert todo(job) == [("create", "c")]
    assert ("create", "b") in todo(seen(job, (1, "a"), "finished"))


def test_the_job_has_finished_when_all_parts_have() -> None:
    job = started()
    for key in (ONE, TWO, THREE):
        job = finished(job, key)
    assert (job.status, job.wish) == ("finished", "")
    assert next_due(job, LIMITS) is None
    assert said(job)[-1] == "The job has finished."


def test_what_was_about_to_be_created_is_looked_for_once_it_must_be_there() -> None:
    job = changes.intended(started(), ONE, CREATING, 100, limits=LIMITS)
    assert ("find", "part1") not in todo(job, 149)
    assert ("find", "part1") in todo(job, 150)
    assert ("create", "part1") in todo(changes.not_created(job, ONE, 150, LIMITS), 150)
    job = changes.created(job, ONE, "j-9", 150, found=True)
    assert ("start", "part1") in todo(job, 150)
    assert said(job)[-1] == "part1 at terra: its job j-9 was found."


def test_what_was_about_to_be_started_is_started_only_if_its_backend_says_that_it_was_not() -> None:
    job = changes.intended(created(started(), ONE), ONE, STARTING, 0, limits=LIMITS)
    assert ("look", "part1") in todo(job)
    assert part(seen(job, ONE, "created"), ONE).stage == CREATED
    assert part(seen(job, ONE, "queued"), ONE).stage == AT_WORK
    assert part(seen(job, ONE, "finished"), ONE).stage == FINISHED


def test_what_never_comes_to_be_is_given_up_after_some_attempts() -> None:
    job = started()
    for _ in range(3):
        job = changes.intended(job, ONE, CREATING, 0, limits=LIMITS)
        job = changes.not_created(job, ONE, 0, LIMITS)
    assert job.status == "error"
    assert job.problem is not None
    assert job.problem.message == "part1 at terra: no job could be created there."


def test_an_intention_is_of_no_effect_once_the_job_is_to_end() -> None:
    job = changes.asked_to_stop(started(), 5)
    assert changes.intended(job, ONE, CREATING, 5, limits=LIMITS) == job


def test_a_failed_part_cancels_the_others_and_is_named() -> None:
    job = at_work(at_work(started(), ONE), TWO)
    job = changes.seen(job, TWO, {"status": "error"}, 7, limits=LIMITS, reason="Out of memory.")
    assert job.status == "error"
    assert job.problem is not None
    assert job.problem.message == "part2 at aurora: Out of memory."
    assert (job.problem.part, job.problem.backend) == ("part2", "aurora")
    assert todo(job, 7) == [("cancel", "part1")]
    job = changes.canceled(job, ONE, 8)
    assert (job.status, job.wish) == ("error", "")


@pytest.mark.parametrize("status", ["canceled", "error"])
def test_a_part_that_ends_otherwise_than_planned_fails_the_job(status: str) -> None:
    assert seen(at_work(started(), ONE), ONE, status).status == "error"


def test_cancelling_reaches_what_has_begun_and_nothing_else_begins() -> None:
    job = at_work(started(), ONE)
    job = changes.intended(job, TWO, CREATING, 0, limits=LIMITS)
    job = changes.asked_to_stop(job, 60)
    assert job.status == "canceled"
    assert todo(job, 60) == [("cancel", "part1"), ("find", "part2")]
    job = changes.created(changes.canceled(job, ONE, 61), TWO, "j-2", 61, found=True)
    assert (job.status, job.wish) == ("canceled", "")


def test_deleting_leaves_nothing_at_any_backend() -> None:
    job = finished(started(), ONE)
    job = changes.intended(job, TWO, CREATING, 0, limits=LIMITS)
    job = changes.asked_to_remove(job, 60)
    assert todo(job, 60) == [("delete", "part1"), ("find", "part2")]
    job = changes.created(changes.removed(job, ONE, 61), TWO, "j-2", 61, found=True)
    assert not job.over
    assert todo(job, 61) == [("delete", "part2")]
    assert changes.removed(job, TWO, 62).over


def test_a_job_that_never_ran_is_gone_at_once() -> None:
    assert changes.asked_to_remove(made(), 0).over


def test_starting_again_makes_all_parts_anew_and_removes_the_old_ones() -> None:
    job = started()
    for key in (ONE, TWO, THREE):
        job = finished(job, key)
    job = changes.asked_to_start(job, 100)
    assert (job.run, job.status) == (2, "queued")
    assert todo(job, 100)[:3] == [("delete", "part1"), ("delete", "part2"), ("delete", "part3")]
    assert todo(job, 100)[3:] == [("create", "part1"), ("create", "part2")]
    job = changes.removed(job, ONE, 101)
    assert job.part(ONE) is None


def test_starting_a_job_that_runs_changes_nothing() -> None:
    job = at_work(started(), ONE)
    assert changes.asked_to_start(job, 9) == job


def test_another_plan_takes_the_place_of_the_first() -> None:
    other = (("part1", "aurora", ()),)
    job = changes.planned_anew(made(), other, 0)
    assert [(p.key, p.backend) for p in job.parts] == [(ONE, "aurora")]
    ended = changes.asked_to_stop(at_work(started(), ONE), 1)
    job = changes.planned_anew(changes.canceled(ended, ONE, 2), other, 3)
    assert (job.run, job.status) == (2, "created")
    assert todo(job, 3) == [("delete", "part1")]


def test_a_backend_that_is_away_is_waited_for_and_said_once() -> None:
    job, now = at_work(started(), ONE), 0
    for now in (100, 200, 300):
        job = changes.troubled(job, ONE, AWAY, "No connection.", now, limits=LIMITS)
    assert said(job)[-1] == "part1 at terra: waits for its backend: No connection."
    assert len([text for text in said(job) if "waits" in text]) == 1
    assert part(job, ONE).stage == AT_WORK
    back = changes.went_on(job, ONE, 400)
    assert said(back)[-1] == "part1 at terra: goes on."
    lost = changes.troubled(job, ONE, AWAY, "No connection.", 1100, limits=LIMITS)
    assert lost.problem is not None
    assert lost.problem.message == "part1 at terra: its backend was away for too long."
    assert lost.problem.code == "BackendUnavailable"


def test_what_may_yet_come_to_be_is_not_looked_for_at_once() -> None:
    job = changes.intended(started(), ONE, CREATING, 100, limits=LIMITS)
    job = changes.troubled(job, ONE, AWAY, "No answer.", 200, limits=LIMITS)
    assert part(job, ONE).due == 250


def test_it_is_asked_ever_less_often() -> None:
    job, pauses = at_work(started(), ONE), []
    for now in (0, 100, 200, 300, 400, 500):
        job = changes.troubled(job, ONE, AWAY, "", now, limits=LIMITS)
        pauses.append(part(job, ONE).due - now)
    assert pauses == [10, 20, 40, 80, 100, 100]


@pytest.mark.parametrize(("age", "pause"), [(0, 10), (100, 10), (500, 50), (9000, 100)])
def test_short_jobs_are_looked_at_often_and_long_ones_seldom(age: int, pause: int) -> None:
    job = seen(at_work(started(), ONE, 300), ONE, "running", 300 + age)
    assert part(job, ONE).due == 300 + age + pause


def test_an_expired_login_is_waited_for_until_the_user_comes_back() -> None:
    job = changes.troubled(at_work(started(), ONE), ONE, LOGIN, "", 100, limits=LIMITS)
    assert "your login there has expired" in said(job)[-1]
    assert ("look", "part1") not in todo(job, 1099)
    assert ("look", "part1") in todo(changes.logged_in_again(job, 200), 200)
    job = changes.troubled(job, ONE, LOGIN, "", 1100, limits=LIMITS)
    assert job.problem is not None
    assert job.problem.code == "LoginExpired"
    assert job.problem.message == "part1 at terra: nobody logged in again for too long."


def test_a_job_that_cannot_be_deleted_for_too_long_is_forgotten_with_a_warning() -> None:
    job = changes.asked_to_remove(at_work(started(), ONE), 0)
    job = changes.troubled(job, ONE, AWAY, "", 1, limits=LIMITS)
    job = changes.troubled(job, ONE, AWAY, "", 1001, limits=LIMITS)
    assert job.over
    assert "its job j-part1 was not deleted" in said(job)[-1]


def test_a_request_that_nobody_waits_for_any_more_is_removed() -> None:
    job = replace(started(), kind="synchronous", until=500)
    assert next_due(changes.settled(job, 0), LIMITS) == 0
    ended = changes.settled(at_work(job, ONE), 500)
    assert todo(ended, 500) == [("delete", "part1")]
    assert part(ended, TWO).stage == GONE


RUNS = frozenset({WAITING, CREATING, CREATED, STARTING, AT_WORK})
ENDS = frozenset({FINISHED, FAILED, CANCELED, GONE})
HEARD: dict[str, tuple[Callable[[JobState, tuple[int, str]], JobState], frozenset[str]]] = {
    "created": (lambda job, key: changes.created(job, key, "j-9", 7), frozenset({CREATING})),
    "not created": (
        lambda job, key: changes.not_created(job, key, 7, LIMITS),
        frozenset({CREATING}),
    ),
    "started": (lambda job, key: changes.started(job, key, 7, LIMITS), frozenset({STARTING})),
    "not started": (
        lambda job, key: changes.not_started(job, key, 7, LIMITS),
        frozenset({STARTING}),
    ),
    "taken back": (
        lambda job, key: changes.taken_back(job, key, 7),
        frozenset({CREATING, STARTING}),
    ),
    "seen": (lambda job, key: seen(job, key, "running", 7), frozenset({STARTING, AT_WORK})),
    "failed": (lambda job, key: changes.failed(job, key, "PartFailed", "is lost.", 7), RUNS),
    "canceled": (lambda job, key: changes.canceled(job, key, 7), RUNS),
    "away": (
        lambda job, key: changes.troubled(job, key, AWAY, "", 7, limits=LIMITS),
        RUNS | ENDS - {GONE},
    ),
    "there again": (lambda job, key: changes.went_on(job, key, 7), frozenset()),
    "removed": (lambda job, key: changes.removed(job, key, 7), RUNS | ENDS),
}


@pytest.mark.parametrize("heard", HEARD)
def test_what_is_heard_too_late_of_a_part_changes_nothing(heard: str) -> None:
    event, counts = HEARD[heard]
    job = started()
    for stage in RUNS | ENDS:
        there = job.having(replace(part(job, ONE), stage=stage, job="j-1", attempts=1))
        assert (event(there, ONE) == there) == (stage not in counts), stage
    assert event(job, (1, "part9")) == job


@pytest.mark.parametrize("stage", [CREATING, STARTING])
def test_an_intention_counts_once(stage: str) -> None:
    job = started() if stage == CREATING else created(started(), ONE)
    job = changes.intended(job, ONE, stage, 1, limits=LIMITS)
    assert changes.intended(job, ONE, stage, 2, limits=LIMITS) == job
    assert changes.intended(job, (1, "part9"), stage, 2, limits=LIMITS) == job


def test_a_job_runs_as_soon_as_one_of_its_parts_does() -> None:
    job = at_work(started(), ONE)
    assert job.status == "queued"
    assert seen(job, ONE, "running").status == "running"


def test_nothing_is_started_of_a_job_that_is_to_be_removed() -> None:
    job = changes.asked_to_remove(created(started(), ONE), 1)
    assert changes.intended(job, ONE, STARTING, 2, limits=LIMITS) == job


def test_a_job_that_does_not_run_cannot_be_canceled() -> None:
    assert changes.asked_to_stop(made(), 1) == made()


def test_a_part_that_fails_while_it_is_canceled_leaves_its_job_canceled() -> None:
    job = seen(changes.asked_to_stop(at_work(started(), ONE), 1), ONE, "error", 2)
    assert (part(job, ONE).stage, job.status, job.problem) == (FAILED, "canceled", None)


def test_a_job_that_was_started_and_does_not_start_is_waited_for_ten_minutes() -> None:
    job = seen(at_work(started(), ONE), ONE, "created", 600_000)
    assert (part(job, ONE).stage, job.problem) == (AT_WORK, None)
    lost = seen(job, ONE, "created", 600_001)
    assert lost.problem is not None
    assert lost.problem.message == "part1 at terra: its job does not start."
    assert seen(job, ONE, "queued", 600_001).problem is None


def test_what_cannot_be_started_is_given_up_after_some_attempts() -> None:
    job = created(started(), ONE)
    for _ in range(3):
        assert job.problem is None
        job = changes.intended(job, ONE, STARTING, 0, limits=LIMITS)
        job = changes.not_started(job, ONE, 0, LIMITS)
    assert job.problem is not None
    assert job.problem.message == "part1 at terra: its job could not be started."


def test_that_a_part_was_started_is_said_once_whoever_says_it() -> None:
    job = changes.intended(created(started(), ONE), ONE, STARTING, 0, limits=LIMITS)
    for now in (1, 2):
        job = seen(job, ONE, "running", now)
    assert said(job).count("part1 at terra: was started.") == 1


def test_a_fresh_login_hurries_nobody_who_waits_for_a_backend() -> None:
    job = changes.troubled(at_work(started(), ONE), ONE, AWAY, "", 100, limits=LIMITS)
    assert changes.logged_in_again(job, 101) == job


def test_what_was_certainly_not_done_was_no_attempt() -> None:
    job = created(started(), ONE)
    trying = changes.intended(job, ONE, STARTING, 5, limits=LIMITS)
    assert part(trying, ONE).attempts == 1
    back = part(changes.taken_back(trying, ONE, 7), ONE)
    assert (back.stage, back.attempts, back.due) == (CREATED, 0, 7)


def test_a_part_keeps_the_budget_that_its_job_was_created_with() -> None:
    job = changes.intended(started(), ONE, CREATING, 0, limits=LIMITS, budget=5000)
    assert part(job, ONE).budget == 5000
    job = changes.created(job, ONE, "j-1", 0)
    assert part(changes.intended(job, ONE, STARTING, 0, limits=LIMITS), ONE).budget == 5000


def test_the_log_tells_a_job_that_was_found_from_one_that_was_created() -> None:
    job = changes.intended(started(), ONE, CREATING, 0, limits=LIMITS)
    assert said(changes.created(job, ONE, "j-1", 0))[-1].endswith("its job j-1 was created.")
    assert said(changes.created(job, ONE, "j-1", 0, found=True))[-1].endswith("j-1 was found.")


def test_patience_begins_with_the_trouble() -> None:
    job = at_work(started(), ONE, 5000)
    for now in (6000, 6999):
        job = changes.troubled(job, ONE, AWAY, "", now, limits=LIMITS)
    assert job.problem is None
    assert changes.troubled(job, ONE, AWAY, "", 7000, limits=LIMITS).problem is not None


def test_a_job_that_cannot_be_canceled_for_too_long_is_given_up_with_a_warning() -> None:
    job = changes.asked_to_stop(at_work(started(), ONE), 0)
    for now in (1, 1001):
        job = changes.troubled(job, ONE, AWAY, "", now, limits=LIMITS)
    assert (part(job, ONE).stage, job.status, job.problem) == (CANCELED, "canceled", None)
    assert any("its job j-part1 was not canceled" in line for line in said(job))


def test_when_the_clock_goes_back_all_times_of_a_job_do() -> None:
    job = replace(at_work(started(), ONE, 500), until=900)
    moved = changes.set_back(changes.troubled(job, ONE, AWAY, "", 600, limits=LIMITS), 450)
    found = part(moved, ONE)
    assert (moved.until, found.since, found.due, found.troubled) == (450, 50, 160, 150)
    assert part(moved, TWO).since == 0
    assert changes.set_back(started(), 450).until is None


def test_steps_are_values() -> None:
    assert steps(started(), 0, LIMITS)[0] == Step("create", ONE)


def test_a_synchronous_one_is_due_when_it_is_given_up_and_not_once_it_is_removed() -> None:
    idle = replace(made(), kind=SYNCHRONOUS, until=700)
    assert next_due(idle, LIMITS) == 700
    assert next_due(replace(started(), kind=SYNCHRONOUS, until=700), LIMITS) == 0
    gone = tuple(replace(one, stage=GONE) for one in idle.parts)
    assert next_due(replace(idle, wish=REMOVE, parts=gone), LIMITS) is None
    assert next_due(made(), LIMITS) is None
    assert next_due(started(), LIMITS) == 0


def test_a_job_is_over_once_it_is_to_be_removed_and_all_its_parts_are_gone() -> None:
    job = made()
    gone = replace(job, parts=tuple(replace(one, stage=GONE) for one in job.parts))
    assert not gone.over
    assert not replace(job, wish=REMOVE).over
    assert replace(gone, wish=REMOVE).over


def test_a_job_is_busy_while_it_runs_has_parts_of_an_earlier_run_or_is_synchronous() -> None:
    job = made()
    assert not job.busy
    assert started().busy
    assert replace(job, run=2).busy
    assert replace(job, kind=SYNCHRONOUS).busy
