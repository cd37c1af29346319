"""Real rasters behind STAC, read from files that the tests write."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds
from shapely.geometry import box, mapping

from backends.collections import describe
from backends.errors import OpenEOError
from backends.loading import LoadRequest
from backends.profile import CollectionSpec
from backends.scenes import load

WEST, NORTH = 600_007.0, 5_700_003.0
FOOTPRINT = transform_bounds(
    "EPSG:32631", "EPSG:4326", WEST, NORTH - 300, WEST + 400, NORTH, densify_pts=21
)
RED = np.arange(1, 1201, dtype="uint16").reshape(30, 40)
NIR = RED * 3
RED_WITH_GAP = np.where(RED == 5, 0, RED).astype("uint16")

# Reading with another grid, odc warps arrays that have no georeference of their own.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Dataset has no geotransform"),
    # rasterio and odc.geo multiply affines as affine 3 would rather not.
    pytest.mark.filterwarnings("ignore:Use `@` matmul"),
]


def write(path: Path, *layers: Any, west: float = WEST) -> Path:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=40,
        height=30,
        count=len(layers),
        dtype="uint16",
        crs="EPSG:32631",
        transform=from_origin(west, NORTH, 10, 10),
        nodata=0,
    ) as raster:
        raster.write(np.stack(layers))
    return path


def item(name: str, day: str, **assets: Any) -> pystac.Item:
    found = pystac.Item(
        id=name,
        geometry=mapping(box(*FOOTPRINT)),
        bbox=list(FOOTPRINT),
        datetime=dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC),
        properties={"eo:cloud_cover": float(day[-1])},
    )
    for key, (path, fields) in assets.items():
        found.add_asset(
            key,
            pystac.Asset(str(path), media_type="image/tiff", roles=["data"], extra_fields=fields),
        )
    return found


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Two dates: one file of two named bands each."""
    whole = pystac.Extent(
        pystac.SpatialExtent([-180, -90, 180, 90]), pystac.TemporalExtent([None, None])
    )
    found = pystac.Collection("test", "Two dates", whole, license="CC0-1.0")
    named = {"bands": [{"name": "red"}, {"name": "nir"}]}
    first = write(tmp_path / "first.tif", RED_WITH_GAP, NIR)
    second = write(tmp_path / "second.tif", RED + 1, NIR + 1)
    found.add_item(item("one", "2021-07-01", data=(first, named)))
    found.add_item(item("two", "2021-07-02", data=(second, named)))
    found.update_extent_from_items()
    found.normalize_hrefs(str(tmp_path))
    found.make_all_asset_hrefs_relative()
    found.save(catalog_type=pystac.CatalogType.SELF_CONTAINED)
    return tmp_path / "collection.json"


def spec(href: Path | str) -> CollectionSpec:
    return CollectionSpec("REAL", "stac", "", {"href": str(href)})


def test_pixels_and_gaps_are_those_of_the_files(collection: Path) -> None:
    cube = load(spec(collection), LoadRequest())
    assert cube.dims == ("t", "bands", "y", "x")
    assert cube.chunks is not None
    assert cube.rio.crs.to_epsg() == 32631
    assert cube.bands.values.tolist() == ["red", "nir"]
    assert cube.t.values.astype("datetime64[D]").astype(str).tolist() == [
        "2021-07-01",
        "2021-07-02",
    ]
    assert (cube.x.values[0], cube.y.values[0]) == (WEST + 5, NORTH - 5)
    values = cube.compute().values
    assert values.dtype == np.float32
    assert np.array_equal(values[0, 0], np.where(RED == 5, np.nan, RED), equal_nan=True)
    assert np.array_equal(values[1, 1], NIR + 1)


def test_a_part_of_place_time_and_bands_can_be_asked_for(collection: Path) -> None:
    part = {
        "west": WEST + 100,
        "south": NORTH - 150,
        "east": WEST + 200,
        "north": NORTH - 50,
        "crs": 32631,
    }
    cube = load(spec(collection), LoadRequest(part, ("2021-07-02", None), ("nir",)))
    assert cube.shape == (1, 1, 10, 10)
    assert np.array_equal(cube.compute().values[0, 0], NIR[5:15, 10:20] + 1)


def test_a_polygon_leaves_out_what_lies_outside(collection: Path) -> None:
    west, south, east, north = FOOTPRINT
    ring = [[west, south], [east, south], [west, north], [west, south]]
    extent = {"type": "Polygon", "coordinates": [ring]}
    values = load(spec(collection), LoadRequest(extent, bands=("nir",))).compute().values
    assert 0.3 < np.isfinite(values).mean() < 0.7


def test_another_grid_can_be_asked_for(collection: Path) -> None:
    request = LoadRequest(crs=4326, resolution=0.0002, bands=("nir",))
    cube = load(spec(collection), request)
    assert cube.rio.crs.to_epsg() == 4326
    assert cube.rio.resolution() == pytest.approx((0.0002, -0.0002))
    assert float(cube.mean()) == pytest.approx(float(NIR.mean()), rel=0.1)


