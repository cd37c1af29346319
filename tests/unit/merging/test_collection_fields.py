"""What becomes of each field of a collection that several backends have."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.collections import merge_collection
from tests.fakes.documents import LEFT_OUT, collection
from tests.unit.merging.merged import ORDER, alone, pair
from tests.unit.merging.noted import assert_not_noted, assert_noted


def test_versions_of_stac_are_compared_as_versions() -> None:
    assert pair("stac_version", "1.9.0", "1.10.0").document["stac_version"] == "1.10.0"
    assert pair("stac_version", "1.1.0", "1.0.0").document["stac_version"] == "1.1.0"
    assert pair("stac_version", "1.0.0-rc.2", "1.0.0").document["stac_version"] == "1.0.0"


def test_a_version_that_openeo_does_not_allow_is_not_stated() -> None:
    assert pair("stac_version", "2.0.0", "1.0.0").document["stac_version"] == "1.0.0"


def test_descriptions_are_the_first_backends_and_empty_ones_lose() -> None:
    found = pair("description", "", "Radar data.")
    assert found.document["description"] == "Radar data."
    assert pair("title", "One", "Another").document["title"] == "One"


def test_only_what_all_call_deprecated_or_experimental_is() -> None:
    for flag in ("deprecated", "experimental"):
        agreed = pair(flag, True, True)
        assert agreed.document[flag] is True
        assert_not_noted(agreed, "flag-differs")
        assert pair(flag, True, False).document[flag] is False
        found = pair(flag, True, LEFT_OUT)
        assert found.document[flag] is False
        assert_noted(found, "flag-differs", "terra", "aurora")


def test_keywords_and_reference_systems_are_united() -> None:
    assert pair("keywords", ["a", "b"], ["b", "c"]).document["keywords"] == ["a", "b", "c"]
    assert pair("crs", ["u:1"], ["u:2", "u:1"]).document["crs"] == ["u:1", "u:2"]


def test_providers_are_united_by_name_with_all_their_roles() -> None:
    found = pair(
        "providers",
        [{"name": "ESA", "roles": ["producer"]}, {"name": "Terra", "roles": ["host"]}],
        [{"name": "ESA", "roles": ["licensor"]}, {"name": "Aurora", "roles": ["host"]}],
    )
    assert found.document["providers"] == [
        {"name": "ESA", "roles": ["producer", "licensor"]},
        {"name": "Terra", "roles": ["host"]},
        {"name": "Aurora", "roles": ["host"]},
    ]


def test_one_licence_stays_and_several_are_said_to_be_several() -> None:
    assert pair("license", "CC-BY-4.0", "CC-BY-4.0").document["license"] == "CC-BY-4.0"
    found = pair("license", "CC-BY-4.0", "proprietary")
    assert found.document["license"] == "various"
    assert_noted(found, "licence-differs", "terra", "aurora")


def test_several_licences_are_other_in_stac_1_1() -> None:
    by_backend = {
        "terra": collection("X", license="CC-BY-4.0", stac_version="1.1.0"),
        "aurora": collection("X", license="CC0-1.0"),
    }
    assert merge_collection("X", by_backend, order=ORDER).document["license"] == "other"


def test_links_of_all_are_kept_but_for_those_on_the_upstreams_structure() -> None:
    def about(name: str) -> dict[str, str]:
        return {"rel": "about", "href": f"https://{name}.example"}

    def of(name: str) -> list[dict[str, str]]:
        own = [
            {"rel": rel, "href": f"https://{name}.example"} for rel in ("self", "root", "parent")
        ]
        return [*own, about(name), {"rel": "license", "href": "https://l.example"}]

    found = pair("links", of("terra"), of("aurora"))
    assert found.document["links"] == [
        about("terra"),
        {"rel": "license", "href": "https://l.example"},
        about("aurora"),
    ]


def test_relative_links_lead_where_the_backend_meant_them_to() -> None:
    base = {"rel": "self", "href": "https://terra.example/openeo/collections/X"}
    found = alone(collection("X", links=[base, {"rel": "license", "href": "../licence.txt"}]))
    assert found["links"] == [
        {"rel": "license", "href": "https://terra.example/openeo/licence.txt"}
    ]


def test_a_relative_link_without_a_base_is_noted_rather_than_served() -> None:
    document = collection("X", links=[{"rel": "license", "href": "licence.txt"}])
    found = merge_collection("X", {"terra": document}, order=ORDER)
    assert found.document["links"] == []
    assert_noted(found, "value-unusable", "terra")


def test_extensions_are_united_with_the_highest_minor_version_of_each() -> None:
    def url(name: str) -> str:
        return f"https://stac-extensions.github.io/{name}/schema.json"

    found = pair(
        "stac_extensions",
        [url("eo/v1.9.0"), url("datacube/v1.0.0")],
        [url("eo/v1.10.0"), url("datacube/v2.2.0"), url("sar/v1.0.0")],
    )
    assert found.document["stac_extensions"] == [
        url("eo/v1.10.0"),
        url("datacube/v1.0.0"),
        url("datacube/v2.2.0"),
        url("sar/v1.0.0"),
    ]


def test_short_names_of_extensions_become_urls_in_modern_stac() -> None:
    found = pair("stac_extensions", ["eo"], [])
    assert found.document["stac_extensions"] == [
        "https://stac-extensions.github.io/eo/v1.0.0/schema.json"
    ]
    old = alone(collection("X", stac_version="0.9.0", stac_extensions=["eo"], type=LEFT_OUT))
    assert old["stac_extensions"] == ["eo"]
    assert "type" not in old


def test_assets_of_the_same_name_that_are_different_files_are_both_kept() -> None:
    def preview(host: str) -> dict[str, Any]:
        return {"preview": {"href": f"https://{host}.example/p.png", "roles": ["thumbnail"]}}

    found = pair("assets", preview("terra"), preview("aurora"))
    assert found.document["assets"] == {
        "preview": {**preview("terra")["preview"], "federation:backends": ["terra"]},
        "preview-aurora": {**preview("aurora")["preview"], "federation:backends": ["aurora"]},
    }
    (note,) = found.notes
    assert (note.code, note.backends) == ("asset-renamed", ("aurora",))
    assert pair("assets", preview("terra"), preview("terra")).document["assets"] == preview("terra")


def test_a_file_that_gets_another_name_takes_none_that_is_taken() -> None:
    def at(host: str, *names: str) -> dict[str, Any]:
        return {name: {"href": f"https://{host}.example/{name}"} for name in names}

    found = pair("assets", at("terra", "p"), at("aurora", "p", "p-aurora")).document["assets"]
    assert {name: asset["href"] for name, asset in found.items()} == {
        "p": "https://terra.example/p",
        "p-aurora": "https://aurora.example/p-aurora",
        "p-aurora-": "https://aurora.example/p",
    }


def test_relative_addresses_of_assets_are_resolved_and_what_has_none_is_left_out() -> None:
    links = [{"rel": "self", "href": "https://terra.example/api/collections/X"}]
    assets = {"a": {"href": "../files/a.png", "roles": ["data"]}, "b": {"href": 3}, "c": {}}
    terra = collection("X", assets=assets, links=links)
    aurora = collection("X", assets={"d": {"href": "d.png"}}, links=[])
    found = merge_collection("X", {"terra": terra, "aurora": aurora}, order=ORDER)
    assert found.document["assets"] == {
        "a": {
            "href": "https://terra.example/api/files/a.png",
            "roles": ["data"],
            "federation:backends": ["terra"],
        }
    }
    noted = [note for note in found.notes if note.code == "value-unusable"]
    assert [(note.backends, note.values["expected"]) for note in noted] == [
        ((backend,), "an asset with an absolute href") for backend in ("terra", "terra", "aurora")
    ]


def test_without_anything_that_can_be_read_as_assets_there_are_none() -> None:
    found = pair("assets", "odd", 3)
    assert "assets" not in found.document
    assert_noted(found, "value-unusable", "terra")


def test_item_assets_are_united_and_say_who_has_them() -> None:
    found = pair(
        "item_assets",
        {"B02": {"type": "image/tiff", "roles": ["data"]}},
        {"B02": {"title": "Blue", "roles": ["reflectance"]}, "SCL": {"type": "image/tiff"}},
    )
    assert found.document["item_assets"] == {
        "B02": {"type": "image/tiff", "roles": ["data", "reflectance"], "title": "Blue"},
        "SCL": {"type": "image/tiff", "federation:backends": ["aurora"]},
    }


@pytest.mark.parametrize("field", ["bands", "eo:bands"])
def test_bands_within_one_asset_say_who_has_them(field: str) -> None:
    def with_bands(*bands: str) -> dict[str, Any]:
        asset = {"type": "image/tiff", field: [{"name": band} for band in bands]}
        return collection("X", bands=bands, fields={"item_assets": {"data": asset}})

    by_backend = {"terra": with_bands("B02", "B03"), "aurora": with_bands("B02")}
    found = merge_collection("X", by_backend, order=ORDER).document
    assert found["item_assets"]["data"][field] == [
        {"name": "B02"},
        {"name": "B03", "federation:backends": ["terra"]},
    ]


@pytest.mark.parametrize(
    ("field", "broken", "good"),
    [("type", "FeatureCollection", "Collection"), ("common_name", None, "X")],
)
def test_a_broken_name_or_type_costs_no_other_backend_its_own(
    field: str, broken: object, good: str
) -> None:
    found = pair(field, broken, good)
    assert found.document[field] == good
    assert_noted(found, "value-unusable", "terra", subject=f"collections/X/{field}")


def test_publications_are_united_and_differing_dois_noted() -> None:
    one, other = {"doi": "10.1/a"}, {"doi": "10.1/b", "citation": "B"}
    found = pair("sci:publications", [one], [other, one])
    assert found.document["sci:publications"] == [one, other]
    assert_noted(pair("sci:doi", "10.1/a", "10.1/b"), "value-differs", "terra", "aurora")


def test_unknown_fields_are_the_first_backends_and_differences_are_noted() -> None:
    found = pair("some:field", {"a": 1}, {"a": 2})
    assert found.document["some:field"] == {"a": 1}
    note = assert_noted(found, "value-differs", "terra", "aurora")
    assert note.values["by_backend"] == {"terra": {"a": 1}, "aurora": {"a": 2}}
    assert pair("some:field", LEFT_OUT, 5).document["some:field"] == 5


def test_members_of_a_backend_that_is_a_federation_itself_are_not_shown() -> None:
    inner = {"federation:backends": ["inner"], "platform": ["s2a"]}
    document = collection("X", fields={"federation:backends": ["inner"], "summaries": inner})
    found = merge_collection("X", {"terra": document}, order=ORDER)
    assert found.document["federation:backends"] == ["terra"]
    assert found.document["summaries"]["federation:backends"] == ["terra"]
    assert_noted(found, "nested-federation", "terra")


def test_what_stac_requires_is_there_even_if_no_backend_gives_it() -> None:
    found = merge_collection("X", {"terra": {"id": "X"}}, order=ORDER)
    assert found.document["stac_version"] == "1.0.0"
    assert found.document["type"] == "Collection"
    assert found.document["description"] == "X"
    assert found.document["license"] == "proprietary"
    assert found.document["links"] == []
    assert_noted(found, "value-missing", "terra", subject="collections/X/license")
