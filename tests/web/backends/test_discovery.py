"""Capabilities and discovery of a backend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.backends.site import Site, error


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One backend for all of these tests, since none of them changes it."""
    made = Site(tmp_path_factory.mktemp("site") / "data")
    yield made
    made.close()


def get(site: Site, path: str, template: str | None = None) -> Any:
    response = site.ask("GET", path, user=None, template=template or path)
    assert response.status_code == 200, response.text
    return response.json


def test_the_versions_are_told_at_the_root_of_the_host(site: Site) -> None:
    response = site.client.get("/.well-known/openeo")
    assert response.json == {
        "versions": [
            {
                "url": "http://backend.test/openeo/1.3/",
                "api_version": "1.3.0",
                "production": True,
            }
        ]
    }


def test_the_capabilities_say_what_this_backend_is(site: Site) -> None:
    document = get(site, "/")
    assert document["id"] == "testing"
    assert document["api_version"] == "1.3.0"
    assert document["type"] == "Catalog"
    assert "https://api.openeo.org/1.3.0" in document["conformsTo"]
    assert document["billing"]["currency"] == "credits"


def test_the_capabilities_are_there_with_and_without_a_final_slash(site: Site) -> None:
    assert site.client.get("/openeo/1.3").status_code == 200
    assert site.client.get("/openeo/1.3/").status_code == 200


def test_the_endpoints_are_told_as_templates_of_the_specification(site: Site) -> None:
    endpoints = {entry["path"]: entry["methods"] for entry in get(site, "/")["endpoints"]}
    assert endpoints == {
        "/": ["GET"],
        "/collections": ["GET"],
        "/collections/{collection_id}": ["GET"],
        "/collections/{collection_id}/items": ["GET"],
        "/collections/{collection_id}/items/{item_id}": ["GET"],
        "/collections/{collection_id}/queryables": ["GET"],
        "/conformance": ["GET"],
        "/credentials/basic": ["GET"],
        "/file_formats": ["GET"],
        "/files": ["GET"],
        "/files/{path}": ["GET", "PUT", "DELETE"],
        "/jobs": ["GET", "POST"],
        "/jobs/{job_id}": ["GET", "PATCH", "DELETE"],
        "/jobs/{job_id}/estimate": ["GET"],
        "/jobs/{job_id}/logs": ["GET"],
        "/jobs/{job_id}/results": ["GET", "POST", "DELETE"],
        "/me": ["GET"],
        "/process_graphs": ["GET"],
        "/process_graphs/{process_graph_id}": ["GET", "PUT", "DELETE"],
        "/processes": ["GET"],
        "/result": ["POST"],
        "/search": ["GET", "POST"],
        "/service_types": ["GET"],
        "/validation": ["POST"],
    }


def test_every_endpoint_told_is_there(site: Site) -> None:
    for entry in get(site, "/")["endpoints"]:
        path = re.sub(r"\{\w+\}", "unknown", entry["path"])
        for method in entry["methods"]:
            response = site.ask(method, path)
            assert response.status_code not in (405, 501), (method, path)
            assert not response.is_json or response.json.get("code") != "NotFound", path  # type: ignore[union-attr]


@pytest.mark.parametrize(("version", "path"), [("1.1.0", "/openeo/1.1"), ("1.2.0", "/openeo/1.2")])
def test_an_older_api_version_has_no_catalog_type_and_no_jwt_class(
    tmp_path: Path, version: str, path: str
) -> None:
    site = Site(tmp_path / "data", api_version=version, url_path=path, token_form="prefixed")
    document = site.ask("GET", "/", user=None).json
    assert document is not None
    assert document["api_version"] == version
    assert not document.keys() & {"type", "conformsTo"}
    conformance = site.ask("GET", "/conformance", user=None).json
    assert conformance is not None
    assert f"https://api.openeo.org/{version}" in conformance["conformsTo"]
    assert not any("jwt" in name for name in conformance["conformsTo"])
    site.close()


