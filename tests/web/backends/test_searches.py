"""Search for scenes over all collections, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.backends.site import Site, error
from tests.web.backends.test_items import ITEMS, link, page

BOX, JUNE = [7, 51, 7.5, 51.5], "2024-06-01/2024-06-30"
A_YEAR = "2021-01-01/2021-12-31"
# Two of its corners are far in the north-west and south-east of the box that it spans.
TRIANGLE = {"type": "Polygon", "coordinates": [[[0, 40], [20, 40], [20, 41], [0, 40]]]}


def found(site: Site, body: Any) -> Any:
    response = site.ask("POST", "/search", user=None, json=body)
    assert response.status_code == 200, response.text
    assert response.content_type == "application/geo+json"
    return response.json


def ids(document: Any) -> list[str]:
    return [item["id"] for item in document["features"]]


def test_a_search_in_one_collection_finds_its_items(site: Site) -> None:
    whole = page(site, f"{ITEMS}?bbox=7,51,7.5,51.5&datetime={JUNE}&limit=1000")
    query = f"?collections=SENTINEL2_L2A&bbox=7,51,7.5,51.5&datetime={JUNE}&limit=1000"
    assert page(site, f"/search{query}")["features"] == whole["features"]
    body = {"collections": ["SENTINEL2_L2A"], "bbox": BOX, "datetime": JUNE, "limit": 1000}
    assert found(site, body)["features"] == whole["features"]


def test_pages_over_all_collections_make_up_the_whole(site: Site) -> None:
    whole = found(site, {"bbox": BOX, "datetime": A_YEAR, "limit": 1000})
    assert len({item["collection"] for item in whole["features"]}) > 1
    assert whole["numberMatched"] == whole["numberReturned"] == len(whole["features"])
    by_get: list[str] = []
    following: str | None = f"/search?bbox=7,51,7.5,51.5&datetime={A_YEAR}&limit=30"
    while following:
        part = page(site, following)
        by_get += ids(part)
        following = link(part, "next")
    assert by_get == ids(whole)
    by_post: list[str] = []
    body: Any = {"bbox": BOX, "datetime": A_YEAR, "limit": 30}
    while body:
        part = found(site, body)
        by_post += ids(part)
        body = next((one["body"] for one in part["links"] if one["rel"] == "next"), None)
    assert by_post == ids(whole)


def test_a_geometry_chooses_what_it_touches_and_not_what_its_box_does(site: Site) -> None:
    body = {"collections": ["SENTINEL2_L2A"], "datetime": "2024-06-01/2024-06-12", "limit": 1000}
    in_box = found(site, {**body, "bbox": [0, 40, 20, 41]})["features"]
    touched: list[Any] = []
    more: Any = {**body, "intersects": TRIANGLE, "limit": 4}
    while more:
        part = found(site, more)
        touched += part["features"]
        more = next((one["body"] for one in part["links"] if one["rel"] == "next"), None)
    assert 0 < len(touched) < len(in_box)

    def is_below_the_edge(item: Any) -> bool:
        _, south, east, _ = item["bbox"]
        return bool(south <= 40 + min(east, 20) / 20)

    assert touched == [item for item in in_box if is_below_the_edge(item)]


def test_items_are_found_by_id_if_the_other_filters_leave_them(site: Site) -> None:
    some = ids(found(site, {"bbox": BOX, "datetime": JUNE, "limit": 1000}))
    wanted = [some[0], some[-1]]
    assert ids(found(site, {"ids": [*wanted, "nothing"]})) == wanted
    assert ids(found(site, {"ids": wanted, "bbox": BOX, "datetime": JUNE})) == wanted
    assert ids(found(site, {"ids": wanted, "bbox": [100, 0, 101, 1]})) == []
    assert ids(found(site, {"ids": wanted, "datetime": "2023-01-01/2023-02-01"})) == []
    south_of_them = {"type": "LineString", "coordinates": [[0, 40], [60, 60]]}
    assert ids(found(site, {"ids": wanted, "intersects": south_of_them})) == []
    first = found(site, {"ids": wanted, "limit": 1})
    assert (ids(first), first["numberMatched"]) == (wanted[:1], 2)


def test_the_search_is_listed_and_linked(site: Site) -> None:
    landing: Any = site.ask("GET", "/", user=None).json
    assert "https://api.stacspec.org/v1.0.0/item-search" in landing["conformsTo"]
    assert [one["method"] for one in landing["links"] if one["rel"] == "search"] == ["GET", "POST"]
    assert link(landing, "search") == "http://backend.test/openeo/1.3/search"


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"collections": ["NOTHING"]}, 404, "CollectionNotFound"),
        ({"collections": "SENTINEL2_L2A"}, 400, "RequestInvalid"),
        ({"bbox": "7,51,8,52"}, 400, "RequestInvalid"),
        ({"bbox": BOX, "intersects": TRIANGLE}, 400, "RequestInvalid"),
        ({"intersects": {"type": "Circle"}}, 400, "RequestInvalid"),
        ({"intersects": {"type": "Point", "coordinates": []}}, 400, "RequestInvalid"),
        ({"datetime": 5}, 400, "RequestInvalid"),
        ({"limit": 0}, 400, "RequestInvalid"),
        ({"offset": -1}, 400, "RequestInvalid"),
        ({"sortby": []}, 400, "RequestInvalid"),
    ],
)
def test_wrong_searches_are_refused(site: Site, given: Any, status: int, code: str) -> None:
    assert error(site.ask("POST", "/search", user=None, json=given)) == (status, code)
