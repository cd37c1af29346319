"""Users' files over several backends: where they are, what passes, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from tests.fakes.backends import Call, FakeBackend, Reply
from tests.web.site import ENDPOINTS, Site, assert_error, backend, conforms, process

STORES = {"/files": ["GET"], "/files/{path}": ["GET", "PUT", "DELETE"]}
DATA = b"0123456789"


def listed(*paths: str) -> Any:
    """A listing in pages, as backends give it."""
    files = [{"path": path, "size": 10, "modified": "2026-01-01T00:00:00Z"} for path in paths]

    def answer(call: Call) -> Any:
        query = dict(parse_qsl(call.query))
        start, size = int(query.get("offset", 0)), int(query.get("limit", 1000))
        links = []
        if start + size < len(files):
            href = f"http://x.test/openeo/files?limit={size}&offset={start + size}"
            links = [{"rel": "next", "href": href}]
        return {"files": files[start : start + size], "links": links}

    return answer


def served(call: Call) -> Reply:
    """A file of ten bytes, whole or in part."""
    headers = {"Content-Type": "text/csv", "ETag": '"1"', "Accept-Ranges": "bytes"}
    asked = call.headers.get("RANGE")
    if asked is None:
        return Reply(200, headers={**headers, "Content-Length": "10"}, body=[DATA[:5], DATA[5:]])
    if asked != "bytes=2-4":
        return Reply(416, headers={"Content-Range": "bytes */10"}, body=[b"<html>"])
    part = {"Content-Range": "bytes 2-4/10", "Content-Length": "3"}
    return Reply(206, headers=headers | part, body=[DATA[2:5]])


def kept(call: Call) -> Any:
    path = call.path.removeprefix("/openeo/files/")
    return {"path": path, "size": len(call.body), "modified": "2026-01-01T00:00:00Z"}


def store(name: str, *paths: str, **answers: Any) -> FakeBackend:
    found = backend(
        name,
        answers={
            "GET /files": listed(*paths),
            "GET /files/*": served,
            "PUT /files/*": kept,
            "DELETE /files/*": Reply(204),
            "POST /result": lambda call: call.document["process"],
            **answers,
        },
        endpoints=[{"path": p, "methods": m} for p, m in {**ENDPOINTS, **STORES}.items()],
    )
    found.answers["GET /processes"]["processes"] += [
        process("load_uploaded_files", "paths", "format", "options"),
        process("run_udf", "data", "udf", "runtime", "version", "context"),
    ]
    found.answers["GET /file_formats"]["input"] = {
        "GTiff": {"gis_data_types": ["raster"], "parameters": {}}
    }
    return found


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Terra and aurora keep files, solaris does not."""
    members = {
        "terra": store("terra", "a.csv", "deep/b.csv"),
        "solaris": backend("solaris"),
        "aurora": store("aurora", "a.csv"),
    }
    return Site(members, tmp_path)


def paths(page: Any) -> list[str]:
    return [file["path"] for file in page["files"]]


def test_the_files_of_all_backends_are_one_tree(site: Site) -> None:
    page = conforms("/files", site.get("/files", headers=site.login()))
    assert paths(page) == ["terra/a.csv", "terra/deep/b.csv", "aurora/a.csv"]
    assert page["files"][0]["size"] == 10
    assert page["files"][0]["federation:backends"] == ["terra"]
    assert "federation:missing" not in page


def test_pages_follow_one_another_without_gaps(site: Site) -> None:
    header = site.login()
    found, address = [], "/files?limit=2"
    while address:
        page = site.get(address, headers=header).json
        assert len(page["files"]) <= 2
        found += paths(page)
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        address = f"/files?{urlsplit(following[0]).query}" if following else ""
    assert found == ["terra/a.csv", "terra/deep/b.csv", "aurora/a.csv"]


