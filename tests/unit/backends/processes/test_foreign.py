"""Loading what others offer: STAC, results of jobs, files."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from backends.addresses import AddressPolicy, fetch
from backends.environment import Limits
from backends.errors import OpenEOError
from backends.writers import save
from tests.fakes.execution import Execution, cube_of

ROOT = "https://results.example/jobs/j-1/results/abc"
CUBE = cube_of(
    np.arange(2 * 2 * 4 * 3).reshape(2, 2, 4, 3),
    t=["2024-01-01", "2024-01-11"],
    bands=["B04", "B08"],
)
POLYGON = {
    "type": "Polygon",
    "coordinates": [[[14.9, 46.9], [15.1, 46.9], [15.1, 47.1], [14.9, 46.9]]],
}


class Web:
    """Contents by URL, and what was asked for."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents = contents
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.contents:
            raise OpenEOError("UrlNotAvailable", f"{url} cannot be loaded.")
        return self.contents[url]


def results(tmp_path: Path, format_: str, media_type: str) -> Web:
    """The results of a job that saved CUBE, as a backend offers them."""
    contents: dict[str, bytes] = {}
    links = []
    for number, asset in enumerate(save(CUBE, format_, {}, tmp_path)):
        href = f"{ROOT}/files/{asset.path.name}"
        contents[href] = asset.path.read_bytes()
        bands = asset.metadata.get("bands", [])
        item = {
            "type": "Feature",
            "stac_version": "1.0.0",
            "stac_extensions": ["https://stac-extensions.github.io/eo/v1.1.0/schema.json"],
            "id": f"item-{number}",
            "geometry": POLYGON,
            "bbox": asset.metadata["bbox"],
            "properties": {
                "datetime": asset.metadata.get("datetime") or "2024-01-01T00:00:00Z",
                "eo:cloud_cover": 10 * number,
            },
            "assets": {
                "data": {
                    "href": href,
                    "type": media_type,
                    "roles": ["data"],
                    "eo:bands": [
                        {"name": band["name"], "common_name": common}
                        for band, common in zip(bands, ("red", "nir"), strict=True)
                    ],
                }
            },
            "links": [],
        }
        contents[f"{ROOT}/items/{number}.json"] = json.dumps(item).encode()
        links.append({"rel": "item", "href": f"{ROOT}/items/{number}.json"})
    collection = {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": "j-1",
        "description": "Results",
        "license": "proprietary",
        "extent": {
            "spatial": {"bbox": [[14.9, 46.9, 15.1, 47.1]]},
            "temporal": {"interval": [["2024-01-01T00:00:00Z", None]]},
        },
        "links": links,
    }
    return Web({ROOT: json.dumps(collection).encode(), **contents})


def loaded(process_id: str, get: Callable[[str], bytes], **arguments: Any) -> Any:
    changes = {"fetch": get, "limits": arguments.pop("limits", Limits())}
    node = {"process_id": process_id, "arguments": arguments, "result": True}
    return Execution().run({"load": node}, **changes)


GEOTIFF = ("GTiff", "image/tiff; application=geotiff; profile=cloud-optimized")
NETCDF = ("netCDF", "application/netcdf")


@pytest.mark.parametrize(("format_", "media_type"), [GEOTIFF, NETCDF])
def test_results_of_a_job_are_the_cube_that_was_saved(
    tmp_path: Path, format_: str, media_type: str
) -> None:
    web = results(tmp_path, format_, media_type)
    cube = loaded("load_stac", web.fetch, url=ROOT)
    assert cube.dims == ("t", "bands", "y", "x")
    np.testing.assert_array_equal(cube.values, CUBE.values)
    for name in CUBE.dims:
        np.testing.assert_array_equal(cube[name].values, CUBE[name].values)
    assert cube.rio.crs.to_epsg() == 32633


def test_only_what_is_asked_for_is_copied(tmp_path: Path) -> None:
    web = results(tmp_path, *GEOTIFF)
    cube = loaded(
        "load_stac",
        web.fetch,
        url=ROOT,
        temporal_extent=["2024-01-05", "2024-02-01"],
        bands=["nir"],
    )
    np.testing.assert_array_equal(cube.values, CUBE.values[1:, 1:])
    assert cube.bands.values.tolist() == ["B08"]
    assert len([url for url in web.asked if "/files/" in url]) == 1


