"""Federated jobs beside the rest of the federation: terms, estimates, metrics, a lost database."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from aggregator.errors import DatabaseUnavailable
from tests.web.federated.site import WHOLE, Trio
from tests.web.site import assert_error, conforms


def test_nothing_more_goes_to_backends_once_the_user_withdraws_from_the_terms(
    tmp_path: Path,
) -> None:
    trio = Trio(tmp_path, terms={"version": "1", "text": "Be kind."})
    user = trio.site.login()
    consent = "/federation/terms/consent"
    agreed = trio.site.request("PUT", consent, json={"version": "1"}, headers=user)
    assert agreed.status_code in (200, 204)
    job = trio.running(user)
    trio.step(2)
    assert trio.site.request("DELETE", consent, headers=user).status_code in (200, 204)
    trio.drive(job)
    assert trio.made()["terra"] == []
    found = trio.store.get(job)
    assert found is not None
    assert found.state.problem is not None
    assert found.state.problem.code == "ConsentRequired"
    assert "ticket" not in found.state.problem.message


def test_metrics_count_federated_jobs_by_status(trio: Trio) -> None:
    user = trio.site.login()
    trio.drive(trio.running(user))
    trio.create(user)
    said = trio.site.client.get("/metrics").text
    assert 'openeo_federation_federated_jobs{status="finished"} 1.0' in said
    assert 'openeo_federation_federated_jobs{status="created"} 1.0' in said
    assert "alice" not in said


def test_without_the_database_ordinary_jobs_are_listed_and_the_rest_is_missing(
    trio: Trio, tmp_path: Path
) -> None:
    user = trio.site.login()
    one = {"process_graph": {"n": {**WHOLE["process_graph"]["optical"], "result": True}}}
    assert trio.site.post("/jobs", {"process": one}, headers=user).status_code == 201
    job = trio.running(user)
    trio.drive(job)
    (tmp_path / "federation.sqlite").unlink()
    listed = conforms("/jobs", trio.site.get("/jobs", headers=user))
    assert listed["federation:missing"] == ["federation"]
    assert "terra-t1" in [entry["id"] for entry in listed["jobs"]]
    assert_error(trio.site.get(f"/jobs/{job}", headers=user), 503, "DatabaseUnavailable")
    answer = trio.site.post("/jobs", {"process": WHOLE}, headers=user)
    assert_error(answer, 503, "DatabaseUnavailable")
    assert trio.site.client.get("/metrics").status_code == 200


def test_a_database_that_comes_back_is_gone_on_with(trio: Trio, tmp_path: Path) -> None:
    user = trio.site.login()
    job = trio.running(user)
    trio.step(3)
    file = tmp_path / "federation.sqlite"
    with trio.site.federation.database.write():
        pass
    trio.site.federation.database.dispose()
    away = tmp_path / "away"
    away.mkdir()
    for each in tmp_path.glob("federation.sqlite*"):
        shutil.move(each, away / each.name)
    trio.site.federation.database.dispose()
    for _ in range(3):
        with suppress(DatabaseUnavailable):  # as the driver's thread does
            trio.step()
    for each in away.iterdir():
        shutil.move(each, file.parent / each.name)
    state = trio.drive(job)
    assert state is not None
    assert state.status == "finished"
    assert trio.starts() == {"aurora": [1], "borea": [1], "terra": [1]}


def test_a_job_whose_backend_has_left_the_federation_is_not_started_and_can_be_deleted(
    trio: Trio, tmp_path: Path
) -> None:
    job = trio.create(trio.site.login())
    batches = {name: batch for name, batch in trio.batches.items() if name != "borea"}
    trio = Trio(tmp_path, batches=batches, clock=trio.clock)
    user = trio.site.login()
    error = assert_error(trio.start(job, user), 400, "NoBackendForProcess")
    assert "backend borea, which takes no new work: it is no member any more" in error["message"]
    assert trio.site.request("DELETE", f"/jobs/{job}", headers=user).status_code == 204
    assert trio.drive(job) is None
