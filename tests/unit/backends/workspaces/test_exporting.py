"""Exports: what fails half-way, comes again or at once leaves a sound collection."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pystac
import pytest

from backends.addresses import AddressPolicy
from backends.errors import OpenEOError
from backends.jobs.database import Database
from backends.jobs.records import Asset
from backends.limits import Limits
from backends.workspaces.configuration import Folders, Offer
from backends.workspaces.exporting import Exporter, Target, target_of
from backends.workspaces.storage import Storage
from backends.workspaces.workspaces import Workspaces
from tests.fakes.buckets import ObjectStorage
from tests.fakes.profiles import profile
from tests.unit.backends.workspaces.test_collection import LOCATED, NOW, existing, job


class Place:
    """A user's workspace of one kind, and what lies in it."""

    def __init__(
        self, folder: Path, body: dict[str, Any], offer: Offer, look: Callable[[], dict[str, bytes]]
    ) -> None:
        folder.mkdir()
        self.results = folder / "results"
        self.results.mkdir()
        self.workspaces = Workspaces(Database(folder / "db"), folder, offer, Limits())
        self.id = self.workspaces.create(body, "alice", NOW)
        self.logs: list[str] = []
        self.look = look

    def export(
        self, merge: str | None = None, *, job_id: str = "j-1", user: str = "alice", **files: str
    ) -> None:
        """Export files of these contents."""
        given = []
        for name, content in (files or {"one": "1", "two": "22"}).items():
            path = self.results / f"{name}.tif"
            path.write_text(content)
            given.append(
                (Asset(f"{name}.tif", "image/tiff", ("data",), len(content), LOCATED), path)
            )
        work = job(job_id, user=user)
        exporter = Exporter(
            self.workspaces, profile(), work, lambda level, text: self.logs.append(text)
        )
        exporter(given, self.id, merge)

    def collection(self, path: str = "collection.json") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.look()[path])
        return found

    def sound(self, path: str = "collection.json") -> list[str]:
        """The ids of the items of the collection; all that it refers to must be there."""
        contents, folder = self.look(), path.rpartition("/")[0]
        start = f"{folder}/" if folder else ""
        ids = []
        for link in self.collection(path)["links"]:
            if link["rel"] == "item":
                place = start + link["href"].removeprefix("./")
                item = json.loads(contents[place])
                (asset,) = item["assets"].values()
                file = place.rpartition("/")[0] + "/" + asset["href"].removeprefix("./")
                assert len(contents[file]) == asset["file:size"]
                ids.append(item["id"])
        return sorted(ids)


def in_folder(tmp_path: Path, quota: int | None = None) -> Place:
    """A workspace that is a folder."""
    root = tmp_path / "root"

    def look() -> dict[str, bytes]:
        found = [path for path in root.glob("user-*/w-*/**/*") if path.is_file()]
        return {"/".join(p.relative_to(root).parts[2:]): p.read_bytes() for p in found}

    body = {"intent": "create", "quota": quota}
    return Place(tmp_path / "data", body, Offer(Folders(root)), look)


def in_bucket(tmp_path: Path, storage: ObjectStorage) -> Place:
    """A workspace that is a bucket."""
    name = f"exports-{secrets.token_hex(8)}"
    body = {
        "intent": "register",
        "type": "S3",
        "url": f"{storage.url}/{name}",
        "parameters": storage.bucket(name).parameters(),
    }
    offer = Offer(buckets=AddressPolicy((), own=(storage.authority,)))
    return Place(tmp_path / "data", body, offer, lambda: storage.contents(name))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder."""
    return in_folder(tmp_path)


@pytest.fixture(params=["folder", "S3"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A workspace of each kind; buckets are slow, so only few tests take both."""
    if request.param == "folder":
        return in_folder(tmp_path)
    return in_bucket(tmp_path, request.getfixturevalue("storage"))


