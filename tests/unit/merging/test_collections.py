"""Collections: the union, as valid STAC, saying who has what."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator
from pystac.validation.local_validator import get_local_schema_cache
from referencing import Registry
from referencing.jsonschema import DRAFT7

from aggregator.merging.collections import merge_collection
from aggregator.merging.filters import Lists, Selection
from tests.contract.specification import assert_conforms
from tests.fakes.documents import LEFT_OUT, collection, frozen, thawed
from tests.unit.merging.merged import ORDER, alone, listing, pair
from tests.unit.merging.noted import assert_not_noted, assert_noted

# The union


def test_every_collection_of_every_backend_is_listed() -> None:
    found = listing(
        {
            "aurora": [collection("SENTINEL1_GRD"), collection("SENTINEL2_L2A")],
            "terra": [collection("SENTINEL2_L2A"), collection("SENTINEL2_L1C")],
        },
    )
    assert list(found.document) == ["SENTINEL2_L2A", "SENTINEL2_L1C", "SENTINEL1_GRD"]


def test_every_collection_says_who_has_it_at_the_top_and_in_its_summaries() -> None:
    listed = listing(
        {"terra": [collection("A"), collection("B")], "aurora": [collection("B")]}, order=ORDER
    ).document
    for name, backends in (("A", ["terra"]), ("B", ["terra", "aurora"])):
        assert listed[name]["federation:backends"] == backends
        assert listed[name]["summaries"]["federation:backends"] == backends


def test_a_collection_without_summaries_says_who_has_it_there_too() -> None:
    found = alone(collection("X", summaries=LEFT_OUT))
    assert found["summaries"] == {"federation:backends": ["terra"]}


def test_one_backends_collection_comes_out_as_it_went_in() -> None:
    document = collection(
        "X",
        keywords=["b", "a"],
        providers=[{"name": "ESA", "roles": ["producer"], "url": "https://esa.example"}],
        fields={
            "sci:doi": "10.1/x",
            "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
            "item_assets": {"B02": {"type": "image/tiff", "roles": ["data"]}},
            "unknown:field": {"kept": [1, None]},
            "experimental": False,
        },
    )
    found = alone(document)
    summaries = {**document["summaries"], "federation:backends": ["terra"]}
    assert found == {**document, "summaries": summaries, "federation:backends": ["terra"]}


def test_inputs_are_left_as_they_are() -> None:
    documents: dict[str, Any] = {
        "terra": [collection("X", deprecated=True), collection("OWN", common_name="X")],
        "aurora": [collection("X", bands=("B01",), keywords=["k"]), "broken", {"id": 5}],
    }
    before = thawed(documents)
    listing(frozen(documents))
    found = listing(documents)
    assert documents == before
    assert thawed(listing(frozen(documents)).document) == found.document


def test_the_order_of_arrival_does_not_matter() -> None:
    terra, aurora = [collection("A"), collection("X")], [collection("X", bands=("B01",))]
    one = listing({"terra": terra, "aurora": aurora})
    other = listing({"aurora": aurora, "terra": terra})
    assert json.dumps(one.document) == json.dumps(other.document)
    assert one.notes == other.notes


def test_backends_that_are_not_configured_come_last_by_name() -> None:
    by_backend = {name: collection("X", title=name) for name in ("zeta", "extra", "boreal")}
    found = merge_collection("X", by_backend, order=ORDER).document
    assert found["title"] == "boreal"
    assert found["federation:backends"] == ["boreal", "extra", "zeta"]


def test_a_merged_collection_has_the_id_that_it_is_asked_for_under() -> None:
    by_backend = {"terra": collection("TERRA_S2"), "aurora": collection("SENTINEL2_L2A")}
    found = merge_collection("SENTINEL2_L2A", by_backend, order=ORDER).document
    assert found["id"] == "SENTINEL2_L2A"


def test_without_any_document_there_is_nothing_to_show() -> None:
    assert merge_collection("X", {}, order=ORDER).document == {}
    found = merge_collection("X", {"terra": None, "aurora": "<html>"}, order=ORDER)  # type: ignore[dict-item]
    assert found.document == {}
    assert_noted(found, "document-unusable", "terra")
    assert_noted(found, "document-unusable", "aurora")


# Broken documents


@pytest.mark.parametrize("answer", [None, "<html>", 5, {"collections": []}, True])
def test_a_broken_listing_costs_no_other_backend_its_collections(answer: Any) -> None:
    found = listing({"terra": answer, "aurora": [collection("X")]})
    assert list(found.document) == ["X"]
    assert_noted(found, "document-unusable", "terra")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (None, "null"),
        ("X", "the text 'X'"),
        (5, "the value 5"),
        ([], "an array"),
        ({}, "an empty object"),
        ({"id": None}, "an object without a usable name"),
        ({"id": 7}, "an object without a usable name"),
        ({"id": ""}, "an object without a usable name"),
    ],
)
def test_a_broken_entry_costs_no_other_entry_and_is_told_in_words(entry: Any, told: str) -> None:
    found = listing({"terra": [collection("A"), entry, collection("B")]})
    assert list(found.document) == ["A", "B"]
    assert assert_noted(found, "entry-unusable", "terra").values["found"] == told


def test_a_bottomless_entry_costs_no_other_entry() -> None:
    bottomless: Any = {}
    for _ in range(5000):
        bottomless = {"deeper": bottomless}
    listed = [collection("A"), collection("B", fields={"x": bottomless})]
    found = listing({"terra": listed})
    assert list(found.document) == ["A"]
    note = assert_noted(found, "entry-unusable", "terra")
    assert note.values["found"] == "nested more than 100 levels deep"


BROKEN: list[Any] = [
    None,
    True,
    3,
    -0.5,
    "",
    "text",
    [],
    ["a", None],
    [[1]],
    {},
    {"a": {"b": []}},
    [{}],
]


@pytest.mark.parametrize("field", sorted(collection("X", keywords=[], providers=[], assets={})))
def test_a_field_of_any_wrong_type_costs_no_other_backend_its_data(field: str) -> None:
    good = collection("X", keywords=["k"], providers=[{"name": "ESA"}], deprecated=False)
    for value in BROKEN:
        broken = collection("X", fields={field: value})
        found = merge_collection("X", {"terra": broken, "aurora": good}, order=ORDER).document
        assert found["federation:backends"] == ["terra", "aurora"]
        for key in ("B02", "B08"):
            assert key in found["cube:dimensions"]["bands"]["values"]
        assert found["extent"]["spatial"]["bbox"][0] == [-180, -56, 180, 83]
        assert "sentinel-2" in found["summaries"]["constellation"]


@pytest.mark.parametrize(
    "field", ["title", "extent", "keywords", "links", "cube:dimensions", "stac_extensions"]
)
@pytest.mark.parametrize("value", [None, 3, True])
def test_what_cannot_be_used_does_not_vanish_silently(field: str, value: object) -> None:
    found = merge_collection("X", {"terra": collection("X", fields={field: value})}, order=ORDER)
    assert_noted(found, "value-unusable", "terra", subject=f"collections/X/{field}")


def test_text_in_place_of_a_list_is_read_as_a_list_of_one() -> None:
    found = pair("keywords", "optical", ["radar"])
    assert found.document["keywords"] == ["optical", "radar"]
    assert_noted(found, "value-repaired", "terra")


# Selection


def test_what_is_denied_is_not_listed() -> None:
    selection = Selection(
        collections=Lists(deny=("SECRET_*",)), collections_of={"aurora": Lists(allow=("A",))}
    )
    found = listing(
        {
            "terra": [collection("A"), collection("B"), collection("SECRET_1")],
            "aurora": [collection("A"), collection("B")],
        },
        selection=selection,
    ).document
    assert {name: c["federation:backends"] for name, c in found.items()} == {
        "A": ["terra", "aurora"],
        "B": ["terra"],
    }


# Validity


STAC = "https://schemas.stacspec.org/v1.1.0/collection-spec/json-schema/collection.json"


def stac_violations(document: Any) -> list[str]:
    """How a collection breaks the schema of STAC 1.1.0 that pystac brings along."""
    schemas = get_local_schema_cache()
    resources = [(url, DRAFT7.create_resource(schema)) for url, schema in schemas.items()]
    registry: Any = Registry().with_resources(resources)
    validator = Draft7Validator(schemas[STAC], registry=registry)
    return [error.message for error in validator.iter_errors(document)]


def rich(backend: str, **more: Any) -> dict[str, Any]:
    return collection(
        "X",
        bands=("B02", backend),
        bbox=(0, 0, len(backend), 10),
        keywords=[backend],
        stac_version="1.1.0",
        providers=[{"name": backend, "roles": ["host"]}],
        assets={"preview": {"href": f"https://{backend}.example/p.png"}},
        license="other",
        **more,
    )


def test_valid_stac_comes_out_where_valid_stac_went_in() -> None:
    by_backend = {name: rich(name) for name in ORDER}
    by_backend["terra"]["summaries"]["eo:cloud_cover"] = {"minimum": 0, "maximum": 50}
    by_backend["aurora"]["summaries"]["eo:cloud_cover"] = {"minimum": 10, "maximum": 100}
    for document in by_backend.values():
        assert stac_violations(document) == []
    found = merge_collection("X", by_backend, order=ORDER).document
    assert stac_violations(found) == []


def boxes_of(backend: str, version: str, *boxes: list[int]) -> dict[str, Any]:
    extent = {"spatial": {"bbox": list(boxes)}, "temporal": {"interval": [[None, None]]}}
    return rich(backend) | {"stac_version": version, "extent": extent}


def test_a_whole_and_a_lone_part_are_valid_also_in_stac_that_has_no_list_of_two_boxes() -> None:
    whole, part = [0, 0, 10, 10], [0, 0, 5, 5]
    older = boxes_of("terra", "1.0.0", whole, part)
    newer = boxes_of("aurora", "1.1.0", part)
    assert stac_violations(newer) == []
    found = merge_collection("X", {"terra": older, "aurora": newer}, order=ORDER).document
    assert stac_violations(found) == []
    assert found["extent"]["spatial"]["bbox"] == [whole, whole, part]
    alone = merge_collection("X", {"terra": older}, order=ORDER).document
    assert alone["extent"]["spatial"]["bbox"] == [whole, part], "STAC 1.0 has lists of two"


def test_in_newer_stac_equal_boxes_are_stated_once_and_each_of_different_ones_once() -> None:
    west, east = [0, 0, 5, 5], [5, 0, 10, 5]
    newer = boxes_of("terra", "1.1.0", west)
    for other, boxes in ((west, [west]), (east, [[0, 0, 10, 5], west, east])):
        by_backend = {"terra": newer, "aurora": boxes_of("aurora", "1.1.0", other)}
        found = merge_collection("X", by_backend, order=ORDER).document
        assert found["extent"]["spatial"]["bbox"] == boxes


def test_the_check_of_validity_sees_what_is_invalid() -> None:
    assert stac_violations(rich("terra", extent={"spatial": {"bbox": [0, 0, 1, 1]}}))


def test_listing_and_detail_are_as_the_api_describes_them() -> None:
    listed = listing({name: [rich(name)] for name in ORDER}).document
    body = {"collections": list(listed.values()), "links": []}
    assert_conforms("get", "/collections", 200, body)
    assert_conforms("get", "/collections/{collection_id}", 200, listed["X"])


def test_even_empty_collections_make_a_listing_as_the_api_describes_it() -> None:
    listed = listing({"terra": [{"id": "X"}]}).document
    assert_conforms("get", "/collections", 200, {"collections": list(listed.values()), "links": []})


def test_equal_documents_give_no_notes() -> None:
    by_backend = {name: [collection("X")] for name in ORDER}
    assert_not_noted(listing(by_backend))
