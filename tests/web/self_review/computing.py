"""What stands for the compute process: arithmetic is computed, pieces of collections are not."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from backends.compute.run import executor
from backends.jobs.engine import Task
from backends.jobs.execution import Executor
from backends.jobs.reporting import Reporter
from tests.web.backends.site import write

LONG = 3.0
"""Seconds that a computation over a year takes."""
LOCATED: dict[str, Any] = {
    "bbox": [11.0, 46.0, 11.01, 46.01],
    "datetime": "2024-06-03T10:30:00Z",
    "proj:code": "EPSG:32632",
    "proj:shape": [10, 10],
    "bands": [{"name": "B04"}],
}


def computing(profile: Path, closing: threading.Event) -> Executor:
    """Runs tasks: those that load a collection save a small file, the others are computed.

    A load of more than a year takes its time, but when the backend is closing.
    """
    execute = executor(profile)

    def run(task: Task, reporter: Reporter) -> None:
        loads = _calls(task.process, "load_collection")
        if not loads:
            execute(task, reporter)
            return
        reporter.log("info", "Loading.")
        if _is_long(loads[0]):
            closing.wait(LONG)
        reporter.log("info", "Saving.")
        write(task, reporter, "openEO.tif", b"0123456789" * 100, **LOCATED)

    return run


def _is_long(arguments: dict[str, Any]) -> bool:
    start, end = arguments["temporal_extent"]
    return str(start)[:4] != str(end)[:4]


def _calls(found: Any, process_id: str) -> list[dict[str, Any]]:
    """The arguments of every call of a process, however deep."""
    if isinstance(found, list):
        return [one for value in found for one in _calls(value, process_id)]
    if not isinstance(found, dict):
        return []
    inner = [one for value in found.values() for one in _calls(value, process_id)]
    return [found["arguments"], *inner] if found.get("process_id") == process_id else inner
