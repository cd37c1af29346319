"""Everything that is computed at a backend is reported, whatever becomes of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from backends.accounting.sender import Sender
from backends.billing import Billing, Plan
from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from backends.web.backend import KEY, Backend
from tests.fakes.accounting import Office, office
from tests.web.backends.site import GRAPH, PATIENCE, Site, error
from tests.web.backends.test_served import Served, children, command, large_job, ndvi, until
from tests.web.backends.test_services import create as publish
from tests.web.backends.test_services import draw, service, tile

BILLING = Billing(per_job=2.0, plans=(Plan("standard", "x"), Plan("double", "x", factor=2.0)))


class Member(Site):
    """A backend that reports to an office, when it is told to."""

    def __init__(self, folder: Path, desk: Office, **changes: Any) -> None:
        values = {"service_types": ("XYZ",), "billing": BILLING, **changes}
        super().__init__(folder, accounting=desk.accounting, **values)

    @property
    def sender(self) -> Sender:
        found = cast(Backend, self.app.extensions[KEY]).sender
        assert found is not None
        return found


@pytest.fixture
def desk() -> Iterator[Office]:
    with office() as made:
        yield made


@pytest.fixture
def member(tmp_path: Path, desk: Office) -> Iterator[Member]:
    made = Member(tmp_path / "member", desk)
    yield made
    made.sender.stop()
    made.close()


def reported(member: Member, desk: Office) -> dict[str, Any]:
    """The only report."""
    member.sender.send_due()
    (report,) = desk.reports
    return report


def test_a_batch_job_is_reported_and_costs_what_the_accounting_says(
    member: Member, desk: Office
) -> None:
    job_id = member.finished(title="NDVI", job_options={"etl_organization_id": 7})
    assert member.job(job_id)["costs"] == 2.0
    report = reported(member, desk)
    assert report["metrics"].keys() == {"cpu", "memory", "time", "processing"}
    assert report["metrics"]["processing"] == {"value": 2.0, "unit": "credits"}
    assert report["jobStart"] == report["jobFinish"] == 1767268800000
    del report["metrics"], report["jobStart"], report["jobFinish"]
    assert report == {
        "jobId": job_id,
        "jobName": "NDVI",
        "executionId": f"{job_id}.1",
        "idempotencyKey": f"{job_id}.1",
        "userId": "alice",
        "sourceId": "terra",
        "orchestrator": "openeo",
        "activity": "batch",
        "state": "FINISHED",
        "status": "SUCCEEDED",
        "orgId": 7,
    }
    assert member.job(job_id)["costs"] == 9.0


def test_a_job_that_is_run_again_is_reported_again(member: Member, desk: Office) -> None:
    job_id = member.finished()
    member.start(job_id)
    member.wait(job_id, "finished")
    member.sender.send_due()
    assert [one["idempotencyKey"] for one in desk.reports] == [f"{job_id}.1", f"{job_id}.2"]


def fail(_task: Task, _reporter: Reporter) -> None:
    raise OpenEOError("ProcessGraphComplexity", "Too much.")


def test_a_job_that_fails_is_reported(member: Member, desk: Office) -> None:
    member.behaviour = fail
    job_id = member.create()
    member.start(job_id)
    member.wait(job_id, "error")
    report = reported(member, desk)
    assert (report["state"], report["status"]) == ("FAILED", "FAILED")


@pytest.mark.parametrize("method", ["results", "job"])
def test_a_job_that_is_canceled_or_deleted_is_reported(
    member: Member, desk: Office, method: str
) -> None:
    going, running = threading.Event(), threading.Event()

    def wait(_task: Task, _reporter: Reporter) -> None:
        running.set()
        assert going.wait(PATIENCE)

    member.behaviour = wait
    job_id = member.create()
    member.start(job_id)
    assert running.wait(PATIENCE)
    path = f"/jobs/{job_id}/results" if method == "results" else f"/jobs/{job_id}"
    assert member.ask("DELETE", path).status_code == 204
    going.set()
    until_true(lambda: member.sender.send_due() is not None and bool(desk.reports))
    (report,) = desk.reports
    assert (report["idempotencyKey"], report["state"]) == (f"{job_id}.1", "KILLED")


def test_what_was_canceled_when_the_backend_ended_is_reported_by_the_next(
    member: Member, desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member.engine, "kill", lambda _task_id: None)  # it has no time for that
    going, running = threading.Event(), threading.Event()

    def wait(_task: Task, _reporter: Reporter) -> None:
        running.set()
        assert going.wait(PATIENCE)

    member.behaviour = wait
    job_id = member.create()
    member.start(job_id)
    assert running.wait(PATIENCE)
    member.clock.forward(seconds=90)
    assert member.ask("DELETE", f"/jobs/{job_id}/results").status_code == 204
    again = Member(member.folder, desk)
    report = reported(again, desk)
    assert (report["idempotencyKey"], report["state"]) == (f"{job_id}.1", "KILLED")
    assert report["metrics"]["time"] == {"value": 90_000.0, "unit": "milliseconds"}
    going.set()
    again.sender.stop()
    again.close()


def until_true(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_job_that_never_ran_is_not_reported(member: Member, desk: Office) -> None:
    job_id = member.create()
    assert member.ask("DELETE", f"/jobs/{job_id}").status_code == 204
    member.sender.send_due()
    assert desk.reports == []


def test_a_synchronous_request_is_reported_under_its_id(member: Member, desk: Office) -> None:
    answer = member.ask("POST", "/result", json={"process": GRAPH})
    assert answer.status_code == 200
    report = reported(member, desk)
    assert report["jobId"] == report["idempotencyKey"] == answer.headers["OpenEO-Identifier"]
    assert (report["activity"], report["jobStart"]) == ("synchronous", None)
    assert "processing" not in report["metrics"]


def test_a_synchronous_request_that_fails_is_reported(member: Member, desk: Office) -> None:
    member.behaviour = fail
    assert error(member.ask("POST", "/result", json={"process": GRAPH}))[0] == 400
    assert reported(member, desk)["state"] == "FAILED"


def test_each_tile_of_a_service_is_reported(member: Member, desk: Office) -> None:
    member.behaviour = draw
    service_id = publish(member, title="Map")
    for place in ("3/4/2", "3/4/3", "3/4/2"):
        assert tile(member, service_id, place).status_code == 200
    member.sender.send_due()
    assert len({one["idempotencyKey"] for one in desk.reports}) == len(desk.reports) == 2
    assert {one["jobId"] for one in desk.reports} == {service_id}
    assert {one["activity"] for one in desk.reports} == {"service"}
    assert service(member, service_id)["costs"] == 18.0


def test_in_a_plan_with_a_factor_so_many_times_the_amounts_are_reported(
    member: Member, desk: Office
) -> None:
    member.finished(plan="double")
    assert reported(member, desk)["metrics"]["processing"]["value"] == 4.0


def test_no_request_waits_for_the_accounting_or_fails_with_it(tmp_path: Path) -> None:
    with office() as gone:
        nowhere = gone
    member = Member(tmp_path / "member", nowhere)
    job_id = member.finished()
    assert member.ask("POST", "/result", json={"process": GRAPH}).status_code == 200
    member.sender.send_due()
    assert member.job(job_id)["costs"] == 2.0
    member.sender.stop()
    member.close()


def test_a_backend_without_accounting_reports_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    site.finished()
    with site.store.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM usage_reports").fetchone()[0] == 0
    assert cast(Backend, site.app.extensions[KEY]).sender is None
    site.close()


# In processes of their own, which are killed


@pytest.fixture
def served(tmp_path: Path, desk: Office) -> Iterator[Served]:
    place = desk.accounting
    section = {
        "url": place.url,
        "source": place.source,
        "issuer": place.issuer,
        "client_id": place.client_id,
        "client_secret": place.client_secret,
    }
    made = Served(tmp_path, accounting=section, limits={"batch_samples": 4_000_000_000})
    yield made
    made.close()


def kill(served: Served) -> None:
    """kill -9 of everything that the backend runs."""
    family = [served.process.pid]
    for pid in family:
        family += children(pid)
    for pid in family:
        with suppress(ProcessLookupError):  # it ended with its parent
            os.kill(pid, signal.SIGKILL)
    served.process.wait(PATIENCE)
    until_true(lambda: not any(command(pid) for pid in family))


def test_a_report_outlives_a_kill_between_the_end_of_a_job_and_its_report(
    served: Served, desk: Office
) -> None:
    desk.answer = lambda _: (503, {"code": "Busy", "message": "Later."})
    job = ndvi(served.connect()).save_result("GTiff").create_job()
    job.start()
    until(lambda: job.status() == "finished")
    refused = desk.wait_for(1)
    kill(served)
    before = len(desk.reports)
    desk.answer = lambda _: None
    served.start()
    (taken,) = {report["idempotencyKey"] for report in desk.wait_for(before + 1)}
    assert taken == f"{job.job_id}.1"
    assert desk.reports[-1] == refused[0]
    until(lambda: served.connect().job(job.job_id).describe()["costs"] == 9.0)


def test_a_canceled_job_is_reported_though_the_backend_is_killed_at_once(
    served: Served, desk: Office
) -> None:
    api, job = f"{served.url}/openeo/1.3", large_job(served.connect())
    job.start()
    until(lambda: children(served.compute_pid()))
    login = requests.get(f"{api}/credentials/basic", auth=("alice", "alice"), timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    address = f"{api}/jobs/{job.job_id}/results"
    assert requests.delete(address, headers=headers, timeout=PATIENCE).status_code == 204
    kill(served)
    served.start()
    desk.wait_for(1)
    assert {(one["idempotencyKey"], one["state"]) for one in desk.reports} == {
        (f"{job.job_id}.1", "KILLED")
    }
