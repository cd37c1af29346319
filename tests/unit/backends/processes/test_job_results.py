"""Results of a batch job that is still computing are waited for; half of them is no result."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from backends.patience import Patience
from tests.fakes.exchange import Producer, loaded, reported
from tests.fakes.execution import cube_of

CUBE = cube_of(np.arange(12).reshape(3, 4), t=(), bands=())


@dataclass
class Slow:
    """A job that has saved one result and saves another one when it is told to."""

    producer: Producer
    go_on: threading.Event = field(default_factory=threading.Event)
    wrong: bool = False

    def __call__(self, task: Task, reporter: Reporter) -> None:
        reported(CUBE, "netCDF", None, task, reporter)
        assert self.go_on.wait(10)
        if self.wrong:
            raise OpenEOError("NoDataAvailable", "There is no data.")

    def started(self) -> tuple[str, str]:
        """Its id, and the link to what there is of its results."""
        site = self.producer.site
        site.behaviour = self
        job_id = site.create()
        site.start(job_id)
        while not self.producer.results(job_id, "?partial=true")["assets"]:
            pass
        return job_id, self.producer.link(job_id, "?partial=true")


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    made = Slow(Producer(tmp_path / "data"))
    yield made
    made.go_on.set()
    made.producer.close()


def test_a_running_job_is_waited_for(slow: Slow) -> None:
    job_id, link = slow.started()
    said: list[str] = []

    def sleep(_seconds: float) -> None:
        slow.go_on.set()
        slow.producer.site.wait(job_id, "finished")

    patience = Patience(60, said.append, sleep)
    found = loaded(slow.producer, link, patience=patience)
    np.testing.assert_array_equal(found.values, CUBE.values)
    assert said == [
        f"The batch job '{job_id}' whose results are loaded is running: its results are waited for."
    ]


def test_the_wait_has_an_end(slow: Slow) -> None:
    job_id, link = slow.started()
    now = iter(range(0, 1000, 20))
    patience = Patience(60, sleep=lambda _: None, clock=lambda: float(next(now)))
    with pytest.raises(OpenEOError) as caught:
        loaded(slow.producer, link, patience=patience)
    assert caught.value.code == "JobNotFinished"
    assert f"The batch job '{job_id}' whose results are loaded is still running" in str(
        caught.value
    )


def test_who_cannot_wait_is_told_at_once(slow: Slow) -> None:
    _, link = slow.started()
    with pytest.raises(OpenEOError, match="Load them when it has finished") as caught:
        loaded(slow.producer, link)
    assert caught.value.code == "JobNotFinished"


def test_what_a_failed_job_has_left_is_not_taken_for_its_result(slow: Slow) -> None:
    slow.wrong = True
    job_id, link = slow.started()
    slow.go_on.set()
    slow.producer.site.wait(job_id, "error")
    with pytest.raises(OpenEOError, match="failed: its results are incomplete"):
        loaded(slow.producer, link)


def test_what_a_canceled_job_has_left_is_not_taken_for_its_result(slow: Slow) -> None:
    job_id, link = slow.started()
    slow.producer.site.ask("DELETE", f"/jobs/{job_id}/results")
    with pytest.raises(OpenEOError, match="was canceled: its results are incomplete"):
        loaded(slow.producer, link)
