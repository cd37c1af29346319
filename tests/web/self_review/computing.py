"""What stands for the compute process: in the test's own threads, quick, and to be spoiled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from backends.compute.run import executor
from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.execution import Executor
from backends.jobs.records import Asset
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
Arguments = dict[str, Any]
Refuses = Callable[[str, Arguments], bool]
"""Whether a call of a process is refused."""
Spoils = Callable[[str, bytes], bytes]
"""What becomes of a file, by its name."""
Alters = Callable[[str, Arguments], dict[str, Any] | None]
"""The node that is computed in place of a call; None if it stays as it is."""


def nothing(_process: str, _arguments: Arguments) -> bool:
    return False


def unaltered(_process: str, _arguments: Arguments) -> None:
    return None


def as_it_is(_name: str, content: bytes) -> bytes:
    return content


class Computing:
    """Runs tasks: loads of more than a year take their time and save little, as a test wants it.

    Shorter ones save a small file that is no raster; if `real`, they are computed once each, and
    then given again, unless the test has some calls refused or altered, or files spoiled.
    """

    def __init__(self, profile: Path, *, real: bool) -> None:
        self._execute = executor(profile)
        self._real = real
        self._made: dict[bytes, tuple[list[Asset], dict[str, bytes]]] = {}
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self.refuses: Refuses = nothing
        self.spoils: Spoils = as_it_is
        self.alters: Alters = unaltered

    def executor(self) -> Executor:
        return self._run

    def _run(self, task: Task, reporter: Reporter) -> None:
        calls = list(_calls(task.process))
        for process, arguments in calls:
            if self.refuses(process, arguments):
                message = f"The process {process} does not do this here."
                raise OpenEOError("ProcessParameterInvalid", message)
        task = replace(task, process=_altered(task.process, self.alters))
        loads = [arguments for process, arguments in calls if process == "load_collection"]
        if not loads or (self._real and not _is_long(loads[0])):
            self._compute(task, reporter)
            return
        reporter.log("info", "Loading.")
        if _is_long(loads[0]):
            self.closing.wait(LONG)
        reporter.log("info", "Saving.")
        write(task, reporter, "openEO.tif", b"0123456789" * 100, **LOCATED)

    def _compute(self, task: Task, reporter: Reporter) -> None:
        key = orjson.dumps(task.process, option=orjson.OPT_SORT_KEYS)
        with self._lock:
            known = self._made.get(key)
        if known is None:
            known = self._computed(task, reporter)
            with self._lock:
                self._made[key] = known
        assets, files = known
        for name, content in files.items():
            path = task.results / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.spoils(name, content))
        reporter.log("info", "Computed.")
        for asset in assets:
            reporter.asset(asset)

    def _computed(self, task: Task, reporter: Reporter) -> tuple[list[Asset], dict[str, bytes]]:
        recorder = _Recorder(reporter)
        self._execute(task, recorder)  # type: ignore[arg-type]
        files = {
            str(path.relative_to(task.results)): path.read_bytes()
            for path in task.results.rglob("*")
            if path.is_file()
        }
        return recorder.assets, files


class _Recorder:
    """A reporter that keeps assets for later."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.assets: list[Asset] = []

    def asset(self, asset: Asset) -> None:
        self.assets.append(asset)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reporter, name)


def _altered(found: Any, alters: Alters) -> Any:
    """A process with other nodes in place of some, however deep."""
    if isinstance(found, list):
        return [_altered(one, alters) for one in found]
    if not isinstance(found, dict):
        return found
    changed = {key: _altered(one, alters) for key, one in found.items()}
    if "process_id" not in found:
        return changed
    return {**changed, **(alters(found["process_id"], changed.get("arguments", {})) or {})}


def _is_long(arguments: Arguments) -> bool:
    start, end = arguments["temporal_extent"]
    return str(start)[:4] != str(end)[:4]


def _calls(found: Any) -> list[tuple[str, Arguments]]:
    """Every call in a process, however deep."""
    if isinstance(found, list):
        return [one for value in found for one in _calls(value)]
    if not isinstance(found, dict):
        return []
    inner = [one for value in found.values() for one in _calls(value)]
    if "process_id" in found:
        return [(str(found["process_id"]), dict(found.get("arguments", {}))), *inner]
    return inner
