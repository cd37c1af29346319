"""Users' own code, from a file, runs where there is a runtime; its messages come through."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from openeo.rest import OpenEoApiError
from openeo.rest._datacube import UDF
from openeo.rest.connection import Connection
from openeo.rest.job import BatchJob

from tests.scenarios.conftest import Federation
from tests.scenarios.cube_methods import DAYS, FIELD

SCRIPT = Path(__file__).parent / "udfs" / "scaled.py"
LEVELS = ["debug", "info", "warning", "error"]


@pytest.fixture(scope="module")
def connection(federation: Federation) -> Connection:
    return federation.connect("bob")


def scenes(connection: Connection) -> Any:
    cube: Any = connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=FIELD, temporal_extent=DAYS, bands=["B04"]
    )
    return cube.reduce_dimension(dimension="t", reducer="first")


def pixels(file: Path) -> Any:
    with rasterio.open(file) as opened:
        return opened.read(1, masked=True).filled(np.nan).astype("float64")


@pytest.fixture(scope="module")
def job(connection: Connection) -> BatchJob:
    """A finished job that ran the script."""
    udf = UDF.from_file(SCRIPT, context={"offset": 1000})
    cube = scenes(connection).apply(udf)
    job: BatchJob = cube.create_job(title="My own code", out_format="GTiff", log_level="debug")
    job.start_and_wait(max_poll_interval=0.3, connection_retry_interval=1, print=lambda _: None)
    return job


def test_a_script_from_a_file_computes_what_it_says(
    connection: Connection, job: BatchJob, tmp_path: Path
) -> None:
    assert job.job_id.startswith("terra-")
    (result,) = [f for f in job.get_results().download_files(tmp_path) if f.suffix == ".tif"]
    scenes(connection).download(tmp_path / "plain.tif", format="GTiff")
    plain = pixels(tmp_path / "plain.tif")
    assert np.isfinite(plain).any()
    np.testing.assert_allclose(pixels(result), plain + 1000)


def told(job: BatchJob, **asked: Any) -> list[str]:
    """The levels of the script's own messages, as they came."""
    return [log["level"] for log in job.logs(**asked) if "of the UDF" in log["message"]]


def test_messages_come_with_their_levels(job: BatchJob) -> None:
    assert told(job)[:4] == LEVELS
    (first,) = [log for log in job.logs() if "a warning of the UDF" in log["message"]][:1]
    assert first["id"] and first["time"]


@pytest.mark.parametrize("least", LEVELS)
def test_messages_below_a_level_are_left_out(job: BatchJob, least: str) -> None:
    wanted = LEVELS[LEVELS.index(least) :]
    assert set(told(job, level=least)) == set(wanted)
    assert set(told(job, level=getattr(logging, least.upper()))) == set(wanted)


def test_messages_come_in_pages_without_end_or_gap(job: BatchJob, connection: Connection) -> None:
    whole = [log["id"] for log in job.logs()]
    assert len(whole) > 4
    assert [log["id"] for log in job.logs(offset=whole[1])] == whole[2:]
    paged, address, asked = [], f"/jobs/{job.job_id}/logs", {"limit": 2}
    while address:
        page = connection.get(address, params=asked, expected_status=200).json()
        assert len(page["logs"]) <= 2
        paged += [log["id"] for log in page["logs"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        address, asked = (following or [""])[0], {}
        assert not address or address.startswith(connection.root_url.rstrip("/"))
    assert paged == whole


def test_a_script_also_runs_at_once(connection: Connection, tmp_path: Path) -> None:
    udf = UDF.from_file(SCRIPT, context={"offset": 1})
    scenes(connection).apply(udf).download(tmp_path / "scaled.tif", format="GTiff")
    scenes(connection).download(tmp_path / "plain.tif", format="GTiff")
    scaled, plain = pixels(tmp_path / "scaled.tif"), pixels(tmp_path / "plain.tif")
    np.testing.assert_allclose(scaled, plain + 1)


def test_a_script_that_fails_says_in_which_line(connection: Connection) -> None:
    udf = UDF.from_file(SCRIPT)  # without an offset
    with pytest.raises(OpenEoApiError, match=r"KeyError: 'offset' \(line 12\)"):
        scenes(connection).apply(udf).download(format="GTiff")
