"""One forked child: runs one task, says how it ended, and is gone."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backends.jobs.engine import Task, write_outcome
from backends.jobs.execution import Executor, execute
from backends.jobs.reporting import Reporter
from backends.jobs.store import Store

LOG: Final = logging.getLogger(__name__)

ExecutorFactory = Callable[[Path], Executor]
"""Makes the executor of the profile at that path, importing what it needs."""


def run_child(folder: Path, store_path: Path, executor: Executor, lifeline: int) -> None:
    """Run the task that lies in ``folder`` and leave its outcome there.

    Where the task was taken away before it began, nothing is run.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, args=(lifeline,), daemon=True).start()
    try:
        task = Task.read(folder)
    except FileNotFoundError:
        LOG.warning("The task in %s was taken away before it began", folder)
        return
    store = Store(store_path)
    try:
        reporter = Reporter(store, task, lambda: datetime.now(UTC))
        write_outcome(folder, execute(task, reporter, executor))
    finally:
        store.close()


def _die_with_parent(lifeline: int) -> None:
    # Only the compute process holds the other end of this pipe, so reading from
    # it returns when that process is gone, however it went.
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)
