"""Cross-origin headers on everything, and errors in openEO's form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from backends.limits import Limits
from tests.web.backends.site import GRAPH, Site, error

PATHS = [
    "/.well-known/openeo",
    "/health",
    "/openeo/1.3/",
    "/openeo/1.3/collections",
    "/openeo/1.3/collections/NOWHERE",
    "/openeo/1.3/jobs",
    "/openeo/1.3/jobs/j1/results",
    "/openeo/1.3/result",
    "/openeo/1.3/results/abc/files/a.tif",
    "/openeo/1.3/nowhere",
    "/nowhere",
    "/",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One backend for all of these tests, since none of them changes it."""
    made = Site(tmp_path_factory.mktemp("site") / "data")
    yield made
    made.close()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_response_is_open_to_all_origins(site: Site, path: str, method: str) -> None:
    headers = site.client.open(path, method=method, headers={"Origin": "http://x.test"}).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    exposed = {name.strip() for name in headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {"Link", "Location", "OpenEO-Costs", "OpenEO-Identifier"}
    assert exposed >= {"Accept-Ranges", "Content-Range", "Content-Encoding"}


@pytest.mark.parametrize("path", PATHS)
def test_options_is_answered_everywhere_without_authentication(site: Site, path: str) -> None:
    response = site.client.options(path, headers={"Access-Control-Request-Method": "POST"})
    assert (response.status_code, response.data) == (204, b"")
    allowed = response.headers["Access-Control-Allow-Headers"]
    assert {name.strip() for name in allowed.split(",")} >= {
        "Authorization",
        "Content-Type",
        "Range",
    }
    methods = {name.strip() for name in response.headers["Access-Control-Allow-Methods"].split(",")}
    assert methods >= {"OPTIONS", "GET", "POST", "PATCH", "PUT", "DELETE"}
    assert int(response.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("path", ["/openeo/1.3//collections", "/openeo/1.3/results/x/files//y"])
def test_doubled_slashes_lead_nowhere_least_of_all_to_the_host_that_is_named(
    site: Site, path: str
) -> None:
    response = site.client.get(path, headers={"Host": "elsewhere.example"})
    assert response.headers.get("Location") is None
    assert response.status_code in (403, 404)
    assert response.is_json


def test_an_unknown_path_is_not_found_and_told_where_the_api_is(site: Site) -> None:
    response = site.client.get("/nowhere")
    assert error(response) == (404, "NotFound")
    assert "http://backend.test/openeo/1.3" in response.text
    assert error(site.client.get("/openeo/1.3/nowhere")) == (404, "NotFound")


def test_another_api_version_is_not_supported(site: Site) -> None:
    assert error(site.client.get("/openeo/0.4/")) == (404, "UnsupportedApiVersion")


@pytest.mark.parametrize("path", ["/services"])
def test_a_part_of_the_api_that_is_not_there_is_an_unsupported_feature(
    site: Site, path: str
) -> None:
    assert error(site.ask("GET", path)) == (501, "FeatureUnsupported")


def test_a_wrong_method_is_told_with_the_right_ones(site: Site) -> None:
    response = site.ask("PUT", "/jobs", json={})
    assert error(response) == (405, "MethodNotAllowed")
    assert response.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize("path", ["/jobs", "/result", "/validation"])
@pytest.mark.parametrize("body", [b"{", b"", b"NaN", b"\xff\xfe", b"[1,2]", b'"text"', b"null"])
def test_what_is_no_json_object_is_refused(site: Site, path: str, body: bytes) -> None:
    response = site.ask("POST", path, data=body, content_type="application/json")
    assert error(response) == (400, "RequestInvalid")


@pytest.mark.parametrize("path", ["/jobs", "/result", "/validation"])
def test_another_media_type_is_refused(site: Site, path: str) -> None:
    response = site.ask("POST", path, data=json.dumps({"process": GRAPH}))
    assert error(response) == (400, "ContentTypeInvalid")
    xml = site.ask("POST", path, data="<xml/>", content_type="application/xml")
    assert error(xml) == (400, "ContentTypeInvalid")


def test_a_body_that_is_too_large_is_refused_with_the_limit(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", limits=Limits(request_bytes=1000))
    response = site.ask("POST", "/jobs", json={"process": GRAPH, "title": "x" * 1000})
    assert error(response) == (413, "RequestTooLarge")
    assert "1000 bytes" in response.text
    site.close()


@pytest.mark.parametrize("depth", [250, 5000])
def test_a_body_that_is_nested_too_deep_is_refused(site: Site, depth: int) -> None:
    nested = '{"a":' * depth + "1" + "}" * depth
    response = site.ask("POST", "/jobs", data=nested, content_type="application/json")
    assert error(response) == (400, "RequestInvalid")


def test_an_unexpected_failure_shows_no_detail(tmp_path: Path) -> None:
    site = Site(tmp_path / "data")

    @site.app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError("a secret detail")

    response = site.client.get("/broken", headers={"Authorization": site.token()})
    assert error(response) == (500, "Internal")
    assert "secret" not in response.text
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    site.close()


def test_an_unexpected_failure_of_a_computation_shows_no_detail(tmp_path: Path) -> None:
    site = Site(tmp_path / "data")

    def crash(_task: Task, _reporter: Reporter) -> None:
        raise ZeroDivisionError("a secret detail")

    site.behaviour = crash
    response = site.ask("POST", "/result", json={"process": GRAPH})
    assert error(response) == (500, "Internal")
    assert "secret" not in response.text
    site.close()
