"""Every method of the client's connection, jobs, files, services and processes at the federation.

With all three members first, then while one of them is away.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from openeo.api.process import Parameter
from openeo.rest import OpenEoApiError
from openeo.rest.connection import Connection, connect
from openeo.rest.userfile import UserFile

from tests.scenarios.conftest import Federation
from tests.scenarios.cube_methods import AREAS, DAYS, FIELD
from tests.scenarios.method_calls import missed, ran_whole, recorded
from tests.scenarios.resource_methods import KINDS, LEFT_OUT

MEMBERS = ["terra", "aurora", "boreal"]
QUICK: dict[str, Any] = {"max_poll_interval": 0.3, "connection_retry_interval": 1}
HARVEST = {"client_id": "harvest-monitor", "client_secret": "harvest-monitor-secret"}


@pytest.fixture(scope="module", autouse=True)
def called() -> Iterator[set[str]]:
    with recorded(*KINDS) as names:
        yield names


@pytest.fixture(scope="module")
def connection(federation: Federation, called: set[str]) -> Any:
    return federation.connect("bob")


def mean(connection: Any, **more: Any) -> Any:
    """The mean radar image of some days."""
    cube: Any = connection.load_collection(
        "SENTINEL1_GRD", spatial_extent=FIELD, temporal_extent=DAYS, bands=["VV"], **more
    )
    return cube.reduce_dimension(dimension="t", reducer="mean")


# Connection and discovery


def test_a_connection_knows_what_it_is_connected_to(
    federation: Federation, connection: Any
) -> None:
    assert Connection.version_discovery(federation.url).endswith("/openeo/1.3/")
    assert connection.build_url("/me").endswith("/openeo/1.3/me")
    assert connection.version_info()["api"] == "1.3.0"
    assert connection.web_editor().startswith("https://editor.openeo.org/?server=")
    assert connection.head("/").status_code == 200
    assert connection.request("GET", "/conformance").json()["conformsTo"]
    assert not connection.try_access_token_refresh()
    providers = {one["type"]: one["id"] for one in connection.list_auth_providers()}
    assert providers == {"oidc": "federation", "basic": "/credentials/basic"}


def test_capabilities_say_what_the_federation_can_do(connection: Any) -> None:
    capabilities = connection.capabilities()
    assert capabilities.api_version_check.at_least("1.3.0")
    assert capabilities.deep_get("type") == "Catalog"
    assert capabilities.currency() == "credits"
    assert {plan["name"] for plan in capabilities.list_plans()} >= {"trial", "priority"}
    for path, method in [("/result", "POST"), ("/files/{path}", "PUT"), ("/services", "POST")]:
        assert capabilities.supports_endpoint(path, method=method)
    members = capabilities.ext_federation_backend_details()
    assert members is not None
    assert {name: member["status"] for name, member in members.items()} == dict.fromkeys(
        MEMBERS, "online"
    )
    assert members["boreal"]["title"] == "Boreal HPC"


def test_a_token_of_another_program_opens_the_federation(federation: Federation) -> None:
    basic: Any = federation.connect("bob")
    other = connect(federation.url, retry=False)
    other.authenticate_bearer_token(basic.auth.bearer)
    assert other.describe_account()["user_id"] == "bob"
    service: Any = connect(federation.url, retry=False)
    service.authenticate_oidc_client_credentials(**HARVEST)
    third = connect(federation.url, retry=False)
    third.authenticate_oidc_access_token(service.auth.bearer.rpartition("/")[2])
    assert third.describe_account()["user_id"] == "harvest-monitor"


def test_discovery_joins_what_all_members_have(connection: Any) -> None:
    ids = connection.list_collection_ids()
    assert [one["id"] for one in connection.list_collections()] == ids
    assert {"SENTINEL2_L2A", "SENTINEL1_GRD", "BOREAL_TEMPERATURE_DAILY"} <= set(ids)
    described = connection.describe_collection("SENTINEL2_L2A")
    assert described["federation:backends"] == MEMBERS
    bands = connection.collection_metadata("SENTINEL2_L2A").band_names
    assert {"B02", "B04", "B08"} <= set(bands)
    by_id = {one["id"]: one["federation:backends"] for one in connection.list_processes()}
    assert (by_id["add"], by_id["run_udf"]) == (MEMBERS, ["terra", "boreal"])
    assert connection.describe_process("ndvi")["parameters"]
    formats = connection.list_file_formats()
    assert formats["input"] == connection.list_input_formats()
    assert formats["output"] == connection.list_output_formats()
    assert formats["output"]["GTiff"]["federation:backends"] == MEMBERS
    assert formats["output"]["Zarr"]["federation:backends"] != MEMBERS
    assert connection.list_service_types()["XYZ"]["federation:backends"] == ["terra", "boreal"]
    runtimes = connection.list_udf_runtimes()
    assert runtimes["Python"]["federation:backends"] == ["terra", "boreal"]


def test_items_of_a_collection_come_page_by_page(connection: Any) -> None:
    pages = connection.collection_items(
        "SENTINEL2_L2A",
        spatial_extent=[11.0, 46.3, 11.1, 46.5],
        temporal_extent=["2024-07-01", "2024-07-10"],
        limit=3,
    )
    found = [[item["id"] for item in page["features"]] for page in pages]
    assert len(found) > 1
    assert all(len(page) <= 3 for page in found)
    ids = [item for page in found for item in page]
    assert len(set(ids)) == len(ids)
    assert {item.partition("-")[0] for item in ids} == {"terra", "aurora"}


def test_who_is_here_has_a_wallet_at_each_member(connection: Any) -> None:
    account = connection.describe_account()
    assert account["user_id"] == "bob"
    assert list(account["federation:users"]) == MEMBERS


# Validation, estimates and synchronous processing


def test_mistakes_are_told_before_anything_runs(connection: Any) -> None:
    assert list(connection.validate_process_graph(mean(connection))) == []
    wrong = {"x": {"process_id": "nothing", "arguments": {}, "result": True}}
    errors = connection.validate_process_graph(wrong)
    assert [error["code"] for error in errors] == ["ProcessUnsupported"]
    assert errors.ext_federation_backends() == MEMBERS


def test_a_result_comes_at_once(connection: Any, tmp_path: Path) -> None:
    three = {"add": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}}
    assert connection.execute(three) == 3
    assert connection.datacube_from_flat_graph(three).execute() == 3
    assert connection.datacube_from_json(json.dumps(three)).execute() == 3
    connection.download(mean(connection).save_result("GTiff"), tmp_path / "mean.tif")
    assert (tmp_path / "mean.tif").read_bytes()[:2] == b"II"


def test_a_request_can_be_shown_as_a_command(connection: Any) -> None:
    command = connection.as_curl(mean(connection), obfuscate_auth=True)
    assert command.startswith("curl -i -X POST")
    assert connection.build_url("/result") in command
    assert connection.auth.bearer not in command


def test_vectors_are_loaded_from_geojson_and_from_files(connection: Any, tmp_path: Path) -> None:
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps(AREAS))
    given = connection.load_geojson(AREAS, properties=["height"])
    assert given.execute()["data"] == [[7]]
    connection.upload_file(area, target="terra/area.geojson")
    loaded = connection.vectorcube_from_paths(["terra/area.geojson"], format="GeoJSON")
    assert loaded.execute()["dims"][0] == "geometries"
    connection.get_file("terra/area.geojson").delete()


@pytest.mark.parametrize("method", ["load_result", "load_ml_model"])
def test_what_no_member_offers_is_refused_by_its_name(connection: Any, method: str) -> None:
    errors = getattr(connection, method)("aurora-j-1").validate()
    assert [error["code"] for error in errors] == ["ProcessUnsupported"]
    assert f"'{method}'" in errors[0]["message"]


# Files


def test_a_file_is_put_at_a_member_and_taken_away(connection: Any, tmp_path: Path) -> None:
    first, second, back = (tmp_path / name for name in ("1.json", "2.json", "back.json"))
    first.write_text("1")
    second.write_text("22")
    file = connection.upload_file(first, target="boreal/numbers/n.json")
    assert file.to_dict()["path"] == "boreal/numbers/n.json"
    again = connection.get_file("boreal/numbers/n.json").upload(second)
    assert again.metadata["size"] == 2
    listed = connection.list_files()
    (found,) = [one.to_dict() for one in listed if str(one.path) == "boreal/numbers/n.json"]
    copied: Any = UserFile.from_metadata(found, connection)
    assert copied.download(back).read_text() == "22"
    copied.delete()
    assert "boreal/numbers/n.json" not in [str(one.path) for one in connection.list_files()]


# User-defined processes


def test_a_process_of_ones_own_is_kept_used_and_taken_away(connection: Any) -> None:
    connection.assert_user_defined_process_support()
    x = Parameter.number("x", description="A number.", default=0)
    twice = {
        "multiply": {
            "process_id": "multiply",
            "arguments": {"x": {"from_parameter": "x"}, "y": 2},
            "result": True,
        }
    }
    kept = connection.save_user_defined_process("twice", twice, parameters=[x], summary="Twice.")
    listed = {one["id"]: one for one in connection.list_user_defined_processes()}
    assert listed["twice"]["federation:backends"] == MEMBERS
    assert connection.user_defined_process("twice").describe()["summary"] == "Twice."
    kept.store(twice, parameters=[x], summary="Doubles.")
    assert kept.describe()["summary"] == "Doubles."
    assert connection.datacube_from_process("twice", x=21).execute() == 42
    kept.delete()
    with pytest.raises(OpenEoApiError) as gone:
        kept.describe()
    assert gone.value.code == "ProcessGraphNotFound"


# Web services


def test_a_web_service_is_made_and_taken_away(connection: Any) -> None:
    scenes: Any = connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=FIELD, temporal_extent=DAYS, bands=["B04"]
    )
    graph = scenes.max_time().linear_scale_range(0, 4000, 0, 255).save_result("PNG").flat_graph()
    made = connection.create_service(graph, type="XYZ", title="Red", log_level="debug")
    service = connection.service(made.service_id)
    described = service.describe_service()
    assert (described["title"], described["enabled"]) == ("Red", True)
    assert made.service_id in [one["id"] for one in connection.list_services()]
    z, lat = 12, math.radians(46.3815)
    place = {
        "z": z,
        "x": int((11.0415 + 180) / 360 * 2**z),
        "y": int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * 2**z),
    }
    assert requests.get(described["url"].format(**place), timeout=60).status_code == 200
    logs = service.logs(level="debug")
    assert logs
    assert list(service.logs(offset=logs[-1]["id"])) == []
    assert logs.ext_federation_missing() is None
    service.delete_service()
    assert made.service_id not in [one["id"] for one in connection.list_services()]


# Batch jobs


@pytest.fixture(scope="module")
def job(connection: Any) -> Any:
    """A finished job at the member that has radar."""
    graph = mean(connection).save_result("GTiff")
    made = connection.create_job(graph, title="Radar", description="Mean.", budget=100)
    assert made.status() == "created"
    assert made.estimate()["costs"] > 0
    made.start_and_wait(print=lambda _: None, **QUICK)
    return made


def test_a_job_tells_of_itself(connection: Any, job: Any) -> None:
    described = connection.job(job.job_id).describe()
    assert (described["title"], described["status"]) == ("Radar", "finished")
    assert described["federation:backends"] == ["aurora"]
    listed = connection.list_jobs()
    assert job.job_id in [one["id"] for one in listed]
    assert listed.ext_federation_missing() is None
    logs = job.logs(level=logging.INFO)
    assert logs
    assert logs.ext_federation_missing() is None


def test_results_are_downloaded_in_every_way(job: Any, tmp_path: Path) -> None:
    results = job.get_results()
    assert results.get_job_id() == job.job_id
    assert results.get_metadata()["type"] in {"Collection", "Feature"}
    url = job.get_results_metadata_url(full=True)
    assert url.endswith(f"/jobs/{job.job_id}/results")
    raster, *_ = [one for one in results.get_assets() if one.key.endswith(".tif")]
    whole = raster.load_bytes()
    assert results.get_asset(raster.key).load_bytes() == whole
    assert raster.download(tmp_path / "asset.tif").read_bytes() == whole
    files = results.download_files(tmp_path / "files")
    assert whole in [file.read_bytes() for file in files if file.suffix == ".tif"]
    one = results.download_file(tmp_path / "one.tif", key=raster.key)
    assert one.read_bytes() == whole
    assert job.download_result(tmp_path / "result.tif").read_bytes() == whole
    stored = results.download_as_collection(tmp_path / "stac")
    assert stored and all(found.is_file() for found in stored)
    inside = [found for found in (tmp_path / "stac").rglob("*.tif") if found.is_file()]
    assert [found.read_bytes() for found in inside] == [whole]


def test_results_of_one_member_are_loaded_by_another(
    connection: Any, job: Any, tmp_path: Path
) -> None:
    (canonical,) = [
        link["href"]
        for link in job.get_results().get_metadata()["links"]
        if link["rel"] == "canonical"
    ]
    for cube in (connection.load_stac_from_job(job), connection.load_stac(canonical)):
        cube.download(tmp_path / "again.tif", format="GTiff")
        assert (tmp_path / "again.tif").read_bytes()[:2] == b"II"


def test_a_vector_file_is_loaded_from_its_address(connection: Any) -> None:
    graph = connection.load_geojson(AREAS, properties=["height"]).save_result("GeoJSON")
    made = graph.create_job(title="Vectors")
    made.start_and_wait(print=lambda _: None, **QUICK)
    file, *_ = [one for one in made.get_results().get_assets() if one.key.endswith("json")]
    assert file.load_json()["type"] == "FeatureCollection"
    assert connection.load_url(file.href, format="GeoJSON").execute()["dims"][0] == "geometries"
    made.delete()


def test_a_job_is_stopped_and_deleted(connection: Any) -> None:
    made = mean(connection).create_job(title="In vain", out_format="GTiff")
    made.start()
    made.stop()
    assert made.status() in {"created", "canceled", "finished"}
    made.delete()
    with pytest.raises(OpenEoApiError) as gone:
        made.describe()
    assert gone.value.code == "JobNotFound"


# Whatever has a method of its own nowhere in the client


def test_other_requests_go_to_the_federation_too(connection: Any, tmp_path: Path) -> None:
    body = {"process": {"process_graph": mean(connection).flat_graph()}}
    found = connection.post("/federation/estimates", json=body).json()["estimates"]
    assert [one["backend"] for one in found] == ["aurora"]
    made = connection.post("/jobs", json=body, expected_status=201)
    path = f"/jobs/{made.headers['OpenEO-Identifier']}"
    connection.patch(path, json={"title": "Changed"}, expected_status=204)
    assert connection.get(path).json()["title"] == "Changed"
    connection.delete(path, expected_status=204)
    connection.put("/files/terra/a.txt", data=b"a", expected_status=200)
    connection.download_url(connection.build_url("/files/terra/a.txt"), tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "a"
    connection.delete("/files/terra/a.txt", expected_status=204)


# While a member is away


def test_every_listing_says_who_is_missing(
    federation: Federation, job: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with federation.without("aurora"):
        connection: Any = federation.connect("bob")
        members = connection.capabilities().ext_federation_backend_details()
        assert members is not None
        assert members["aurora"]["status"] == "offline"
        listings = {
            "collections": connection.list_collections(),
            "processes": connection.list_processes(),
            "jobs": connection.list_jobs(),
            "processes of the user": connection.list_user_defined_processes(),
        }
        missing = {name: listing.ext_federation_missing() for name, listing in listings.items()}
        assert missing == {
            "collections": ["aurora"],
            "processes": ["aurora"],
            "jobs": ["aurora"],
            "processes of the user": None,
        }
        assert "Partial job listing: missing federation components: ['aurora']" in caplog.text
        for listing in (
            connection.list_file_formats(),
            connection.get("/files").json(),
        ):
            assert listing["federation:missing"] == ["aurora"]
        # It serves no web services, so that nothing is missing from their list.
        assert "federation:missing" not in connection.get("/services").json()
        three = {"add": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}}
        assert connection.execute(three) == 3
        with pytest.raises(OpenEoApiError, match="aurora") as away:
            job.describe()
        assert away.value.http_status_code == 503
    assert job.status() == "finished"


def test_no_method_was_forgotten(called: set[str], request: pytest.FixtureRequest) -> None:
    if not ran_whole(request):
        pytest.skip("only some tests of this module were chosen")
    assert missed(KINDS, called, LEFT_OUT) == set()
