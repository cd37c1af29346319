"""Work runs on the cluster that a profile names."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask
import numpy as np
import pytest
import rasterio
import xarray as xr
from distributed import Client, LocalCluster, get_client

from backends import evaluate
from backends.clusters import Compute, read_compute
from backends.compute.cluster import computing
from backends.configuration import Reader
from backends.environment import Environment
from backends.errors import OpenEOError
from backends.formats import SavedAsset
from backends.profile import CollectionSpec, Profile
from backends.profile_reading import load_profile
from backends.scenes import load
from backends.writers import save

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")

TERRA = Path(__file__).parents[4] / "config" / "backends" / "terra.yaml"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The scheduler of a real cluster on this machine, its worker a process of its own."""
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=1,
        threads_per_worker=2,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        memory_limit=0,
    ) as local:
        yield local.scheduler_address


def profile(address: str | None) -> Profile:
    return replace(load_profile(TERRA), compute=Compute(address))


def graph(format_: str) -> dict[str, Any]:
    box = {"west": 640_000, "south": 5_650_000, "east": 646_000, "north": 5_652_000, "crs": 32631}
    return {
        "load": {
            "process_id": "load_collection",
            "arguments": {
                "id": "SENTINEL2_L2A",
                "spatial_extent": box,
                "temporal_extent": ["2021-07-01", "2021-08-01"],
                "bands": ["B04", "B08", "SCL"],
            },
        },
        "median": {
            "process_id": "reduce_dimension",
            "arguments": {
                "data": {"from_node": "load"},
                "dimension": "t",
                "reducer": {
                    "process_graph": {
                        "median": {
                            "process_id": "median",
                            "arguments": {"data": {"from_parameter": "data"}},
                            "result": True,
                        }
                    }
                },
            },
        },
        "linear": {
            "process_id": "apply",
            "arguments": {
                "data": {"from_node": "median"},
                "process": {
                    "process_graph": {
                        "half": {
                            "process_id": "divide",
                            "arguments": {"x": {"from_parameter": "x"}, "y": 2},
                            "result": True,
                        }
                    }
                },
            },
        },
        "save": {
            "process_id": "save_result",
            "arguments": {"data": {"from_node": "linear"}, "format": format_},
            "result": True,
        },
    }


def run(where: Profile, folder: Path, format_: str = "GTiff") -> Path:
    folder.mkdir()

    def save_result(cube: Any, name: str, options: Any, progress: Any) -> list[SavedAsset]:
        return save(cube, name, options, folder, progress)

    surroundings = Environment(
        offered=frozenset(where.processes),
        load_collection=lambda _id, request: load(
            CollectionSpec("SENTINEL2_L2A", "world", "sentinel2_l2a", {}), request
        ),
        save_result=save_result,
        folder=folder,
    )
    with computing(where):
        [asset] = evaluate.run({"process_graph": graph(format_)}, surroundings)
    return asset.path


def finished_tasks(address: str) -> int:
    """How many tasks the workers still know of, and have run."""
    with Client(address, set_as_default=False) as watching:  # type: ignore[no-untyped-call]
        counted = watching.run(lambda dask_worker: dask_worker.state.executed_count)
    return sum(counted.values())


def test_the_cluster_computes_what_threads_compute(address: str, tmp_path: Path) -> None:
    before = finished_tasks(address)
    there = run(profile(address), tmp_path / "there")
    assert finished_tasks(address) > before + 20
    here = run(profile(None), tmp_path / "here")
    with rasterio.open(there) as one, rasterio.open(here) as other:
        assert one.shape == (200, 600)
        assert np.isfinite(one.read()).all()
        assert np.array_equal(one.read(), other.read())


@pytest.mark.parametrize("format_", ["netCDF"])
def test_the_cluster_writes_a_whole_cube(address: str, tmp_path: Path, format_: str) -> None:
    there = run(profile(address), tmp_path / "there", format_)
    here = run(profile(None), tmp_path / "here", format_)
    one, other = (xr.load_dataset(path, engine="h5netcdf") for path in (there, here))
    assert one.equals(other)


def test_dask_computes_here_again_afterwards(address: str) -> None:
    with computing(profile(address)):
        assert get_client().scheduler_info()["address"] == address
    with pytest.raises(ValueError, match="No global client"):
        get_client()


def test_without_a_cluster_the_profile_s_threads_compute() -> None:
    with computing(profile(None)):
        assert dask.config.get("scheduler") == "threads"
        assert dask.config.get("num_workers") == profile(None).limits.worker_threads


def test_a_cluster_that_is_not_there_is_told() -> None:
    nowhere = profile("tcp://127.0.0.1:9")
    with pytest.raises(OpenEOError) as caught, computing(nowhere, patience=0.5):
        raise AssertionError("computed")
    assert caught.value.code == "InfrastructureBusy"
    assert "127.0.0.1" not in caught.value.message


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ({"dask_scheduler": "127.0.0.1:8786"}, "compute.dask_scheduler"),
        ({"dask_scheduler": 8786}, "compute.dask_scheduler"),
        ({"scheduler": "tcp://127.0.0.1:8786"}, "compute.scheduler"),
        ("tcp://127.0.0.1:8786", "compute"),
    ],
)
def test_a_wrong_setting_is_named(section: object, where: str) -> None:
    reader = Reader([])
    read_compute(reader, section)
    assert [mistake.where for mistake in reader.mistakes] == [where]


def test_the_setting_may_be_left_out() -> None:
    reader = Reader([])
    assert read_compute(reader, None) == Compute(None)
    given = read_compute(reader, {"dask_scheduler": "tcp://[::1]:8786"})
    assert given == Compute("tcp://[::1]:8786")
    assert reader.mistakes == []
