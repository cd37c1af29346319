"""Versions, capabilities, conformance and formats of the federation."""

from __future__ import annotations

import gzip
from importlib import metadata
from pathlib import Path

import pytest

from tests.web.site import Site, assert_error, backend, conforms


def test_the_api_is_found_through_the_well_known_document(site: Site) -> None:
    found = conforms("/.well-known/openeo", site.client.get("/.well-known/openeo"))
    assert [version["url"] for version in found["versions"]] == [
        "http://federation.test/openeo/1.3/"
    ]


@pytest.mark.parametrize("root", ["", "/openeo", "/openeo/1.3", "/openeo/1.3.0", "/openeo/v1.3"])
def test_the_api_stands_at_the_host_and_below_its_version(site: Site, root: str) -> None:
    for path in ("/", ""):
        if root + path:
            assert site.request("GET", path, root=root).json["api_version"] == "1.3.0"
    assert site.client.get(f"{root}/collections").status_code == 200


def test_another_version_is_an_error_that_says_which_is_served(site: Site) -> None:
    error = assert_error(site.client.get("/openeo/1.9/jobs"), 404, "UnsupportedApiVersion")
    assert "/openeo/1.3" in error["message"]


def test_capabilities_show_every_member_with_its_status_and_last_checks(site: Site) -> None:
    site.clock.advance(60)
    site.go_down("aurora")
    site.federation.refresh()
    members = conforms("/", site.get("/"))["federation"]
    assert members["terra"] == {
        "url": "http://terra.test/openeo",
        "title": "Terra",
        "description": "The backend terra.",
        "status": "online",
        "last_status_check": "2023-11-14T22:14:20Z",
        "last_successful_check": "2023-11-14T22:14:20Z",
    }
    assert members["aurora"]["status"] == "offline"
    assert members["aurora"]["last_status_check"] == "2023-11-14T22:14:20Z"
    assert members["aurora"]["last_successful_check"] == "2023-11-14T22:13:20Z"


def test_a_member_that_was_never_seen_says_so(tmp_path: Path) -> None:
    site = Site({"terra": backend("terra"), "gone": backend("gone")}, tmp_path, down=("gone",))
    members = conforms("/", site.get("/"))["federation"]
    assert members["gone"]["last_successful_check"] is None


def test_the_version_is_that_of_what_is_installed(site: Site) -> None:
    assert site.get("/").json["backend_version"] == metadata.version("openeo-federation")


def test_endpoints_are_those_that_a_backend_serves_and_the_aggregator_routes(site: Site) -> None:
    listed = {e["path"]: e["methods"] for e in site.get("/").json["endpoints"]}
    assert sorted(listed["/jobs/{job_id}"]) == ["DELETE", "GET", "PATCH"]
    assert listed["/validation"] == ["POST"]
    assert "/credentials/oidc" not in listed and "/services" not in listed


def test_both_versions_of_the_federation_extension_are_named(site: Site) -> None:
    found = conforms("/conformance", site.get("/conformance"))["conformsTo"]
    assert "https://api.openeo.org/extensions/federation/0.1.0" in found
    assert "https://api.openeo.org/extensions/federation/0.2.0" in found


def test_collections_are_claimed_to_be_those_of_a_stac_api(site: Site) -> None:
    claim = "https://api.stacspec.org/v1.0.0/collections"
    assert claim in site.get("/").json["conformsTo"]
    assert claim in site.get("/conformance").json["conformsTo"]
    listed = site.get("/collections").json
    assert {one["rel"] for one in listed["links"]} >= {"self", "root"}
    for one in listed["collections"]:
        links = {link["rel"]: link["href"] for link in one["links"]}
        assert {"self", "root"} <= links.keys(), one["id"]
        assert links["self"].endswith(f"/collections/{one['id']}")


def test_file_formats_name_who_has_them_and_who_is_missing(site: Site) -> None:
    site.go_down("aurora")
    site.federation.refresh()
    formats = conforms("/file_formats", site.get("/file_formats"))
    assert formats["output"]["GTiff"]["federation:backends"] == ["terra", "aurora"]
    assert formats["federation:missing"] == ["aurora"]


def test_udf_runtimes_that_nobody_offers_are_an_unsupported_feature(site: Site) -> None:
    assert_error(site.get("/udf_runtimes"), 501, "FeatureUnsupported")
    assert site.get("/service_types").json == {}


@pytest.mark.parametrize("path", ["/", "/collections", "/processes", "/collections/S2"])
def test_an_answer_that_the_client_has_is_not_sent_again(site: Site, path: str) -> None:
    first = site.get(path)
    again = site.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    changed = site.get(path, headers={"If-None-Match": '"another"'})
    assert changed.status_code == 200


def test_answers_are_compressed_for_clients_that_take_it(site: Site) -> None:
    plain = site.get("/processes", headers={"Accept-Encoding": "identity"})
    packed = site.get("/processes", headers={"Accept-Encoding": "gzip, deflate"})
    refused = site.get("/processes", headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data == refused.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == "Accept-Encoding"


def test_a_changed_document_has_another_tag(site: Site) -> None:
    before = site.get("/processes").headers["ETag"]
    site.go_down("terra")
    site.federation.refresh()
    after = site.get("/processes")
    assert after.headers["ETag"] != before
    assert after.json["federation:missing"] == ["terra"]


def test_head_is_answered_like_get_without_a_body(site: Site) -> None:
    answer = site.request("HEAD", "/collections")
    assert (answer.status_code, answer.data) == (200, b"")
