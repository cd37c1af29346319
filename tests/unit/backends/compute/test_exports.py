"""Exports that are really computed: the same pixels as in the results of the job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
import yaml
from pystac.validation import validate_dict

from backends.addresses import AddressPolicy
from backends.compute.run import environment, executor
from backends.errors import OpenEOError
from backends.formats import SavedResult
from backends.jobs.engine import Task
from backends.jobs.execution import Executor
from backends.jobs.records import Kind, NewJob
from backends.jobs.reporting import Reporter
from backends.jobs.store import Store
from backends.limits import Limits
from backends.profile_reading import load_profile
from backends.workspaces.configuration import Folders, Offer
from backends.workspaces.workspaces import Workspaces
from tests.fakes.buckets import ObjectStorage, object_storage
from tests.unit.backends.compute.test_run import ROOT, load, save

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def export(node: str, workspace: str, merge: str | None = None, *, result: bool = False) -> Any:
    arguments = {"data": {"from_node": node}, "workspace": workspace, "merge": merge}
    return {"process_id": "export_workspace", "arguments": arguments, "result": result}


class Backend:
    """What computes, and a user with a folder and a bucket."""

    def __init__(self, folder: Path, storage: ObjectStorage) -> None:
        self.folder = folder
        document = yaml.safe_load((ROOT / "config/backends/terra.yaml").read_text("utf-8"))
        document["workspaces"] = {
            "folder": {"root": "shared"},
            "s3": {"hosts": [], "own": [storage.authority]},
        }
        path = folder / "terra.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        self.profile = load_profile(path)
        self.execute: Executor = executor(path)
        self.store = Store(folder / "jobs.sqlite")
        spaces = Workspaces(
            self.store.database, folder, self.profile.workspaces, self.profile.limits
        )
        self.own_folder = spaces.create({"intent": "create"}, "alice", NOW)
        bucket = {
            "intent": "register",
            "type": "S3",
            "url": f"{storage.url}/pixels",
            "parameters": storage.bucket("pixels").parameters(),
        }
        self.bucket = spaces.create(bucket, "alice", NOW)
        self.spaces = spaces

    def run(self, job_id: str, user: str = "alice", kind: Kind = "batch", **graph: Any) -> Path:
        """Run a job; where its results are."""
        process = {"process_graph": graph}
        self.store.add(NewJob(job_id, user, kind, process, title="Red"), NOW)
        self.store.begin(job_id, NOW)
        task = Task(job_id, job_id, 1, kind, self.folder / job_id, process, 60)
        task.write()
        self.execute(task, Reporter(self.store, task, lambda: NOW))
        return task.results


@pytest.fixture(scope="module")
def storage() -> ObjectStorage:
    return object_storage()


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory, storage: ObjectStorage) -> Iterator[Backend]:
    made = Backend(tmp_path_factory.mktemp("backend"), storage)
    yield made
    made.store.close()


def pixels(path: str | Path) -> tuple[np.ndarray[Any, Any], Any, Any]:
    with rasterio.open(path) as raster:
        return raster.read(), raster.transform, raster.crs


def same_pixels(found: Path, expected: Path) -> bool:
    """Whether each raster of the collection has the pixels and the place of one of the results."""
    collection = pystac.Collection.from_file(str(found))
    known = [pixels(path) for path in sorted(expected.rglob("*.tif"))]
    items = sorted(collection.get_items(), key=lambda item: item.id)
    assert len(items) == len(known) > 0
    for item, (values, transform, crs) in zip(items, known, strict=True):
        read, placed, system = pixels(item.assets["data"].get_absolute_href() or "")
        assert (placed, system) == (transform, crs)
        assert np.isfinite(values).any()
        np.testing.assert_array_equal(read, values)
    return True


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_an_export_has_the_pixels_of_the_results_in_a_folder_and_in_a_bucket(
    backend: Backend, storage: ObjectStorage, tmp_path: Path
) -> None:
    results = backend.run(
        "j-1",
        load=load(),
        save=save("load"),
        here=export("save", backend.own_folder),
        there=export("here", backend.bucket, "maps/all.json", result=True),
    )
    (path,) = (backend.folder / "shared").glob("user-*/*/j-1/collection.json")
    assert same_pixels(path, results)
    for key, content in storage.contents("pixels").items():
        copy = tmp_path / key
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
    assert same_pixels(tmp_path / "maps/all.json", results)
    # Only the schemas of STAC 1.1 are inside pystac; both versions demand the same of these.
    kinds = pystac.STACObjectType
    for document in (path, *path.parent.glob("*/*.json")):
        found = {**json.loads(document.read_text()), "stac_version": "1.1.0"}
        kind = kinds.COLLECTION if document == path else kinds.ITEM
        assert validate_dict(found, kind, "1.1.0", extensions=[])
    said = [entry.message for entry in backend.store.logs("j-1", level="info")]
    assert any(f"to 'maps/all.json' in workspace '{backend.bucket}'" in text for text in said)


def test_tables_without_a_place_are_assets_of_the_collection(backend: Backend) -> None:
    backend.run(
        "j-2",
        one={"process_id": "array_create", "arguments": {"data": [1, 2, 3]}},
        save=save("one", "JSON"),
        out=export("save", backend.own_folder, "tables", result=True),
    )
    (path,) = (backend.folder / "shared").glob("user-*/*/tables/collection.json")
    ((name, asset),) = json.loads(path.read_text())["assets"].items()
    assert name.startswith("j-2-")
    assert json.loads((path.parent / asset["href"]).read_text()) == [1, 2, 3]


def test_synchronous_requests_export_too(backend: Backend) -> None:
    backend.run(
        "r-1",
        kind="sync",
        one={"process_id": "array_create", "arguments": {"data": [1]}},
        save=save("one", "JSON"),
        out=export("save", backend.own_folder, result=True),
    )
    assert list((backend.folder / "shared").glob("user-*/*/r-1/collection.json"))


def test_a_tile_of_a_web_service_exports_nothing(backend: Backend) -> None:
    task = Task("t-1", "xyz-1", 1, "tile", backend.folder / "t-1", {}, 60)
    reporter = Reporter(backend.store, task, lambda: NOW)
    export = environment(backend.profile, task, reporter).export
    with pytest.raises(OpenEOError, match=r"^FeatureUnsupported: A web service cannot export"):
        export(SavedResult(()), backend.own_folder, None)


@pytest.mark.parametrize(
    ("user", "merge", "code"),
    [("bob", None, "WorkspaceNotFound"), ("alice", "../../x", "ProcessParameterInvalid")],
)
def test_what_cannot_be_exported_is_told_with_its_node(
    backend: Backend, user: str, merge: str | None, code: str
) -> None:
    with pytest.raises(OpenEOError, match=rf"^{code}.*'export_workspace' at node 'out'"):
        backend.run(
            f"j-{user}",
            user=user,
            one={"process_id": "array_create", "arguments": {"data": [1]}},
            save=save("one", "JSON"),
            out=export("save", backend.own_folder, merge, result=True),
        )


def test_only_what_was_saved_can_be_exported(backend: Backend) -> None:
    with pytest.raises(OpenEOError, match=r"'data' .*STAC resource"):
        backend.run(
            "j-5",
            one={"process_id": "array_create", "arguments": {"data": [1]}},
            out=export("one", backend.own_folder, result=True),
        )
    with pytest.raises(OpenEOError, match=r"saved already"):
        backend.run(
            "j-6",
            one={"process_id": "array_create", "arguments": {"data": [1]}},
            save=save("one", "JSON"),
            again=save("save", "JSON", result=True),
        )


def test_a_profile_without_workspaces_offers_no_export(tmp_path: Path) -> None:
    document = yaml.safe_load((ROOT / "config/backends/terra.yaml").read_text("utf-8"))
    document.pop("workspaces", None)
    path = tmp_path / "terra.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    profile = load_profile(path)
    assert "export_workspace" not in profile.processes
    assert profile.workspaces == Offer()
    assert Offer(Folders()) and Offer(buckets=AddressPolicy())
    assert Limits().workspaces == 20