def test_a_backend_that_is_down_is_missing_and_one_without_files_is_not(site: Site) -> None:
    header = site.login()
    site.go_down("terra", "solaris")
    page = conforms("/files", site.get("/files", headers=header))
    assert paths(page) == ["aurora/a.csv"]
    assert page["federation:missing"] == ["terra"]


def test_the_address_of_one_backend_shows_its_files_only(site: Site) -> None:
    root = "/federation/aurora/openeo/1.3"
    page = site.request("GET", "/files", root=root, headers=site.login()).json
    assert paths(page) == ["aurora/a.csv"]
    answer = site.request("GET", "/files/terra/a.csv", root=root, headers=site.login())
    assert "aurora/data.json" in assert_error(answer, 400, "FilePathInvalid")["message"]


def test_a_file_comes_with_its_headers_and_never_as_a_page(site: Site) -> None:
    answer = site.get("/files/aurora/deep/a%20b%3F.csv", headers=site.login())
    assert (answer.status_code, answer.data) == (200, DATA)
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    (call,) = site.backends["aurora"].asked("GET", "/files/deep/a b?.csv")
    assert call.authorization == "Bearer basic//alice-at-aurora"


def test_a_file_of_which_nothing_comes_is_a_failure_of_its_backend(site: Site) -> None:
    def breaking() -> Iterator[bytes]:
        yield from ()
        raise OSError("the disk is gone")

    broken = Reply(200, headers={"Content-Length": "10"}, body=breaking())
    site.backends["aurora"].answers["GET /files/broken.csv"] = broken
    answer = site.get("/files/aurora/broken.csv", headers=site.login())
    assert "'aurora'" in assert_error(answer, 502, "BackendFailure")["message"]


@pytest.mark.parametrize("status", [201, 202, 204])
def test_another_success_than_a_file_is_a_failure_of_its_backend(site: Site, status: int) -> None:
    site.backends["aurora"].answers["GET /files/a.csv"] = Reply(status)
    answer = site.get("/files/aurora/a.csv", headers=site.login())
    said = assert_error(answer, 502, "BackendFailure")["message"]
    assert said.endswith(f"it answers with status {status} instead of a file")


def test_a_file_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    terra = site.backends["terra"]
    terra.answers["GET /files/a.csv"] = Reply(304, headers={"ETag": '"1"'}, body=[])
    answer = site.get("/files/terra/a.csv", headers={**site.login(), "If-None-Match": '"1"'})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"1"')
    assert terra.asked("GET", "/files/a.csv")[0].headers["IF_NONE_MATCH"] == '"1"'


def test_a_part_of_a_file_can_be_had(site: Site) -> None:
    header = site.login()
    answer = site.get("/files/terra/a.csv", headers={**header, "Range": "bytes=2-4"})
    assert (answer.status_code, answer.data) == (206, b"234")
    assert answer.headers["Content-Range"] == "bytes 2-4/10"
    answer = site.get("/files/terra/a.csv", headers={**header, "Range": "bytes=90-"})
    error = assert_error(answer, 416, "RangeNotSatisfiable")
    assert error["message"] == "The file has no such part. It is 10 bytes long."
    assert answer.headers["Content-Range"] == "bytes */10"


def test_a_length_that_its_backend_does_not_say_is_not_promised(site: Site) -> None:
    site.backends["terra"].answers["GET /files/a.csv"] = Reply(416)
    wanted = {**site.login(), "Range": "bytes=90-"}
    answer = site.get("/files/terra/a.csv", headers=wanted)
    error = assert_error(answer, 416, "RangeNotSatisfiable")
    assert error["message"] == "The file has no such part."
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=5-2",
        "bytes=a-b",
        "bytes=",
        "bytes=-",
        "items=1-2",
        "bytes=0-0,5-6",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_what_names_no_part_of_a_file_gets_all_of_it(site: Site, wanted: str) -> None:
    answer = site.get("/files/terra/a.csv", headers={**site.login(), "Range": wanted})
    assert (answer.status_code, answer.data) == (200, DATA)