def test_api_1_1_has_no_queryables(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", api_version="1.1.0", url_path="/openeo/1.1")
    document = site.ask("GET", "/collections/DEM", user=None).json
    assert document is not None
    assert not any("queryables" in link["href"] for link in document["links"])
    response = site.ask("GET", "/collections/DEM/queryables", user=None)
    assert error(response) == (404, "NotFound")
    paths = [entry["path"] for entry in site.ask("GET", "/", user=None).json["endpoints"]]  # type: ignore[index]
    assert "/collections/{collection_id}/queryables" not in paths
    site.close()


def test_the_jwt_class_stands_for_the_plain_token_only(tmp_path: Path) -> None:
    jwt_class = "https://api.openeo.org/1.3.0/authentication/jwt"
    for form in ("jwt", "prefixed"):
        site = Site(tmp_path / form, token_form=form)
        assert (jwt_class in get(site, "/conformance")["conformsTo"]) is (form == "jwt")
        site.close()


def test_the_links_of_the_capabilities_lead_somewhere(site: Site) -> None:
    for link in get(site, "/")["links"]:
        if link["href"].startswith("http://backend.test"):
            path = link["href"].removeprefix("http://backend.test")
            assert site.client.get(path).status_code == 200, link


def test_all_collections_are_listed_where_no_limit_is_given(site: Site) -> None:
    document = get(site, "/collections")
    assert [entry["id"] for entry in document["collections"]] == ["SENTINEL2_L2A", "DEM", "COVER"]
    assert "next" not in [link["rel"] for link in document["links"]]


@pytest.mark.parametrize("name", ["collections", "processes"])
def test_lists_come_in_pages_without_gap_or_double(site: Site, name: str) -> None:
    found: list[str] = []
    path: str | None = f"/{name}?limit=2"
    while path:
        document = get(site, path, f"/{name}")
        assert len(document[name]) <= 2
        found += [entry["id"] for entry in document[name]]
        following = [link["href"] for link in document["links"] if link["rel"] == "next"]
        path = following[0].removeprefix(site.profile.api_url) if following else None
    assert found == [entry["id"] for entry in get(site, f"/{name}")[name]]


@pytest.mark.parametrize("path", ["/collections", "/processes"])
@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5", "9" * 40])
def test_a_limit_that_is_no_whole_number_is_refused(site: Site, path: str, limit: str) -> None:
    response = site.ask("GET", f"{path}?limit={limit}", user=None)
    assert error(response) == (400, "RequestInvalid")


@pytest.mark.parametrize("name", ["SENTINEL2_L2A", "DEM", "COVER"])
def test_a_collection_is_described_in_full(site: Site, name: str) -> None:
    document = get(site, f"/collections/{name}", "/collections/{collection_id}")
    assert document["id"] == name
    assert document["cube:dimensions"]
    links = {link["rel"]: link["href"] for link in document["links"]}
    assert links["self"] == f"http://backend.test/openeo/1.3/collections/{name}"


def test_an_unknown_collection_is_not_found(site: Site) -> None:
    response = site.ask("GET", "/collections/NOWHERE", user=None)
    assert error(response) == (404, "CollectionNotFound")
    assert "SENTINEL2_L2A" in response.text


def test_the_queryables_are_a_json_schema(site: Site) -> None:
    response = site.ask("GET", "/collections/SENTINEL2_L2A/queryables", user=None)
    assert response.content_type == "application/schema+json"
    assert response.json is not None
    assert response.json["type"] == "object"
    assert response.json["properties"]["eo:cloud_cover"]["type"] == "number"
    unknown = site.ask("GET", "/collections/NOWHERE/queryables", user=None)
    assert error(unknown) == (404, "CollectionNotFound")


def test_the_processes_are_those_of_the_profile(site: Site) -> None:
    document = get(site, "/processes")
    assert [entry["id"] for entry in document["processes"]] == list(site.profile.processes)
    assert document["version"]
    assert all(entry["description"] for entry in document["processes"])


def test_the_file_formats_are_those_of_the_profile(site: Site) -> None:
    document = get(site, "/file_formats")
    assert list(document["output"]) == ["GTiff", "JSON"]
    assert document["input"] == {}


def test_there_are_no_secondary_services(site: Site) -> None:
    assert get(site, "/service_types") == {}


def test_an_unchanged_document_is_not_sent_again(site: Site) -> None:
    first = site.ask("GET", "/processes", user=None)
    headers = {"If-None-Match": first.headers["ETag"]}
    second = site.ask("GET", "/processes", user=None, headers=headers)
    assert (second.status_code, second.data) == (304, b"")


def test_health_is_told_under_the_api_and_at_the_root(site: Site) -> None:
    for path in ("/health", "/openeo/1.3/health"):
        response = site.client.get(path)
        assert (response.status_code, response.json) == (
            200,
            {"status": "ok", "backend": "testing"},
        )


def test_runtimes_are_told_where_users_code_can_be_run(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", processes=("add", "run_udf"))
    assert site.ask("GET", "/udf_runtimes", user=None, template="/udf_runtimes").json is not None
    site.close()


def test_without_run_udf_there_are_no_runtimes(site: Site) -> None:
    assert site.ask("GET", "/udf_runtimes").status_code == 501
