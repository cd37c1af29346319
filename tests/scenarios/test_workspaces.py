"""Results exported to users' own storage through the federation, with the ordinary client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pystac
import pytest
import rasterio
from openeo.rest import OpenEoApiError
from openeo.rest.connection import Connection
from openeo.rest.job import BatchJob

from tests.fakes.buckets import object_storage
from tests.scenarios.conftest import Federation

AREA = {"west": 11.04, "south": 46.38, "east": 11.05, "north": 46.39}
JULY = ("2024-07-01", "2024-07-08")
CONFORMANCE = "https://api.openeo.org/extensions/workspaces/0.1.0"

# affine, which rasterio uses, calls some of its own ways old.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


@pytest.fixture(scope="module")
def connection(federation: Federation) -> Connection:
    return federation.connect("bob")


@contextmanager
def workspace(connection: Connection, **body: Any) -> Iterator[dict[str, Any]]:
    """A new workspace of the user's, deleted afterwards."""
    made = connection.post("/workspaces", json=body, expected_status=201)
    identifier = made.headers["OpenEO-Identifier"]
    yield connection.get(f"/workspaces/{identifier}").json()
    connection.delete(f"/workspaces/{identifier}", expected_status=204)


def exported(connection: Connection, identifier: str, merge: str | None = None) -> BatchJob:
    """A finished job that exported red and near infrared to the workspace."""
    cube = connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=AREA, temporal_extent=JULY, bands=["B04", "B08"]
    )
    saved = cube.save_result(format="GTiff")
    job = saved.export_workspace(identifier, merge=merge).create_job(title="Red")
    job.start_and_wait(print=lambda _: None, max_poll_interval=0.5, connection_retry_interval=1)
    return job


def pixels(path: str | Path) -> Any:
    with rasterio.open(path) as raster:
        return raster.read()


def check_same(collection: Path, job: BatchJob, folder: Path) -> None:
    """The collection has what the client downloads as the results of the job."""
    results = sorted(f for f in job.get_results().download_files(folder) if f.suffix == ".tif")
    found = pystac.Collection.from_file(str(collection))
    items = sorted(found.get_items(), key=lambda item: item.id)
    assert len(items) == len(results) > 0
    for item, result in zip(items, results, strict=True):
        read = pixels(item.assets["data"].get_absolute_href() or "")
        np.testing.assert_array_equal(read, pixels(result))


def test_results_are_exported_to_a_folder_and_read_back(
    connection: Connection, tmp_path: Path
) -> None:
    assert CONFORMANCE in connection.get("/").json()["conformsTo"]
    providers = connection.get("/workspace_providers").json()["providers"]
    assert providers["folder"]["federation:backends"] == ["terra", "aurora"]
    assert providers["S3"]["federation:backends"] == ["terra"]
    with workspace(connection, intent="create", type="folder", title="Maps") as found:
        assert (found["status"], found["federation:backends"]) == ("ready", ["terra"])
        folder = Path(urlsplit(found["url"]).path)
        listed = {one["id"] for one in connection.get("/workspaces").json()["workspaces"]}
        assert found["id"] in listed
        job = exported(connection, found["id"])
        assert job.job_id.startswith("terra-")
        # The job tells its process as it was sent.
        nodes = job.describe()["process"]["process_graph"].values()
        (export,) = [node for node in nodes if node["process_id"] == "export_workspace"]
        assert export["arguments"]["workspace"] == found["id"]
        own = job.job_id.removeprefix("terra-")
        check_same(folder / own / "collection.json", job, tmp_path)
    assert not folder.exists()
    with pytest.raises(OpenEoApiError, match="WorkspaceNotFound"):
        connection.get(f"/workspaces/{found['id']}")


def test_a_workspace_at_another_member_takes_the_work_there(connection: Connection) -> None:
    body = {"intent": "create", "federation:backend": "aurora"}
    with workspace(connection, **body) as found:
        job = exported(connection, found["id"], merge="maps")
        assert job.job_id.startswith("aurora-")
        assert (Path(urlsplit(found["url"]).path) / "maps/collection.json").is_file()


def test_results_are_exported_to_a_users_own_bucket_and_read_back(
    connection: Connection, federation: Federation, tmp_path: Path
) -> None:
    storage = object_storage()
    account = storage.bucket("of-bob")
    body = {
        "intent": "register",
        "type": "s3",
        "url": f"{storage.url}/of-bob/openeo",
        "parameters": account.parameters(),
    }
    with workspace(connection, **body) as found:
        assert found["url"] == f"{storage.url}/of-bob/openeo"
        job = exported(connection, found["id"], merge="maps/all.json")
        for key, content in storage.contents("of-bob").items():
            copy = tmp_path / "copy" / key
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
        check_same(tmp_path / "copy/openeo/maps/all.json", job, tmp_path / "results")
    assert storage.contents("of-bob")  # what is in a bucket stays with its owner
    assert account.secret_access_key not in "\n".join(federation.lines)


def test_other_users_cannot_use_it(federation: Federation, connection: Connection) -> None:
    other = federation.connect("carol")
    with workspace(connection, intent="create") as found:
        assert other.get("/workspaces").json()["workspaces"] == []
        for method in (other.get, other.delete):
            with pytest.raises(OpenEoApiError, match="WorkspaceNotFound"):
                method(f"/workspaces/{found['id']}")
        with pytest.raises(OpenEoApiError, match="WorkspaceNotFound"):
            exported(other, found["id"])
