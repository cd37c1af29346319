"""Files, items, estimates and web services, with the ordinary clients."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pystac_client
import pytest
import requests
from openeo.rest import OpenEoApiError
from openeo.rest.connection import Connection
from pystac.errors import DeprecatedWarning

from tests.scenarios.conftest import Federation

AREA = {"west": 11.04, "south": 46.38, "east": 11.05, "north": 46.39}
JULY = ("2024-07-01", "2024-07-16")
RING = [[11.0, 46.35], [11.02, 46.35], [11.02, 46.37], [11.0, 46.37], [11.0, 46.35]]
FIELD = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"value": 7},
            "geometry": {"type": "Polygon", "coordinates": [RING]},
        }
    ],
}


@pytest.fixture(scope="module")
def connection(federation: Federation) -> Connection:
    return federation.connect("carol")


def optical(connection: Connection) -> Any:
    return connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=AREA, temporal_extent=JULY, bands=["B04"]
    ).reduce_dimension(dimension="t", reducer="median")


def loading(path: str) -> dict[str, Any]:
    return {
        "load": {
            "process_id": "load_uploaded_files",
            "arguments": {"paths": [path], "format": "GeoJSON"},
        },
        "save": {
            "process_id": "save_result",
            "arguments": {"data": {"from_node": "load"}, "format": "GeoJSON"},
            "result": True,
        },
    }


def paths(connection: Connection) -> list[str]:
    return [str(file.path) for file in connection.list_files()]


def test_files_at_all_members_are_one_tree_and_processes_run_where_they_are(
    federation: Federation, connection: Connection, tmp_path: Path
) -> None:
    local, back = tmp_path / "field.geojson", tmp_path / "back.geojson"
    local.write_text(json.dumps(FIELD))
    wanted = [f"{member}/fields/field 1.geojson" for member in ("terra", "aurora", "boreal")]
    for path in wanted:
        connection.upload_file(local, target=path)
    assert paths(connection) == wanted
    connection.get_file(wanted[1]).download(back)
    assert back.read_bytes() == local.read_bytes()
    loaded: Any = connection.execute(loading(wanted[0]))
    assert loaded["features"][0]["properties"]["value"] == 7
    with pytest.raises(OpenEoApiError) as refused:
        connection.execute(loading("fields/field 1.geojson"))
    assert refused.value.code == "FilePathInvalid"
    storage = connection.describe_account()["federation:users"]["boreal"]["storage"]
    assert 0 < storage["free"] < storage["quota"]
    with federation.without("aurora"):
        page = connection.get("/files").json()
        assert page["federation:missing"] == ["aurora"]
        assert [file["path"] for file in page["files"]] == [wanted[0], wanted[2]]
    for path in wanted:
        connection.delete(f"/files/{path}", expected_status=204)
    assert paths(connection) == []


def test_the_items_of_a_shared_collection_are_those_of_all_its_members(
    federation: Federation, connection: Connection
) -> None:
    client = pystac_client.Client.open(connection.build_url("/"))
    where: dict[str, Any] = {
        "bbox": [11.0, 46.3, 11.1, 46.5],
        "datetime": "2024-07-01T00:00:00Z/2024-07-10T00:00:00Z",
    }
    search = client.search(collections=["SENTINEL2_L2A"], limit=3, **where)
    found = list(search.items())
    assert {item.id.partition("-")[0] for item in found} == {"terra", "aurora"}
    assert len({item.id for item in found}) == len(found) > 3
    last = found[-1]
    (same,) = client.search(method="GET", ids=[last.id], intersects=last.geometry).items()
    assert same.to_dict() == last.to_dict()
    everywhere = client.search(**where).items()
    assert {"terra", "aurora", "boreal"} == {one.id.partition("-")[0] for one in everywhere}
    queryables = connection.get("/collections/SENTINEL2_L2A/queryables").json()
    assert queryables["properties"]["eo:cloud_cover"]["federation:backends"] == ["terra", "aurora"]


def test_a_collection_gives_its_items_without_help(
    federation: Federation, connection: Connection
) -> None:
    client = pystac_client.Client.open(connection.build_url("/"))
    with pytest.warns(DeprecatedWarning, match="TERRA_LANDCOVER_MAP_V1"):
        listed = [one.id for one in client.get_collections()]
    assert listed == connection.list_collection_ids()
    collection: Any = client.get_collection("SENTINEL2_L2A")
    first = list(itertools.islice(collection.get_items(), 25))
    assert len({item.id for item in first}) == 25
    assert all(item.collection_id == "SENTINEL2_L2A" for item in first)
    last = first[-1]
    assert [item.to_dict() for item in collection.get_items(last.id)] == [last.to_dict()]
    same = collection.get_item(last.id)
    assert same is not None
    assert same.to_dict() == last.to_dict()
    (described,) = [one for one in collection.links if one.rel.endswith("/queryables")]
    queryables = collection.get_queryables_from(described.href)
    assert "eo:cloud_cover" in queryables["properties"]
    with federation.without("aurora"):
        others = itertools.islice(collection.get_items(), 25)
        assert "aurora" not in {item.id.partition("-")[0] for item in others}


def test_estimates_stand_side_by_side(connection: Connection) -> None:
    body = {"process": {"process_graph": optical(connection).flat_graph()}}
    found = connection.post("/federation/estimates", json=body).json()["estimates"]
    assert [one["backend"] for one in found] == ["terra", "aurora"]
    assert all(one["costs"] > 0 and one["credits"]["suffices"] for one in found)


def test_a_job_shows_what_was_sent_and_its_logs_page_by_page_by_level(
    connection: Connection,
) -> None:
    graph = optical(connection).save_result("GTiff").flat_graph()
    job = connection.create_job(graph, log_level="debug")
    assert job.describe()["process"]["process_graph"] == graph
    path = "/federation/estimates"
    first, second = connection.get(path, params={"job": job.job_id}).json()["estimates"]
    assert (first["backend"], second["backend"]) == ("terra", "aurora")
    assert first["duration"] == job.estimate()["duration"]
    assert first["federation:duration"] == {"federation:estimated-by": "terra"}
    job.start_and_wait(max_poll_interval=0.5, connection_retry_interval=1)
    whole = [entry["id"] for entry in job.logs(level="debug")]
    assert len(whole) > len(job.logs(level="info")) > len(job.logs(level="error")) == 0
    paged: list[str] = []
    address = f"/jobs/{job.job_id}/logs?level=debug&limit=2"
    while address:
        page = connection.get(address).json()
        assert len(page["logs"]) <= 2
        paged += [entry["id"] for entry in page["logs"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert paged == whole
    job.delete_job()


def test_the_address_of_a_web_service_shows_tiles_to_a_map(connection: Connection) -> None:
    picture = optical(connection).linear_scale_range(0, 3000, 0, 255)
    service = picture.save_result("PNG").flat_graph()
    body = {"process": {"process_graph": service}, "type": "XYZ", "enabled": True, "title": "Red"}
    created = connection.post("/services", json=body, expected_status=201)
    identifier = created.headers["OpenEO-Identifier"]
    path = f"/services/{identifier}"
    connection.patch(path, json={"title": "Red light", "log_level": "debug"})
    described = connection.get(path).json()
    assert (described["title"], described["enabled"]) == ("Red light", True)
    z, lat = 12, math.radians(46.385)
    x = int((11.045 + 180) / 360 * 2**z)
    y = int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * 2**z)
    tile = requests.get(described["url"].format(z=z, x=x, y=y), timeout=60)
    assert (tile.status_code, tile.headers["Content-Type"]) == (200, "image/png")
    assert connection.get(f"{path}/logs").json()["logs"] != []
    connection.delete(path, expected_status=204)
    assert identifier not in [one["id"] for one in connection.list_services()]
