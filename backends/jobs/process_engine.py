"""The real engine: a compute process that forks a child per task.

The compute process imports the processing stack once; a fork of it is ready in
milliseconds, has its own process group, and can be killed for good. If the
compute process itself dies, its children are ended, their tasks are reported
as lost, and it is started anew.
"""

import json
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, Final, cast

from backends.jobs.engine import OnEnd, Outcome, State, Task, failure_in
from backends.jobs.records import Failure, Usage

LOG: Final = logging.getLogger(__name__)
STOP_SECONDS: Final = 5.0
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 30.0


@dataclass
class _Running:
    task: Task
    on_end: OnEnd
    sent: bool = False
    pid: int | None = None


class ProcessEngine:
    """Keeps one compute process alive and talks with it over pipes.

    ``command`` starts the compute process. Commands and events are JSON lines
    on its standard input and output.
    """

    def __init__(self, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
        self._command = list(command)
        self._environment = {**os.environ, **(environment or {})}
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._thread = threading.Thread(target=self._keep_alive, name="compute", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The compute process, for as long as there is one."""
        process = self._process
        return process.pid if process else None

    def run(self, task: Task, on_end: OnEnd) -> None:
        """Send the task, or keep it until the compute process is back."""
        with self._lock:
            running = self._running[task.id] = _Running(task, on_end)
            self._send_task(running)

    def kill(self, task_id: str) -> None:
        """Have the compute process kill the task's process group."""
        with self._lock:
            running = self._running.get(task_id)
            if running is None:
                return
            if running.sent:
                self._send({"do": "kill", "id": task_id})
                return
            del self._running[task_id]
        _report(running, Outcome("killed"))

    def close(self) -> None:
        """Stop the compute process, which ends its children."""
        self._closing.set()
        with self._lock:
            self._running.clear()
            process = self._process
            if process and process.stdin:
                _close_quietly(process.stdin)
        if process and not self._ready:
            # Still importing, it would not notice; and it has no children yet.
            process.kill()
        self._thread.join(STOP_SECONDS)
        if process and process.poll() is None:
            process.kill()
            self._thread.join(STOP_SECONDS)

    def _keep_alive(self) -> None:
        pause = FIRST_PAUSE
        while not self._closing.is_set():
            self._one_life()
            if self._closing.is_set():
                return
            pause = FIRST_PAUSE if self._ready else min(pause * 2, LONGEST_PAUSE)
            LOG.error("The compute process ended; it is started again in %.1f s", pause)
            self._closing.wait(pause)

    def _one_life(self) -> None:
        self._ready = False
        process = self._start()
        with cast(IO[bytes], process.stdout) as events:
            for line in events:
                self._handle(json.loads(line))
        self._after_death(process)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self._environment,
                start_new_session=True,
            )
            self._process = process
            if self._closing.is_set() and process.stdin:
                _close_quietly(process.stdin)
            for running in self._running.values():
                self._send_task(running)
        return process

    def _after_death(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._lock:
            if process.stdin:
                _close_quietly(process.stdin)
            self._process = None
            lost = [running for running in self._running.values() if running.sent]
            for running in lost:
                del self._running[running.task.id]
        for running in lost:
            if running.pid is not None:
                _kill_group(running.pid)
            _report(running, Outcome("lost"))

    def _send_task(self, running: _Running) -> None:
        task = running.task
        running.sent = self._send(
            {"do": "run", "id": task.id, "folder": str(task.folder), "deadline": task.deadline}
        )

    def _send(self, command: dict[str, Any]) -> bool:
        process = self._process
        if process is None or process.stdin is None or process.stdin.closed:
            return False
        try:
            process.stdin.write(json.dumps(command).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            # The other end is gone; the reader sees it too and starts it anew.
            # The task counts as sent, so that it is reported as lost.
            return True
        return True

    def _handle(self, event: dict[str, Any]) -> None:
        if event["event"] == "ready":
            self._ready = True
        elif event["event"] == "started":
            with self._lock:
                if running := self._running.get(event["id"]):
                    running.pid = event["pid"]
        elif event["event"] == "ended":
            with self._lock:
                ended = self._running.pop(event["id"], None)
            if ended is not None:
                _report(ended, _outcome(ended.task, event))


def _report(running: _Running, outcome: Outcome) -> None:
    # The engine's thread must outlive whatever happens to one task.
    try:
        running.on_end(outcome)
    except Exception:
        LOG.exception("The end of task %s could not be noted", running.task.id)


def _outcome(task: Task, event: dict[str, Any]) -> Outcome:
    usage = Usage(**event["usage"])
    state: State = event["state"]
    if state != "finished":
        return Outcome(state, usage=usage)
    failure = failure_in(task.folder)
    if failure == "missing":
        failure = Failure("Internal", _sudden_end(event.get("signal")))
    return Outcome("error" if failure else "finished", failure, usage)


def _sudden_end(number: int | None) -> str:
    if number == signal.SIGKILL:
        return "The computation was ended by the system, probably because it ran out of memory."
    return "The computation ended without a result."


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        LOG.debug("Process group %d is gone already", pid)


def _close_quietly(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        LOG.debug("The pipe to the compute process was broken already")
