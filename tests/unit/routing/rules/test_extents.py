from typing import Any

import pytest

from aggregator.routing.rules.extents import judge
from tests.unit.routing.documents import backend, load, needs, said

EUROPE_2020 = {
    "id": "S2",
    "extent": {
        "spatial": {"bbox": [[-10, 35, 30, 70]]},
        "temporal": {"interval": [["2020-01-01T00:00:00Z", "2020-12-31T00:00:00Z"]]},
    },
}


def box(west: float, south: float, east: float, north: float) -> dict[str, float]:
    return {"west": west, "south": south, "east": east, "north": north}


def test_a_place_where_the_backend_has_nothing_is_named() -> None:
    wanted = needs(a=load(spatial_extent=box(100, 0, 101, 1)))
    assert said(judge, wanted, backend(collections=[EUROPE_2020])) == [
        "has collection 'S2' only within -10 to 30° E, 35 to 70° N, not at 100 to 101° E, "
        "0 to 1° N (node 'a')"
    ]


def test_extents_are_judged_beside_a_collection_that_is_loaded_whole() -> None:
    wanted = needs(a=load("S1"), b=load(temporal_extent=["2021-06-01", "2021-07-01"]))
    (text,) = said(judge, wanted, backend(collections=["S1", EUROPE_2020]))
    assert text.endswith("not from 2021-06-01 to 2021-07-01 (node 'b')")


def test_a_time_when_the_backend_has_nothing_is_named() -> None:
    wanted = needs(a=load(temporal_extent=["2021-06-01", "2021-07-01"]))
    assert said(judge, wanted, backend(collections=[EUROPE_2020])) == [
        "has collection 'S2' only from 2020-01-01 to 2021-01-01, "
        "not from 2021-06-01 to 2021-07-01 (node 'a')"
    ]


def test_the_times_of_a_collection_in_parts_are_named_from_the_first_to_the_last() -> None:
    intervals = [["2020-03-01T00:00:00Z", "2020-04-01T00:00:00Z"], ["2018", "2019"]]
    parts = {"id": "S2", "extent": {"temporal": {"interval": intervals}}}
    wanted = needs(a=load(temporal_extent=["2021-06-01", "2021-07-01"]))
    (text,) = said(judge, wanted, backend(collections=[parts]))
    assert text.startswith("has collection 'S2' only from 2018-01-01 to 2020-04-")


@pytest.mark.parametrize(
    "given",
    [
        {"spatial_extent": box(25, 60, 50, 80)},
        {"spatial_extent": box(30, 70, 31, 71)},
        {"spatial_extent": None},
        {"spatial_extent": box(500_000, 5_500_000, 501_000, 5_501_000) | {"crs": 32631}},
        {"spatial_extent": box(500_000, 0, 501_000, 1) | {"crs": 999_999}},
        {"spatial_extent": {"from_parameter": "where"}},
        {"spatial_extent": {"type": "Point", "coordinates": [5, 50]}},
        {"temporal_extent": ["2019-06-01", "2020-01-02"]},
        {"temporal_extent": ["2020-12-31", None]},
        {"temporal_extent": ["2020-12-31T18:00:00Z", "2021-02-01"]},
        {"temporal_extent": [None, None]},
        {"temporal_extent": ["summer", "winter"]},
        {"temporal_extent": {"from_parameter": "when"}},
    ],
)
def test_what_overlaps_or_is_not_understood_is_fine(given: dict[str, Any]) -> None:
    assert said(judge, needs(a=load(**given)), backend(collections=[EUROPE_2020])) == []


@pytest.mark.parametrize(
    "given",
    [
        {"spatial_extent": {"type": "Point", "coordinates": [5, -50]}},
        {"spatial_extent": box(5, 50, 6, 51) | {"west": 40, "east": 41, "crs": "EPSG:4326"}},
        {"spatial_extent": box(500_000, 0, 501_000, 1) | {"crs": 32631}},
        {"spatial_extent": box(500_000, 0, 501_000, 1) | {"crs": "EPSG:3857"}},
        {"temporal_extent": ["2019-01-01", "2020-01-01"]},
        {"temporal_extent": ["2021-01-02", None]},
        {"temporal_extent": ["2018", "2019"]},
    ],
)
def test_what_is_apart_is_seen(given: dict[str, Any]) -> None:
    assert len(said(judge, needs(a=load(**given)), backend(collections=[EUROPE_2020]))) == 1


def test_extents_that_are_not_published_restrict_nothing() -> None:
    wanted = needs(
        a=load(spatial_extent=box(1, 1, 2, 2), temporal_extent=["1900-01-01", "1901-01-01"])
    )
    assert said(judge, wanted, backend(collections=["S2"])) == []
