"""Servers as child programs: started, listened to, waited for, and surely ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from scripts.federation import watchdog
from scripts.federation.interruption import Interruptions
from scripts.federation.servers import Program

GRACE_SECONDS = 10.0
POLL_SECONDS = 0.1
LINES_KEPT = 20

Sink = Callable[[str, str], None]
"""Receives each line that a child prints: the child's name, the line."""


class Child:
    """A running program, leader of a group of its own so that its own children end with it."""

    def __init__(self, server: Program, sink: Sink, environment: Mapping[str, str]) -> None:
        self.server = server
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._sink = sink
        self._popen = subprocess.Popen(
            server.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )
        self._reader = threading.Thread(target=self._read, args=(self._popen.stdout,), daemon=True)
        self._reader.start()

    @property
    def group(self) -> int:
        return self._popen.pid

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self._popen.poll()

    def _read(self, output: IO[bytes]) -> None:
        with output:  # for as long as whatever it started may print, which can outlive it
            for line in output:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                self.last_lines.append(text)
                self._sink(self.server.name, text)

    def ask_to_stop(self) -> None:
        """Tells it to end, which may take it a while."""
        if self.status is None:
            self._popen.terminate()

    def kill(self) -> None:
        """Ends it and all that it started, at once; returns when its output has been read."""
        with suppress(ProcessLookupError, PermissionError):  # nobody is left in the group
            os.killpg(self.group, signal.SIGKILL)
        self._popen.wait(GRACE_SECONDS)
        self._reader.join(GRACE_SECONDS)

    def obituary(self) -> str:
        """How it ended and what it said last."""
        self._reader.join(1.0)
        return f"{self.server.name} ended {describe_status(self.status)}.{self.last_words()}"

    def last_words(self) -> str:
        """Its last lines, ready to be put behind a sentence; nothing if it said nothing."""
        if not self.last_lines:
            return ""
        return "\n".join(
            ["", f"{self.server.name} said last:", *(f"    {x}" for x in self.last_lines)]
        )


def describe_status(status: int | None) -> str:
    """How a program ended, to follow "ended"."""
    if status is not None and status < 0:
        return f"by signal {signal.Signals(-status).name}"
    return f"with exit status {status}"


class Children:
    """Children that live together: a context whose end, by whatever cause, ends them all."""

    def __init__(
        self,
        sink: Sink,
        *,
        environment: Mapping[str, str] | None = None,
        interruptions: Interruptions | None = None,
    ) -> None:
        self._sink = sink
        self._environment = environment or {}
        self._interruptions = interruptions or Interruptions()
        self._running: dict[str, Child] = {}
        self._watchdog: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(watchdog.__file__))],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self._dismiss_watchdog()

    def start(self, server: Program) -> Child:
        """Starts a program, which ends with this context at the latest."""
        with self._interruptions.held():  # a child that nobody knows of would outlive us
            child = Child(server, self._sink, self._environment)
            self._running[server.name] = child
            self._tell(f"+{child.group}")
        return child

    def stop(self, names: Iterable[str] | None = None, *, grace: float = GRACE_SECONDS) -> None:
        """Stops them together; whoever lives after `grace` seconds, or at a second Ctrl-C, is
        killed."""
        chosen = [self._running[name] for name in (names or tuple(self._running))]
        try:
            for child in chosen:
                child.ask_to_stop()
            wait_until(lambda: all(c.status is not None for c in chosen), seconds=grace)
        finally:
            self.kill(child.server.name for child in chosen)

    def kill(self, names: Iterable[str]) -> None:
        """Ends them and all that they started, at once."""
        for child in [self._running.pop(name) for name in tuple(names)]:
            child.kill()
            self._tell(f"-{child.group}")

    def last_words(self, names: Iterable[str]) -> str:
        """What those of them said last."""
        return "".join(self._running[name].last_words() for name in names if name in self._running)

    def ended(self) -> Child | None:
        """The first child that ended by itself, if any did."""
        return next((c for c in self._running.values() if c.status is not None), None)

    def wait(self) -> Child:
        """Returns when a child has ended by itself."""
        while (child := self.ended()) is None:
            time.sleep(POLL_SECONDS)
        return child

    def _tell(self, message: str) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.write(message + "\n")
            self._watchdog.stdin.flush()

    def _dismiss_watchdog(self) -> None:
        if self._watchdog is not None:
            self._watchdog.communicate(timeout=watchdog.GRACE_SECONDS + GRACE_SECONDS)
            self._watchdog = None


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether the condition came true within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def python(*arguments: str) -> tuple[str, ...]:
    """The command line that runs `openeo-federation` with these arguments."""
    return (sys.executable, "-P", "-m", "scripts.federation", *arguments)
