"""A member's server is killed while it works for a federated job, and started again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openeo.rest.connection import Connection
from openeo.rest.job import BatchJob

from tests.scenarios.conftest import Federation

AREA = {"west": 11.02, "south": 46.42, "east": 11.28, "north": 46.48}
WEEK = ["2024-02-01", "2024-02-08"]
CORNERS = [[11.03, 46.43], [11.07, 46.43], [11.07, 46.47], [11.03, 46.47], [11.03, 46.43]]
VALLEY = {"type": "Polygon", "coordinates": [CORNERS]}


def radar_and_warmth(connection: Connection) -> Any:
    """Radar is at aurora and terra, temperatures are at boreal alone."""

    def mean(collection: str, *bands: str) -> Any:
        cube = connection.load_collection(collection, AREA, WEEK, list(bands) or None)
        return cube.mean_time().aggregate_spatial(VALLEY, "mean")

    radar, warmth = mean("SENTINEL1_GRD", "VV"), mean("BOREAL_TEMPERATURE_DAILY")
    return radar.process("merge_cubes", cube1=radar, cube2=warmth).save_result("JSON")


def log(job: BatchJob) -> str:
    return "\n".join(entry.message for entry in job.logs())


def test_a_job_goes_on_after_a_member_was_killed_while_it_worked(
    federation: Federation, tmp_path: Path
) -> None:
    connection = federation.connect("bob")
    graph = radar_and_warmth(connection)
    graph.download(tmp_path / "expected.json")
    job = connection.create_job(graph, title="Killed")
    assert job.job_id.startswith("federation-")
    planned = job.describe_job()["federation:parts"]
    assert "boreal" in {part["backend"] for part in planned}
    job.start()
    with federation.without("boreal"):
        federation.until(lambda: "waits for its backend" in log(job))
        assert job.status() in ("queued", "running")
    federation.until(lambda: job.status() not in ("queued", "running"))
    assert job.status() == "finished", log(job)
    assert "at boreal: goes on." in log(job)
    (asset,) = job.get_results().get_assets()
    found = json.loads(asset.download(tmp_path / asset.key).read_text())
    assert found == json.loads((tmp_path / "expected.json").read_text())
    listed = connection.get("/jobs", params={"federation:parts": "true"}).json()["jobs"]
    made = [one["id"] for one in listed if f"[{job.job_id}/" in one.get("title", "")]
    assert len(made) == len(planned)
    job.delete()