def test_items_are_chosen_by_their_properties(tmp_path: Path) -> None:
    web = results(tmp_path, *GEOTIFF)
    few = {
        "process_graph": {
            "lte": {
                "process_id": "lte",
                "arguments": {"x": {"from_parameter": "value"}, "y": 5},
                "result": True,
            }
        }
    }
    cube = loaded("load_stac", web.fetch, url=ROOT, properties={"eo:cloud_cover": few})
    np.testing.assert_array_equal(cube.values, CUBE.values[:1])


@pytest.mark.parametrize(("format_", "media_type"), [GEOTIFF, NETCDF])
def test_the_extent_limits_the_pixels(tmp_path: Path, format_: str, media_type: str) -> None:
    web = results(tmp_path, format_, media_type)
    box = {
        "west": 500_000,
        "east": 500_020,
        "south": 5_199_960,
        "north": 5_199_980,
        "crs": 32633,
    }
    cube = loaded("load_stac", web.fetch, url=ROOT, spatial_extent=box)
    np.testing.assert_array_equal(cube.values, CUBE.values[:, :, 2:, :2])


@pytest.mark.parametrize(("format_", "media_type"), [GEOTIFF, NETCDF])
def test_a_cube_that_is_too_large_is_refused(tmp_path: Path, format_: str, media_type: str) -> None:
    web = results(tmp_path, format_, media_type)
    with pytest.raises(OpenEOError) as caught:
        loaded("load_stac", web.fetch, url=ROOT, limits=Limits(max_samples=47))
    assert caught.value.code == "ProcessGraphComplexity"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "ProcessParameterInvalid"),
        ("http://127.0.0.1:1/stac.json", "UrlNotAllowed"),
    ],
)
@pytest.mark.parametrize("process_id", ["load_stac", "load_url"])
def test_addresses_that_are_not_allowed_are_not_asked(process_id: str, url: str, code: str) -> None:
    policy = partial(fetch, policy=AddressPolicy())
    more = {"format": "GTiff"} if process_id == "load_url" else {}
    with pytest.raises(OpenEOError) as caught:
        loaded(process_id, policy, url=url, **more)
    assert caught.value.code in {code, "UrlNotAllowed"}


def test_a_foreign_item_cannot_lead_to_local_files(tmp_path: Path) -> None:
    web = results(tmp_path, *GEOTIFF)
    first = f"{ROOT}/items/0.json"
    item = json.loads(web.contents[first])
    item["assets"]["data"]["href"] = "/etc/passwd"
    web.contents[first] = json.dumps(item).encode()
    with pytest.raises(OpenEOError) as caught:
        loaded("load_stac", web.fetch, url=ROOT)
    assert caught.value.code == "UrlNotAvailable"
    assert not [url for url in web.asked if url.startswith("file")]


def test_what_is_no_stac_is_the_users_mistake() -> None:
    web = Web({ROOT: b"<html></html>"})
    with pytest.raises(OpenEOError, match="no usable STAC") as caught:
        loaded("load_stac", web.fetch, url=ROOT)
    assert caught.value.status == 400


def stac_item(**changes: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "one",
        "geometry": None,
        "bbox": [14.9, 46.9, 15.1, 47.1],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "assets": {"data": {"href": f"{ROOT}/a.tif", "type": "image/tiff"}},
        "links": [],
        **changes,
    }


