"""What is told of a task that fails: to its user what to do, to the provider what happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.execution import execute
from backends.jobs.records import Failure, NewJob
from backends.jobs.reporting import Reporter
from backends.jobs.store import Store


def fails(folder: Path, raises: Callable[[Any, Any], None]) -> Failure:
    store = Store(folder / "jobs.sqlite")
    store.add(NewJob("j1", "alice", "batch", {}), datetime.now(UTC))
    task = Task("j1.1", "j1", 1, "batch", folder / "j1", {}, 60)
    failure = execute(task, Reporter(store, task, lambda: datetime.now(UTC)), raises)
    (entry,) = store.logs("j1")
    store.close()
    assert failure is not None
    assert (entry.level, entry.code, entry.message) == ("error", failure.code, failure.message)
    return failure


def test_the_provider_finds_what_a_process_did_not_expect_by_the_id_that_its_user_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def surprised(_task: Task, _reporter: Reporter) -> None:
        try:
            raise RuntimeError("secret path /srv/data")
        except RuntimeError as cause:
            message = "An unexpected RuntimeError happened (process 'mask' at node 'm')."
            raise OpenEOError("Internal", message) from cause

    failure = fails(tmp_path, surprised)
    assert failure.id is not None
    assert failure.message == (
        "An unexpected RuntimeError happened (process 'mask' at node 'm'). "
        f"The provider finds it as error {failure.id}."
    )
    assert f"(error {failure.id})" in caplog.text
    assert "secret path /srv/data" in caplog.text


def test_the_mistake_of_a_user_fills_no_log_of_the_provider(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def mistaken(_task: Task, _reporter: Reporter) -> None:
        raise OpenEOError("NoDataAvailable", "There is nothing in this extent.")

    assert fails(tmp_path, mistaken).message == "There is nothing in this extent."
    assert caplog.text == ""
