"""A hundred small jobs of the client's job manager, while a member goes down and comes back."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openeo.extra.job_management import MultiBackendJobManager
from openeo.rest.connection import Connection
from openeo.rest.job import BatchJob

from tests.scenarios.conftest import Federation

COUNT = 100
AFTER = 40
"""So many jobs are there when the member goes down."""
AWAY = 3.0
PARALLEL = 12
# One collection of each member, with the bands and days of a small job.
SOURCES: tuple[dict[str, Any], ...] = (
    {"id": "SENTINEL2_L2A", "days": ("2024-07-01", "2024-07-06"), "bands": ["B04"]},
    {"id": "SENTINEL1_GRD", "days": ("2024-07-01", "2024-07-13"), "bands": ["VV"]},
    {"id": "BOREAL_TEMPERATURE_DAILY", "days": ("2024-07-01", "2024-07-03"), "bands": None},
)


def created(connection: Connection, number: int, title: str) -> BatchJob:
    """A mean over some days of a field of its own."""
    source, west = SOURCES[number % len(SOURCES)], 11 + number * 0.002
    field = {"west": west, "south": 46.38, "east": west + 0.002, "north": 46.382}
    cube = connection.load_collection(
        source["id"], spatial_extent=field, temporal_extent=source["days"], bands=source["bands"]
    )
    mean = cube.reduce_dimension(dimension="t", reducer="mean")
    return mean.create_job(title=title, out_format="GTiff")


@pytest.mark.timeout(300)
def test_each_of_a_hundred_jobs_finishes_once_though_a_member_goes_down(
    federation: Federation, tmp_path: Path
) -> None:
    connection = federation.connect("bob")
    comes_back = threading.Timer(AWAY, federation.start, ["boreal"])

    def start_job(row: Any, connection: Connection, **_: Any) -> BatchJob:
        if row["number"] == AFTER:
            federation.kill("boreal")
            comes_back.start()
        job = created(connection, row["number"], row["title"])
        job.start()
        return job

    # Asks for the status more often than a user with patience would.
    manager: Any = MultiBackendJobManager(poll_sleep=0.5, root_dir=tmp_path)  # type: ignore[arg-type]
    manager.add_backend("federation", connection, parallel_jobs=PARALLEL)
    wanted = pd.DataFrame({"number": range(COUNT), "title": [f"part {n}" for n in range(COUNT)]})
    try:
        manager.run_jobs(df=wanted, start_job=start_job, job_db=str(tmp_path / "jobs.csv"))
    finally:
        if comes_back.ident is not None:
            comes_back.join()
            federation.wait_for_status("boreal", "online")

    found = pd.read_csv(tmp_path / "jobs.csv")
    assert Counter(found["status"]) == {"finished": COUNT}
    assert Counter(str(job).partition("-")[0] for job in found["id"]) == {
        "terra": 34,
        "aurora": 33,
        "boreal": 33,
    }
    listed = connection.list_jobs(limit=1000)
    ours = [job for job in listed if str(job.get("title")).startswith("part ")]
    assert {(job["id"], job["title"], job["status"]) for job in ours} == {
        (row.id, row.title, "finished") for row in found.itertuples()
    }
    assert len(ours) == COUNT
    for job in found["id"]:
        assert list((tmp_path / f"job_{job}").glob("*.tif")), f"{job} has no result"
