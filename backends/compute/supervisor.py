"""The compute process itself: forks, watches, measures and ends its children.

It has one thread only, since it forks. Commands and events are JSON lines:

- in: ``{"do": "run", "id", "folder", "deadline"}`` and ``{"do": "kill", "id"}``;
- out: ``{"event": "ready"}``, ``{"event": "started", "id", "pid"}`` and
  ``{"event": "ended", "id", "state", "signal", "usage"}``.

When its standard input ends it kills all children and leaves.
"""

import gc
import json
import logging
import os
import resource
import selectors
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from backends.compute.child import run_child
from backends.jobs.execution import Executor

LOG: Final = logging.getLogger(__name__)
SAMPLE_SECONDS: Final = 0.2
MEGABYTE: Final = 1024 * 1024


@dataclass
class _Child:
    id: str
    pid: int
    deadline: float
    started: float = field(default_factory=time.monotonic)
    sampled: float = field(default_factory=time.monotonic)
    memory: float = 0.0
    state: str = "finished"

    def sample(self, now: float) -> None:
        """Add the memory in use since the last look, in megabyte-seconds."""
        self.memory += _resident_megabytes(self.pid) * (now - self.sampled)
        self.sampled = now


class Supervisor:
    """Runs tasks in forked children until the commands end."""

    def __init__(self, executor: Executor, store: Path, *, commands: int, events: int) -> None:
        self._executor = executor
        self._store = store
        self._commands = commands
        self._events = events
        self._children: dict[str, _Child] = {}
        self._unread = b""
        self._lifeline_read, self._lifeline_write = os.pipe()
        self._wake_read, self._wake_write = os.pipe()

    def loop(self) -> int:
        """Serve until standard input ends; the exit status."""
        self._catch_signals()
        _leave_to_children()
        selector = selectors.DefaultSelector()
        selector.register(self._commands, selectors.EVENT_READ)
        selector.register(self._wake_read, selectors.EVENT_READ)
        self._say({"event": "ready"})
        open_input = True
        while open_input:
            ready = {key.fd for key, _ in selector.select(self._pause())}
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            if self._commands in ready:
                open_input = self._read_commands()
            self._watch()
            self._reap()
        self._end_all()
        return 0

    def _catch_signals(self) -> None:
        # A dead child wakes the loop at once; the HTTP side decides when to stop.
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _pause(self) -> float | None:
        return SAMPLE_SECONDS if self._children else None

    def _read_commands(self) -> bool:
        received = os.read(self._commands, 65536)
        *lines, self._unread = (self._unread + received).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))
        return bool(received)

    def _obey(self, command: dict[str, Any]) -> None:
        if command["do"] == "run":
            self._fork(command)
        elif (child := self._children.get(command["id"])) and child.state == "finished":
            child.state = "killed"
            _kill_group(child.pid)

    def _fork(self, command: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            self._be_child(Path(command["folder"]))
        # Both sides set the group, so that it exists before anybody kills it.
        _own_group(pid)
        self._children[command["id"]] = _Child(command["id"], pid, command["deadline"])
        self._say({"event": "started", "id": command["id"], "pid": pid})

    def _be_child(self, folder: Path) -> None:
        status = 1
        try:
            _own_group(0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (self._events, self._lifeline_write, self._wake_write):
                os.close(descriptor)
            os.dup2(os.open(os.devnull, os.O_RDONLY), self._commands)
            run_child(folder, self._store, self._executor, self._lifeline_read)
            status = 0
        except Exception:  # the status says it to the parent
            LOG.exception("The task in %s could not be run", folder)
        finally:
            sys.stderr.flush()
            # Not sys.exit: the parent's buffers and exit handlers are not ours.
            os._exit(status)

    def _watch(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            child.sample(now)
            if child.state == "finished" and now - child.started > child.deadline:
                child.state = "timeout"
                _kill_group(child.pid)

    def _reap(self) -> None:
        for child in list(self._children.values()):
            if os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                # What the child started goes with it. Its id stays taken until
                # it is waited for, so no stranger can be hit.
                _kill_group(child.pid)
                _, status, used = os.wait4(child.pid, 0)
                del self._children[child.id]
                self._say(_ended(child, status, used))

    def _end_all(self) -> None:
        for child in self._children.values():
            _kill_group(child.pid)
        for child in self._children.values():
            os.waitpid(child.pid, 0)

    def _say(self, event: dict[str, Any]) -> None:
        try:
            os.write(self._events, json.dumps(event).encode() + b"\n")
        except BrokenPipeError:
            LOG.warning("The HTTP side is gone")


def _ended(child: _Child, status: int, used: resource.struct_rusage) -> dict[str, Any]:
    duration = time.monotonic() - child.started
    # A child that was quicker than the first look is charged its peak.
    memory = child.memory or used.ru_maxrss * 1024 / MEGABYTE * duration
    return {
        "event": "ended",
        "id": child.id,
        "state": child.state,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "usage": {
            "cpu": used.ru_utime + used.ru_stime,
            "memory": memory,
            "duration": duration,
        },
    }


def _leave_to_children() -> None:
    """Keeps what was imported out of each child's garbage collection.

    It would look through all of it, and thereby copy the memory that is shared with this process:
    more work than most tasks are.
    """
    gc.collect()
    gc.freeze()


def _own_group(pid: int) -> None:
    try:
        os.setpgid(pid, 0 if pid == 0 else pid)
    except (ProcessLookupError, PermissionError):
        LOG.debug("Process %d is gone already", pid)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        LOG.debug("Process group %d is gone already", pid)


def _resident_megabytes(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * resource.getpagesize() / MEGABYTE
