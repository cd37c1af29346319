"""Items and queryables of collections that several backends have."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pystac_client
import pytest

from tests.fakes.backends import Call, FakeBackend, Reply
from tests.web.site import ENDPOINTS, Site, assert_error, backend, collection, conforms, in_full
from tests.web.test_served import Served, listening

BELOW = {
    "/collections/{id}/items": ["GET"],
    "/collections/{id}/items/{item_id}": ["GET"],
    "/collections/{id}/queryables": ["GET"],
}
GEOJSON = {"Content-Type": "application/geo+json"}


def item(identifier: str, own: str, root: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": identifier,
        "collection": own,
        "geometry": {"type": "Point", "coordinates": [5, 50]},
        "bbox": [5, 50, 5, 50],
        "properties": {"datetime": "2026-01-01T00:00:00Z"},
        "assets": {"data": {"href": "../../../data/a.tif"}},
        "links": [
            {"rel": "self", "href": f"{root}/collections/{own}/items/{identifier}"},
            {"rel": "collection", "href": f"{root}/collections/{own}"},
            {"rel": "derived_from", "href": "https://elsewhere.example/1"},
        ],
    }


def scenes(name: str, own: str, *identifiers: str, limited: Any = None, **more: Any) -> FakeBackend:
    """A backend that calls the collection S2 otherwise, with these items."""
    root = f"http://{name}.test/openeo"
    items = [item(identifier, own, root) for identifier in identifiers]

    def page(call: Call) -> Reply:
        query = dict(parse_qsl(call.query))
        start, size = int(query.get("offset", 0)), int(query.get("limit", 10))
        links = []
        if start + size < len(items):
            href = f"{root}/collections/{own}/items?limit={size}&offset={start + size}"
            links = [{"rel": "next", "href": href}]
        found = {"type": "FeatureCollection", "features": items[start : start + size]}
        return Reply(200, {**found, "links": links}, GEOJSON)

    named = {"common_name": "S2"} if own != "S2" else {}
    elsewhere = {"rel": "items", "href": f"{root}/collections/{own}/items"}
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}
    found = backend(
        name,
        (own,),
        answers={
            f"GET /collections/{own}/items": page,
            **{
                f"GET /collections/{own}/items/{one['id']}": Reply(200, one, GEOJSON)
                for one in items
            },
            f"GET /collections/{own}/queryables": Reply(
                200,
                {**schema, "properties": limited or {}, "additionalProperties": False},
                {"Content-Type": "application/schema+json"},
            ),
            **more,
        },
        endpoints=[{"path": p, "methods": m} for p, m in {**ENDPOINTS, **BELOW}.items()],
    )
    found.answers["GET /collections"] = {
        "collections": [collection(own, links=[elsewhere], **named)],
        "links": [],
    }
    found.answers[f"GET /collections/{own}"] = in_full(own, links=[elsewhere], **named)
    return found


CLOUDS = {"type": "number", "minimum": 0, "maximum": 100}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Terra calls it S2_L2A; solaris has it without items."""
    members = {
        "terra": scenes("terra", "S2_L2A", "1", "2", "3", limited={"eo:cloud_cover": CLOUDS}),
        "solaris": backend("solaris"),
        "aurora": scenes(
            "aurora",
            "S2",
            "1",
            "4",
            limited={"eo:cloud_cover": {"type": "number"}, "platform": {"type": "string"}},
        ),
    }
    return Site(members, tmp_path)


def ids(page: Any) -> list[str]:
    return [feature["id"] for feature in page["features"]]


def test_the_items_of_all_backends_come_in_one_order_without_collisions(site: Site) -> None:
    answer = site.get("/collections/S2/items")
    assert answer.headers["Content-Type"] == "application/geo+json"
    page = answer.json
    assert ids(page) == ["terra-1", "terra-2", "terra-3", "aurora-1", "aurora-4"]
    assert page["numberReturned"] == 5
    assert [f["federation:backends"] for f in page["features"]] == [["terra"]] * 3 + [
        ["aurora"]
    ] * 2
    assert {f["collection"] for f in page["features"]} == {"S2"}
    assert "federation:missing" not in page