def catalog(*links: Any, **changes: Any) -> dict[str, Any]:
    document = {"type": "Catalog", "stac_version": "1.0.0", "id": "all", "description": "All"}
    return {**document, "links": list(links), **changes}


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "the document"),
        ({}, "'type' is a required property"),
        ({"type": "Feature"}, "'id' is a required property"),
        (catalog(1), "links/0"),
        (catalog({"rel": "item"}), "links/0: 'href' is a required property"),
        (catalog({"rel": "item", "href": ROOT}), "no usable STAC"),
        (stac_item(assets=[1]), "assets"),
        (stac_item(assets={"data": {"href": 5}}), "assets/data/href"),
        (stac_item(assets={"data": {"href": "a.tif", "bands": ["B04"]}}), "assets/data/bands/0"),
        (stac_item(properties=None), "properties"),
        (stac_item(bbox=[1, 2]), "bbox"),
        (stac_item(geometry={"type": "Polygon"}), "geometry"),
        (stac_item(stac_version=1), "stac_version"),
    ],
)
def test_stac_of_the_wrong_form_is_the_users_mistake(document: Any, named: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        loaded("load_stac", Web({ROOT: json.dumps(document).encode()}).fetch, url=ROOT)
    assert (caught.value.code, caught.value.status) == ("ProcessParameterInvalid", 400)
    assert named in caught.value.message


def test_a_catalogue_below_itself_is_read_once() -> None:
    web = Web({ROOT: json.dumps(catalog({"rel": "child", "href": ROOT})).encode()})
    with pytest.raises(OpenEOError) as caught:
        loaded("load_stac", web.fetch, url=ROOT)
    assert caught.value.code == "NoDataAvailable"
    assert len(web.asked) <= 2


def test_pages_without_end_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.processes.stac_reading.MAX_DOCUMENTS", 20)
    asked = []

    def page(url: str) -> bytes:
        asked.append(url)
        if url == ROOT:
            return json.dumps(catalog({"rel": "items", "href": f"{ROOT}/items"})).encode()
        links = [{"rel": "next", "href": f"{url}+"}]
        return json.dumps({"type": "FeatureCollection", "features": [], "links": links}).encode()

    with pytest.raises(OpenEOError, match="more than 20 STAC documents"):
        loaded("load_stac", page, url=ROOT)
    assert len(asked) == 20


def test_files_in_the_web_are_read(tmp_path: Path) -> None:
    cube = CUBE.isel(t=0, drop=True)
    (asset,) = save(cube, "GTiff", {}, tmp_path)
    web = Web({"https://files.example/a": asset.path.read_bytes()})
    read = loaded("load_url", web.fetch, url="https://files.example/a", format="gtiff")
    np.testing.assert_array_equal(read.values, cube.values)
    assert read.bands.values.tolist() == ["B04", "B08"]
    assert read.rio.crs.to_epsg() == 32633


def test_geojson_in_the_web_becomes_a_vector_cube() -> None:
    features = [
        {
            "type": "Feature",
            "id": name,
            "geometry": POLYGON,
            "properties": {"name": name, "height": height},
        }
        for name, height in (("one", 5), ("two", None))
    ]
    document = {"type": "FeatureCollection", "features": features}
    web = Web({"https://files.example/a": json.dumps(document).encode()})
    read = loaded("load_url", web.fetch, url="https://files.example/a", format="GeoJSON")
    assert read.dims == ("geometries", "properties")
    assert read.properties.values.tolist() == ["height"]
    np.testing.assert_array_equal(read.values, [[5], [np.nan]])


@pytest.mark.parametrize("format_", ["PNG", "GTiff", "netCDF", "GeoJSON"])
def test_unsuitable_files_are_refused(format_: str) -> None:
    web = Web({"https://files.example/a": b"no such file"})
    with pytest.raises(OpenEOError) as caught:
        loaded("load_url", web.fetch, url="https://files.example/a", format=format_)
    assert caught.value.code == "FormatUnsuitable"


def test_uploaded_files_with_dates_become_one_cube(tmp_path: Path) -> None:
    for index in (0, 1):
        (asset,) = save(CUBE.isel(t=[1 - index]), "netCDF", {}, tmp_path / f"{index}")
        asset.path.rename(tmp_path / f"{index}.nc")

    def user_file(path: str) -> Path:
        return tmp_path / path

    node = {
        "process_id": "load_uploaded_files",
        "arguments": {"paths": ["0.nc", "1.nc"], "format": "netCDF"},
        "result": True,
    }
    cube = Execution().run({"load": node}, user_file=user_file)
    np.testing.assert_array_equal(cube.values, CUBE.values)


def test_a_created_cube_has_no_dimensions_until_they_are_added() -> None:
    graph = {
        "create": {"process_id": "create_data_cube", "arguments": {}},
        "add": {
            "process_id": "add_dimension",
            "arguments": {
                "data": {"from_node": "create"},
                "name": "bands",
                "label": "B04",
                "type": "bands",
            },
            "result": True,
        },
    }
    cube = Execution().run(graph)
    assert isinstance(cube, xr.DataArray)
    assert cube.dims == ("bands",)
    assert cube.bands.values.tolist() == ["B04"]
