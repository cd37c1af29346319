"""Folders of users: nothing leads out of them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from backends.errors import OpenEOError
from backends.workspaces.folders import FolderPlace, FolderStorage, sweep
from backends.workspaces.storage import ChangedError

TEXT = "text/plain"


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    made = FolderPlace(tmp_path / "root", "alice", "w-1")
    made.make()
    return made


@pytest.fixture
def folder(place: FolderPlace) -> FolderStorage:
    return FolderStorage(place, 1000)


def outside(tmp_path: Path) -> Path:
    """A folder with a file that nobody may reach."""
    other = tmp_path / "outside"
    other.mkdir()
    (other / "collection.json").write_text("secret")
    return other


def test_documents_and_files_are_written_and_read_back(
    folder: FolderStorage, place: FolderPlace, tmp_path: Path
) -> None:
    (tmp_path / "a.tif").write_bytes(b"0123456789")
    folder.put("maps/one/a.tif", tmp_path / "a.tif", "image/tiff")
    assert (place.path / "maps/one/a.tif").read_bytes() == b"0123456789"
    assert folder.holds("maps/one/a.tif", 10)
    assert not folder.holds("maps/one/a.tif", 9)
    assert not folder.holds("maps/two/a.tif", 10)
    assert folder.read("maps/collection.json") is None
    folder.write("maps/collection.json", b"{}", TEXT)
    stored = folder.read("maps/collection.json")
    assert stored is not None
    folder.write("maps/collection.json", b"{1}", TEXT, instead_of=stored.version)
    with pytest.raises(ChangedError):
        folder.write("maps/collection.json", b"{2}", TEXT, instead_of=stored.version)
    with pytest.raises(ChangedError):
        folder.write("maps/collection.json", b"{2}", TEXT)
    assert (place.path / "maps/collection.json").read_bytes() == b"{1}"
    folder.remove("maps/collection.json")
    folder.remove("maps/collection.json")
    assert [path.name for path in place.path.rglob("*")] == ["maps", "one", "a.tif"]


def test_a_folder_says_where_it_is_and_what_fits_in(
    folder: FolderStorage, place: FolderPlace
) -> None:
    folder.overwrite("a", b"x" * 400, TEXT)
    state = folder.state()
    assert (state.problem, state.free, state.url) == ("", 600, place.path.as_uri())


def test_what_does_not_fit_in_leaves_nothing(folder: FolderStorage, place: FolderPlace) -> None:
    folder.overwrite("a", b"x" * 400, TEXT)
    with pytest.raises(OpenEOError, match=r"^StorageQuotaExceeded: .* 1000 bytes"):
        folder.overwrite("b", b"x" * 601, TEXT)
    assert [path.name for path in place.path.parent.rglob("*")] == ["w-1", "a"]


def test_only_the_backend_may_look_into_folders_below_its_data(place: FolderPlace) -> None:
    assert all(path.stat().st_mode & 0o077 == 0 for path in (place.path, place.path.parent))


@pytest.mark.parametrize("path", ["link/collection.json", "a/link/collection.json"])
def test_no_link_leads_to_other_folders(
    folder: FolderStorage, place: FolderPlace, tmp_path: Path, path: str
) -> None:
    other = outside(tmp_path)
    (place.path / "a").mkdir()
    (place.path / path).parent.symlink_to(other)
    for attempt in (
        lambda: folder.read(path),
        lambda: folder.overwrite(path, b"changed", TEXT),
        lambda: folder.remove(path),
        lambda: folder.holds(path, 6),
    ):
        with pytest.raises(OpenEOError, match=r"^WorkspaceUnavailable: .*a link or a file"):
            attempt()
    assert (other / "collection.json").read_text() == "secret"


def test_no_link_leads_to_other_files(
    folder: FolderStorage, place: FolderPlace, tmp_path: Path
) -> None:
    secret = outside(tmp_path) / "collection.json"
    (place.path / "collection.json").symlink_to(secret)
    with pytest.raises(OpenEOError, match="WorkspaceUnavailable"):
        folder.read("collection.json")
    assert not folder.holds("collection.json", 6)
    # What is written takes the place of the link.
    folder.overwrite("collection.json", b"changed", TEXT)
    assert secret.read_text() == "secret"
    assert not (place.path / "collection.json").is_symlink()


def test_the_folder_itself_is_no_link(place: FolderPlace, tmp_path: Path) -> None:
    other = outside(tmp_path)
    place.path.rmdir()
    place.path.symlink_to(other)
    storage = FolderStorage(place, 1000)
    with pytest.raises(OpenEOError, match="WorkspaceUnavailable"):
        storage.overwrite("collection.json", b"changed", TEXT)
    place.delete()
    assert (other / "collection.json").read_text() == "secret"


@pytest.mark.timeout(10)
def test_nobody_waits_for_a_pipe(folder: FolderStorage, place: FolderPlace) -> None:
    os.mkfifo(place.path / "collection.json")
    with pytest.raises(OpenEOError, match="no plain file"):
        folder.read("collection.json")


def test_a_deleted_workspace_is_not_made_again_by_what_is_written(
    folder: FolderStorage, place: FolderPlace
) -> None:
    folder.overwrite("maps/a", b"x", TEXT)
    place.delete()
    place.delete()
    assert list(place.path.parent.iterdir()) == []
    with pytest.raises(OpenEOError, match=r"^WorkspaceNotFound: You have no workspace 'w-1'"):
        folder.overwrite("maps/a", b"x", TEXT)
    with pytest.raises(OpenEOError, match="WorkspaceNotFound"):
        folder.read("maps/a")
    assert "no workspace" in folder.state().problem
    assert list(place.path.parent.iterdir()) == []


def test_workspaces_of_others_stay_when_one_is_deleted(place: FolderPlace) -> None:
    others = [FolderPlace(place.root, "alice", "w-2"), FolderPlace(place.root, "bob", "w-3")]
    for other in others:
        other.make()
        (other.path / "a").write_text("x")
    place.delete()
    assert not place.path.exists()
    assert all((other.path / "a").exists() for other in others)


def test_documents_too_large_to_be_merged_into_are_refused(
    place: FolderPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backends.workspaces.folders.DOCUMENT_BYTES", 10)
    (place.path / "a.json").write_bytes(b"x" * 11)
    with pytest.raises(OpenEOError, match=r"ProcessParameterInvalid.*larger than 10 bytes"):
        FolderStorage(place, 1000).read("a.json")


def test_what_a_killed_process_left_is_swept_and_nothing_else(place: FolderPlace) -> None:
    owner = place.path.parent
    (owner / ".part-1").write_text("half")
    (owner / ".deleted-1/maps").mkdir(parents=True)
    (owner / ".deleted-2").symlink_to(place.path)
    (place.path / ".part-of-mine").write_text("a user's own")
    sweep(place.root)
    assert [path.name for path in owner.iterdir()] == ["w-1"]
    assert (place.path / ".part-of-mine").exists()


def test_many_write_at_once_and_nobody_sees_half_a_file(place: FolderPlace, tmp_path: Path) -> None:
    storage = FolderStorage(place, 10**9)
    sources = []
    for letter in (b"a", b"b"):
        source = tmp_path / letter.decode()
        source.write_bytes(letter * 300_000)
        sources.append(source)
    seen: set[bytes] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            found = storage.read("file")
            seen.add(b"" if found is None else found.content)

    watcher = threading.Thread(target=look)
    watcher.start()
    for _ in range(20):
        for source in sources:
            storage.put("file", source, TEXT)
    done.set()
    watcher.join()
    assert seen <= {b"", b"a" * 300_000, b"b" * 300_000}