def test_pages_of_items_follow_one_another_with_their_filters(site: Site) -> None:
    found, address = [], "/collections/S2/items?limit=2&bbox=0,40,10,60&datetime=2026-01-01/.."
    while address:
        page = site.get(address).json
        assert len(page["features"]) <= 2
        found += ids(page)
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        address = f"/collections/S2/items?{urlsplit(following[0]).query}" if following else ""
    assert found == ["terra-1", "terra-2", "terra-3", "aurora-1", "aurora-4"]
    for name, own in (("terra", "S2_L2A"), ("aurora", "S2")):
        for call in site.backends[name].asked("GET", f"/collections/{own}/items"):
            query = dict(parse_qsl(call.query))
            assert (query["bbox"], query["datetime"]) == ("0,40,10,60", "2026-01-01/..")


def test_a_backend_that_is_down_is_missing_from_the_items(site: Site) -> None:
    site.go_down("terra")
    page = site.get("/collections/S2/items").json
    assert ids(page) == ["aurora-1", "aurora-4"]
    assert page["federation:missing"] == ["terra"]
    site.go_down("aurora")
    assert_error(site.get("/collections/S2/items"), 503, "BackendUnavailable")


def test_an_item_is_had_from_its_backend_with_the_federations_links(site: Site) -> None:
    header = {"Authorization": "Bearer not-for-backends"}
    found = site.get("/collections/S2/items/terra-2", headers=header).json
    assert (found["id"], found["collection"]) == ("terra-2", "S2")
    links = {link["rel"]: link["href"] for link in found["links"]}
    root = "http://federation.test/openeo/1.3"
    assert links["self"] == f"{root}/collections/S2/items/terra-2"
    assert links["collection"] == links["parent"] == f"{root}/collections/S2"
    assert links["derived_from"] == "https://elsewhere.example/1"
    assert found["assets"]["data"]["href"] == "http://terra.test/openeo/data/a.tif"
    (call,) = site.backends["terra"].asked("GET", "/collections/S2_L2A/items/2")
    assert call.authorization is None


@pytest.mark.parametrize("identifier", ["1", "solaris-1", "mars-1"])
def test_an_id_of_no_backend_with_items_says_what_ids_are_like(site: Site, identifier: str) -> None:
    answer = site.get(f"/collections/S2/items/{identifier}")
    assert "begin with terra or aurora" in assert_error(answer, 404, "NotFound")["message"]


@pytest.mark.parametrize("document", [{}, {"type": "Feature", "id": 5}, {"id": ""}])
def test_an_answer_that_is_no_item_is_a_failure_of_its_backend(site: Site, document: Any) -> None:
    site.backends["terra"].answers |= {
        "GET /collections/S2_L2A/items/odd": Reply(200, document, GEOJSON)
    }
    answer = site.get("/collections/S2/items/terra-odd")
    assert "'terra'" in assert_error(answer, 502, "BackendFailure")["message"]


def test_an_item_that_its_backend_has_not_is_not_found(site: Site) -> None:
    assert_error(site.get("/collections/S2/items/terra-99"), 404, "NotFound")


