"""The scenes of collections over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.backends.site import Site, error

ITEMS = "/collections/SENTINEL2_L2A/items"
QUERY = "?bbox=7,51,7.5,51.5&datetime=2024-06-01/2024-06-30"


def page(site: Site, path: str) -> Any:
    response = site.ask("GET", path, user=None)
    assert response.status_code == 200, response.text
    assert response.content_type == "application/geo+json"
    return response.json


def link(document: Any, rel: str) -> str | None:
    return next((one["href"] for one in document["links"] if one["rel"] == rel), None)


def test_the_pages_of_items_make_up_the_whole(site: Site) -> None:
    whole = page(site, f"{ITEMS}{QUERY}&limit=1000")
    assert whole["numberReturned"] == whole["numberMatched"] == len(whole["features"]) > 3
    found: list[str] = []
    following: str | None = f"{ITEMS}{QUERY}&limit=3"
    while following:
        part = page(site, following)
        found += [item["id"] for item in part["features"]]
        following = link(part, "next")
    assert found == [item["id"] for item in whole["features"]]


def test_an_item_is_where_its_link_says(site: Site) -> None:
    (item,) = page(site, f"{ITEMS}{QUERY}&limit=1")["features"]
    address = link(item, "self")
    assert address is not None
    assert page(site, address) == item
    assert link(item, "collection") == "http://backend.test/openeo/1.3/collections/SENTINEL2_L2A"


def test_the_collection_leads_to_its_items(site: Site) -> None:
    document = site.ask("GET", "/collections/SENTINEL2_L2A", user=None).json
    assert link(document, "items") == f"http://backend.test/openeo/1.3{ITEMS}"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/collections/NOTHING/items", 404, "CollectionNotFound"),
        (f"{ITEMS}/nothing", 404, "NotFound"),
        (f"{ITEMS}?bbox=1,2,3", 400, "RequestInvalid"),
        (f"{ITEMS}?bbox=a,b,c,d", 400, "RequestInvalid"),
        (f"{ITEMS}?bbox=0,80,1,nan", 400, "RequestInvalid"),
        (f"{ITEMS}?datetime=tomorrow", 400, "RequestInvalid"),
        (f"{ITEMS}?limit=0", 400, "RequestInvalid"),
        (f"{ITEMS}?offset=-1", 400, "RequestInvalid"),
    ],
)
def test_wrong_questions_are_refused(site: Site, path: str, status: int, code: str) -> None:
    assert error(site.ask("GET", path, user=None)) == (status, code)
