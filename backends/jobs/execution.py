"""Running one task to its end, whatever it raises."""

import logging
import secrets
from collections.abc import Callable
from typing import Final

from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.records import Failure
from backends.jobs.reporting import Reporter

LOG: Final = logging.getLogger(__name__)
_UNEXPECTED: Final = "Task %s failed unexpectedly (error %s)"

Executor = Callable[[Task, Reporter], None]
"""Runs a task: writes files to ``task.results`` and reports each; raises ``OpenEOError``."""


def execute(task: Task, reporter: Reporter, executor: Executor) -> Failure | None:
    """Run the task; gives why it failed, which the job's log then says too.

    What is unexpected reaches the user without its traceback, under an id that
    stands beside the traceback in the backend's own log.
    """
    try:
        executor(task, reporter)
    except OpenEOError as error:
        error_id = _new_id()
        failure = Failure(error.code, error.message, error_id)
        if error.code == "Internal":
            LOG.exception(_UNEXPECTED, task.id, error_id)
            failure = _internal(error.message, error_id)
    except MemoryError:
        failure = Failure(
            "ProcessGraphComplexity",
            "The computation needs more memory than there is. Ask for a smaller extent, fewer "
            "bands, fewer dates or a coarser resolution.",
            _new_id(),
        )
    except Exception:  # a mistake of ours: the user gets its id, the log the cause
        error_id = _new_id()
        LOG.exception(_UNEXPECTED, task.id, error_id)
        failure = _internal("The computation failed unexpectedly.", error_id)
    else:
        return None
    reporter.log("error", failure.message, failure.code)
    return failure


def _internal(message: str, error_id: str) -> Failure:
    return Failure("Internal", f"{message} The provider finds it as error {error_id}.", error_id)


def _new_id() -> str:
    return f"e-{secrets.token_hex(8)}"
