"""Federated jobs in the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from aggregator.federated import changes
from aggregator.federated.logs import MOST_AFTERWARDS, MOST_LINES
from aggregator.federated.states import (
    AT_WORK,
    CREATING,
    SYNCHRONOUS,
    JobState,
    Limits,
    Line,
    PartState,
    Problem,
    new_parts,
)
from aggregator.routing.plans import Exchange, Part, Plan
from aggregator.storage.database import Database
from aggregator.storage.federated_jobs import FederatedJob, FederatedJobs, NotOurs, Owner
from aggregator.storage.lease import Lease

ALICE, BOB = Owner("https://issuer.test", "alice"), Owner("", "alice")
LIMITS = Limits()
GRAPH = {"process_graph": {"one": {"process_id": "one", "arguments": {}, "result": True}}}
PLAN = Plan(
    (
        Part("part1", "terra", ("load",), GRAPH, (), "It has S2."),
        Part("part2", "aurora", ("merge", "save"), GRAPH, ("part1",), "It has S1."),
    ),
    (Exchange("load", "part1", ("part2",), "netCDF", 5000),),
)


def name(number: int) -> str:
    return f"federation-{number:032x}"


def job(number: int = 1, owner: Owner = ALICE, **state: object) -> FederatedJob:
    parts = new_parts([(p.id, p.backend, p.needs) for p in PLAN.parts], 1)
    known = JobState(name(number), parts, **state)  # type: ignore[arg-type]
    return FederatedJob(known, owner, {"title": "Füelds"}, GRAPH, PLAN, 1000 + number, 1000)


@pytest.fixture
def jobs(url: str) -> Iterator[FederatedJobs]:
    database = Database(url)
    yield FederatedJobs(database, LIMITS)
    database.dispose()


def test_a_job_is_read_as_it_was_kept(jobs: FederatedJobs) -> None:
    jobs.add(job())
    assert jobs.of(ALICE, name(1)) == job()
    assert jobs.of(BOB, name(1)) is None
    assert jobs.of(ALICE, name(2)) is None


def test_every_field_of_a_part_survives(jobs: FederatedJobs) -> None:
    jobs.add(job())
    full = PartState(
        "part1",
        "terra",
        stage=AT_WORK,
        job="j-7",
        status="running",
        progress=12.5,
        costs=0.125,
        usage={"cpu": {"value": 3, "unit": "seconds"}},
        budget=2500,
        since=2**41,
        due=2**41 + 7,
        trouble="away",
        troubled=2**41,
        tries=3,
        attempts=2,
        log="line-9",
    )
    after = jobs.change(name(1), lambda state: state.having(full), 5)
    found = jobs.get(name(1))
    assert found is not None
    assert found.state == after
    assert found.state.part((1, "part1")) == full
    assert found.updated == 5


def test_a_problem_and_the_lines_that_led_to_it_are_kept(jobs: FederatedJobs) -> None:
    jobs.add(job())
    problem = Problem("PartFailed", "part1 at terra: Out of memory.", "part1", "terra")
    entry = Line(5, "error", "Out of \x00 memory.", "part1", "terra", "OOM", {"data": [1, "\x00"]})

    def fails(state: JobState) -> JobState:
        return replace(state, status="error", problem=problem).saying(
            Line(4, "info", "A line."), entry
        )

    jobs.change(name(1), fails, 5)
    found = jobs.get(name(1))
    assert found is not None
    assert found.state.problem == problem
    lines = jobs.lines(name(1), after=0, limit=None, levels=("info", "error"))
    assert [(number, line.level) for number, line in lines] == [(1, "info"), (2, "error")]
    assert lines[1][1].code == "OOM"
    assert jobs.lines(name(1), after=1, limit=1, levels=("info",)) == []


def test_a_log_does_not_grow_for_ever_whatever_a_backend_says(jobs: FederatedJobs) -> None:
    jobs.add(job())

    def says(*lines: Line) -> None:
        jobs.change(name(1), lambda state: state.saying(*lines), 5)

    says(*(Line(1, "info", f"{n}", "part1", "terra") for n in range(1, MOST_LINES + 1)))
    for begin in range(0, 3 * MOST_AFTERWARDS, 700):
        says(*(Line(2, "error", f"e{n}", "part1", "terra") for n in range(begin, begin + 700)))
    lines = jobs.lines(
        name(1), after=MOST_LINES - 1, limit=None, levels=("info", "warning", "error")
    )
    assert len(lines) == 2 + MOST_AFTERWARDS
    assert [line.message[:22] for _, line in lines[:2]] == ["20000", "This log has 20000 lin"]
    assert lines[2][1].message == "e2500"
    assert lines[-1][1].message == "e3499"
    last = jobs.last_error(name(1), "part1", 0)
    assert last is not None and last.message == "e3499"
    says(Line(3, "info", "20001", "part1", "terra"), Line(3, "info", "The job has finished."))
    lines = jobs.lines(
        name(1), after=MOST_LINES + 1, limit=None, levels=("info", "warning", "error")
    )
    assert len(lines) == MOST_AFTERWARDS
    assert [line.message for _, line in lines[-2:]] == ["e3499", "The job has finished."]


def test_a_job_is_due_when_something_can_be_done(jobs: FederatedJobs) -> None:
    jobs.add(job(1))
    jobs.add(job(2))
    assert jobs.due(10**14) == []
    jobs.change(name(2), lambda state: changes.asked_to_start(state, 700), 700)
    assert jobs.due(699) == [] or jobs.due(699) == [name(2)]
    assert jobs.due(700) == [name(2)]
    jobs.change(name(2), lambda state: changes.asked_to_stop(state, 800), 800)
    assert jobs.due(10**14) == []


def test_credentials_are_kept_only_while_there_is_something_to_do(jobs: FederatedJobs) -> None:
    jobs.add(job())
    jobs.seal(name(1), "sealed", lambda state: changes.asked_to_start(state, 700), 700)
    found = jobs.get(name(1))
    assert found is not None
    assert (found.sealed, found.sealed_at) == ("sealed", 700)
    assert [one.state.id for one in jobs.unfinished(ALICE, 700)] == [name(1)]
    assert "sealed=" not in repr(found)
    jobs.change(name(1), lambda state: changes.asked_to_stop(state, 800), 800)
    found = jobs.get(name(1))
    assert found is not None
    assert (found.sealed, found.sealed_at) == (None, None)
    assert jobs.unfinished(ALICE, 900) == []


def test_fresh_credentials_are_wanted_for_what_waits_for_a_login_or_has_old_ones(
    jobs: FederatedJobs,
) -> None:
    for number, brought in ((1, 900), (2, 800), (3, 700), (4, 500)):
        jobs.add(job(number))
        jobs.seal(name(number), "sealed", lambda s: changes.asked_to_start(s, 1), brought)
    refused = PartState("part2", "aurora", trouble="login")
    jobs.change(name(1), lambda state: state.having(refused), 950)
    assert [one.state.id for one in jobs.unfinished(ALICE, 700)] == [name(4), name(3), name(1)]


def test_what_was_changed_in_the_future_is_due_since_the_clock_was_set_back(
    jobs: FederatedJobs,
) -> None:
    now, hour = 10**12, 3_600_000
    later = PartState("part1", "terra", stage=AT_WORK, job="j-1", due=now + hour + 500)
    waits = PartState("part2", "aurora", needs=("part1",))

    def at_work(state: JobState) -> JobState:
        return replace(state, wish="run", parts=(later, waits))

    jobs.add(job(1))
    jobs.change(name(1), at_work, now + hour)
    jobs.add(job(2))
    jobs.change(name(2), at_work, now)
    assert jobs.due(now) == [name(1)]


def test_parts_of_many_jobs_are_read_in_several_questions(
    jobs: FederatedJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.storage.federated_jobs.IN_ONE_QUESTION", 2)
    for number in range(1, 6):
        jobs.add(job(number))
    found = jobs.page(ALICE, None)
    assert [(one.state.id, len(one.state.parts)) for one in found] == [
        (name(number), 2) for number in range(1, 6)
    ]


def test_a_job_that_is_removed_is_nobodys_and_then_forgotten(jobs: FederatedJobs) -> None:
    jobs.add(job())
    begun = PartState("part1", "terra", stage=AT_WORK, job="j-1")
    jobs.change(name(1), lambda state: state.having(begun), 1)
    jobs.seal(name(1), "sealed", lambda state: changes.asked_to_remove(state, 2), 2)
    assert jobs.of(ALICE, name(1)) is None
    assert jobs.page(ALICE, None) == []
    assert jobs.due(2) == [name(1)]
    jobs.change(name(1), lambda state: changes.removed(state, (1, "part1"), 3), 3)
    assert jobs.get(name(1)) is None
    assert jobs.change(name(1), lambda state: state, 4) is None
    assert jobs.lines(name(1), after=0, limit=None, levels=("info",)) == []


def test_jobs_are_listed_by_age_page_by_page(jobs: FederatedJobs) -> None:
    for number in (3, 1, 2):
        jobs.add(job(number))
    jobs.add(job(4, BOB))
    jobs.add(job(5, kind=SYNCHRONOUS))
    first = jobs.page(ALICE, 2)
    assert [one.state.id for one in first] == [name(1), name(2)]
    rest = jobs.page(ALICE, 2, (first[-1].created, first[-1].state.id))
    assert [one.state.id for one in rest] == [name(3)]
    assert jobs.count() == {"created": 4}


def test_it_is_known_which_jobs_at_backends_are_parts(jobs: FederatedJobs) -> None:
    jobs.add(job(1))
    jobs.add(job(2, BOB))
    begun = PartState("part1", "terra", stage=AT_WORK, job="j-1")
    jobs.change(name(1), lambda state: state.having(begun), 1)
    assert jobs.places(ALICE) == {name(1): {("terra", "j-1")}}


def test_another_plan_replaces_the_parts(jobs: FederatedJobs) -> None:
    jobs.add(job())
    other = Plan((Part("part1", "aurora", ("load",), GRAPH),))

    def planned(found: FederatedJob) -> FederatedJob:
        state = changes.planned_anew(found.state, [("part1", "aurora", ())], 9)
        return replace(found, state=state, request={"title": "New"}, process=GRAPH, plan=other)

    jobs.rewrite(name(1), planned, 9)
    found = jobs.get(name(1))
    assert found is not None
    assert [(p.id, p.backend) for p in found.state.parts] == [("part1", "aurora")]
    assert (found.plan, found.request) == (other, {"title": "New"})


def test_a_change_that_raises_changes_nothing(jobs: FederatedJobs) -> None:
    jobs.add(job())

    def refuses(_: FederatedJob) -> FederatedJob:
        raise KeyError("no")

    with pytest.raises(KeyError):
        jobs.rewrite(name(1), refuses, 9)
    assert jobs.get(name(1)) == job()


def test_only_who_holds_the_lease_may_record(jobs: FederatedJobs) -> None:
    jobs.add(job())
    one = Lease(jobs.database, "federated", "one", 30)
    two = Lease(jobs.database, "federated", "two", 30)
    assert one.acquire()
    assert jobs.change(name(1), lambda state: state, 1, fence=one) is not None
    with pytest.raises(NotOurs):
        jobs.change(name(1), lambda state: state, 1, fence=two)


def test_of_several_that_intend_the_same_one_does(jobs: FederatedJobs) -> None:
    jobs.add(job())
    jobs.change(name(1), lambda state: changes.asked_to_start(state, 0), 0)
    won: list[bool] = []

    def tries() -> None:
        before: list[str] = []

        def intends(state: JobState) -> JobState:
            before.append(state.parts[0].stage)
            return changes.intended(state, (1, "part1"), CREATING, 1, limits=LIMITS)

        jobs.change(name(1), intends, 1)
        won.append(before[-1] == "waiting")

    threads = [threading.Thread(target=tries) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(won) == [False] * 5 + [True]


def test_all_lines_of_a_job_written_at_once_have_their_own_numbers(jobs: FederatedJobs) -> None:
    jobs.add(job())

    def says(number: int) -> None:
        line = Line(number, "info", f"{number}")
        jobs.change(name(1), lambda state: state.saying(line), 1)

    threads = [threading.Thread(target=says, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    lines = jobs.lines(name(1), after=0, limit=None, levels=("info",))
    assert [number for number, _ in lines] == [1, 2, 3, 4, 5, 6]
