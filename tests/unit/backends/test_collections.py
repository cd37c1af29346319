"""Collections are described completely, and as they load."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pystac
import pytest

from backends.collections import describe, summary
from backends.loading import LoadRequest
from backends.products import PRODUCTS
from backends.profile import CollectionSpec
from backends.scenes import load

# rasterio and odc.geo multiply affines as affine 3 would rather not.
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")

SAMPLES = Path(__file__).parents[3] / "config" / "samples" / "reflectance" / "collection.json"


def spec(product: str = "sentinel2_l2a", **options: Any) -> CollectionSpec:
    return CollectionSpec("TEST", "world", product, options)


def real(**options: Any) -> CollectionSpec:
    return CollectionSpec("REAL", "stac", "", {"href": str(SAMPLES), **options})


EVERY = [*(spec(name) for name in PRODUCTS), real()]


@pytest.mark.parametrize("collection", EVERY, ids=lambda c: c.product or c.id)
@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_a_document_is_a_valid_stac_collection(collection: CollectionSpec, version: str) -> None:
    options = {**collection.options, "stac_version": version}
    document = describe(CollectionSpec(collection.id, collection.kind, collection.product, options))
    assert document["stac_version"] == version
    assert document["stac_extensions"]
    _validate(document)
    assert json.loads(json.dumps(document)) == document
    assert pystac.Collection.from_dict(document).id == collection.id


def _validate(document: dict[str, Any]) -> None:
    """Against STAC's own schema, as far as it lies inside the pystac package."""
    folder = Path(pystac.__file__).parent / "validation" / "jsonschemas" / "stac-spec"
    own = next(folder.rglob("collection.json"), None)
    if own is not None:
        required = json.loads(own.read_text())
        wanted = {
            key for part in required.get("allOf", [required]) for key in part.get("required", [])
        }
        assert wanted <= document.keys()
    provider = {"type": "object", "required": ["name", "roles"]}
    interval = {"type": "array", "items": {"type": "string", "format": "date-time"}, "minItems": 2}
    schema = {
        "required": ["type", "id", "description", "license", "extent", "links", "providers"],
        "properties": {
            "type": {"const": "Collection"},
            "providers": {"type": "array", "minItems": 1, "items": provider},
            "keywords": {"type": "array", "minItems": 1},
            "extent": {
                "properties": {
                    "temporal": {"properties": {"interval": {"items": interval}}},
                    "spatial": {
                        "properties": {"bbox": {"items": {"type": "array", "minItems": 4}}}
                    },
                }
            },
        },
    }
    jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("collection", EVERY, ids=lambda c: c.product or c.id)
def test_dimensions_say_what_the_cube_has(collection: CollectionSpec) -> None:
    dimensions = describe(collection)["cube:dimensions"]
    west, east = dimensions["x"]["extent"]
    south, north = dimensions["y"]["extent"]
    middle = (west + east) / 2, (south + north) / 2
    cube = load(
        collection,
        LoadRequest(
            spatial_extent={
                "west": middle[0],
                "south": middle[1],
                "east": middle[0] + 0.001,
                "north": middle[1] + 0.001,
            },
            temporal_extent=("2022-01-01", "2023-01-01") if "t" in dimensions else None,
        ),
    )
    assert set(cube.dims) == set(dimensions)
    assert list(cube.bands.values) == dimensions["bands"]["values"]


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_band_that_is_described_loads(product: str) -> None:
    place = {"west": 5.0, "south": 51.0, "east": 5.001, "north": 51.001}
    for name in describe(spec(product))["cube:dimensions"]["bands"]["values"]:
        request = LoadRequest(place, ("2021-01-01", "2021-01-08"), (name,))
        assert np.isfinite(load(spec(product), request).compute()).all()


@pytest.mark.parametrize("product", PRODUCTS)
def test_data_load_at_both_ends_of_the_extents(product: str) -> None:
    document = describe(spec(product))
    west, south, east, north = document["extent"]["spatial"]["bbox"][0]
    first, last = document["extent"]["temporal"]["interval"][0]
    corners = [(west, south, west + 0.01, south + 0.01), (east - 0.01, north - 0.01, east, north)]
    for corner in corners:
        place = dict(zip(("west", "south", "east", "north"), corner, strict=True))
        for extent in ((first, f"{int(first[:4]) + 1}-01-02"), (f"{last[:4]}-01-01", last)):
            cube = load(spec(product), LoadRequest(place, extent, resolution=0.01, crs=4326))
            assert cube.size > 0