def test_an_export_without_merge_is_a_collection_of_its_own(either: Place) -> None:
    either.export()
    either.export(job_id="j-2")
    assert either.sound("j-1/collection.json") == ["j-1-one-tif", "j-1-two-tif"]
    assert either.sound("j-2/collection.json") == ["j-2-one-tif", "j-2-two-tif"]
    assert len(either.look()) == 10
    assert either.logs[0] == (
        f"Exported 2 file(s) to 'j-1/collection.json' in workspace '{either.id}'."
    )


def test_several_savings_of_a_job_are_collections_of_their_own(place: Place) -> None:
    (place.results / "2").mkdir()
    place.export()
    place.export(**{"2/one": "other"})
    assert place.sound("j-1/collection.json") == ["j-1-one-tif", "j-1-two-tif"]
    assert place.sound("j-1-2/collection.json") == ["j-1-2_one-tif"]


def test_exports_to_one_path_become_one_collection(either: Place) -> None:
    either.export("maps/all.json")
    either.export("maps/all.json", job_id="j-2", three="333")
    assert either.sound("maps/all.json") == ["j-1-one-tif", "j-1-two-tif", "j-2-three-tif"]
    assert either.collection("maps/all.json")["id"] == "j-1"


def test_an_export_again_changes_nothing(place: Place) -> None:
    place.export("maps")
    before = place.look()
    place.export("maps")
    assert place.look() == before


def test_a_job_that_was_changed_replaces_what_it_exported_before(either: Place) -> None:
    either.export("maps", one="1", two="22")
    before = either.look()
    either.export("maps", one="new", two="22")
    after = either.look()
    assert either.sound("maps/collection.json") == ["j-1-one-tif", "j-1-two-tif"]
    assert len(after) == len(before)
    assert [content for path, content in after.items() if "/one-" in path] == [b"new"]


def test_pystac_reads_it(tmp_path: Path, place: Place) -> None:
    place.export("maps")
    (path,) = tmp_path.glob("root/**/collection.json")
    found = pystac.Collection.from_file(str(path))
    assert sorted(item.id for item in found.get_items()) == ["j-1-one-tif", "j-1-two-tif"]
    for item in found.get_items(recursive=True):
        assert item.get_root() is found
        assert item.get_collection() is found
        assert Path(item.assets["data"].get_absolute_href() or "").is_file()


def test_workspaces_of_others_do_not_exist(place: Place) -> None:
    with pytest.raises(OpenEOError, match=r"^WorkspaceNotFound"):
        place.export(user="bob")
    assert place.look() == {}


def test_what_is_no_collection_is_not_touched(place: Place) -> None:
    place.export("maps")
    name = "j-1-one-tif/j-1-one-tif.json"
    before = place.look()
    with pytest.raises(OpenEOError, match=r"'merge'.*no STAC collection"):
        place.export(f"maps/{name}", job_id="j-2")
    assert place.look() == before


class Failing:
    """Storage that fails, or has something happen, before it does something for the nth time."""

    def __init__(self, storage: Storage, method: str, nth: int, action: Callable[[], None]) -> None:
        self._storage = storage
        self._method, self._left, self._action = method, nth, action

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            self._left -= 1
            if self._left == 0:
                self._action()
        return getattr(self._storage, name)


def interfering(
    monkeypatch: pytest.MonkeyPatch, method: str, nth: int, action: Callable[[], None]
) -> None:
    opened = Workspaces.storage

    def storage(self: Workspaces, *arguments: Any, **options: Any) -> Any:
        return Failing(opened(self, *arguments, **options), method, nth, action)

    monkeypatch.setattr(Workspaces, "storage", storage)


def fail() -> None:
    raise OpenEOError("StorageFailure", "It broke.")


STEPS = [("put", 2), ("overwrite", 1), ("overwrite", 2), ("write", 1)]


@pytest.mark.parametrize(("method", "nth"), STEPS)
def test_what_fails_half_way_leaves_the_collection_sound_and_can_be_done_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, method: str, nth: int
) -> None:
    place.export("maps", one="1", two="22")
    before = place.collection("maps/collection.json")
    with monkeypatch.context() as context:
        interfering(context, method, nth, fail)
        with pytest.raises(OpenEOError, match="It broke"):
            place.export("maps", one="changed", two="too", three="333")
    assert place.collection("maps/collection.json") == before
    assert place.sound("maps/collection.json") == ["j-1-one-tif", "j-1-two-tif"]
    place.export("maps", one="changed", two="too", three="333")
    assert place.sound("maps/collection.json") == ["j-1-one-tif", "j-1-three-tif", "j-1-two-tif"]


