"""What the life of a batch job promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.billing import Billing
from backends.errors import OpenEOError
from backends.jobs.engine import OnEnd, Outcome, State, Task
from backends.jobs.lifecycle import Lifecycle
from backends.jobs.records import Asset, Failure, Job, NewJob, Usage
from backends.jobs.store import Store
from backends.limits import Limits
from tests.fakes.clocks import Clock
from tests.fakes.profiles import profile


class Engine:
    """An engine that ends its tasks when it is told to."""

    def __init__(self) -> None:
        self.tasks: dict[str, tuple[Task, OnEnd]] = {}
        self.killed: list[str] = []

    def run(self, task: Task, on_end: OnEnd) -> None:
        self.tasks[task.id] = (task, on_end)

    def kill(self, task_id: str) -> None:
        self.killed.append(task_id)

    def close(self) -> None:
        self.tasks.clear()

    def end(self, task_id: str, outcome: Outcome) -> None:
        _, on_end = self.tasks.pop(task_id)
        on_end(outcome)


class World:
    """A lifecycle with all around it."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.limits = limits
        self.clock = Clock()
        self.engine = Engine()
        self.store = Store(folder / "jobs.sqlite")
        self.folder = folder / "jobs"
        self.folder.mkdir(exist_ok=True)
        self.lifecycle = self.restarted()

    def restarted(self) -> Lifecycle:
        billing = Billing(per_cpu_hour=3600, per_gigabyte_hour=0, per_job=0.5)
        chosen = profile(limits=self.limits, billing=billing)
        return Lifecycle(chosen, self.store, self.engine, self.folder, self.clock)

    def add(self, job_id: str) -> Job:
        new = NewJob(job_id, "alice", "batch", {"process_graph": {}})
        return self.store.add(new, self.clock())

    def start(self, job_id: str) -> None:
        self.lifecycle.start(self.job(job_id))

    def job(self, job_id: str) -> Job:
        found = self.store.find(job_id)
        assert found is not None
        return found

    def messages(self, job_id: str) -> list[str]:
        return [entry.message for entry in self.store.logs(job_id)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, Limits(concurrent_jobs=1, queue_length=2))
    yield made
    made.store.close()


def test_a_started_job_runs_at_once_if_there_is_room(world: World) -> None:
    world.add("j1")
    world.start("j1")
    assert world.job("j1").status == "running"
    (task, _) = world.engine.tasks["j1.1"]
    assert task.deadline == world.limits.batch_deadline
    assert task.results.is_dir()


def test_a_second_job_waits_until_the_first_has_ended(world: World) -> None:
    for name in ("j1", "j2"):
        world.add(name)
        world.start(name)
    assert world.job("j2").status == "queued"
    world.engine.end("j1.1", Outcome("finished"))
    assert world.job("j1").status == "finished"
    assert world.job("j2").status == "running"


def test_usage_and_costs_are_stored_with_the_end(world: World) -> None:
    world.add("j1")
    world.start("j1")
    world.engine.end("j1.1", Outcome("finished", usage=Usage(cpu=2, memory=10, duration=3)))
    job = world.job("j1")
    assert job.costs == 2.5
    assert job.usage is not None
    assert job.usage["cpu"] == {"value": 2, "unit": "cpu-seconds"}
    assert world.store.spent("alice") == 2.5


def test_a_failure_becomes_the_jobs_error(world: World) -> None:
    world.add("j1")
    world.start("j1")
    world.engine.end("j1.1", Outcome("error", Failure("NoDataAvailable", "No data.")))
    assert world.job("j1").status == "error"
    assert world.job("j1").failure == Failure("NoDataAvailable", "No data.")


def test_a_job_beyond_its_deadline_is_an_error_that_says_so(world: World) -> None:
    world.add("j1")
    world.start("j1")
    world.engine.end("j1.1", Outcome("timeout"))
    assert world.job("j1").failure == Failure(
        "RequestTimeout", "Computing took longer than the 3600 s allowed."
    )
    assert "Computing took longer than the 3600 s allowed." in world.messages("j1")


