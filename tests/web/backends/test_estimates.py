"""What a job is expected to cost, and whether its user can pay for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends.billing import Billing
from tests.web.backends.site import Site, changed, error


def test_an_estimate_tells_costs_duration_and_size(site: Site) -> None:
    response = site.ask(
        "GET", f"/jobs/{site.create()}/estimate", template="/jobs/{job_id}/estimate"
    )
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["costs"] > 0
    assert response.json["duration"].startswith("PT")
    # 0.01 degrees at 51 degrees north are 70 x 111 pixels of 10 m; two dates, one band.
    assert 2 * 70 * 111 * 4 <= response.json["size"] <= 2 * 71 * 112 * 4


def test_an_estimate_tells_the_time_that_the_latest_jobs_took(site: Site) -> None:
    def duration() -> Any:
        response: Any = site.ask("GET", f"/jobs/{created}/estimate")
        return response.json["duration"]

    created = site.create()
    for seconds in (6.5, 7.5, 70.0):
        assert duration() == "PT2S"
        job_id = site.create(user="bob")
        with site.store.database.writing() as connection:
            connection.execute(
                "UPDATE jobs SET status = 'finished', usage = ? WHERE id = ?",
                (json.dumps({"duration": {"value": seconds, "unit": "seconds"}}), job_id),
            )
    assert duration() == "PT8S"
    with site.store.database.writing() as connection:
        connection.execute("UPDATE jobs SET status = 'error' WHERE status = 'finished'")
    assert duration() == "PT2S"


def test_an_estimate_needs_extents(site: Site) -> None:
    place = {"west": 7.0, "south": 51.0, "east": 7.01, "north": 51.01}
    parameters = [{"name": "place", "description": "", "schema": {}, "default": place}]
    process = changed(spatial_extent={"from_parameter": "place"}) | {"parameters": parameters}
    job_id = site.create(process=process)
    response = site.ask("GET", f"/jobs/{job_id}/estimate", template="/jobs/{job_id}/estimate")
    assert error(response) == (500, "EstimateComplexity")


def test_a_budget_below_the_expected_costs_is_refused(site: Site) -> None:
    job_id = site.create(budget=0.000001)
    response = site.ask("POST", f"/jobs/{job_id}/results")
    assert error(response) == (402, "PaymentRequired")
    assert site.job(job_id)["status"] == "created"


def test_who_has_spent_all_can_start_nothing_more(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", billing=Billing(per_job=1.0, budget=1.5))
    site.finished()
    response = site.ask("POST", f"/jobs/{site.create()}/results")
    assert error(response) == (402, "PaymentRequired")
    me = site.ask("GET", "/me").json
    assert me is not None
    assert me["budget"] == pytest.approx(0.5)
    site.close()
