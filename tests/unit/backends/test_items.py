"""Items are the scenes that load, listed page by page."""

import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
from pystac.validation import validate_dict

from backends.errors import OpenEOError
from backends.items import Page, item, items, read_datetime
from backends.loading import LoadRequest
from backends.products import PRODUCTS
from backends.profile import CollectionSpec
from backends.scenes import load

SAMPLES = Path(__file__).parents[3] / "config" / "samples" / "reflectance" / "collection.json"

HERE = (5.05, 51.2, 5.1, 51.23)
PLACE = dict(zip(("west", "south", "east", "north"), HERE, strict=True))
JULY = "2021-07-01/2021-07-31"


def spec(product: str = "sentinel2_l2a", **options: Any) -> CollectionSpec:
    return CollectionSpec("TEST", "world", product, options)


def real() -> CollectionSpec:
    return CollectionSpec("REAL", "stac", "", {"href": str(SAMPLES)})


def properties(page: Page) -> list[dict[str, Any]]:
    return [one["properties"] for one in page.items]


EVERY = [*(spec(name) for name in PRODUCTS), real()]


@pytest.mark.parametrize("collection", EVERY, ids=lambda c: c.product or c.id)
def test_an_item_is_valid_stac(collection: CollectionSpec) -> None:
    for found in items(collection, limit=3).items:
        # STAC wants a link wherever `collection` stands; links are the server's.
        link = {"rel": "collection", "href": "https://example.org/collections/TEST"}
        document = {**found, "links": [link]}
        assert validate_dict(document, pystac.STACObjectType.ITEM, "1.1.0", extensions=[])
        assert found["collection"] == collection.id


@pytest.mark.parametrize("product", [name for name in PRODUCTS if PRODUCTS[name].dates])
def test_dates_of_items_are_the_dates_that_load(product: str) -> None:
    listed = items(spec(product), bbox=HERE, datetime="2021-01-01/2021-02-15", limit=100)
    cube = load(
        spec(product), LoadRequest(PLACE, ("2021-01-01", "2021-02-16"), resolution=0.01, crs=4326)
    )
    dates = [f"{np.datetime_as_string(t, 'D')}T00:00:00Z" for t in cube.t.values]
    assert [one["datetime"] for one in properties(listed)] == dates


def test_a_filter_on_clouds_selects_what_the_items_say() -> None:
    listed = items(spec(), bbox=HERE, datetime="2021-05-01/2021-09-30", limit=100)
    clear = [one["datetime"] for one in properties(listed) if one["eo:cloud_cover"] < 20]
    request = LoadRequest(
        PLACE,
        ("2021-05-01", "2021-10-01"),
        ("B04",),
        {"eo:cloud_cover": lambda cover: cover < 20},
        resolution=0.01,
        crs=4326,
    )
    dates = [f"{np.datetime_as_string(t, 'D')}T00:00:00Z" for t in load(spec(), request).t.values]
    assert 0 < len(clear) < listed.matched
    assert dates == clear


@pytest.mark.parametrize("name", ["sat:orbit_state", "sat:relative_orbit", "platform"])
def test_a_filter_on_the_orbit_selects_what_the_items_say(name: str) -> None:
    radar = spec("sentinel1_grd")
    listed = items(radar, bbox=HERE, datetime=JULY, limit=100)
    value = properties(listed)[0][name]
    same = [one["datetime"] for one in properties(listed) if one[name] == value]
    request = LoadRequest(
        PLACE,
        ("2021-07-01", "2021-08-01"),
        properties={name: lambda given: given == value},
        resolution=0.01,
        crs=4326,
    )
    dates = [f"{np.datetime_as_string(t, 'D')}T00:00:00Z" for t in load(radar, request).t.values]
    assert 0 < len(same) < listed.matched
    assert dates == same


def test_pages_hold_every_item_once_in_a_stable_order() -> None:
    wide = (3.0, 50.0, 12.0, 53.0)
    whole = items(spec(), bbox=wide, datetime=JULY, limit=1000)
    assert whole.following is None
    assert len(whole.items) == whole.matched
    names: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = items(spec(), bbox=wide, datetime=JULY, limit=7, offset=offset)
        names += [one["id"] for one in page.items]
        assert page.matched == whole.matched
        offset = page.following
    assert names == [one["id"] for one in whole.items]
    assert len(set(names)) == len(names)
    dates = [one["datetime"] for one in properties(whole)]
    assert all(earlier <= later for earlier, later in pairwise(dates))