def test_canceling_kills_the_run_and_starts_the_next(world: World) -> None:
    for name in ("j1", "j2"):
        world.add(name)
        world.start(name)
    world.lifecycle.cancel(world.job("j1"))
    assert world.engine.killed == ["j1.1"]
    assert world.job("j1").status == "created"
    assert world.job("j2").status == "running"


@pytest.mark.parametrize("state", ["finished", "killed", "timeout", "lost"])
def test_however_a_run_ends_only_its_results_are_left(world: World, state: State) -> None:
    world.add("j1")
    world.start("j1")
    task, _ = world.engine.tasks["j1.1"]
    task.scratch.mkdir(parents=True)
    (task.scratch / "copy").write_bytes(b"from elsewhere")
    (task.results / "saved").write_bytes(b"saved")
    world.engine.end("j1.1", Outcome(state))
    assert not task.scratch.exists()
    assert (task.results / "saved").exists()


def test_a_canceled_run_is_charged_for_what_it_took(world: World) -> None:
    world.add("j1")
    world.start("j1")
    world.lifecycle.cancel(world.job("j1"))
    world.engine.end("j1.1", Outcome("killed", usage=Usage(cpu=1)))
    assert world.job("j1").status == "created"
    assert world.store.spent("alice") == 1.5


def test_canceling_a_waiting_job_takes_it_out_of_the_queue(world: World) -> None:
    for name in ("j1", "j2"):
        world.add(name)
        world.start(name)
    world.lifecycle.cancel(world.job("j2"))
    world.engine.end("j1.1", Outcome("finished"))
    assert world.job("j2").status == "created"
    assert world.engine.killed == []


def test_a_restarted_job_has_a_folder_of_its_own(world: World) -> None:
    world.add("j1")
    world.start("j1")
    first = world.engine.tasks["j1.1"][0]
    world.lifecycle.cancel(world.job("j1"))
    world.start("j1")
    second = world.engine.tasks["j1.2"][0]
    assert first.folder != second.folder
    world.engine.end("j1.1", Outcome("killed"))
    assert world.job("j1").status == "running"


def test_a_full_queue_is_told_with_when_to_come_back(world: World) -> None:
    for name in ("j1", "j2", "j3", "j4"):
        world.add(name)
    for name in ("j1", "j2", "j3"):
        world.start(name)
    with pytest.raises(OpenEOError) as caught:
        world.start("j4")
    assert caught.value.code == "InfrastructureBusy"
    assert caught.value.headers == {"Retry-After": "60"}
    assert world.job("j4").status == "created"


def test_deleting_removes_the_files_and_kills_the_run(world: World) -> None:
    world.add("j1")
    world.start("j1")
    world.lifecycle.delete(world.job("j1"))
    assert world.engine.killed == ["j1.1"]
    assert world.store.find("j1") is None
    world.engine.end("j1.1", Outcome("killed"))
    assert list(world.folder.iterdir()) == []


def test_a_run_finds_its_task_until_it_is_gone_though_its_job_is_deleted(world: World) -> None:
    world.add("j1")
    world.start("j1")
    (task, _) = world.engine.tasks["j1.1"]
    world.lifecycle.delete(world.job("j1"))
    # Its process may have been about to begin when it was told to end.
    assert Task.read(task.folder) == task
    world.engine.end("j1.1", Outcome("killed"))
    assert list(world.folder.iterdir()) == []


def test_a_run_finds_its_task_until_it_is_gone_though_its_job_runs_anew(world: World) -> None:
    world.add("j1")
    world.start("j1")
    (task, _) = world.engine.tasks["j1.1"]
    world.lifecycle.cancel(world.job("j1"))
    world.start("j1")
    assert Task.read(task.folder) == task
    world.engine.end("j1.1", Outcome("killed"))
    assert not task.folder.exists()
    assert world.engine.tasks["j1.2"][0].results.is_dir()
    world.lifecycle.delete(world.job("j1"))
    world.engine.end("j1.2", Outcome("killed"))
    assert list(world.folder.iterdir()) == []


