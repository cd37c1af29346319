"""Whatever users call their jobs and ask for, the accounting takes the report of their usage."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.ledger.reports import UsageReport, read_resources
from backends.accounting.reports import Reports
from backends.billing import Billing
from backends.jobs.records import Job, NewJob, Usage
from backends.jobs.store import Store
from tests.fakes.clocks import Clock


def running(folder: Path, **asked: Any) -> Job:
    """A batch job that has just taken up its work."""
    store, clock = Store(folder / "jobs.sqlite"), Clock()
    store.add(NewJob("j", "alice", "batch", {"process_graph": {}}, **asked), clock())
    store.enqueue("j", clock(), queue_length=9)
    job = store.claim_next(clock(), concurrent=9)
    store.close()
    assert job is not None
    return job


def reported(job: Job, later: float = 60.0) -> UsageReport:
    """What the accounting reads of it, when it ends so many seconds later."""
    now = Clock()() + timedelta(seconds=later)
    report = Reports("terra", Billing()).of_job(
        job, Usage(cpu=1), "finished", now, costs=1.0, fee=False
    )
    assert len(json.dumps(report.document)) < 64 * 1024
    return read_resources(dict(report.document))


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("NDVI of Flanders", "NDVI of Flanders"),
        ("a\x00b\nc", "a b c"),
        ("x" * 70_000, "x" * 1000),
        ("", None),
        (None, None),
    ],
)
def test_any_title_is_reported_as_far_as_it_can_be(
    title: str | None, name: str | None, tmp_path: Path
) -> None:
    assert reported(running(tmp_path, title=title)).title == name


@pytest.mark.parametrize(("wanted", "organisation"), [(7, 7), (2**63, None), (-1, None)])
def test_an_organisation_that_cannot_be_is_left_out(
    wanted: int, organisation: int | None, tmp_path: Path
) -> None:
    extra = {"job_options": {"etl_organization_id": wanted}}
    assert reported(running(tmp_path, extra=extra)).organisation == organisation


def test_a_job_during_which_the_clock_was_set_back_ends_when_it_began(tmp_path: Path) -> None:
    found = reported(running(tmp_path), later=-3600)
    assert found.finished == found.started
