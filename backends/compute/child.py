"""One forked child: runs one task, says how it ended, and is gone."""

import logging
import os
import secrets
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backends.errors import OpenEOError
from backends.jobs.engine import Task, write_outcome
from backends.jobs.records import Failure
from backends.jobs.reporting import Reporter
from backends.jobs.store import Store

LOG: Final = logging.getLogger(__name__)

Executor = Callable[[Task, Reporter], None]
"""Runs a task: writes files to ``task.results`` and reports each; raises ``OpenEOError``."""

ExecutorFactory = Callable[[Path], Executor]
"""Makes the executor of the profile at that path, importing what it needs."""


def run_child(folder: Path, store_path: Path, executor: Executor, lifeline: int) -> None:
    """Run the task that lies in ``folder`` and leave its outcome there."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, args=(lifeline,), daemon=True).start()
    task = Task.read(folder)
    store = Store(store_path)
    try:
        reporter = Reporter(store, task, lambda: datetime.now(UTC))
        write_outcome(folder, _execute(task, reporter, executor))
    finally:
        store.close()


def _execute(task: Task, reporter: Reporter, executor: Executor) -> Failure | None:
    try:
        executor(task, reporter)
    except OpenEOError as error:
        failure = Failure(error.code, error.message, _new_id())
    except MemoryError:
        failure = Failure(
            "ProcessGraphComplexity",
            "The computation needs more memory than there is. Ask for a smaller extent, fewer "
            "bands, fewer dates or a coarser resolution.",
            _new_id(),
        )
    except Exception:
        error_id = _new_id()
        LOG.exception("Task %s failed unexpectedly (error %s)", task.id, error_id)
        message = f"The computation failed unexpectedly. The provider finds it as error {error_id}."
        failure = Failure("Internal", message, error_id)
    else:
        return None
    reporter.log("error", failure.message, failure.code)
    return failure


def _new_id() -> str:
    return f"e-{secrets.token_hex(8)}"


def _die_with_parent(lifeline: int) -> None:
    # Only the compute process holds the other end of this pipe, so reading from
    # it returns when that process is gone, however it went.
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)
