"""The results of several parts are one STAC Collection."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.federated.results import Given, available_until, joined


def collection(name: str, box: list[float], **more: Any) -> dict[str, Any]:
    return {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": name,
        "description": "Results.",
        "license": "CC-BY-4.0",
        "stac_extensions": ["https://stac-extensions.github.io/projection/v1.1.0/schema.json"],
        "extent": {
            "spatial": {"bbox": [box]},
            "temporal": {"interval": [["2022-05-01T00:00:00Z", "2022-05-31T00:00:00Z"]]},
        },
        "assets": {
            "openEO.tif": {"href": f"http://files.test/{name}.tif?sig=1", "roles": ["data"]}
        },
        "links": [
            {"rel": "self", "href": f"http://terra.test/jobs/{name}/results"},
            {
                "rel": "canonical",
                "href": f"http://terra.test/jobs/{name}/results?sig=2",
                "title": "R",
            },
            {"rel": "item", "href": f"http://terra.test/items/{name}.json?sig=3", "title": "A"},
        ],
        **more,
    }


WEST = Given("tile1", "terra", collection("t1", [10.0, 46.0, 10.5, 46.5]))
EAST = Given(
    "tile2",
    "aurora",
    collection("a1", [10.5, 46.0, 11.0, 46.5], license="proprietary"),
)


def test_what_is_said_of_the_whole_is_that_of_the_job_and_of_all_parts() -> None:
    found = joined("federation-1", [WEST, EAST], {})
    assert {key: found[key] for key in found if key not in ("extent", "links", "assets")} == {
        "type": "Collection",
        "stac_version": "1.0.0",
        "stac_extensions": ["https://stac-extensions.github.io/projection/v1.1.0/schema.json"],
        "id": "federation-1",
        "description": "The results of 2 parts.",
        "license": "various",
    }
    assert joined("federation-1", [WEST], {"description": "Own."})["description"] == "Own."


@pytest.mark.parametrize(
    ("versions", "whole", "licence"),
    [
        (["1.1.0", "1.1.0"], "1.1.0", "other"),
        (["1.1.0", "1.0.0"], "1.0.0", "various"),
        (["0.9.0", "1.1.0"], "1.1.0", "other"),
        (["0.9.0", None], "1.0.0", "various"),
    ],
)
def test_the_version_is_the_oldest_one_that_parts_have(
    versions: list[Any], whole: str, licence: str
) -> None:
    given = [Given("p", "terra", {"stac_version": version}) for version in versions]
    found = joined("federation-1", given, {})
    assert (found["stac_version"], found["license"]) == (whole, licence)
    assert "stac_extensions" not in found


def test_extents_are_those_of_the_whole_and_then_of_the_parts() -> None:
    found = joined("federation-1", [WEST, EAST, WEST], {"title": "Fields"})
    assert (found["type"], found["id"], found["title"]) == ("Collection", "federation-1", "Fields")
    assert found["extent"] == {
        "spatial": {
            "bbox": [
                [10.0, 46.0, 11.0, 46.5],
                [10.0, 46.0, 10.5, 46.5],
                [10.5, 46.0, 11.0, 46.5],
            ]
        },
        "temporal": {"interval": [["2022-05-01T00:00:00Z", "2022-05-31T00:00:00Z"]]},
    }


def test_assets_are_named_after_part_and_file_and_say_whose_they_are() -> None:
    assert joined("federation-1", [WEST, EAST], {})["assets"] == {
        "tile1_openEO.tif": {
            "href": "http://files.test/t1.tif?sig=1",
            "roles": ["data"],
            "federation:backends": ["terra"],
        },
        "tile2_openEO.tif": {
            "href": "http://files.test/a1.tif?sig=1",
            "roles": ["data"],
            "federation:backends": ["aurora"],
        },
    }


def test_links_lead_to_the_results_of_each_part_and_to_the_items_in_them() -> None:
    links = joined("federation-1", [WEST], {})["links"]
    assert links == [
        {
            "rel": "child",
            "href": "http://terra.test/jobs/t1/results?sig=2",
            "title": "tile1 at terra",
        },
        {
            "rel": "item",
            "href": "http://terra.test/items/t1.json?sig=3",
            "title": "tile1 at terra: A",
        },
    ]


def test_different_licences_are_various() -> None:
    assert joined("federation-1", [WEST, WEST], {})["license"] == "CC-BY-4.0"
    assert joined("federation-1", [WEST, EAST], {})["license"] == "various"


def test_an_item_as_older_backends_give_it_is_read_too() -> None:
    item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "a-1",
        "bbox": [11, 46, 12, 47],
        "properties": {
            "datetime": None,
            "start_datetime": "2022-06-01T00:00:00Z",
            "end_datetime": "2022-06-30T00:00:00Z",
        },
        "assets": {"out.nc": {"href": "out.nc"}},
        "links": [{"rel": "canonical", "href": "http://a.test/r?sig=1"}],
    }
    found = joined("federation-1", [WEST, Given("tile2", "aurora", item)], {})
    assert found["extent"]["spatial"]["bbox"][0] == [10.0, 46.0, 12, 47]
    assert found["extent"]["temporal"]["interval"][0] == [
        "2022-05-01T00:00:00Z",
        "2022-06-30T00:00:00Z",
    ]
    assert found["links"][-1]["rel"] == "item"


def test_of_the_extents_of_a_part_only_that_of_its_whole_counts() -> None:
    extent = {
        "spatial": {"bbox": [[1, 1, 3, 3], [1, 1, 2, 2], [2, 2, 3, 3]]},
        "temporal": {"interval": [["2022-01-01T00:00:00Z", None], ["2022-01-01T00:00:00Z"] * 2]},
    }
    found = joined("federation-1", [Given("p", "terra", {"extent": extent})], {})
    assert found["extent"] == {
        "spatial": {"bbox": [[1, 1, 3, 3]]},
        "temporal": {"interval": [["2022-01-01T00:00:00Z", None]]},
    }


@pytest.mark.parametrize(
    ("stated", "interval"),
    [
        ({"datetime": "2022-06-01T00:00:00Z"}, ["2022-06-01T00:00:00Z"] * 2),
        ({"start_datetime": "2022-06-01T00:00:00Z"}, ["2022-06-01T00:00:00Z", None]),
        (
            {"datetime": "2022-06-02T00:00:00Z", "end_datetime": "2022-06-03T00:00:00Z"},
            ["2022-06-02T00:00:00Z", "2022-06-03T00:00:00Z"],
        ),
        ({"datetime": None}, [None, None]),
    ],
)
def test_the_time_of_an_item_is_its_interval(
    stated: dict[str, Any], interval: list[str | None]
) -> None:
    found = joined("federation-1", [Given("p", "terra", {"properties": stated})], {})
    assert found["extent"]["temporal"] == {"interval": [interval]}


def test_all_can_be_had_until_the_first_of_the_parts_expires() -> None:
    soon = {"properties": {"expires": "2022-06-01T00:00:00Z"}}
    late = {"expires": "2022-06-02T00:00:00Z"}
    given = [Given("p", "terra", document) for document in (late, {}, soon, {"expires": "soon"})]
    assert available_until(given) == 1_654_041_600_000
    assert available_until(given[:1]) == 1_654_128_000_000
    assert available_until(given[1:2]) is None


def test_what_is_not_known_is_not_made_up() -> None:
    found = joined("federation-1", [Given("tile1", "terra", {"assets": {"a": 3}})], {})
    assert found["extent"] == {
        "spatial": {"bbox": [[-180, -90, 180, 90]]},
        "temporal": {"interval": [[None, None]]},
    }
    assert found["assets"] == {}
