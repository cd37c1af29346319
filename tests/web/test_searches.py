"""Search for items over all collections and backends (STAC API, Item Search)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.fakes.backends import Reply
from tests.web.site import Site, assert_error, backend
from tests.web.test_items import ids, scenes

AROUND_THE_ITEMS = {
    "type": "Polygon",
    "coordinates": [[[4, 49], [6, 49], [6, 51], [4, 51], [4, 49]]],
}
ELSEWHERE = {"type": "Point", "coordinates": [100, 0]}
# The box around it holds the items, the triangle itself does not.
BESIDE = {"type": "Polygon", "coordinates": [[[0, 48], [20, 48], [20, 52], [0, 48]]]}
ALL = ["terra-1", "terra-2", "terra-3", "aurora-1", "aurora-4", "aurora-7"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Terra calls S2 otherwise; aurora has LAND as well; solaris lists no items."""
    aurora = scenes("aurora", "S2", "1", "4")
    land = scenes("aurora", "LAND", "7")
    for key, answer in land.answers.items():
        if key.startswith("GET /collections/LAND"):
            aurora.answers[key] = answer
    aurora.answers["GET /collections"] = {
        "collections": [
            *aurora.answers["GET /collections"]["collections"],
            *land.answers["GET /collections"]["collections"],
        ],
        "links": [],
    }
    members = {
        "terra": scenes("terra", "S2_L2A", "1", "2", "3"),
        "solaris": backend("solaris"),
        "aurora": aurora,
    }
    return Site(members, tmp_path)


def asked_for_items(site: Site) -> list[str]:
    """The paths below collections that members were asked for."""
    return [
        call.path.removeprefix("/openeo")
        for member in site.backends.values()
        for call in member.calls
        if "/items" in call.path
    ]


def test_all_items_of_all_collections_come_in_one_order(site: Site) -> None:
    answer = site.get("/search")
    assert answer.headers["Content-Type"] == "application/geo+json"
    page = answer.json
    assert ids(page) == ALL
    assert [one["collection"] for one in page["features"]] == ["S2"] * 5 + ["LAND"]
    assert page["numberReturned"] == 6
    assert "federation:missing" not in page
    assert ids(site.post("/search", {}).json) == ALL


@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_by_get_follow_one_another(site: Site, size: int) -> None:
    found, address = [], f"/search?limit={size}&bbox=0,40,10,60&datetime=2026-01-01/.."
    while address:
        page = site.get(address).json
        assert len(page["features"]) <= size
        found += ids(page)
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        address = f"/search?{urlsplit(following[0]).query}" if following else ""
    assert found == ALL
    for call in site.backends["aurora"].asked("GET", "/collections/LAND/items"):
        query = dict(parse_qsl(call.query))
        assert (query["bbox"], query["datetime"]) == ("0,40,10,60", "2026-01-01/..")
        assert "@" not in query


def test_pages_by_post_say_what_to_send_next(site: Site) -> None:
    found: list[str] = []
    body: Any = {"limit": 2, "collections": ["S2"], "intersects": AROUND_THE_ITEMS}
    while body:
        page = site.post("/search", body).json
        found += ids(page)
        links = [link for link in page["links"] if link["rel"] == "next"]
        body = links[0]["body"] if links else None
        assert all(link["method"] == "POST" for link in links)
        assert body is None or body["intersects"] == AROUND_THE_ITEMS
    assert found == ALL[:5]


def test_only_the_collections_that_are_named_are_searched(site: Site) -> None:
    assert ids(site.get("/search?collections=LAND").json) == ["aurora-7"]
    assert asked_for_items(site) == ["/collections/LAND/items"]
    message = assert_error(site.get("/search?collections=LAND,LANDS"), 404, "CollectionNotFound")
    assert "'LANDS'" in message["message"]


def test_a_geometry_chooses_items_by_their_own_geometry_and_not_by_its_box(site: Site) -> None:
    assert ids(site.post("/search", {"intersects": AROUND_THE_ITEMS}).json) == ALL
    assert ids(site.post("/search", {"intersects": BESIDE}).json) == []
    (call,) = site.backends["aurora"].asked("GET", "/collections/LAND/items")[-1:]
    assert dict(parse_qsl(call.query))["bbox"] == "0,48,20,52"


def test_items_are_found_by_their_ids_where_they_are(site: Site) -> None:
    page = site.get("/search?ids=aurora-7,terra-2,terra-99,1").json
    assert ids(page) == ["terra-2", "aurora-7"]
    assert "federation:missing" not in page
    assert sorted(asked_for_items(site)) == [
        "/collections/LAND/items/7",
        "/collections/S2/items/7",
        "/collections/S2_L2A/items/2",
        "/collections/S2_L2A/items/99",
    ]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["terra-2"]),
        ({"bbox": [4, 49, 6, 51]}, ["terra-2"]),
        ({"bbox": [100, 0, 101, 1]}, []),
        ({"datetime": "2026-01-01T00:00:00Z"}, ["terra-2"]),
        ({"datetime": "2026-01-02/.."}, []),
        ({"datetime": "../2025-12-31"}, []),
        ({"datetime": "2025-12-31/2026-01-01"}, ["terra-2"]),
        ({"intersects": ELSEWHERE}, []),
        ({"collections": ["LAND"]}, []),
    ],
)
def test_ids_and_other_filters_hold_together(site: Site, filters: Any, found: list[str]) -> None:
    assert ids(site.post("/search", {"ids": ["terra-2"], **filters}).json) == found


