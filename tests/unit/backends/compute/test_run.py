"""What runs in a computing child: the profile's limits, formats and collections hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.compute.run import environment, executor
from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.execution import Executor
from backends.jobs.records import Kind, NewJob
from backends.jobs.reporting import Reporter
from backends.jobs.store import Store
from tests.fakes.profiles import profile

ROOT = Path(__file__).resolve().parents[4]
PLACE = {"west": 7.0, "south": 51.0, "east": 7.004, "north": 51.002}


def load(**changes: Any) -> dict[str, Any]:
    arguments = {
        "id": "SENTINEL2_L2A",
        "spatial_extent": PLACE,
        "temporal_extent": ["2024-06-01", "2024-06-06"],
        "bands": ["B04"],
    }
    return {"process_id": "load_collection", "arguments": {**arguments, **changes}}


def save(node: str, name: str = "GTiff", *, result: bool = False) -> dict[str, Any]:
    arguments = {"data": {"from_node": node}, "format": name}
    return {"process_id": "save_result", "arguments": arguments, "result": result}


@pytest.fixture(scope="module")
def terra(tmp_path_factory: pytest.TempPathFactory) -> Executor:
    document = yaml.safe_load((ROOT / "config/backends/terra.yaml").read_text("utf-8"))
    document["limits"] = {"sync_samples": 1200, "batch_samples": 5000, "result_bytes": 30_000}
    path = tmp_path_factory.mktemp("profile") / "terra.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return executor(path)


class Run:
    """One task that the executor is given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "jobs.sqlite")

    def __call__(self, execute: Executor, kind: Kind = "batch", **graph: Any) -> list[str]:
        """The names of the files that were saved."""
        process = {"process_graph": graph}
        now = datetime.now(UTC)
        self.store.add(NewJob("j1", "alice", kind, process), now)
        self.store.begin("j1", now)
        task = Task("j1", "j1", 1, kind, self.folder / "j1", process, 60)
        task.write()
        execute(task, Reporter(self.store, task, lambda: datetime.now(UTC)))
        assets = self.store.assets("j1", 1)
        assert all((task.results / asset.name).stat().st_size == asset.size for asset in assets)
        return [asset.name for asset in assets]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    made.store.close()


def test_a_saved_file_is_reported_with_what_is_known_of_it(terra: Executor, run: Run) -> None:
    names = run(terra, load=load(), save=save("load", result=True))
    (asset,) = run.store.assets("j1", 1)
    assert names == [asset.name]
    assert asset.media_type.startswith("image/tiff")
    west, south, east, north = asset.metadata["bbox"]
    assert west <= PLACE["west"] and PLACE["east"] <= east
    assert south <= PLACE["south"] and PLACE["north"] <= north
    assert [band["name"] for band in asset.metadata["bands"]] == ["B04"]


def test_two_results_of_the_same_format_do_not_overwrite_each_other(
    terra: Executor, run: Run
) -> None:
    names = run(
        terra,
        red=load(),
        nir=load(bands=["B08"]),
        first=save("red"),
        second=save("nir", result=True),
    )
    assert len(set(names)) == 2


def test_a_synchronous_request_may_load_less_than_a_batch_job(terra: Executor, run: Run) -> None:
    larger = load(bands=["B04", "B08", "B02"])
    with pytest.raises(OpenEOError, match="1,200"):
        run(terra, "sync", load=larger, save=save("load", result=True))
    run.store.delete("j1")
    assert run(terra, "batch", load=larger, save=save("load", result=True))


def test_results_that_are_too_large_are_refused_before_they_are_computed(
    terra: Executor, run: Run
) -> None:
    # What is loaded has 28 x 22 pixels, about 2.5 kB; ten thousand hours have 25 MB.
    mean = {"process_id": "mean", "arguments": {"data": {"from_parameter": "data"}}}
    arguments = {
        "data": {"from_node": "load"},
        "period": "hour",
        "reducer": {"process_graph": {"mean": {**mean, "result": True}}},
    }
    hours = {"process_id": "aggregate_temporal_period", "arguments": arguments}
    dates = load(temporal_extent=["2024-06-01", "2024-06-11"])
    with pytest.raises(OpenEOError, match="results would have more than 30,000 bytes") as caught:
        run(terra, load=dates, hours=hours, save=save("hours", "netCDF", result=True))
    assert caught.value.code == "ProcessGraphComplexity"
    assert run.store.assets("j1", 1) == []


def test_a_format_that_the_profile_leaves_out_is_not_written(terra: Executor, run: Run) -> None:
    with pytest.raises(OpenEOError, match="Zarr"):
        run(terra, load=load(), save=save("load", "Zarr", result=True))


def test_a_collection_of_another_backend_is_not_found(terra: Executor, run: Run) -> None:
    with pytest.raises(OpenEOError) as caught:
        run(terra, load=load(id="SENTINEL1_GRD"), save=save("load", result=True))
    assert caught.value.code == "CollectionNotFound"


def test_progress_reaches_the_store(terra: Executor, run: Run) -> None:
    run(terra, load=load(), save=save("load", result=True))
    job = run.store.find("j1")
    assert job is not None
    assert job.progress is not None


@pytest.mark.parametrize(("kind", "patience"), [("batch", 900.0), ("sync", 0.0)])
def test_a_batch_job_waits_for_what_others_compute_and_a_request_does_not(
    run: Run, kind: Kind, patience: float
) -> None:
    task = Task("j1", "j1", 1, kind, run.folder / "j1", {}, 60)
    reporter = Reporter(run.store, task, lambda: datetime.now(UTC))
    found = environment(profile(), task, reporter)
    assert found.patience.seconds == patience
    assert found.folder == task.scratch
    assert task.scratch.is_dir()