def test_what_fails_before_any_document_is_written_leaves_no_file(
    either: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    interfering(monkeypatch, "put", 2, fail)
    with pytest.raises(OpenEOError, match="It broke"):
        either.export("maps")
    assert either.look() == {}


def test_a_workspace_that_is_deleted_while_files_are_copied_gets_no_collection(
    either: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = either.workspaces.own(either.id, "alice")
    interfering(monkeypatch, "put", 2, lambda: either.workspaces.delete(workspace))
    with pytest.raises(OpenEOError, match=r"^WorkspaceNotFound"):
        either.export("maps")
    assert either.look() == {}


def test_a_collection_that_somebody_changes_meanwhile_is_merged_into_anew(
    either: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = existing(links=[])
    storage = either.workspaces.storage(either.workspaces.own(either.id, "alice"))
    either.export("maps")

    def change() -> None:
        storage.overwrite("maps/collection.json", json.dumps(other).encode(), "application/json")

    interfering(monkeypatch, "write", 1, change)
    either.export("maps", job_id="j-2")
    found = either.collection("maps/collection.json")
    assert found["license"] == "CC-BY-4.0"
    assert either.sound("maps/collection.json") == ["j-2-one-tif", "j-2-two-tif"]


def test_exports_at_the_same_time_lose_nothing(place: Place) -> None:
    names = [f"j-{number}" for number in range(8)]
    work = [
        threading.Thread(target=place.export, args=("maps",), kwargs={"job_id": n, n: n})
        for n in names
    ]
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert place.sound("maps/collection.json") == [f"{name}-{name}-tif" for name in names]


@pytest.mark.parametrize(
    ("merge", "target"),
    [
        (None, Target("j-1/", "collection.json")),
        ("maps", Target("maps/", "collection.json")),
        ("/maps/", Target("maps/", "collection.json")),
        ("maps/2024/all.json", Target("maps/2024/", "all.json")),
        ("all.json", Target("", "all.json")),
    ],
)
def test_merge_names_a_folder_or_a_document(merge: str | None, target: Target) -> None:
    assert target_of(merge, "j-1") == target


@pytest.mark.parametrize(
    "merge",
    [
        "..",
        "../other",
        "maps/../../x",
        "maps//x",
        "",
        "/",
        "//etc",
        ".",
        "maps/./x",
        "a\\..\\b",
        "s3://bucket/x",
        "maps\x00",
        "maps\n",
        "\ud800",
        "a" * 401,
        "/".join("a" * 21),
        " maps",
        7,
        ["maps"],
    ],
)
def test_merge_leads_nowhere_else(merge: Any) -> None:
    with pytest.raises(OpenEOError, match=r"^ProcessParameterInvalid.*'merge'"):
        target_of(merge, "j-1")


def test_a_folder_that_is_too_full_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    place = in_folder(tmp_path, quota=10)
    with pytest.raises(OpenEOError, match=r"^StorageQuotaExceeded"):
        place.export("maps", one="1" * 8, two="2" * 8)
    assert place.look() == {}


def test_a_bucket_without_conditions_is_written_to_all_the_same(
    tmp_path: Path, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    from backends.workspaces.buckets import BucketStorage

    put = BucketStorage._put

    def unable(self: Any, path: str, content: bytes, kind: str, condition: Any) -> None:
        if condition:
            raise ClientError({"Error": {"Code": "NotImplemented"}}, "PutObject")
        put(self, path, content, kind, condition)

    monkeypatch.setattr(BucketStorage, "_put", unable)
    place = in_bucket(tmp_path, storage)
    place.export("maps")
    assert len(place.sound("maps/collection.json")) == 2
