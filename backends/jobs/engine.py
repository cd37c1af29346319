"""What computes: handed a task, it reports one outcome, whatever happens.

``Engine`` is the interface; ``process_engine`` is the real one, in which each
task has a process of its own.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from backends.jobs.records import Failure, Job, Kind, Level, Usage

State = Literal["finished", "error", "killed", "timeout", "lost"]

TASK_FILE: Final = "task.json"
OUTCOME_FILE: Final = "outcome.json"
RESULTS: Final = "results"
SLACK: Final = 15.0
"""Seconds beyond the deadline after which even a silent engine is no longer waited for."""


@dataclass(frozen=True)
class Task:
    """One computation: a run of a batch job, a synchronous request, or a tile of a service.

    ``folder`` is the run's own; its files go into ``folder/results``.
    ``deadline`` is in seconds from the start.
    """

    id: str
    job_id: str
    attempt: int
    kind: Kind
    folder: Path
    process: Mapping[str, Any]
    deadline: float
    log_level: Level = "info"
    files: Path | None = None
    """The folder with the files of the user; nobody else's can be reached."""
    tile: Mapping[str, Any] | None = None
    """What is to be drawn, where the task is a tile of the service ``job_id``."""

    @property
    def results(self) -> Path:
        """Where the run puts its files."""
        return self.folder / RESULTS

    @property
    def scratch(self) -> Path:
        """Where the run may put what is of no use after it."""
        return self.folder / "scratch"

    def write(self) -> None:
        """Lay the task down in its folder for the compute process."""
        self.results.mkdir(parents=True, exist_ok=True)
        files = None if self.files is None else str(self.files)
        document = {**vars(self), "folder": str(self.folder), "files": files}
        (self.folder / TASK_FILE).write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Task":
        """The task that lies in ``folder``."""
        document = json.loads((folder / TASK_FILE).read_text(encoding="utf-8"))
        files = Path(document["files"]) if document["files"] else None
        return cls(**{**document, "folder": Path(document["folder"]), "files": files})


@dataclass(frozen=True)
class Prepared:
    """What is run for a job: its process with nothing left to look up, and the user's files."""

    process: Mapping[str, Any]
    files: Path | None = None


Prepare = Callable[[Job], Prepared]
"""Prepares a job just before it runs; raises ``OpenEOError`` where that is not possible."""


def as_it_is(job: Job) -> Prepared:
    """The job's own process, and no files."""
    return Prepared(job.process)


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    "killed" follows ``Engine.kill``, "timeout" the deadline; "lost" means that
    the compute process itself went away, which is not the task's fault.
    """

    state: State
    failure: Failure | None = None
    usage: Usage = field(default_factory=Usage)


OnEnd = Callable[[Outcome], None]


class Engine(Protocol):
    """Runs tasks, several at once, and reports each end exactly once."""

    def run(self, task: Task, on_end: OnEnd) -> None:
        """Start the task and return; ``on_end`` is called later from another thread."""

    def kill(self, task_id: str) -> None:
        """End the task with everything it started; unknown tasks are ignored."""

    def close(self) -> None:
        """Stop everything. Tasks under way are not reported any more."""


def awaited(engine: Engine, task: Task) -> Outcome:
    """Run the task and wait for its end: "timeout" where not even the engine tells it in time."""
    outcomes: list[Outcome] = []
    ended = threading.Event()

    def on_end(outcome: Outcome) -> None:
        outcomes.append(outcome)
        ended.set()

    task.write()
    engine.run(task, on_end)
    if ended.wait(task.deadline + SLACK):
        return outcomes[0]
    engine.kill(task.id)
    return Outcome("timeout")


def failure_in(folder: Path) -> Failure | Literal["missing"] | None:
    """How the task itself said it ended: None is well, "missing" is without a word."""
    try:
        document = json.loads((folder / OUTCOME_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "missing"
    return Failure(**document["failure"]) if document["failure"] else None


def write_outcome(folder: Path, failure: Failure | None) -> None:
    """Say how the task ended; the file is there whole or not at all."""
    document = {"failure": failure.as_json() if failure else None}
    unfinished = folder / f"{OUTCOME_FILE}.part"
    unfinished.write_text(json.dumps(document), encoding="utf-8")
    unfinished.replace(folder / OUTCOME_FILE)