def test_a_deleted_job_whose_computation_is_lost_leaves_no_files(world: World) -> None:
    world.add("j1")
    world.start("j1")
    world.lifecycle.delete(world.job("j1"))
    world.engine.end("j1.1", Outcome("lost"))
    assert list(world.folder.iterdir()) == []


def test_a_run_lost_with_the_compute_process_is_queued_again(world: World) -> None:
    world.add("j1")
    world.start("j1")
    world.engine.end("j1.1", Outcome("lost"))
    assert world.job("j1").status == "running"
    assert "j1.2" in world.engine.tasks
    assert "The computing process went away. It is queued again." in world.messages("j1")


def test_a_run_lost_twice_is_an_error_with_the_reason(world: World) -> None:
    world.add("j1")
    world.start("j1")
    world.engine.end("j1.1", Outcome("lost"))
    world.engine.end("j1.2", Outcome("lost"))
    job = world.job("j1")
    assert job.status == "error"
    assert job.failure is not None
    assert job.failure.message == (
        "The computing process went away. The job was interrupted too often; start it anew."
    )


def test_a_restart_of_the_backend_loses_no_job(world: World) -> None:
    for name in ("j1", "j2"):
        world.add(name)
        world.start(name)
    world.engine.tasks.clear()
    world.restarted().recover()
    assert {name: world.job(name).status for name in ("j1", "j2")} == {
        "j1": "running",
        "j2": "queued",
    }
    assert world.job("j1").attempt == 2
    assert (
        "The backend was restarted while the job was running. It is queued again."
        in world.messages("j1")
    )


def test_a_restart_clears_what_nobody_owns(world: World) -> None:
    (world.folder / "stranger").mkdir()
    world.restarted().recover()
    assert list(world.folder.iterdir()) == []


def test_starting_anew_removes_the_files_of_the_earlier_run(world: World) -> None:
    world.add("j1")
    world.start("j1")
    task, _ = world.engine.tasks["j1.1"]
    (task.results / "a.txt").write_text("old", encoding="utf-8")
    world.store.add_asset("j1", 1, Asset("a.txt", "text/plain", ("data",), 3))
    world.engine.end("j1.1", Outcome("finished"))
    world.start("j1")
    assert not task.folder.exists()
    assert world.store.assets("j1", 1) == []


def test_a_user_with_enough_running_lets_others_pass(tmp_path: Path) -> None:
    world = World(tmp_path, Limits(concurrent_jobs=3, concurrent_jobs_per_user=1))
    for job_id, user in (("a1", "alice"), ("a2", "alice"), ("b1", "bob")):
        world.store.add(NewJob(job_id, user, "batch", {"process_graph": {}}), world.clock())
        world.start(job_id)
    assert sorted(world.engine.tasks) == ["a1.1", "b1.1"]
    world.engine.end("a1.1", Outcome("finished"))
    assert sorted(world.engine.tasks) == ["a2.1", "b1.1"]
    world.store.close()


def test_results_go_after_ninety_days_and_jobs_after_a_year(tmp_path: Path) -> None:
    world = World(tmp_path, Limits())
    world.add("old")
    world.start("old")
    (world.folder / "old" / "1" / "results" / "a.tif").write_bytes(b"x")
    world.store.add_asset("old", 1, Asset("a.tif", "image/tiff", ("data",), 1))
    world.engine.end("old.1", Outcome("finished"))
    world.clock.forward(days=89)
    world.lifecycle.tidy()
    assert (world.folder / "old").exists()
    world.clock.forward(days=2)
    world.lifecycle.tidy()
    assert not (world.folder / "old").exists()
    assert world.store.assets("old", 1) == []
    assert world.job("old").status == "finished"
    world.clock.forward(days=273)
    world.lifecycle.tidy()
    assert world.store.find("old") is not None
    world.clock.forward(days=2)
    world.lifecycle.tidy()
    assert world.store.find("old") is None
    world.store.close()