@pytest.mark.parametrize("wanted", ["bytes=2-4", "bytes=2-", "bytes=-3", "bytes=0-999999999"])
def test_what_names_a_part_is_asked_for(site: Site, wanted: str) -> None:
    site.get("/files/terra/a.csv", headers={**site.login(), "Range": wanted})
    (call,) = site.backends["terra"].asked("GET", "/files/a.csv")
    assert call.headers["RANGE"] == wanted


def test_an_upload_goes_to_the_backend_that_its_path_begins_with(site: Site) -> None:
    answer = site.request(
        "PUT",
        "/files/aurora/new/c.csv",
        data=DATA,
        headers={**site.login(), "Content-Type": "text/csv"},
    )
    stored = conforms("/files/{path}", answer, "PUT")
    assert (stored["path"], stored["size"]) == ("aurora/new/c.csv", 10)
    (call,) = site.backends["aurora"].asked("PUT", "/files/new/c.csv")
    assert call.body == DATA
    assert site.backends["terra"].asked("PUT", "/files/new/c.csv") == []


def test_an_upload_may_be_larger_than_other_requests(tmp_path: Path) -> None:
    site = Site({"terra": store("terra")}, tmp_path, max_request_bytes=1024)
    answer = site.request("PUT", "/files/terra/x", data=b"x" * 5000, headers=site.login())
    assert answer.json["size"] == 5000
    assert_error(
        site.post("/jobs", {"title": "x" * 5000}, headers=site.login()), 413, "RequestTooLarge"
    )


def test_what_a_backend_says_of_a_full_storage_comes_through(tmp_path: Path) -> None:
    full = Reply(400, {"id": "r", "code": "StorageQuotaExceeded", "message": "Full."})
    site = Site({"terra": store("terra", **{"PUT /files/*": full})}, tmp_path)
    answer = site.request("PUT", "/files/terra/x", data=DATA, headers=site.login())
    assert_error(answer, 400, "StorageQuotaExceeded")


def test_a_file_is_deleted_at_its_backend(site: Site) -> None:
    answer = site.request("DELETE", "/files/terra/deep/b.csv", headers=site.login())
    assert answer.status_code == 204
    assert len(site.backends["terra"].asked("DELETE", "/files/deep/b.csv")) == 1


@pytest.mark.parametrize("path", ["a.csv", "solaris/a.csv", "terra", "mars/a.csv"])
def test_a_path_without_a_backend_that_keeps_files_says_what_would_be_right(
    site: Site, path: str
) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = site.request(method, f"/files/{path}", headers=site.login())
        message = assert_error(answer, 400, "FilePathInvalid")["message"]
        assert message.endswith(
            f"'{path}' must begin with the backend that keeps the file, one of terra or aurora, "
            "and go on with the path there; such as 'terra/data.json'."
        )


@pytest.mark.parametrize(
    "path",
    [
        "terra/../jobs",
        "terra/%2e%2e/jobs",
        "terra/a%2F..%2F..%2Fjobs",
        "terra/./a",
        "terra//a",
        "terra/a/",
        "terra/a%00b",
        "terra/a%0db",
        "terra/a%ff",
        "terra/a%5C..%5Cb",
        "terra/" + "x" * 1001,
    ],
)
def test_a_path_that_could_lead_elsewhere_reaches_no_backend(site: Site, path: str) -> None:
    header = site.login()
    before = len(site.backends["terra"].calls)
    for method in ("GET", "PUT", "DELETE"):
        answer = site.request(method, f"/files/{path}", headers=header)
        assert_error(answer, 400, "FilePathInvalid")
    assert len(site.backends["terra"].calls) == before


def test_an_encoded_slash_is_a_slash(site: Site) -> None:
    assert site.get("/files/terra/deep%2Fb.csv", headers=site.login()).data == DATA
    assert len(site.backends["terra"].asked("GET", "/files/deep/b.csv")) == 1


