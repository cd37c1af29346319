"""What the work of one user reaches: its own files and folders, and no more than the limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends import evaluate
from backends.addresses import AddressPolicy
from backends.compute.run import environment
from backends.environment import Environment
from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from backends.jobs.store import Store
from backends.limits import Limits
from tests.fakes.clocks import Clock
from tests.fakes.profiles import profile

BOX = {"west": 7.0, "south": 51.0, "east": 7.01, "north": 51.01}


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[Environment]:
    """The surroundings of a job of a user with one file; others have files beside it."""
    for user in ("mine", "theirs"):
        (tmp_path / user).mkdir()
        (tmp_path / user / "data.json").write_text(user)
    (tmp_path / "secret.key").write_text("secret")
    here = profile(
        limits=Limits(batch_samples=20_000),
        processes=("add", "load_collection", "merge_cubes", "resample_spatial", "save_result"),
        addresses=AddressPolicy(own=("127.0.0.1:8199",)),
    )
    store = Store(tmp_path / "store.sqlite")
    task = Task("t", "j", 1, "batch", tmp_path / "run", {}, 60.0, files=tmp_path / "mine")
    yield environment(here, task, Reporter(store, task, Clock()))
    store.close()


def load(**arguments: Any) -> dict[str, Any]:
    given = {"id": "DEM", "spatial_extent": BOX, "temporal_extent": None, **arguments}
    return {"process_id": "load_collection", "arguments": given}


def refused(surroundings: Environment, graph: dict[str, Any]) -> OpenEOError:
    with pytest.raises(OpenEOError) as caught:
        evaluate.run({"process_graph": graph}, surroundings)
    return caught.value


def test_a_job_reads_the_files_of_its_own_user(surroundings: Environment) -> None:
    assert surroundings.user_file("data.json").read_text() == "mine"


@pytest.mark.parametrize(
    "path", ["../theirs/data.json", "../secret.key", "/etc/passwd", "", ".", "a/../../secret.key"]
)
def test_a_job_reads_no_other_file(surroundings: Environment, path: str) -> None:
    with pytest.raises(OpenEOError, match="FilePathInvalid"):
        surroundings.user_file(path)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://127.0.0.1:22/", "http://[::1]:8199/", "http://10.0.0.1/"]
)
def test_a_job_loads_nothing_from_inside(surroundings: Environment, url: str) -> None:
    with pytest.raises(OpenEOError, match="UrlNotAllowed"):
        surroundings.fetch(url)


def test_a_huge_extent_is_refused_before_it_is_loaded(surroundings: Environment) -> None:
    graph = {"load": {**load(spatial_extent=None), "result": True}}
    assert "20,000" in refused(surroundings, graph).message


def test_many_collections_together_are_refused_as_one_would_be(surroundings: Environment) -> None:
    graph: dict[str, Any] = {f"load{number}": load() for number in range(50)}
    graph["add"] = {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}
    error = refused(surroundings, graph)
    assert error.code != "Internal"
    assert "node 'load" in error.message


def test_tiny_pixels_are_refused(surroundings: Environment) -> None:
    resample = {
        "process_id": "resample_spatial",
        "arguments": {"data": {"from_node": "load"}, "resolution": 0.000001},
        "result": True,
    }
    error = refused(surroundings, {"load": load(), "resample": resample})
    assert error.code in ("ProcessGraphComplexity", "ProcessParameterInvalid")
