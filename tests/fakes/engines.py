"""An engine within the process: each task runs in a thread.

A thread cannot be killed, so a killed task is only no longer heard; its usage
is not measured beyond the time that it took.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from backends.jobs.engine import OnEnd, Outcome, Task
from backends.jobs.execution import Executor, execute
from backends.jobs.records import Usage
from backends.jobs.reporting import Reporter
from backends.jobs.store import Store


def _now() -> datetime:
    return datetime.now(UTC)


class ThreadEngine:
    """Runs ``executor`` in threads that report to ``store``."""

    def __init__(
        self, executor: Executor, store: Store, clock: Callable[[], datetime] = _now
    ) -> None:
        self._executor = executor
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._heard: dict[str, tuple[OnEnd, threading.Timer]] = {}
        self._threads: list[threading.Thread] = []

    def run(self, task: Task, on_end: OnEnd) -> None:
        """Start a thread for the task."""
        timer = threading.Timer(task.deadline, self._end, (task.id, Outcome("timeout")))
        timer.daemon = True
        thread = threading.Thread(target=self._work, args=(task,), daemon=True)
        with self._lock:
            self._heard[task.id] = (on_end, timer)
            self._threads.append(thread)
        timer.start()
        thread.start()

    def kill(self, task_id: str) -> None:
        """Stop listening to the task."""
        self._end(task_id, Outcome("killed"))

    def close(self, patience: float = 5.0) -> None:
        """Stop listening to all tasks, and wait ``patience`` seconds for each thread."""
        with self._lock:
            for _, timer in self._heard.values():
                timer.cancel()
            self._heard.clear()
        for thread in self._threads:
            thread.join(patience)

    def _work(self, task: Task) -> None:
        started = time.monotonic()
        reporter = Reporter(self._store, task, self._clock)
        failure = execute(task, reporter, self._executor)
        usage = Usage(duration=time.monotonic() - started)
        self._end(task.id, Outcome("error" if failure else "finished", failure, usage))

    def _end(self, task_id: str, outcome: Outcome) -> None:
        with self._lock:
            heard = self._heard.pop(task_id, None)
        if heard is not None:
            on_end, timer = heard
            timer.cancel()
            on_end(outcome)
