"""How a running computation tells the store what it does."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from backends.jobs.engine import Task
from backends.jobs.records import LEVELS, Asset, Level
from backends.jobs.store import Store
from backends.stored.services import Services

PROGRESS_SECONDS: Final = 0.2


class Reporter:
    """Writes one run's logs, progress and files to the ``store``, where the rest of it is known."""

    def __init__(self, store: Store, task: Task, clock: Callable[[], datetime]) -> None:
        self.store = store
        self._services = Services(store.database)
        self._task = task
        self._clock = clock
        self._last_progress = float("-inf")

    def log(self, level: str, message: str, code: str | None = None, data: Any = None) -> None:
        """Add a log entry, unless it is below the level that the job stores."""
        known: Level = level if level in LEVELS else "info"
        if LEVELS.index(known) >= LEVELS.index(self._task.log_level):
            log = self._services.log if self._task.kind == "tile" else self.store.log
            log(self._task.job_id, known, message, self._clock(), code=code, data=data)

    def progress(self, percent: float) -> None:
        """Note how far the run is (0 to 100); what comes too fast is left out."""
        now = time.monotonic()
        if now - self._last_progress >= PROGRESS_SECONDS:
            self._last_progress = now
            self.store.progress(self._task.job_id, self._task.attempt, percent, self._clock())

    def asset(self, asset: Asset) -> None:
        """Note a file that is complete."""
        self.store.add_asset(self._task.job_id, self._task.attempt, asset)
