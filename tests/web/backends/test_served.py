"""One real backend: gunicorn, the compute process, real data, the ordinary client."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import odc.stac
import pystac
import pytest
import rasterio
import requests
import yaml
from openeo.rest import OpenEoApiError
from openeo.rest.connection import Connection, connect
from openeo.rest.job import BatchJob

from backends.serve import BAD_PROFILE, NOT_STARTED

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 40.0
END = b"\r\n\r\n"
PLACE = {"west": 7.0, "south": 51.0, "east": 7.01, "north": 51.006}
LARGE = {"west": 7.0, "south": 51.0, "east": 7.4, "north": 51.3}


class Served:
    """A backend of the profile "terra" in processes of its own, on a free port."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        document = yaml.safe_load((ROOT / "config/backends/terra.yaml").read_text("utf-8"))
        document |= {"bind": f"127.0.0.1:{self.port}", "accounting": None, **changes}
        self.profile = folder / "terra.yaml"
        self.profile.write_text(yaml.safe_dump(document), encoding="utf-8")
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = launch(self.profile, self.folder / "data", log)
        until(self.answers)

    def answers(self) -> bool:
        assert self.process.poll() is None, "the backend has ended"
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()

    def compute_pid(self) -> int:
        """The process that computes, found below the server's worker."""
        (worker,) = children(self.process.pid)
        found = [pid for pid in children(worker) if "backends.compute" in command(pid)]
        return found[0] if found else 0

    def connect(self) -> Connection:
        return connect(self.url).authenticate_basic("alice", "alice")


def launch(profile: Path, data: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    code = (
        "import sys; from pathlib import Path; from backends.serve import serve;"
        "sys.exit(serve(Path(sys.argv[1]), Path(sys.argv[2])))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(profile), str(data)], stderr=log, cwd=ROOT
    )


def refused(profile: Path, data: Path, log: Path) -> tuple[int, str]:
    """Exit status and what was said by a backend that does not start."""
    with log.open("wb") as file:
        status = launch(profile, data, file).wait(PATIENCE)
    return status, log.read_text(encoding="utf-8")


def children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            status = (entry / "stat").read_text(encoding="utf-8") if entry.name.isdigit() else ""
        except OSError:
            continue
        if status and int(status.rpartition(")")[2].split()[1]) == pid:
            found.append(int(entry.name))
    return found


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("served"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"GET /" + b"x" * 5000 + END, 414), (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + END, 431)],
)
def test_what_the_server_itself_refuses_is_an_openeo_error(
    served: Served, head: bytes, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
        client.sendall(head)
        client.shutdown(socket.SHUT_WR)
        said = client.makefile("rb").read()
    line, _, rest = said.partition(b"\r\n")
    assert line.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(rest.partition(b"\r\n\r\n")[2])["code"] == "RequestInvalid"


def bands(connection: Connection, place: dict[str, float], days: list[str]) -> Any:
    return connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=place, temporal_extent=days, bands=["B04", "B08"]
    )


def ndvi(connection: Connection) -> Any:
    cube = bands(connection, PLACE, ["2024-06-01", "2024-07-01"])
    red, near = cube.band("B04"), cube.band("B08")
    return ((near - red) / (near + red)).max_time()


def large_job(connection: Connection) -> BatchJob:
    cube = bands(connection, LARGE, ["2023-01-01", "2024-01-01"]).max_time()
    job: BatchJob = cube.save_result("GTiff").create_job(title="large")
    return job


def read(path: Path) -> Any:
    with rasterio.open(path) as data:
        return data.read()


def test_the_ordinary_client_computes_synchronously(served: Served, tmp_path: Path) -> None:
    connection = served.connect()
    ndvi(connection).save_result("GTiff").download(tmp_path / "ndvi.tif")
    found = read(tmp_path / "ndvi.tif")
    assert found.shape[0] == 1
    assert np.nanmin(found) >= -1
    assert np.nanmax(found) <= 1


