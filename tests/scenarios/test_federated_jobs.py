"""Federated jobs with backends that compute: equal results, whatever goes away in the middle.

Three members hold what the others lack; the aggregator is a program of its own, with two workers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import xarray as xr
import yaml
from openeo.rest import OpenEoApiError
from openeo.rest.connection import Connection, connect
from openeo.rest.job import BatchJob

from aggregator.ledger.events import Hold
from aggregator.storage.database import Database
from aggregator.storage.ledger import Ledger
from aggregator.storage.tariffs import load_tariffs
from backends.processes.files import read_netcdf
from scripts.federation.children import wait_until
from tests.fakes.exchange import difference
from tests.fakes.execution import by, callback, of
from tests.fakes.holdings import COMPUTING, HOLDINGS, WHOLE, Computing, holdings, saved
from tests.fakes.servers import free_port
from tests.unit.ledger.documents import TERRA

pytestmark = [COMPUTING, pytest.mark.timeout(180)]

Graph = dict[str, Any]
AREA = {"west": 7.0, "south": 51.0, "east": 7.03, "north": 51.01}


def load(collection: str, *bands: str, period: list[str] | None = None) -> Graph:
    arguments = {
        "id": collection,
        "spatial_extent": AREA,
        "temporal_extent": period or ["2024-06-01", "2024-06-19"],
        "bands": list(bands),
    }
    return {"process_id": "load_collection", "arguments": arguments}


def node(process_id: str, **arguments: Any) -> Graph:
    return {"process_id": process_id, "arguments": arguments}


def over_time(data: str, process_id: str = "mean") -> Graph:
    reducer = callback(process_id, data=of("data"))
    return node("reduce_dimension", data=by(data), dimension="t", reducer=reducer)


GRAPH: Mapping[str, Graph] = {
    "optical": load("SENTINEL2_L2A", "B04", "B08"),
    "radar": load("SENTINEL1_GRD", "VV", "VH"),
    "cover": load("TERRA_LANDCOVER_MAP", "MAP", period=["2024-01-01", "2025-01-01"]),
    "class": over_time("cover", "first"),
    "radar_mean": over_time("radar"),
    "optical_mean": over_time("optical"),
    "map": node("resample_cube_spatial", data=by("class"), target=by("optical_mean")),
    "both": node("merge_cubes", cube1=by("optical_mean"), cube2=by("radar_mean")),
    "all": node("merge_cubes", cube1=by("both"), cube2=by("map")),
    "save": saved("all"),
}
RATES = {
    name: TERRA
    | {"provider": name, "title": name.title(), "free_credits_per_month": {"general": 1000}}
    | {"defaults": {"batch": {"credits": 7}, "synchronous": {"credits": 2}}}
    for name in HOLDINGS
}


class Aggregator:
    """The program; it can be killed with all its workers, and started again."""

    def __init__(self, members: Mapping[str, Computing], folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.folder, self.log = folder, folder / "log"
        self.database = f"sqlite:///{folder}/federation.sqlite"
        (folder / "pricing").mkdir()
        for name, rates in RATES.items():
            (folder / "pricing" / f"{name}.yaml").write_text(yaml.safe_dump(rates))
        document = {
            "bind": f"127.0.0.1:{port}",
            "public_url": self.url,
            "data_directory": str(folder / "data"),
            "database": self.database,
            "log_level": "debug",
            "workers": 2,
            "upstream": {"probe_interval": 0.5, "offline_probe_interval": 0.5},
            "splitting": {"lease": 2.0, "longest_pause": 1.0},
            "accounting": {"pricing": str(folder / "pricing")},
            "backends": {
                name: {"url": one.url, "basic_authentication": True}
                for name, one in members.items()
                if name != WHOLE
            },
        }
        self.file = folder / "federation.yaml"
        self.file.write_text(yaml.safe_dump(document, sort_keys=False))
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = (
            f"import sys; from aggregator.serve import serve; sys.exit(serve({str(self.file)!r}))"
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program], stderr=log, start_new_session=True
            )
        assert wait_until(self._answers, seconds=60), self.log.read_text()[-3000:]

    def kill(self) -> None:
        """End it and all its workers at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def connect(self, user: str = "alice") -> Connection:
        """The ordinary client."""
        found = connect(self.url, retry=False)
        found.authenticate_basic(user, user)
        return found

    def _answers(self) -> bool:
        try:
            answer = requests.get(f"{self.url}/health", timeout=5)
            return bool(answer.json().get("status") == "ok")
        except requests.RequestException:
            return False


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Computing]]:
    with holdings(tmp_path_factory.mktemp("holdings")) as made:
        yield made