def test_optical_collections_summarise_what_clients_look_for() -> None:
    summaries = describe(spec())["summaries"]
    nir = next(band for band in summaries["eo:bands"] if band["name"] == "B08")
    assert (nir["common_name"], nir["center_wavelength"], nir["gsd"]) == ("nir", 0.842, 10)
    assert summaries["eo:cloud_cover"] == {"minimum": 0, "maximum": 100}
    assert summaries["platform"] == ["sentinel-2a", "sentinel-2b"]
    assert summaries["constellation"] == ["sentinel-2"]
    assert summaries["instruments"] == ["msi"]


def test_radar_collections_summarise_what_clients_look_for() -> None:
    summaries = describe(spec("sentinel1_grd"))["summaries"]
    assert summaries["sat:orbit_state"] == ["ascending", "descending"]
    assert summaries["sar:polarizations"] == ["VV", "VH"]
    assert summaries["sar:instrument_mode"] == ["IW"]


def test_classes_are_listed_with_their_values() -> None:
    bands = describe(spec("landcover"))["summaries"]["bands"]
    classes = bands[0]["classification:classes"]
    assert {"value": 80, "name": "water"}.items() <= classes[7].items()


def test_a_profile_can_restrict_a_product() -> None:
    document = describe(
        spec(
            bands=["B08", "SCL"],
            spatial_extent=[0, 40, 20, 60],
            temporal_extent=["2020-01-01", None],
            title="Ours",
            experimental=True,
            deprecated=True,
            common_name="S2",
        )
    )
    assert document["title"] == "Ours"
    assert document["extent"]["spatial"]["bbox"] == [[0, 40, 20, 60]]
    assert document["extent"]["temporal"]["interval"][0][0] == "2020-01-01T00:00:00Z"
    assert document["cube:dimensions"]["bands"]["values"] == ["B08", "SCL"]
    assert [band["name"] for band in document["summaries"]["eo:bands"]] == ["B08", "SCL"]
    assert list(document["item_assets"]) == ["B08", "SCL"]
    assert document["experimental"]
    assert document["deprecated"]
    assert document["common_name"] == "S2"


def test_what_a_profile_restricts_does_not_load() -> None:
    from backends.errors import OpenEOError

    small = spec(bands=["B08"], spatial_extent=[0, 40, 20, 60])
    here = {"west": 5.0, "south": 51.0, "east": 5.001, "north": 51.001}
    with pytest.raises(OpenEOError, match="available are B08"):
        load(small, LoadRequest(here, bands=("B02",)))
    with pytest.raises(OpenEOError, match="NoDataAvailable"):
        load(small, LoadRequest({**here, "west": 30.0, "east": 30.1}))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bands": ["B99"]}, "not B99"),
        ({"bands": []}, "bands of"),
        ({"spatial_extent": [0, -80, 1, -79]}, "nothing in common"),
        ({"temporal_extent": ["1990-01-01", "1991-01-01"]}, "is outside"),
        ({"stac_version": "0.9.0"}, "1.0.0, 1.1.0"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        describe(spec(**options))


def test_an_unknown_product_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="sentinel2_l2a"):
        describe(spec("landsat"))


def test_the_host_stands_last_among_the_providers() -> None:
    document = describe(spec(), {"name": "Terra", "url": "https://terra.example"})
    assert [provider["roles"][0] for provider in document["providers"]] == ["producer", "host"]


def test_the_summary_leaves_out_what_is_large() -> None:
    short = summary(describe(spec()))
    assert {"id", "title", "description", "license", "extent", "links", "providers"} <= short.keys()
    assert "summaries" not in short
    assert "cube:dimensions" not in short


def test_elevation_has_no_dates() -> None:
    assert "t" not in describe(spec("elevation"))["cube:dimensions"]


def test_a_yearly_map_lists_its_dates() -> None:
    values = describe(spec("landcover"))["cube:dimensions"]["t"]["values"]
    assert values[0] == "2015-01-01T00:00:00Z"
    assert values[-1] == "2025-01-01T00:00:00Z"