def test_collections_that_lie_elsewhere_are_not_asked(site: Site, tmp_path: Path) -> None:
    terra = scenes("terra", "S2", "1")
    extent = {
        "spatial": {"bbox": [[0, 0, 10, 60]]},
        "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]},
    }
    terra.answers["GET /collections"]["collections"][0]["extent"] = extent
    near = Site({"terra": terra}, tmp_path / "near")
    assert ids(near.get("/search?bbox=50,0,60,10").json) == []
    assert ids(near.get("/search?datetime=../2019-12-31").json) == []
    assert asked_for_items(near) == []
    assert ids(near.get("/search?bbox=5,50,6,51").json) == ["terra-1"]


def test_a_backend_that_is_down_is_missing_and_keeps_its_place(site: Site) -> None:
    site.go_down("terra")
    page = site.get("/search?limit=1").json
    assert (ids(page), page["federation:missing"]) == (["aurora-1"], ["terra"])
    (following,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
    site.come_back("terra")
    rest = site.get(f"/search?{urlsplit(following).query}".replace("limit=1", "limit=10")).json
    assert ids(rest) == ["terra-1", "terra-2", "terra-3", "aurora-4", "aurora-7"]
    site.go_down("terra", "aurora")
    assert_error(site.get("/search"), 503, "BackendUnavailable")


def test_a_collection_that_has_gone_meanwhile_holds_nothing_up(site: Site) -> None:
    gone = Reply(404, {"id": "x", "code": "CollectionNotFound", "message": "Gone."})
    site.backends["aurora"].answers["GET /collections/S2/items"] = gone
    page = site.get("/search").json
    assert ids(page) == ["terra-1", "terra-2", "terra-3", "aurora-7"]
    assert "federation:missing" not in page


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"bbox": [1, 2, 3]}, "bbox"),
        ({"bbox": "1,2,3,4"}, "bbox"),
        ({"datetime": "yesterday"}, "datetime"),
        ({"datetime": 2026}, "datetime"),
        ({"collections": "S2"}, "collections"),
        ({"ids": [1]}, "ids"),
        ({"ids": ["x"] * 1001}, "ids"),
        ({"intersects": {"type": "Feature"}}, "intersects"),
        ({"intersects": {"type": "Point", "coordinates": []}}, "intersects"),
        ({"intersects": {"type": "Point", "coordinates": ["a", "b"]}}, "intersects"),
        ({"intersects": {"type": "MultiPoint", "coordinates": [[0, 0]] * 10_001}}, "intersects"),
        ({"intersects": [1]}, "intersects"),
        ({"intersects": ELSEWHERE, "bbox": [1, 2, 3, 4]}, "intersects"),
        ({"limit": 0}, "limit"),
        ({"limit": "10"}, "limit"),
        ({"limit": True}, "limit"),
        ({"next": 7}, "next"),
        ({"next": "x"}, "next"),
        ({"query": {}}, "query"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_ignored(site: Site, given: Any, name: str) -> None:
    message = assert_error(site.post("/search", given), 400, "RequestInvalid")
    assert f"'{name}'" in message["message"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,2,3,4&bbox=5,6,7,8", "bbox"),
        ("intersects={", "intersects"),
        ("intersects=7", "intersects"),
        ("datetime=x", "datetime"),
        ("filter=a", "filter"),
        ("limit=0", "limit"),
        # A cursor that names a step which this search has not.
        ("next=eyJ0ZXJyYSI6Ilt7XCJAXCI6XCJMQU5EXCJ9LFtdLDAsXCJcIiwwXSJ9", "next"),
    ],
)
def test_so_it_is_in_a_query(site: Site, query: str, name: str) -> None:
    message = assert_error(site.get(f"/search?{query}"), 400, "RequestInvalid")
    assert f"'{name}'" in message["message"]


def test_a_search_is_offered_where_there_are_items(site: Site, tmp_path: Path) -> None:
    claim = "https://api.stacspec.org/v1.0.0/item-search"
    landing = site.get("/").json
    root = "http://federation.test/openeo/1.3"
    assert claim in landing["conformsTo"]
    assert claim in site.get("/conformance").json["conformsTo"]
    assert [
        (link["href"], link["method"], link["type"])
        for link in landing["links"]
        if link["rel"] == "search"
    ] == [(f"{root}/search", method, "application/geo+json") for method in ("GET", "POST")]
    methods = {e["path"]: e["methods"] for e in landing["endpoints"]}
    assert methods["/search"] == ["GET", "POST"]
    bare = Site({"solaris": backend("solaris")}, tmp_path / "bare")
    landing = bare.get("/").json
    assert claim not in landing["conformsTo"]
    assert "search" not in [link["rel"] for link in landing["links"]]
    assert "/search" not in [e["path"] for e in landing["endpoints"]]
    assert_error(bare.get("/search"), 501, "FeatureUnsupported")
    alone = site.get("/", root="/federation/solaris/openeo/1.3").json
    assert claim not in alone["conformsTo"]