@pytest.fixture(scope="module")
def aggregator(
    members: dict[str, Computing], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aggregator]:
    made = Aggregator(members, tmp_path_factory.mktemp("aggregator"))
    try:
        yield made
    finally:
        made.kill()
    assert "Traceback" not in made.log.read_text(), made.log.read_text()[-5000:]


@pytest.fixture(scope="module")
def expected(
    members: dict[str, Computing], tmp_path_factory: pytest.TempPathFactory
) -> xr.DataArray:
    """What the backend with everything makes of the whole."""
    whole = members[WHOLE]
    path = whole.file(whole.finished(GRAPH), tmp_path_factory.mktemp("whole"))
    found: xr.DataArray = read_netcdf(path).compute()
    assert np.isfinite(found.values.astype(float)).any()
    return found


def created(connection: Connection, title: str) -> BatchJob:
    job = connection.create_job(dict(GRAPH), title=title)
    assert job.job_id.startswith("federation-")
    return job


def ended(job: BatchJob, seconds: float = 90) -> str:
    """The status in which it ends."""
    end = time.monotonic() + seconds
    while (status := job.status()) in ("queued", "running"):
        assert time.monotonic() < end, (status, told(job))
        time.sleep(0.2)
    return str(status)


def told(job: BatchJob) -> list[str]:
    return [entry.message for entry in job.logs()]


def file_of(job: BatchJob, folder: Path) -> xr.DataArray:
    (asset,) = job.get_results().get_assets()
    found: xr.DataArray = read_netcdf(asset.download(folder / asset.key)).compute()
    return found


def parts(
    members: Mapping[str, Computing], job: BatchJob, user: str = "alice"
) -> list[tuple[str, str, str]]:
    """Backend, title and status of all jobs at members that are parts of this one."""
    return sorted(
        (name, one["title"].partition("[")[0], one["status"])
        for name in HOLDINGS
        for one in members[name].ask("GET", "/jobs", user).json()["jobs"]
        if f"[{job.job_id}/" in one.get("title", "")
    )


@contextmanager
def occupied(backend: Computing, count: int = 3) -> Iterator[None]:
    """The backend, which computes one job at a time, has others to compute first."""
    collection = HOLDINGS[backend.profile.id][0]
    graph = {
        "load": {
            "process_id": "load_collection",
            "arguments": {
                "id": collection,
                "spatial_extent": {**AREA, "east": 7.2, "north": 51.1},
                "temporal_extent": ["2024-05-01", "2024-07-01"],
            },
        },
        "mean": over_time("load"),
        "save": saved("mean"),
    }
    jobs = [backend.started(graph) for _ in range(count)]
    try:
        yield
    finally:
        for job in jobs:
            backend.ask("DELETE", f"/jobs/{job}/results")


def test_a_graph_over_three_backends_is_one_job_with_the_result_of_the_whole(
    aggregator: Aggregator,
    members: dict[str, Computing],
    expected: xr.DataArray,
    tmp_path: Path,
) -> None:
    connection = aggregator.connect()
    job = created(connection, "Three")
    job.start()
    assert ended(job) == "finished", told(job)
    assert not difference(expected, file_of(job, tmp_path))
    shown = job.describe_job()
    assert sorted(shown["federation:backends"]) == sorted(HOLDINGS)
    assert {part["status"] for part in shown["federation:parts"]} == {"finished"}
    assert [entry["id"] for entry in connection.list_jobs()] == [job.job_id]
    assert len(parts(members, job)) == len(shown["federation:parts"])
    job.delete()
    assert wait_until(lambda: parts(members, job) == [], seconds=20)


def test_the_same_at_once_while_the_user_waits(
    aggregator: Aggregator, expected: xr.DataArray, tmp_path: Path
) -> None:
    path = tmp_path / "out.nc"
    aggregator.connect().download(dict(GRAPH), path)
    assert not difference(expected, read_netcdf(path).compute())
    assert aggregator.connect().list_jobs() == []


def test_a_member_that_goes_away_in_the_middle_is_waited_for(
    aggregator: Aggregator,
    members: dict[str, Computing],
    expected: xr.DataArray,
    tmp_path: Path,
) -> None:
    aurora = members["aurora"]
    job = created(aggregator.connect(), "Away")
    with occupied(aurora):
        job.start()
        assert wait_until(lambda: len(parts(members, job)) > 1, seconds=30)
        aurora.go()
        assert wait_until(
            lambda: any("aurora: waits for its backend" in line for line in told(job)), seconds=30
        )
        aurora.come()
    assert ended(job) == "finished", told(job)
    assert any("aurora: goes on." in line for line in told(job))
    assert not difference(expected, file_of(job, tmp_path))
    assert len(parts(members, job)) == len(job.describe_job()["federation:parts"])


