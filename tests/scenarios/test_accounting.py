"""What users compute is in the books, whoever is away meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from openeo.rest.connection import Connection

from scripts.federation.main import main
from tests.scenarios.conftest import Federation
from tests.scenarios.test_client import scenes

PATIENCE = 60.0


def ledger(federation: Federation, *arguments: str) -> Any:
    """What the command prints, as JSON."""
    options = ["--json", "--config", str(federation.layout.file)]
    shown = CliRunner().invoke(main, ["ledger", arguments[0], *options, *arguments[1:]])
    assert shown.exit_code == 0, shown.output
    return json.loads(shown.output)


def charges(federation: Federation, user: str) -> dict[str, float]:
    """What the user was charged for, by the id that the backend gave."""
    listed = ledger(federation, "statement", f"user/{user}")
    return {one["job"]: -one["change"] for one in listed if one["event"] == "charge"}


def until(condition: Callable[[], object], why: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, why
        time.sleep(0.1)


@pytest.fixture
def bob(federation: Federation) -> Connection:
    return federation.connect("bob")


def test_a_batch_job_costs_its_user_what_its_description_says(
    federation: Federation, bob: Connection
) -> None:
    job = scenes(bob, ["B04"]).max_time().save_result("GTiff").create_job(title="Red")
    job.start_and_wait(print=lambda _: None, max_poll_interval=0.5)
    own_id = job.job_id.partition("-")[2]
    until(lambda: own_id in charges(federation, "bob"), "the job is not charged")
    assert charges(federation, "bob")[own_id] == job.describe()["costs"] >= 2
    assert ledger(federation, "verify") == {"mistakes": []}


def test_usage_is_reported_once_the_accounting_is_back(
    federation: Federation, bob: Connection
) -> None:
    job = scenes(bob, ["B08"]).max_time().save_result("GTiff").create_job(title="Infrared")
    own_id = job.job_id.partition("-")[2]
    job.start()
    federation.kill("aggregator")
    until(
        lambda: any("Usage cannot be reported" in line for line in federation.lines),
        "the backend did not try",
    )
    federation.start("aggregator")
    until(lambda: own_id in charges(federation, "bob"), "the job is not charged")
    assert ledger(federation, "verify") == {"mistakes": []}
    assert own_id not in {one["job"] for one in ledger(federation, "holds")}
