"""What the job store promises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backends.jobs.records import Asset, Failure, Job, NewJob, Usage
from backends.jobs.store import JobActiveError, JobGoneError, QueueFullError, Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "jobs.sqlite")
    yield opened
    opened.close()


def add(store: Store, job_id: str, user: str = "alice", **changes: Any) -> Job:
    process = {"process_graph": {"a": {"process_id": "add", "arguments": {"x": 1, "y": 2}}}}
    new = NewJob(**{"id": job_id, "user": user, "kind": "batch", "process": process, **changes})
    return store.add(new, NOON)


def run(store: Store, job_id: str) -> Job:
    store.enqueue(job_id, NOON, queue_length=10)
    job = store.claim_next(NOON, concurrent=10)
    assert job is not None
    return job


def end(store: Store, job: Job, failure: Failure | None = None, costs: float = 1.0) -> bool:
    usage = Usage(cpu=1, memory=2, duration=3)
    return store.finish(job.id, job.attempt, now=NOON, failure=failure, usage=usage, costs=costs)


def test_a_new_job_is_created_and_keeps_all_that_was_given(store: Store) -> None:
    add(store, "j1", title="NDVI", budget=5, extra={"x-colour": "green"})
    job = store.find("j1")
    assert job is not None
    assert (job.status, job.title, job.budget) == ("created", "NDVI", 5)
    assert job.extra == {"x-colour": "green"}
    assert job.process["process_graph"]["a"]["arguments"] == {"x": 1, "y": 2}
    assert job.created == NOON


def test_a_job_outlives_the_store_object(tmp_path: Path) -> None:
    first = Store(tmp_path / "jobs.sqlite")
    add(first, "j1")
    first.close()
    second = Store(tmp_path / "jobs.sqlite")
    assert second.find("j1") is not None
    second.close()


def test_a_job_is_found_by_its_own_user_only(store: Store) -> None:
    add(store, "j1", "alice")
    assert store.find("j1", "alice") is not None
    assert store.find("j1", "bob") is None


def test_pages_are_newest_first_without_gap_or_double_while_jobs_arrive(store: Store) -> None:
    for number in range(7):
        add(store, f"j{number}")
    add(store, "other", "bob")
    first = store.of_user("alice", limit=3, before=None)
    add(store, "late")
    second = store.of_user("alice", limit=3, before=first[-1].number)
    third = store.of_user("alice", limit=3, before=second[-1].number)
    assert [job.id for job in first + second + third] == [f"j{n}" for n in reversed(range(7))]


def test_synchronous_requests_are_not_listed_as_jobs(store: Store) -> None:
    add(store, "r1", kind="sync")
    assert store.of_user("alice", limit=None, before=None) == []
    assert store.find("r1", kind="batch") is None


def test_a_job_goes_from_created_over_queued_and_running_to_finished(store: Store) -> None:
    add(store, "j1")
    assert store.enqueue("j1", NOON, queue_length=10)
    queued = store.find("j1")
    assert queued is not None
    assert (queued.status, queued.queued) == ("queued", NOON)
    running = store.claim_next(NOON, concurrent=1)
    assert running is not None
    assert (running.status, running.attempt, running.started) == ("running", 1, NOON)
    assert end(store, running)
    finished = store.find("j1")
    assert finished is not None
    assert (finished.status, finished.progress, finished.costs) == ("finished", 100, 1.0)
    assert finished.usage == {
        "cpu": {"value": 1, "unit": "cpu-seconds"},
        "memory": {"value": 2, "unit": "mb-seconds"},
        "duration": {"value": 3, "unit": "seconds"},
    }


def test_a_failed_job_keeps_its_reason_and_the_progress_it_had(store: Store) -> None:
    add(store, "j1")
    job = run(store, "j1")
    store.progress("j1", job.attempt, 40, NOON)
    end(store, job, Failure("NoDataAvailable", "No data.", "e-1"))
    failed = store.find("j1")
    assert failed is not None
    assert (failed.status, failed.progress) == ("error", 40)
    assert failed.failure == Failure("NoDataAvailable", "No data.", "e-1")


def test_the_queue_is_first_come_first_served(store: Store) -> None:
    for name in ("j1", "j2", "j3"):
        add(store, name)
    for minute, name in enumerate(("j2", "j3", "j1")):
        store.enqueue(name, NOON + timedelta(minutes=minute), queue_length=10)
    claimed = [store.claim_next(NOON, concurrent=10) for _ in range(3)]
    assert [job.id for job in claimed if job] == ["j2", "j3", "j1"]


def test_no_more_jobs_run_at_once_than_may(store: Store) -> None:
    for name in ("j1", "j2"):
        add(store, name)
        store.enqueue(name, NOON, queue_length=10)
    first = store.claim_next(NOON, concurrent=1)
    assert first is not None
    assert store.claim_next(NOON, concurrent=1) is None
    end(store, first)
    second = store.claim_next(NOON, concurrent=1)
    assert second is not None
    assert second.id == "j2"


def test_a_full_queue_takes_no_more(store: Store) -> None:
    for name in ("j1", "j2"):
        add(store, name)
    store.enqueue("j1", NOON, queue_length=1)
    with pytest.raises(QueueFullError):
        store.enqueue("j2", NOON, queue_length=1)


def test_starting_an_active_job_again_changes_nothing(store: Store) -> None:
    add(store, "j1")
    job = run(store, "j1")
    assert not store.enqueue("j1", NOON, queue_length=10)
    assert store.find("j1") == job


def test_many_threads_never_claim_the_same_job(store: Store) -> None:
    for number in range(20):
        add(store, f"j{number}")
        store.enqueue(f"j{number}", NOON, queue_length=100)
    claimed: list[str] = []

    def claim() -> None:
        while job := store.claim_next(NOON, concurrent=100):
            claimed.append(job.id)

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(f"j{number}" for number in range(20))


def test_an_active_job_cannot_be_changed(store: Store) -> None:
    add(store, "j1")
    store.update("j1", {"title": "before"}, NOON)
    run(store, "j1")
    with pytest.raises(JobActiveError):
        store.update("j1", {"title": "during"}, NOON)
    job = store.find("j1")
    assert job is not None
    assert job.title == "before"


def test_a_change_leaves_all_else_as_it_was(store: Store) -> None:
    before = add(store, "j1", title="a", budget=3)
    later = NOON + timedelta(hours=1)
    store.update("j1", {"title": None, "process": {"process_graph": {}}}, later)
    after = store.find("j1")
    assert after is not None
    assert (after.title, after.process, after.updated) == (None, {"process_graph": {}}, later)
    assert (after.budget, after.created, after.status) == (3, before.created, "created")


def test_the_end_of_a_stopped_run_does_not_touch_the_next_one(store: Store) -> None:
    add(store, "j1")
    first = run(store, "j1")
    store.stop("j1", NOON)
    second = run(store, "j1")
    assert not end(store, first)
    job = store.find("j1")
    assert job is not None
    assert (job.status, job.attempt) == ("running", second.attempt)


def test_the_end_of_a_stopped_run_does_not_revive_the_job(store: Store) -> None:
    add(store, "j1")
    job = run(store, "j1")
    store.stop("j1", NOON)
    assert not end(store, job)
    stopped = store.find("j1")
    assert stopped is not None
    assert stopped.status == "created"


def test_a_stopped_job_without_files_is_created_again(store: Store) -> None:
    add(store, "j1")
    run(store, "j1")
    stopped = store.stop("j1", NOON)
    assert stopped is not None
    assert stopped.status == "running"
    job = store.find("j1")
    assert job is not None
    assert job.status == "created"


def test_a_stopped_job_with_files_is_canceled_and_keeps_them(store: Store) -> None:
    add(store, "j1")
    job = run(store, "j1")
    asset = Asset("a.tif", "image/tiff", ("data",), 3, {"bbox": [1, 2, 3, 4]})
    store.add_asset("j1", job.attempt, asset)
    store.stop("j1", NOON)
    stopped = store.find("j1")
    assert stopped is not None
    assert stopped.status == "canceled"
    assert store.assets("j1", job.attempt) == [asset]


def test_a_job_that_is_stopped_while_it_waits_has_cost_nothing(store: Store) -> None:
    add(store, "j1")
    store.enqueue("j1", NOON, queue_length=10)
    store.stop("j1", NOON)
    waited = store.find("j1")
    assert waited is not None
    assert (waited.status, waited.costs) == ("created", 0)
    run(store, "j1")
    store.stop("j1", NOON)
    began = store.find("j1")
    assert began is not None
    assert (began.status, began.costs) == ("created", None)


def test_only_an_active_job_can_be_stopped(store: Store) -> None:
    add(store, "j1")
    assert store.stop("j1", NOON) is None


def test_starting_anew_discards_files_costs_and_failure(store: Store) -> None:
    add(store, "j1")
    job = run(store, "j1")
    store.add_asset("j1", job.attempt, Asset("a.tif", "image/tiff", ("data",), 3))
    end(store, job, Failure("Internal", "Oh."))
    store.enqueue("j1", NOON, queue_length=1)
    again = store.find("j1")
    assert again is not None
    assert (again.costs, again.usage, again.failure) == (None, None, None)
    assert store.assets("j1", job.attempt) == []


def test_an_interrupted_run_is_queued_again_and_counted(store: Store) -> None:
    add(store, "j1")
    job = run(store, "j1")
    assert store.requeue("j1", job.attempt, NOON)
    assert not store.requeue("j1", job.attempt, NOON)
    again = store.find("j1")
    assert again is not None
    assert (again.status, again.interruptions) == ("queued", 1)


def test_a_job_stores_what_is_as_grave_as_its_level(store: Store) -> None:
    add(store, "j1", log_level="warning")
    for level in ("debug", "info", "warning", "error"):
        store.log("j1", level, f"a {level}", NOON)
    assert [entry.level for entry in store.logs("j1")] == ["warning", "error"]


def test_logs_come_in_order_from_an_offset_a_level_and_up_to_a_limit(store: Store) -> None:
    add(store, "j1", log_level="debug")
    for level in ("debug", "info", "warning", "error", "info"):
        store.log("j1", level, f"a {level}", NOON)
    entries = store.logs("j1")
    assert [entry.level for entry in entries] == ["debug", "info", "warning", "error", "info"]
    assert store.logs("j1", after=entries[2].number) == entries[3:]
    assert [entry.level for entry in store.logs("j1", level="warning")] == ["warning", "error"]
    assert store.logs("j1", limit=2) == entries[:2]


def test_a_log_entry_carries_code_and_data(store: Store) -> None:
    add(store, "j1")
    store.log("j1", "error", "Oh.", NOON, code="Internal", data={"a": [1, None]})
    (entry,) = store.logs("j1")
    assert entry.as_json() == {
        "id": str(entry.number),
        "level": "error",
        "message": "Oh.",
        "time": "2026-01-01T12:00:00Z",
        "code": "Internal",
        "data": {"a": [1, None]},
    }


def test_a_deleted_job_is_gone_with_logs_and_assets(store: Store) -> None:
    add(store, "j1")
    job = run(store, "j1")
    store.add_asset("j1", job.attempt, Asset("a.tif", "image/tiff", ("data",), 3))
    store.log("j1", "info", "Hello", NOON)
    store.delete("j1")
    assert store.find("j1") is None
    assert store.logs("j1") == []
    assert store.assets("j1", job.attempt) == []


def test_what_a_child_reports_of_a_deleted_job_is_dropped(store: Store) -> None:
    store.log("gone", "info", "Hello", NOON)
    store.add_asset("gone", 1, Asset("a.tif", "image/tiff", ("data",), 3))
    store.progress("gone", 1, 50, NOON)
    with pytest.raises(JobGoneError):
        store.enqueue("gone", NOON, queue_length=1)


def test_spending_outlives_the_jobs_that_caused_it(store: Store) -> None:
    add(store, "j1")
    end(store, run(store, "j1"), costs=1.5)
    add(store, "j2")
    stopped = run(store, "j2")
    store.stop("j2", NOON)
    store.charge(stopped.id, "alice", usage=Usage(cpu=1), costs=0.25)
    store.delete("j1")
    assert store.spent("alice") == 1.75
    assert store.spent("bob") == 0


def test_old_requests_are_forgotten_but_never_jobs(store: Store) -> None:
    add(store, "j1")
    add(store, "r1", kind="sync")
    store.remove_requests(NOON + timedelta(seconds=1))
    assert store.identifiers() == {"j1"}