def test_the_aggregator_is_killed_in_the_middle_and_the_job_goes_on(
    aggregator: Aggregator,
    members: dict[str, Computing],
    expected: xr.DataArray,
    tmp_path: Path,
) -> None:
    job = created(aggregator.connect(), "Killed")
    count = len(job.describe_job()["federation:parts"])
    with occupied(members["boreal"], 2):
        job.start()
        assert wait_until(lambda: len(parts(members, job)) > 1, seconds=30)
        aggregator.kill()
    aggregator.start()
    job = aggregator.connect().job(job.job_id)
    assert ended(job) == "finished", told(job)
    assert not difference(expected, file_of(job, tmp_path))
    made = parts(members, job)
    assert len(made) == count
    assert {status for _, _, status in made} == {"finished"}


def test_an_area_in_tiles_joins_to_the_whole_pixel_by_pixel(
    aggregator: Aggregator, members: dict[str, Computing], tmp_path: Path
) -> None:
    area = {"west": 359_700, "south": 5_651_700, "east": 360_300, "north": 5_652_100, "crs": 32632}
    graph = {name: GRAPH[name] for name in ("optical", "radar", "optical_mean", "radar_mean")}
    for name in ("optical", "radar"):
        graph[name] = node("load_collection", **graph[name]["arguments"] | {"spatial_extent": area})
    graph["both"], graph["save"] = GRAPH["both"], saved("both")
    whole = members[WHOLE]
    expected = read_netcdf(whole.file(whole.finished(graph), tmp_path)).compute()
    tiles = {"size": 1000, "unit": "metres", "pixel": 10}
    job = aggregator.connect().create_job(
        graph, title="Tiles", additional={"federation:tiles": tiles}
    )
    job.start()
    assert ended(job) == "finished", told(job)
    assets = job.get_results().get_assets()
    assert len(assets) == 4
    pixels = 0
    for asset in assets:
        tile = read_netcdf(asset.download(tmp_path / asset.key)).compute()
        same = expected.sel(x=tile.x, y=tile.y)
        assert np.array_equal(tile.values, same.values, equal_nan=True)
        pixels += tile.sizes["x"] * tile.sizes["y"]
    assert pixels == expected.sizes["x"] * expected.sizes["y"]


def spend(aggregator: Aggregator, user: str, provider: str, left: int) -> Callable[[], None]:
    """Other work puts all of a user's credits aside but these; undone by what is returned."""
    database = Database(aggregator.database)
    ledger = Ledger(database, load_tariffs(aggregator.folder / "pricing"))
    now = int(time.time() * 1000)
    available = ledger.purse(f"user/{user}", now).available(provider, now)
    ledger.hold(
        Hold(
            key=f"other work of {user}",
            wallet=f"user/{user}",
            provider=provider,
            amount=available - left,
            opened=now,
            expires=now + 3_600_000,
            user=user,
            activity="batch",
        )
    )

    def undo() -> None:
        ledger.release(f"other work of {user}", now)
        database.dispose()

    return undo


def test_credits_that_run_out_in_the_middle_fail_the_job(
    aggregator: Aggregator, members: dict[str, Computing]
) -> None:
    job = created(aggregator.connect("bob"), "Poor")
    last = job.describe_job()["federation:parts"][-1]["backend"]
    first = next(name for name in HOLDINGS if name != last)
    with occupied(members[first], 2):
        job.start()
        assert wait_until(lambda: any("was started" in line for line in told(job)), seconds=30)
        undo = spend(aggregator, "bob", last, left=1000)
    try:
        assert ended(job) == "error", told(job)
    finally:
        undo()
    problem = job.describe_job()["federation:problem"]
    assert problem["code"] == "PaymentRequired"
    assert f"at {last}: This needs 7 credits" in problem["message"]
    with pytest.raises(OpenEoApiError, match="This needs 7 credits"):
        job.get_results().get_assets()


def test_no_token_is_in_the_database_or_the_log(
    aggregator: Aggregator, members: dict[str, Computing]
) -> None:
    tokens = {member.token().rpartition("/")[2].rpartition(" ")[2] for member in members.values()}
    connection = aggregator.connect()
    job = created(connection, "Secret")
    with occupied(members["aurora"], 1):
        job.start()
        assert wait_until(lambda: len(parts(members, job)) > 1, seconds=30)
        kept = b"".join(file.read_bytes() for file in aggregator.folder.glob("federation.sqlite*"))
        job.stop()
    said = aggregator.log.read_text()
    for token in tokens:
        assert len(token) > 8
        assert token.encode() not in kept
        assert token not in said
    assert b"gAAAA" in kept