def test_a_page_deep_in_a_large_archive_is_found_without_the_ones_before() -> None:
    page = items(spec(), offset=6_000_000, limit=2)
    assert page.matched > 6_000_000
    assert page.following == 6_000_002
    assert items(spec(), offset=page.matched - 1).following is None
    assert items(spec(), offset=page.matched).items == ()


@pytest.mark.parametrize("collection", EVERY, ids=lambda c: c.product or c.id)
def test_an_item_is_found_by_its_id(collection: CollectionSpec) -> None:
    last = items(collection, limit=5).items[-1]
    assert item(collection, last["id"]) == last


@pytest.mark.parametrize(
    "name",
    ["TEST", "", "TEST_20210701", "TEST_20210701_074_56_1", "TEST_20210799_074_56", "../TEST_1_2"],
)
def test_no_other_id_is_an_item(name: str) -> None:
    assert item(spec(), name) is None


def test_a_scene_on_another_day_is_no_item() -> None:
    day = items(spec(), bbox=HERE, datetime=JULY).items[0]["id"]
    date = dt.datetime.strptime(day.split("_")[1], "%Y%m%d") + dt.timedelta(days=1)  # noqa: DTZ007
    assert item(spec(), day.replace(day.split("_")[1], f"{date:%Y%m%d}")) is None


def test_items_keep_to_what_a_profile_offers() -> None:
    small = spec(spatial_extent=[4, 54, 6, 56], temporal_extent=["2022-01-01", "2022-01-31"])
    page = items(small, limit=1000)
    assert 0 < page.matched < 50
    for found in page.items:
        west, south, east, north = found["bbox"]
        assert 4 <= west < east <= 6
        assert 54 <= south < north <= 56
        assert found["properties"]["datetime"].startswith("2022-01")
    assert items(small, bbox=(20, 54, 22, 56)).matched == 0


def test_a_box_across_the_date_line_finds_both_sides() -> None:
    page = items(spec("sentinel1_grd"), bbox=(179.5, 10.0, -175.0, 10.1), datetime=JULY, limit=100)
    columns = {found["id"].split("_")[-2] for found in page.items}
    assert columns == {"143", "000", "001"}
    crossing = next(one for one in page.items if "_143_" in one["id"])
    assert crossing["bbox"][0] > crossing["bbox"][2]
    assert crossing["geometry"]["type"] == "MultiPolygon"


def test_a_product_without_dates_is_one_item_with_its_period() -> None:
    (found,) = items(spec("elevation")).items
    assert found["properties"]["datetime"] is None
    assert found["properties"]["start_datetime"] == "2010-12-12T00:00:00Z"
    assert items(spec("elevation"), datetime="2020-01-01/..").matched == 0


def test_vegetation_is_listed_three_times_a_month() -> None:
    days = [one["datetime"][8:10] for one in properties(items(spec("vegetation_10daily")))]
    assert days[:6] == ["01", "11", "21", "01", "11", "21"]


def test_items_of_real_data_do_not_show_where_the_files_lie() -> None:
    page = items(real(), datetime="2022-06-01/..")
    assert [one["id"] for one in page.items] == ["reflectance_20220603", "reflectance_20220718"]
    assert all(one["assets"] == {} for one in page.items)
    assert str(SAMPLES.parent) not in str(page)
    assert items(real(), bbox=(0, 0, 1, 1)).matched == 0


@pytest.mark.parametrize("box", [(0, 5, 1, 4), (0, -91, 1, 0), (-200, 0, 0, 1)])
def test_a_wrong_box_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(OpenEOError, match="bbox is") as caught:
        items(spec(), bbox=box)
    assert caught.value.status == 400


@pytest.mark.parametrize("text", ["yesterday", "2021-08-01/2021-07-01", "a/b/c", "2021-07-01/x"])
def test_a_wrong_datetime_is_refused(text: str) -> None:
    with pytest.raises(OpenEOError, match="datetime is a moment") as caught:
        items(spec(), datetime=text)
    assert caught.value.status == 400


def test_a_date_is_its_whole_day_and_two_dots_are_open() -> None:
    day = dt.datetime(2021, 7, 1, tzinfo=dt.UTC)
    assert read_datetime("2021-07-01") == (day, day + dt.timedelta(days=1, seconds=-1))
    assert read_datetime("2021-07-01T00:00:00Z") == (day, day)
    assert read_datetime("2021-07-01/..") == (day, None)
    assert read_datetime("../2021-07-01T02:00:00+02:00") == (None, day)
    assert read_datetime(None) == (None, None)
