"""An executor that follows a script instead of a process graph.

The process is ``{"script": [[step, *arguments], ...]}``; each step is a function
below. It lets the tests of jobs do without the processing stack.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.execution import Executor
from backends.jobs.records import Asset
from backends.jobs.reporting import Reporter


def script(*steps: list[Any]) -> dict[str, Any]:
    """A process that does these steps."""
    return {"script": list(steps)}


def executor(_profile: Path) -> Executor:
    """Made like the real one, from a profile."""
    return follow


def follow(task: Task, reporter: Reporter) -> None:
    """Do each step of the task's script."""
    for name, *arguments in task.process["script"]:
        STEPS[name](task, reporter, *arguments)


def _write(task: Task, reporter: Reporter, name: str, text: str, metadata: Any = None) -> None:
    path = task.results / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    media_type = "text/plain" if name.endswith(".txt") else "image/tiff; application=geotiff"
    size = path.stat().st_size
    reporter.asset(Asset(name, media_type, ("data",), size, metadata or {}))


def _touch(_task: Task, _reporter: Reporter, path: str) -> None:
    Path(path).write_text(str(os.getpid()), encoding="utf-8")


def _frozen(_task: Task, _reporter: Reporter, path: str) -> None:
    Path(path).write_text(str(gc.get_freeze_count()), encoding="utf-8")


def _wait_for(_task: Task, _reporter: Reporter, path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.01)


def _sleep(_task: Task, _reporter: Reporter, seconds: float) -> None:
    time.sleep(seconds)


def _spawn(_task: Task, _reporter: Reporter, pid_file: str) -> None:
    process = subprocess.Popen(["sleep", "60"])
    Path(pid_file).write_text(str(process.pid), encoding="utf-8")


def _burn(_task: Task, _reporter: Reporter, seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def _fail(_task: Task, _reporter: Reporter, code: str, message: str) -> None:
    raise OpenEOError(code, message)


def _crash(_task: Task, _reporter: Reporter) -> None:
    raise ZeroDivisionError("a secret detail")


def _out_of_memory(_task: Task, _reporter: Reporter) -> None:
    raise MemoryError


def _die(_task: Task, _reporter: Reporter) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _print(_task: Task, _reporter: Reporter, text: str) -> None:
    os.write(1, f"{text}\n".encode())


def _log(_task: Task, reporter: Reporter, level: str, message: str) -> None:
    reporter.log(level, message)


def _progress(_task: Task, reporter: Reporter, percent: float) -> None:
    reporter.progress(percent)


STEPS: dict[str, Callable[..., None]] = {
    "write": _write,
    "touch": _touch,
    "frozen": _frozen,
    "wait_for": _wait_for,
    "sleep": _sleep,
    "spawn": _spawn,
    "burn": _burn,
    "fail": _fail,
    "crash": _crash,
    "out_of_memory": _out_of_memory,
    "die": _die,
    "print": _print,
    "log": _log,
    "progress": _progress,
}
