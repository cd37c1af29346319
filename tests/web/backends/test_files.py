"""The files of users over HTTP: theirs alone, within their quota, and nowhere else."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from backends.errors import OpenEOError
from backends.limits import Limits
from backends.stored.files import UserFiles, existing_file, local_path
from tests.web.backends.site import Site, error


def put(site: Site, path: str, content: bytes = b"hello", user: str = "alice") -> TestResponse:
    return site.ask("PUT", f"/files/{path}", data=content, user=user, template="/files/{path}")


def paths(site: Site, user: str = "alice", query: str = "") -> list[str]:
    response = site.ask("GET", f"/files{query}", user=user, template="/files")
    assert response.json is not None
    return [file["path"] for file in response.json["files"]]


def storage(site: Site) -> Any:
    response = site.ask("GET", "/me", template="/me")
    assert response.json is not None
    return response.json["storage"]


def test_what_was_uploaded_is_downloaded(site: Site) -> None:
    content = bytes(range(256)) * 10_000
    response = put(site, "folder/data.json", content)
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["path"] == "folder/data.json"
    assert response.json["size"] == len(content)
    download = site.ask("GET", "/files/folder/data.json")
    assert download.status_code == 200
    assert download.data == content
    assert download.content_type == "application/json"
    assert download.headers["X-Content-Type-Options"] == "nosniff"
    part = site.ask("GET", "/files/folder/data.json", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.data) == (206, b"\x01\x02\x03")


def test_an_upload_replaces_the_file(site: Site) -> None:
    put(site, "a.txt", b"old and long")
    put(site, "a.txt", b"new")
    assert site.ask("GET", "/files/a.txt").data == b"new"
    assert storage(site)["free"] == storage(site)["quota"] - 3


def test_all_files_are_listed_by_their_paths(site: Site) -> None:
    for path in ("b/c.txt", "a.txt", "b/d/e.txt", "österreich/m%C3%BCnster.shp"):
        put(site, path)
    everything = ["a.txt", "b/c.txt", "b/d/e.txt", "österreich/münster.shp"]
    assert paths(site) == everything
    page = site.ask("GET", "/files?limit=3").json
    assert page is not None
    (following,) = [one["href"] for one in page["links"] if one["rel"] == "next"]
    rest = site.ask("GET", following).json
    assert rest is not None
    assert [one["path"] for one in page["files"] + rest["files"]] == everything


def test_files_belong_to_their_user(site: Site) -> None:
    put(site, "a.txt")
    assert paths(site, "bob") == []
    assert error(site.ask("GET", "/files/a.txt", user="bob")) == (404, "FileNotFound")
    assert error(site.ask("DELETE", "/files/a.txt", user="bob")) == (404, "FileNotFound")
    assert error(site.ask("GET", "/files/a.txt", user=None)) == (401, "AuthenticationRequired")


def test_a_deleted_file_is_gone_with_its_empty_folders(site: Site) -> None:
    put(site, "a/b/c.txt")
    put(site, "a/d.txt")
    response = site.ask("DELETE", "/files/a/b/c.txt", template="/files/{path}")
    assert (response.status_code, response.data) == (204, b"")
    assert error(site.ask("GET", "/files/a/b/c.txt")) == (404, "FileNotFound")
    assert error(site.ask("GET", "/files/a/b")) == (404, "FileNotFound")
    assert paths(site) == ["a/d.txt"]
    put(site, "a/b")


def test_a_folder_is_no_file(site: Site) -> None:
    put(site, "a/b.txt")
    for method in ("GET", "DELETE", "PUT"):
        response = site.ask(method, "/files/a", data=b"x" if method == "PUT" else None)
        assert error(response) == (400, "FileOperationUnsupported")


def test_a_file_is_no_folder(site: Site) -> None:
    put(site, "a")
    assert error(site.ask("PUT", "/files/a/b.txt", data=b"x")) == (400, "FilePathInvalid")
    assert paths(site) == ["a"]


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fsecret.key",
        "../bob/a.txt",
        "a/%2e%2e/%2e%2e/b",
        "./a",
        "a%00b",
        "a%5cb",
        "a:b",
        "a%22b",
        "%ff%fe",
        "a%e2%80%8bb",
        "%e2%80%ae.txt",
        "%20a",
        "x" * 201,
        "/".join("x" * 100 for _ in range(11)),
        "/".join("x" * 21),
    ],
)
def test_no_other_path_is_possible(site: Site, path: str) -> None:
    for method in ("PUT", "GET", "DELETE"):
        response = site.ask(method, f"/files/{path}", data=b"x" if method == "PUT" else None)
        assert error(response) == (400, "FilePathInvalid")
    assert paths(site) == []


@pytest.mark.parametrize("path", ["", "/etc/passwd", "..", "a/", "a//b", "\ud800"])
def test_jobs_reach_no_other_path(tmp_path: Path, path: str) -> None:
    with pytest.raises(Exception, match="FilePathInvalid"):
        local_path(tmp_path, path)


def test_no_link_leads_out_of_the_workspace(tmp_path: Path) -> None:
    folder = tmp_path / "user"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(Exception, match="FilePathInvalid"):
        existing_file(folder, "link")


def test_names_that_look_the_same_are_the_same(site: Site) -> None:
    put(site, "m%C3%BC.txt", b"one")
    put(site, "mu%CC%88.txt", b"two")
    assert paths(site) == ["mü.txt"]


def test_files_beyond_the_quota_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", limits=Limits(storage_bytes=10, stored_files=2))
    put(site, "a", b"123456")
    assert storage(site) == {"free": 4, "quota": 10}
    assert error(put(site, "b", b"12345")) == (400, "StorageQuotaExceeded")
    streamed = site.ask(
        "PUT",
        "/files/b",
        input_stream=io.BytesIO(b"x" * 1000),
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert error(streamed) == (400, "StorageQuotaExceeded")
    assert put(site, "a", b"1234567890").status_code == 200
    put(site, "b", b"")
    assert error(put(site, "c", b"")) == (400, "StorageQuotaExceeded")
    assert list((tmp_path / "data" / "files" / "uploads").iterdir()) == []
    site.close()


def test_an_upload_may_be_larger_than_other_requests(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", limits=Limits(request_bytes=1000))
    assert put(site, "a", b"x" * 5000).status_code == 200
    site.close()


def test_an_upload_that_ends_early_leaves_what_was_there(site: Site) -> None:
    put(site, "a.bin", b"whole")
    broken = site.ask(
        "PUT",
        "/files/a.bin",
        input_stream=io.BytesIO(b"x" * 10),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": "5000"},
    )
    assert error(broken) == (400, "RequestInvalid")
    assert site.ask("GET", "/files/a.bin").data == b"whole"


class Unread:
    """A body that nobody may read."""

    def read(self, _size: int, /) -> bytes:
        raise AssertionError("it was read")


def test_an_upload_that_is_announced_to_be_too_large_is_not_begun_with(tmp_path: Path) -> None:
    files = UserFiles(tmp_path / "files", quota=10, at_most=5)
    with pytest.raises(OpenEOError) as refused:
        files.put("alice", "a.bin", Unread(), announced=11)
    assert refused.value.code == "StorageQuotaExceeded"


def test_who_asks_for_a_part_beyond_the_end_learns_where_that_is(site: Site) -> None:
    put(site, "a.bin", b"12345")
    beyond = site.ask("GET", "/files/a.bin", headers={"Range": "bytes=5-"})
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == "bytes */5"
    assert beyond.json is not None
    assert beyond.json["message"] == "The file has no such part. It is 5 bytes long."


def test_files_that_come_and_go_are_there_or_not_and_break_nothing(site: Site) -> None:
    header = {"Authorization": site.token()}

    def ask(method: str, path: str) -> int:
        data = b"x" * 1000 if method == "PUT" else None
        address, client = site.path(path), site.app.test_client()
        with client.open(address, method=method, data=data, headers=header) as answer:
            return answer.status_code

    def at_once(number: int) -> set[tuple[str, int]]:
        methods = ("PUT", "GET", "DELETE", "GET")
        found = {("listing", ask("GET", "/files"))}
        for turn in range(60):
            method = methods[(number + turn) % 4]
            found |= {
                (method, ask(method, "/files/deep/er/a.bin")),
                ("listing", ask("GET", "/files")),
            }
        return found

    with ThreadPoolExecutor(8) as pool:
        seen: set[tuple[str, int]] = set().union(*pool.map(at_once, range(8)))
    there, gone = {("PUT", 200), ("GET", 200), ("DELETE", 204)}, {("GET", 404), ("DELETE", 404)}
    assert seen <= there | gone | {("listing", 200)}