def test_files_of_backends_that_keep_none_are_not_offered(tmp_path: Path) -> None:
    site = Site({"solaris": backend("solaris")}, tmp_path)
    assert_error(site.get("/files", headers=site.login()), 501, "FeatureUnsupported")
    assert "/files" not in [e["path"] for e in site.get("/").json["endpoints"]]


def test_capabilities_list_files_where_a_backend_keeps_them(site: Site) -> None:
    found = {e["path"]: e["methods"] for e in site.get("/").json["endpoints"]}
    assert found["/files"] == ["GET"]
    assert sorted(found["/files/{path}"]) == ["DELETE", "GET", "PUT"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_file_on_a_backend_that_was_offline_at_the_login_is_503_while_it_is(
    site: Site, method: str
) -> None:
    site.go_down("terra")
    site.federation.refresh()
    answer = site.request(method, "/files/terra/a.json", headers=site.login())
    error = assert_error(answer, 503, "BackendUnavailable")
    assert error["federation:backends"] == ["terra"]


def test_files_need_a_login(site: Site) -> None:
    for method, path in (("GET", "/files"), ("GET", "/files/terra/a"), ("PUT", "/files/terra/a")):
        assert_error(site.request(method, path), 401, "AuthenticationRequired")


def loading(*paths: str) -> dict[str, Any]:
    arguments = {"paths": list(paths), "format": "GTiff"}
    node = {"process_id": "load_uploaded_files", "arguments": arguments, "result": True}
    return {"process": {"process_graph": {"load": node}}}


def test_a_graph_that_loads_files_runs_where_they_are(site: Site) -> None:
    answer = site.post("/result", loading("aurora/a.tif", "aurora/b/c.tif"), headers=site.login())
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
    sent = orjson.loads(answer.data)["process_graph"]["load"]["arguments"]
    assert sent["paths"] == ["a.tif", "b/c.tif"]


def test_a_graph_that_runs_an_uploaded_script_runs_where_that_is(site: Site) -> None:
    udf = {"data": [1], "udf": "aurora/scripts/ndvi.py"}
    node = {"process_id": "run_udf", "arguments": udf, "result": True}
    answer = site.post("/result", {"process": {"process_graph": {"u": node}}}, headers=site.login())
    assert answer.headers["OpenEO-Federation-Backends"] == "aurora"
    assert answer.json["process_graph"]["u"]["arguments"]["udf"] == "scripts/ndvi.py"


def test_a_graph_with_a_path_without_a_backend_says_what_would_be_right(site: Site) -> None:
    answer = site.post("/result", loading("a.tif"), headers=site.login())
    message = assert_error(answer, 400, "FilePathInvalid")["message"]
    assert "'a.tif' does not begin with the backend that keeps the file" in message
    assert "such as 'terra/a.tif'" in message


def test_files_at_two_backends_are_loaded_by_none(site: Site) -> None:
    answer = site.post("/result", loading("terra/a.tif", "aurora/b.tif"), headers=site.login())
    lacking = assert_error(answer, 400, "NoBackendForProcess")["federation:lacking"]
    assert "does not hold the file 'aurora/b.tif'" in lacking["terra"][0]
    assert "does not hold the file 'terra/a.tif'" in lacking["aurora"][0]


def test_the_storage_of_one_backend_is_not_shown_as_that_of_all(tmp_path: Path) -> None:
    said = {"user_id": "alice", "storage": {"quota": 100, "free": 40}}
    members = {n: store(n, **{"GET /me": said}) for n in ("terra", "aurora")}
    site = Site(members, tmp_path)
    header = site.login()
    me = conforms("/me", site.get("/me", headers=header))
    assert "storage" not in me
    assert me["federation:users"]["terra"]["storage"] == {"quota": 100, "free": 40}
    site.go_down("aurora")
    assert "storage" not in site.get("/me", headers=header).json
