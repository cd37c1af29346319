"""What stands for the compute process: results of the right form at once."""

from __future__ import annotations

from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter


def compute(task: Task, reporter: Reporter) -> None:
    """Nothing yet."""
    raise NotImplementedError(task.id, reporter)
