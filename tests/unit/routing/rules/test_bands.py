from typing import Any

import pytest

from aggregator.routing.rules.bands import judge
from tests.unit.routing.documents import backend, load, needs, said

DIMENSIONS = {"cube:dimensions": {"b": {"type": "bands", "values": ["B02", "B04"]}}}


def test_the_bands_that_are_missing_are_named() -> None:
    wanted = needs(a=load(bands=["B04", "B08", "B11", "B08"]))
    assert said(judge, wanted, backend(collections=[{"id": "S2"} | DIMENSIONS])) == [
        "has collection 'S2' without bands 'B08', 'B11' (node 'a')"
    ]


@pytest.mark.parametrize(
    "published",
    [
        DIMENSIONS,
        {"summaries": {"eo:bands": [{"name": "B02"}, {"name": "B04"}]}},
        {"summaries": {"bands": [{"name": "B02"}, {"name": "B04"}]}},
        {"bands": [{"name": "B02"}, {"name": "B04"}]},
        {"summaries": {"eo:bands": [{"name": "1", "common_name": "B02"}, {"name": "B04"}]}},
        {"bands": [{"name": "1", "eo:common_name": "B02"}, {"name": "B04"}]},
    ],
)
def test_bands_count_wherever_they_are_published(published: dict[str, Any]) -> None:
    here = backend(collections=[{"id": "S2"} | published])
    assert said(judge, needs(a=load(bands=["B02", "B04"])), here) == []
    assert said(judge, needs(a=load(bands=["B9"])), here) == [
        "has collection 'S2' without band 'B9' (node 'a')"
    ]


def test_bands_that_are_not_published_restrict_nothing() -> None:
    assert said(judge, needs(a=load(bands=["B02"])), backend(collections=["S2"])) == []


def test_without_bands_all_of_them_are_meant() -> None:
    here = backend(collections=[{"id": "S2"} | DIMENSIONS])
    assert said(judge, needs(a=load()), here) == []
    assert said(judge, needs(a=load(bands=None)), here) == []
    assert said(judge, needs(a=load(bands={"from_parameter": "b"})), here) == []


def test_bands_are_judged_beside_a_collection_of_which_all_are_meant() -> None:
    here = backend(collections=["S1", {"id": "S2"} | DIMENSIONS])
    assert said(judge, needs(a=load("S1"), b=load(bands=["B08"])), here) == [
        "has collection 'S2' without band 'B08' (node 'b')"
    ]


def test_a_missing_collection_is_left_to_the_rule_for_collections() -> None:
    assert said(judge, needs(a=load("S1", bands=["VV"])), backend(collections=["S2"])) == []