def test_a_synchronous_and_a_batch_result_are_the_same(served: Served, tmp_path: Path) -> None:
    connection = served.connect()
    result = ndvi(connection).save_result("GTiff")
    result.download(tmp_path / "sync.tif")
    job = result.create_job(title="NDVI")
    job.start_and_wait(print=lambda _: None, max_poll_interval=0.2, connection_retry_interval=1)
    (path,) = job.get_results().download_files(tmp_path / "batch", include_stac_metadata=False)
    assert read(path).tobytes() == read(tmp_path / "sync.tif").tobytes()
    description = job.describe()
    assert description["status"] == "finished"
    assert description["usage"]["cpu"]["value"] > 0
    assert description["usage"]["memory"]["value"] > 0
    assert description["costs"] > 0


def test_a_request_far_too_large_is_refused_with_size_and_limit(served: Served) -> None:
    cube = bands(served.connect(), LARGE, ["2023-01-01", "2024-01-01"]).max_time()
    with pytest.raises(OpenEoApiError) as caught:
        cube.save_result("GTiff").download()
    assert caught.value.http_status_code == 400
    assert caught.value.code == "ProcessGraphComplexity"
    assert "100,000,000" in caught.value.message


def test_canceling_ends_the_computing_process(served: Served) -> None:
    job = large_job(served.connect())
    job.start()
    until(lambda: children(served.compute_pid()))
    job.stop()
    until(lambda: not children(served.compute_pid()))
    assert job.status() == "created"


def test_a_killed_compute_process_costs_no_job(served: Served) -> None:
    connection = served.connect()
    job = large_job(connection)
    job.start()
    compute = served.compute_pid()
    until(lambda: children(compute))
    (child,) = children(compute)
    os.kill(compute, signal.SIGKILL)
    until(lambda: "queued again" in " ".join(entry.message for entry in job.logs()))
    until(lambda: served.compute_pid() not in (0, compute))
    until(lambda: not command(child))
    until(lambda: job.status() == "running")
    job.stop()


def test_a_restart_takes_up_running_and_waiting_jobs(tmp_path: Path) -> None:
    first = Served(tmp_path, limits={"concurrent_jobs": 1, "batch_samples": 4_000_000_000})
    connection = first.connect()
    running = large_job(connection)
    waiting = ndvi(connection).save_result("GTiff").create_job()
    running.start()
    until(lambda: running.status() == "running")
    waiting.start()
    compute = first.compute_pid()
    assert first.stop() == 0
    until(lambda: not command(compute))
    first.start()
    connection = first.connect()
    until(lambda: connection.job(running.job_id).status() == "running")
    assert connection.job(waiting.job_id).status() == "queued"
    connection.job(running.job_id).delete()
    until(lambda: connection.job(waiting.job_id).status() == "finished")
    first.close()


def test_a_taken_port_is_named(served: Served, tmp_path: Path) -> None:
    status, told = refused(served.profile, tmp_path / "data", tmp_path / "log")
    assert status == NOT_STARTED
    assert f"127.0.0.1:{served.port} cannot be used" in told
    assert "bind" in told


def test_a_data_directory_belongs_to_one_backend(served: Served, tmp_path: Path) -> None:
    status, told = refused(served.profile, served.folder / "data", tmp_path / "log")
    assert status == NOT_STARTED
    assert "in use by another backend" in told


def test_a_wrong_profile_is_told_with_all_its_mistakes(tmp_path: Path) -> None:
    profile = tmp_path / "wrong.yaml"
    profile.write_text("{id: Wrong, api_version: 9.9.9}", encoding="utf-8")
    status, told = refused(profile, tmp_path / "data", tmp_path / "log")
    assert status == BAD_PROFILE
    assert "api_version: '9.9.9' is not possible" in told
    assert "title: is missing" in told


# odc-stac still uses affine and shapely in ways that these call old.
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")
def test_results_are_read_back_as_a_stac_collection_without_logging_in(served: Served) -> None:
    cube = bands(served.connect(), PLACE, ["2024-06-01", "2024-06-12"])
    job = cube.save_result("GTiff").create_job()
    job.start_and_wait(print=lambda _: None, max_poll_interval=0.2, connection_retry_interval=1)
    links = job.get_results().get_metadata()["links"]
    (canonical,) = [link["href"] for link in links if link["rel"] == "canonical"]
    items = list(pystac.Collection.from_file(canonical).get_items())
    stacked = odc.stac.load(items, bbox=(7.0, 51.0, 7.01, 51.006))
    assert len(items) == 3
    assert stacked.sizes["time"] == 3
    assert list(stacked.data_vars) == ["B04", "B08"]
    assert float(stacked["B08"].max()) > 0
