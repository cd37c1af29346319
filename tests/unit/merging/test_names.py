"""Common names: collections that are merged under one id and reachable under their own."""

from __future__ import annotations

from typing import Any

from aggregator.merging.filters import EVERYTHING, Lists, Selection
from aggregator.merging.names import CollectionNames, grouped_collections
from aggregator.merging.notes import Merged
from tests.fakes.documents import collection
from tests.unit.merging.merged import ORDER, listing
from tests.unit.merging.noted import assert_not_noted, assert_noted


def names_in(
    listings: dict[str, list[Any]], selection: Selection = EVERYTHING
) -> Merged[CollectionNames]:
    grouped = grouped_collections(listings, order=ORDER, selection=selection)
    return Merged(grouped.document[0], grouped.notes)


def names(**listings: list[Any]) -> Merged[CollectionNames]:
    return names_in(listings)


def own(collection_id: str, common_name: Any = None) -> dict[str, Any]:
    more = {} if common_name is None else {"common_name": common_name}
    return collection(collection_id, **more)


def test_a_collection_with_a_common_name_is_merged_under_it() -> None:
    listings = {"terra": [own("SENTINEL2_L2A")], "aurora": [own("S2_AURORA", "SENTINEL2_L2A")]}
    found = listing(listings)
    assert list(found.document) == ["SENTINEL2_L2A"]
    assert found.document["SENTINEL2_L2A"]["federation:backends"] == ["terra", "aurora"]
    assert found.document["SENTINEL2_L2A"]["id"] == "SENTINEL2_L2A"
    assert_noted(found, "common-name", "aurora", subject="collections/S2_AURORA")


def test_each_backend_is_asked_under_its_own_id() -> None:
    found = names(terra=[own("SENTINEL2_L2A")], aurora=[own("S2_AURORA", "SENTINEL2_L2A")]).document
    assert found.resolve("SENTINEL2_L2A") == {"terra": "SENTINEL2_L2A", "aurora": "S2_AURORA"}
    assert found.resolve("SENTINEL2_L2A").get("aurora") == "S2_AURORA"
    assert found.resolve("SENTINEL2_L2A").get("boreal") is None


def test_a_collection_stays_reachable_under_its_own_id() -> None:
    found = names(terra=[own("SENTINEL2_L2A")], aurora=[own("S2_AURORA", "SENTINEL2_L2A")]).document
    assert found.resolve("S2_AURORA") == {"aurora": "S2_AURORA"}
    assert found.own_ids_at("aurora") == {"SENTINEL2_L2A": "S2_AURORA", "S2_AURORA": "S2_AURORA"}


def test_an_unknown_id_stands_for_nothing() -> None:
    assert names(terra=[own("A")]).document.resolve("B") == {}


def test_the_same_own_id_of_two_backends_is_one_alias() -> None:
    found = names(terra=[own("S2", "SENTINEL2")], aurora=[own("S2", "SENTINEL2")]).document
    assert found.resolve("S2") == {"terra": "S2", "aurora": "S2"}
    assert found.resolve("SENTINEL2") == {"terra": "S2", "aurora": "S2"}


def test_a_common_name_equal_to_the_id_changes_nothing() -> None:
    found = names(terra=[own("A", "A")])
    assert found.document.resolve("A") == {"terra": "A"}
    assert_not_noted(found)


def test_a_common_name_of_the_wrong_type_is_none() -> None:
    wrong: list[Any] = [5, ["SENTINEL2"], "", {}]
    for common_name in wrong:
        found = names(terra=[own("A", common_name)]).document
        assert found.listed == {"A": {"terra": "A"}}


def test_of_several_collections_for_one_id_the_one_of_that_id_is_merged() -> None:
    found = names(terra=[own("A_RIVAL", "X"), own("X"), own("B_RIVAL", "X")])
    assert found.document.listed == {
        "X": {"terra": "X"},
        "A_RIVAL": {"terra": "A_RIVAL"},
        "B_RIVAL": {"terra": "B_RIVAL"},
    }
    assert_noted(found, "common-name-conflict", "terra", subject="collections/X")


def test_without_one_of_that_id_the_first_by_id_is_merged() -> None:
    for entries in ([own("B", "X"), own("A", "X")], [own("A", "X"), own("B", "X")]):
        found = names(terra=entries).document
        assert found.resolve("X") == {"terra": "A"}
        assert found.listed["B"] == {"terra": "B"}
        assert found.aliases == {"A": {"terra": "A"}}


def test_an_own_id_that_means_another_collection_in_the_federation_keeps_meaning_that() -> None:
    found = names(terra=[own("X", "Y")], aurora=[own("X")])
    assert found.document.resolve("X") == {"aurora": "X"}
    assert found.document.resolve("Y") == {"terra": "X"}
    assert_noted(found, "common-name-shadowed", "terra", subject="collections/X")


def test_backends_stand_in_configured_order() -> None:
    listings: dict[str, list[Any]] = {
        "boreal": [own("X")],
        "aurora": [own("A", "X"), own("B", "X")],
        "terra": [own("X")],
    }
    found = names_in(listings).document
    assert list(found.resolve("X")) == ["terra", "aurora", "boreal"]


def test_what_is_not_selected_is_not_reachable() -> None:
    selection = Selection(collections=Lists(deny=("S2_AURORA",)))
    listings = {"terra": [own("X")], "aurora": [own("S2_AURORA", "X"), own("SECRET")]}
    found = names_in(listings, selection).document
    assert found.resolve("X") == {"terra": "X"}
    assert found.resolve("S2_AURORA") == {}


def test_names_and_listing_agree() -> None:
    listings = {
        "terra": [own("A"), own("B", "X"), own("C", "X")],
        "aurora": [own("X"), own("B")],
        "boreal": [own("C", "A")],
    }
    listed = listing(listings).document
    found = names_in(listings).document
    assert list(found.listed) == list(listed)
    for name, document in listed.items():
        assert document["federation:backends"] == list(found.resolve(name))
