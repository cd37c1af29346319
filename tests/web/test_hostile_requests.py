"""Requests made to hurt, and created jobs whose backend says strange things of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Call, Reply
from tests.web.site import Site, assert_error, backend, basic, graph


@pytest.fixture
def site(tmp_path: Path) -> Site:
    created = Reply(201, headers={"OpenEO-Identifier": "1"})
    return Site({"terra": backend("terra", answers={"POST /jobs": created})}, tmp_path)


@pytest.mark.parametrize("levels", [200, 254, 300, 1000])
@pytest.mark.parametrize("path", ["/jobs", "/result", "/validation"])
def test_a_body_nested_too_deeply_is_the_clients_mistake(
    site: Site, path: str, levels: int
) -> None:
    user = site.login() | {"Content-Type": "application/json"}
    nested = b"[" * levels + b"]" * levels
    body = b'{"process": {"process_graph": {}}, "extra": ' + nested + b"}"
    assert_error(site.request("POST", path, data=body, headers=user), 400, "RequestInvalid")


@pytest.mark.parametrize(
    "path", ["/federation/estimates?process=", "/search?intersects=", "/validation"]
)
@pytest.mark.parametrize("levels", [500, 1500])
def test_what_is_nested_too_deeply_to_be_read_is_told_so(
    site: Site, path: str, levels: int
) -> None:
    nested = "[" * levels
    if path == "/validation":
        kind = {"Content-Type": "application/json"}
        answer = site.request("POST", path, data=nested, headers=kind)
    else:
        answer = site.get(path + nested)
    message = assert_error(answer, 400, "RequestInvalid")["message"]
    assert "is not JSON: it is nested too deeply at line 1 column" in message


def test_a_body_as_deep_as_is_accepted_is_passed_on(site: Site) -> None:
    extra: Any = 1
    for _ in range(198):
        extra = [extra]
    answer = site.post("/jobs", {"process": graph(), "extra": extra}, headers=site.login())
    assert answer.status_code == 201
    assert site.backends["terra"].calls[-1].document["extra"] == extra


@pytest.mark.parametrize(
    ("body", "coding", "said"),
    [
        (b"\x1f\x8b\x08\x00", "gzip", "compressed (Content-Encoding: gzip)"),
        (b"{", "br", "compressed (Content-Encoding: br)"),
        ('{"a": "é"}'.encode("latin-1"), None, "not text in UTF-8"),
        ("{}".encode("utf-16"), None, "not text in UTF-8"),
        (b"{]", "identity", "is not JSON: "),
    ],
)
def test_why_a_body_cannot_be_read_is_told(
    site: Site, body: bytes, coding: str | None, said: str
) -> None:
    headers = {"Content-Type": "application/json"}
    headers |= {"Content-Encoding": coding} if coding else {}
    answer = site.request("POST", "/validation", data=body, headers=headers)
    assert said in assert_error(answer, 400, "RequestInvalid")["message"]


def test_a_body_that_ends_early_is_refused(site: Site) -> None:
    environ = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "100"}
    answer = site.client.open(
        "/openeo/1.3/validation",
        method="POST",
        input_stream=io.BytesIO(b"{}"),
        content_type="application/json",
        environ_overrides=environ,
    )
    assert "announced length" in assert_error(answer, 400, "RequestInvalid")["message"]


def test_a_body_in_chunks_may_not_be_larger_than_others(tmp_path: Path) -> None:
    site = Site({"terra": backend("terra")}, tmp_path, max_request_bytes=2000)
    for size, status in ((1000, 200), (5000, 413)):
        answer = site.client.open(
            "/openeo/1.3/validation",
            method="POST",
            input_stream=io.BytesIO(b'{"process_graph": {}}' + b" " * size),
            content_type="application/json",
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        )
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("host", ["a..b", ".", "x" * 70 + ".test"])
def test_what_cannot_be_the_name_of_a_host_is_refused(site: Site, host: str) -> None:
    for _ in range(2):
        answer = site.get("/conformance", headers={"Host": host})
        said = assert_error(answer, 400, "RequestInvalid")["message"]
        assert said == f"The header Host, '{host}', cannot be the name of a host."


@pytest.mark.parametrize("host", ["elsewhere.test", "[::1]:8080", "10.0.0.1"])
def test_whatever_host_is_named_the_answers_are_the_same(site: Site, host: str) -> None:
    named = site.get("/", headers={"Host": host})
    assert (named.status_code, named.text) == (200, site.get("/").text)


def test_doubled_slashes_are_no_redirect(site: Site) -> None:
    assert_error(site.get("/collections//S2"), 404, "NotFound")


@pytest.mark.parametrize(
    ("location", "job_id"),
    [
        ("/openeo/jobs/a-1", "terra-a-1"),
        ("jobs/a~1", "terra-a~1"),
        ("http://terra.test/openeo/jobs/a%7E1/?x=y", "terra-a~1"),
        ("http://elsewhere.example/jobs/5", "terra-5"),
    ],
)
def test_the_id_of_a_new_job_is_read_from_its_address(
    site: Site, location: str, job_id: str
) -> None:
    site.backends["terra"].answers["POST /jobs"] = Reply(201, headers={"Location": location})
    answer = site.post("/jobs", {"process": graph()}, headers=site.login())
    assert answer.headers["OpenEO-Identifier"] == job_id
    assert answer.headers["Location"] == f"http://federation.test/openeo/1.3/jobs/{job_id}"


@pytest.mark.parametrize("location", ["", "/", "http://terra.test/openeo/jobs/", "http://x", "5"])
def test_a_new_job_without_an_id_is_a_failure_of_the_backend(site: Site, location: str) -> None:
    site.backends["terra"].answers["POST /jobs"] = Reply(201, headers={"Location": location})
    answer = site.post("/jobs", {"process": graph()}, headers=site.login())
    assert_error(answer, 502, "BackendFailure")


def test_an_id_that_no_header_can_hold_is_quoted_there(site: Site) -> None:
    location = {"Location": "/openeo/jobs/%E6%97%A5%0A"}
    site.backends["terra"].answers["POST /jobs"] = Reply(201, headers=location)
    answer = site.post("/jobs", {"process": graph()}, headers=site.login())
    assert answer.headers["OpenEO-Identifier"] == "terra-%E6%97%A5%0A"
    assert answer.headers["Location"].endswith("/jobs/terra-%E6%97%A5%0A")


@pytest.mark.parametrize("path", ["optical/S2", "optical%2FS2", "optical/S2/"])
def test_a_collection_whose_id_holds_slashes_is_found(tmp_path: Path, path: str) -> None:
    site = Site({"terra": backend("terra", collections=("optical/S2",))}, tmp_path)
    assert site.get(f"/collections/{path}").json["id"] == "optical/S2"
    assert_error(site.get(f"/collections/{path}/queryables"), 501, "FeatureUnsupported")


def test_a_name_and_password_too_long_for_any_backend_are_not_sent_there(site: Site) -> None:
    answer = site.get("/credentials/basic", headers=basic("alice", "x" * 40_000))
    assert_error(answer, 403, "CredentialsInvalid")
    assert all(call.authorization is None for call in site.backends["terra"].calls)


@pytest.mark.parametrize("password", ["a:b:", " ", "p\u00e4ss\u65e5\U0001f600", "\x00\n\r", ""])
def test_a_password_arrives_as_it_was_given(tmp_path: Path, password: str) -> None:
    terra = backend("terra", answers={"GET /credentials/basic": {"access_token": "x"}})
    site = Site({"terra": terra}, tmp_path)
    sent = basic("alice", password)
    assert site.get("/credentials/basic", headers=sent).status_code == 200
    assert terra.calls[-1].authorization == sent["Authorization"]


def test_a_token_goes_to_no_other_host_that_takes_the_backends_name(tmp_path: Path) -> None:
    answers: dict[str, Any] = {"GET /jobs": {"jobs": [], "links": []}}
    new = backend("terra", answers=answers)
    user = Site({"terra": backend("terra", answers=answers)}, tmp_path).login()
    site = Site({"terra": new}, tmp_path, urls={"terra": "http://new.test/openeo"})
    assert site.get("/jobs", headers=user).json["federation:missing"] == ["terra"]
    error = assert_error(site.get("/jobs/terra-1", headers=user), 403, "TokenInvalid")
    assert "log in again" in error["message"]
    assert all(call.authorization is None for call in new.calls)
    assert site.get("/jobs", headers=site.login()).json == {"jobs": [], "links": []}
    assert new.calls[-1].authorization == "Bearer basic//alice-at-new"


@pytest.mark.parametrize("local_id", [".", "..", "%2e%2e", "x" * 2000])
@pytest.mark.parametrize("below", ["", "/results", "/logs"])
def test_an_id_that_is_no_step_into_the_jobs_is_not_found(
    site: Site, local_id: str, below: str
) -> None:
    user = site.login()
    asked = len(site.backends["terra"].calls)
    answer = site.get(f"/jobs/terra-{local_id}{below}", headers=user)
    assert_error(answer, 404, "JobNotFound")
    assert len(site.backends["terra"].calls) == asked


def test_what_is_logged_is_one_line_without_what_a_backend_repeats(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    user = site.login()

    def repeat(call: Call) -> Reply:
        message = f"{call.authorization} is not good."
        return Reply(403, {"id": "ref-1", "code": "TokenInvalid", "message": message})

    site.backends["terra"].answers["GET /jobs/1"] = repeat
    assert_error(site.get("/jobs/terra-1", headers=user), 403, "TokenInvalid")
    site.get("/collections/x%0AINFO%20forged", headers=user)
    logged = [record.getMessage() for record in caplog.records]
    assert not [line for line in logged if "\n" in line or "alice-at-terra" in line]
    assert not [line for line in logged if user["Authorization"].split("//")[1] in line]
    assert any("ref-1" in line for line in logged)


@pytest.mark.parametrize("query", ["", "?limit=10"])
def test_a_listing_whose_next_link_leads_back_ends(site: Site, query: str) -> None:
    def loop(call: Call) -> Any:
        following = {"rel": "next", "href": "http://elsewhere.example/jobs?page=2"}
        return {"jobs": [{"id": "2" if "page" in call.query else "1"}], "links": [following]}

    site.backends["terra"].answers["GET /jobs"] = loop
    listed = site.get(f"/jobs{query}", headers=site.login()).json
    assert [job["id"] for job in listed["jobs"]] == ["terra-1", "terra-2"]
    assert listed["links"] == []
    assert {call.authorization for call in site.backends["terra"].asked("GET", "/jobs")} == {
        "Bearer basic//alice-at-terra"
    }
