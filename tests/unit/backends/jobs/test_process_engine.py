"""What the real engine promises: processes that run, are measured and can be killed."""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backends.jobs.engine import Outcome, Task
from backends.jobs.process_engine import ProcessEngine
from backends.jobs.records import NewJob
from backends.jobs.store import Store
from tests.fakes.executors import script

ROOT = Path(__file__).resolve().parents[4]
PATIENCE = 20.0


class Runner:
    """An engine whose outcomes are waited for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "jobs.sqlite")
        command = [
            *(sys.executable, "-m", "backends.compute", "--profile", "unused.yaml"),
            *("--store", str(folder / "jobs.sqlite")),
            *("--executor", "tests.fakes.executors:executor"),
        ]
        self.engine = ProcessEngine(command, {"PYTHONPATH": str(ROOT)})
        self.outcomes: queue.Queue[tuple[str, Outcome]] = queue.Queue()

    def start(self, task_id: str, *steps: list[Any], deadline: float = 60) -> Task:
        new = NewJob(task_id, "alice", "batch", script(*steps))
        self.store.add(new, datetime.now(UTC))
        self.store.begin(task_id, datetime.now(UTC))
        task = Task(
            id=task_id,
            job_id=task_id,
            attempt=1,
            kind="batch",
            folder=self.folder / task_id,
            process=script(*steps),
            deadline=deadline,
        )
        task.write()
        self.engine.run(task, lambda outcome: self.outcomes.put((task_id, outcome)))
        return task

    def wait(self) -> tuple[str, Outcome]:
        return self.outcomes.get(timeout=PATIENCE)

    def close(self) -> None:
        self.engine.close()
        self.store.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    opened = Runner(tmp_path_factory.mktemp("shared"))
    yield opened
    opened.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Runner]:
    opened = Runner(tmp_path)
    yield opened
    opened.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    # A zombie is dead, it was only not asked for its exit status yet.
    return state.rpartition(")")[2].split()[0] != "Z"


def pid_in(path: Path) -> int:
    until(lambda: path.exists() and path.read_text(encoding="utf-8"))
    return int(path.read_text(encoding="utf-8"))


def test_a_task_writes_its_files_and_reports_them(shared: Runner) -> None:
    task = shared.start("writes", ["write", "a.txt", "hello"], ["log", "warning", "careful"])
    assert shared.wait()[1].state == "finished"
    assert (task.results / "a.txt").read_text(encoding="utf-8") == "hello"
    assert [asset.name for asset in shared.store.assets("writes", 1)] == ["a.txt"]
    assert [entry.message for entry in shared.store.logs("writes")] == ["careful"]


def test_progress_is_stored_while_the_task_runs(shared: Runner, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    shared.start("progress", ["progress", 40], ["wait_for", str(go_on)])

    def is_at_40() -> bool:
        job = shared.store.find("progress")
        return job is not None and job.progress == 40

    until(is_at_40)
    go_on.touch()
    assert shared.wait()[1].state == "finished"


def test_cpu_time_memory_and_duration_are_measured(shared: Runner) -> None:
    shared.start("burns", ["burn", 0.4], ["sleep", 0.3])
    usage = shared.wait()[1].usage
    assert 0.4 <= usage.cpu < 1.5
    assert usage.duration >= 0.7
    assert usage.memory >= 5 * 0.5


def test_no_task_collects_the_garbage_of_what_was_imported_before_it(
    shared: Runner, tmp_path: Path
) -> None:
    shared.start("frozen", ["frozen", str(tmp_path / "count")])
    assert shared.wait()[1].state == "finished"
    assert int((tmp_path / "count").read_text(encoding="utf-8")) > 10_000


def test_a_short_task_is_measured_too(shared: Runner) -> None:
    shared.start("short", ["log", "info", "x"])
    usage = shared.wait()[1].usage
    assert usage.cpu > 0
    assert usage.memory > 0


def test_a_users_mistake_arrives_with_its_code(shared: Runner) -> None:
    shared.start("mistake", ["fail", "NoDataAvailable", "There is nothing."])
    _, outcome = shared.wait()
    assert outcome.state == "error"
    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.message) == (
        "NoDataAvailable",
        "There is nothing.",
    )
    (entry,) = shared.store.logs("mistake")
    assert (entry.level, entry.code, entry.message) == (
        "error",
        "NoDataAvailable",
        "There is nothing.",
    )


def test_an_unexpected_exception_is_internal_and_shows_no_detail(shared: Runner) -> None:
    shared.start("crash", ["crash"])
    failure = shared.wait()[1].failure
    assert failure is not None
    assert failure.code == "Internal"
    assert failure.id in failure.message
    (entry,) = shared.store.logs("crash")
    assert "secret" not in entry.message
    assert "Traceback" not in entry.message


def test_too_little_memory_is_told_as_such(shared: Runner) -> None:
    shared.start("memory", ["out_of_memory"])
    failure = shared.wait()[1].failure
    assert failure is not None
    assert failure.code == "ProcessGraphComplexity"


def test_a_child_that_is_killed_by_the_system_is_an_error(shared: Runner) -> None:
    shared.start("dies", ["die"])
    _, outcome = shared.wait()
    assert outcome.state == "error"
    assert outcome.failure is not None
    assert "memory" in outcome.failure.message


def test_what_a_library_prints_does_not_disturb(shared: Runner) -> None:
    shared.start("prints", ["print", "not json"], ["write", "a.txt", "hello"])
    assert shared.wait()[1].state == "finished"


def test_several_tasks_run_at_once(shared: Runner, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    shared.start("at once 1", ["touch", str(first)], ["wait_for", str(second)])
    shared.start("at once 2", ["touch", str(second)], ["wait_for", str(first)])
    assert {shared.wait()[0], shared.wait()[0]} == {"at once 1", "at once 2"}


def test_the_deadline_ends_a_task(shared: Runner) -> None:
    shared.start("late", ["sleep", 60], deadline=0.5)
    assert shared.wait()[1].state == "timeout"


def test_killing_ends_the_process_and_what_it_started(shared: Runner, tmp_path: Path) -> None:
    own_pid, other_pid = tmp_path / "own", tmp_path / "other"
    shared.start("killed", ["touch", str(own_pid)], ["spawn", str(other_pid)], ["sleep", 60])
    pids = pid_in(own_pid), pid_in(other_pid)
    assert all(alive(pid) for pid in pids)
    shared.engine.kill("killed")
    assert shared.wait()[1].state == "killed"
    until(lambda: not any(alive(pid) for pid in pids))


def test_what_a_finished_task_left_running_is_ended(shared: Runner, tmp_path: Path) -> None:
    other_pid = tmp_path / "other"
    shared.start("leaves", ["spawn", str(other_pid)])
    assert shared.wait()[1].state == "finished"
    until(lambda: not alive(pid_in(other_pid)))


def test_a_task_that_was_taken_away_before_it_began_is_told_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runner = Runner(tmp_path)
    outcomes: queue.Queue[Outcome] = queue.Queue()
    task = Task("gone", "gone", 1, "batch", tmp_path / "gone", {}, 60)
    runner.engine.run(task, outcomes.put)
    assert outcomes.get(timeout=PATIENCE).state == "error"
    runner.close()
    assert capfd.readouterr().err.splitlines() == [
        f"The task in {tmp_path / 'gone'} was taken away before it began"
    ]


def test_killing_an_unknown_task_is_ignored(shared: Runner) -> None:
    shared.engine.kill("unknown")
    shared.start("after unknown", ["log", "info", "x"])
    assert shared.wait()[1].state == "finished"


def test_a_killed_compute_process_loses_its_tasks_and_is_started_anew(
    own: Runner, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    own.start("lost", ["touch", str(pid_file)], ["sleep", 60])
    child = pid_in(pid_file)
    before = own.engine.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert own.wait() == ("lost", Outcome("lost"))
    until(lambda: not alive(child))
    own.start("after", ["write", "a.txt", "hello"])
    assert own.wait()[1].state == "finished"
    assert own.engine.pid != before


def test_closing_ends_the_compute_process_and_its_children(own: Runner, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    own.start("closed", ["touch", str(pid_file)], ["sleep", 60])
    child, compute = pid_in(pid_file), own.engine.pid
    assert compute is not None
    own.engine.close()
    until(lambda: not alive(child) and not alive(compute))
    assert own.outcomes.empty()


def test_closing_right_after_the_start_does_not_wait_for_it(tmp_path: Path) -> None:
    engine = ProcessEngine([sys.executable, "-c", "import time; time.sleep(60)"])
    until(lambda: engine.pid)
    compute = engine.pid
    assert compute is not None
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < 3
    assert not alive(compute)


def test_a_compute_process_that_never_comes_up_loses_its_tasks(tmp_path: Path) -> None:
    engine = ProcessEngine([sys.executable, "-c", "raise SystemExit(1)"])
    task = Task("t1", "t1", 1, "batch", tmp_path / "t1", {}, 60)
    task.write()
    outcomes: queue.Queue[Outcome] = queue.Queue()
    engine.run(task, outcomes.put)
    assert outcomes.get(timeout=PATIENCE).state == "lost"
    engine.close()