def test_a_collection_that_there_is_not_is_named(site: Site) -> None:
    for below in ("items", "items/terra-1", "queryables"):
        assert_error(site.get(f"/collections/S3/{below}"), 404, "CollectionNotFound")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,2,3,4&bbox=5,6,7,8", "bbox"),
        ("bbox=1,2,3,nan", "bbox"),
        ("bbox=a,b,c,d", "bbox"),
        ("datetime=yesterday", "datetime"),
        ("datetime=2026-01-01/02/03", "datetime"),
        ("filter=eo:cloud_cover<10", "filter"),
        ("limit=0", "limit"),
        ("next=x", "next"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused_and_not_ignored(
    site: Site, query: str, name: str
) -> None:
    message = assert_error(site.get(f"/collections/S2/items?{query}"), 400, "RequestInvalid")
    assert f"'{name}'" in message["message"]


def test_queryables_are_the_union_with_the_backends_of_each(site: Site) -> None:
    answer = site.get("/collections/S2/queryables")
    assert answer.headers["Content-Type"] == "application/schema+json"
    found = conforms("/collections/{collection_id}/queryables", answer)
    assert found["$id"] == "http://federation.test/openeo/1.3/collections/S2/queryables"
    assert found["properties"] == {
        "eo:cloud_cover": {
            "anyOf": [CLOUDS, {"type": "number"}],
            "federation:backends": ["terra", "aurora"],
        },
        "platform": {"type": "string", "federation:backends": ["aurora"]},
    }
    site.go_down("aurora")
    partial = site.get("/collections/S2/queryables").json
    assert list(partial["properties"]) == ["eo:cloud_cover"]
    assert partial["federation:missing"] == ["aurora"]


def test_what_stands_below_a_collection_is_linked_where_it_is_offered(
    site: Site, tmp_path: Path
) -> None:
    root = "http://federation.test/openeo/1.3/collections/S2"
    for document in (
        site.get("/collections/S2").json,
        site.get("/collections").json["collections"][0],
    ):
        links = [(link["rel"], link["href"]) for link in document["links"]]
        assert [href for rel, href in links if rel == "items"] == [f"{root}/items"]
        assert f"{root}/queryables" in [href for rel, href in links if rel.endswith("queryables")]
    paths = [e["path"] for e in site.get("/").json["endpoints"]]
    assert "/collections/{collection_id}/items/{item_id}" in paths
    bare = Site({"solaris": backend("solaris")}, tmp_path / "bare")
    assert "items" not in [link["rel"] for link in bare.get("/collections/S2").json["links"]]
    assert "/collections/{collection_id}/items" not in [
        e["path"] for e in bare.get("/").json["endpoints"]
    ]
    for below in ("items", "items/solaris-1", "queryables"):
        assert_error(bare.get(f"/collections/S2/{below}"), 501, "FeatureUnsupported")


def test_pystac_client_reads_the_items_of_all_backends(tmp_path: Path) -> None:
    many = [str(number) for number in range(25)]
    with ExitStack() as stack:
        urls = {
            name: stack.enter_context(listening(scenes(name, own, *many)))
            for name, own in (("terra", "S2_L2A"), ("aurora", "S2"))
        }
        served = Served(urls, tmp_path, workers=1)
        try:
            served.wait()
            client = pystac_client.Client.open(f"{served.url}/openeo/1.3")
            assert [found.id for found in client.get_collections()] == ["S2"]
            shared = client.get_collection("S2")
            assert shared is not None
            found = list(shared.get_items())
            assert [one.id for one in found] == [
                f"{name}-{n}" for name in ("terra", "aurora") for n in many
            ]
            href = f"{served.url}/openeo/1.3/collections/S2/items"
            where: dict[str, Any] = {
                "bbox": [0, 40, 10, 60],
                "datetime": "2026-01-01/..",
                "max_items": 30,
            }
            search = pystac_client.ItemSearch(href, method="GET", **where)
            assert len(list(search.items())) == 30
            for method in ("GET", "POST"):
                found_by = client.search(method=method, collections=["S2"], limit=7, **where)
                assert [one.id for one in found_by.items()] == [one.id for one in found[:30]]
                point = {"type": "Point", "coordinates": [5, 50]}
                found_by = client.search(
                    method=method, intersects=point, ids=["aurora-3", "terra-3"]
                )
                assert [one.id for one in found_by.items()] == ["terra-3", "aurora-3"]
            assert found[0].get_self_href() == f"{href}/terra-0"
        finally:
            status, said = served.end()
    assert status == 0
    assert "Traceback" not in said, said