def test_items_are_selected_by_their_properties(collection: Path) -> None:
    request = LoadRequest(properties={"eo:cloud_cover": lambda cover: cover < 2})
    assert load(spec(collection), request).sizes["t"] == 1


def test_a_single_item_is_a_collection_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", RED)
    alone = item("alone", "2021-07-01", B04=(path, {}), thumb=(path, {}))
    alone.assets["thumb"].roles = ["thumbnail"]
    alone.geometry = alone.bbox = None
    alone.save_object(dest_href=str(tmp_path / "alone.json"), include_self_link=False)
    cube = load(spec(tmp_path / "alone.json"), LoadRequest())
    assert cube.bands.values.tolist() == ["B04"]
    assert describe(spec(tmp_path / "alone.json"))["cube:dimensions"]["t"]["values"] == [
        "2021-07-01T00:00:00Z"
    ]


def test_tiles_of_the_same_moment_become_one_picture(tmp_path: Path) -> None:
    catalog = pystac.Catalog("tiles", "Two tiles")
    for name, west in (("a", WEST), ("b", WEST + 400)):
        tile = item(name, "2021-07-01", v=(write(tmp_path / f"{name}.tif", RED, west=west), {}))
        tile.bbox = [*FOOTPRINT[:2], FOOTPRINT[2] + 0.01, FOOTPRINT[3]]
        tile.geometry = mapping(box(*tile.bbox))
        catalog.add_item(tile)
    catalog.normalize_hrefs(str(tmp_path))
    catalog.save(catalog_type=pystac.CatalogType.SELF_CONTAINED)
    both = {"west": WEST, "south": NORTH - 300, "east": WEST + 800, "north": NORTH, "crs": 32631}
    cube = load(spec(tmp_path / "catalog.json"), LoadRequest(both)).compute()
    assert cube.shape == (1, 1, 30, 80)
    assert np.array_equal(cube.values[0, 0], np.hstack([RED, RED]))


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        (LoadRequest(bands=("blue",)), "ProcessParameterInvalid", "available are red, nir"),
        (
            LoadRequest({"west": 9, "south": 40, "east": 10, "north": 41}),
            "NoDataAvailable",
            "covers",
        ),
        (LoadRequest(None, ("2020-01-01", "2020-02-01")), "NoDataAvailable", "2021-07-01T00:00"),
        (LoadRequest(properties={"x": bool}), "ProcessParameterInvalid", "eo:cloud_cover"),
        (LoadRequest(max_samples=100), "ProcessGraphComplexity", "limit is 100"),
        (LoadRequest(crs="moon"), "ProcessParameterInvalid", "'moon'"),
    ],
)
def test_wrong_requests_are_refused(
    collection: Path, request_: LoadRequest, code: str, words: str
) -> None:
    with pytest.raises(OpenEOError) as caught:
        load(spec(collection), request_)
    assert caught.value.code == code
    assert words in caught.value.message


def test_a_source_that_is_not_there_is_named_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(OpenEOError) as caught:
        load(spec(tmp_path / "nothing.json"), LoadRequest())
    assert "'nothing.json' cannot be read: No such file" in caught.value.message
    assert str(tmp_path) not in caught.value.message


def test_a_source_without_rasters_is_refused(tmp_path: Path) -> None:
    item("empty", "2021-07-01").save_object(
        dest_href=str(tmp_path / "empty.json"), include_self_link=False
    )
    with pytest.raises(OpenEOError, match="holds no raster"):
        load(spec(tmp_path / "empty.json"), LoadRequest())


@pytest.fixture
def served(collection: Path) -> Iterator[str]:
    """The collection's folder on the web."""
    handler = partial(_Quiet, directory=str(collection.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is logged."""


def test_a_collection_in_the_web_loads_as_from_files(collection: Path, served: str) -> None:
    cube = load(spec(f"{served}/collection.json"), LoadRequest(bands=("nir",))).compute()
    assert np.array_equal(cube.values[0, 0], NIR)


def test_a_source_in_the_web_never_leads_to_local_files(collection: Path, served: str) -> None:
    document = json.loads((collection.parent / "one" / "one.json").read_text())
    document["assets"]["data"]["href"] = f"file://{collection.parent}/first.tif"
    document["links"] = []
    (collection.parent / "evil.json").write_text(json.dumps(document))
    with pytest.raises(OpenEOError, match="forbidden place"):
        load(spec(f"{served}/evil.json"), LoadRequest())


def test_the_shipped_samples_load_and_agree_with_the_world() -> None:
    samples = Path(__file__).parents[3] / "config" / "samples" / "reflectance"
    cube = load(spec(samples / "collection.json"), LoadRequest()).compute()
    assert cube.shape == (3, 2, 80, 80)
    assert sum(path.stat().st_size for path in samples.rglob("*") if path.is_file()) < 100_000
    world = load(
        CollectionSpec("W", "world", "sentinel2_l2a"),
        LoadRequest(
            {
                "west": 680_000,
                "south": 5_152_000,
                "east": 688_000,
                "north": 5_160_000,
                "crs": 32632,
            },
            ("2022-05-14", "2022-05-15"),
            ("B04", "B08"),
            resolution=100,
        ),
    )
    assert np.array_equal(cube.values[0], world.compute().values[0])
