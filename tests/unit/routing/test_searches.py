from typing import Any

import pytest

from aggregator.routing.abilities import abilities_of
from aggregator.routing.searches import Footprint, FootprintError, Search

ITEM: dict[str, Any] = {
    "bbox": [5, 50, 6, 51],
    "geometry": {"type": "Polygon", "coordinates": [[[5, 50], [6, 50], [6, 51], [5, 50]]]},
    "properties": {"datetime": "2026-01-01T12:00:00Z"},
}
BOW_TIE = {"type": "Polygon", "coordinates": [[[0, 0], [10, 60], [10, 0], [0, 60], [0, 0]]]}


@pytest.mark.parametrize(
    ("geometry", "meets"),
    [
        ({"type": "Point", "coordinates": [5.9, 50.1]}, True),
        ({"type": "Point", "coordinates": [5.1, 50.9]}, False),
        ({"type": "LineString", "coordinates": [[5, 52], [7, 50]]}, True),
        ({"type": "MultiPoint", "coordinates": [[0, 0], [6, 51]]}, True),
        (
            {
                "type": "GeometryCollection",
                "geometries": [{"type": "Point", "coordinates": [0, 0]}],
            },
            False,
        ),
        (BOW_TIE, False),
    ],
)
def test_an_item_meets_a_geometry_that_touches_its_own(geometry: Any, meets: bool) -> None:
    assert Footprint(geometry).meets(ITEM) is meets


@pytest.mark.parametrize(
    "geometry", [None, {}, {"type": "Circle"}, {"type": "Polygon", "coordinates": "x"}]
)
def test_an_item_without_a_usable_geometry_meets_nothing(geometry: Any) -> None:
    point = Footprint({"type": "Point", "coordinates": [5, 50]})
    assert not point.meets({**ITEM, "geometry": geometry})


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}},
        {"type": "Point", "coordinates": []},
        {"type": "Point"},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
        {"type": "MultiPoint", "coordinates": [[0, 0]] * 10_001},
        {"type": "Point", "coordinates": [{"a": 1}]},
    ],
)
def test_what_is_no_geometry_is_refused(geometry: Any) -> None:
    with pytest.raises(FootprintError):
        Footprint(geometry)


@pytest.mark.parametrize(
    ("moments", "there"),
    [
        ("2026-01-01T12:00:00Z", True),
        ("2026-01-01", True),
        ("2026-01-01/2026-01-01", True),
        ("2025-12-31", False),
        ("../2025-12-31T23:59:59Z", False),
        ("2026-01-01T12:00:00+00:00/..", True),
        ("2026-01-01T12:00:01Z/..", False),
        ("/2026-02-01", True),
        ("..", True),
        ("../..", True),
    ],
)
def test_both_ends_of_a_time_belong_to_it(moments: str, there: bool) -> None:
    assert Search(datetime=moments).wants(ITEM, filtered=False) is there
    assert Search(datetime=moments).wants(ITEM, filtered=True)


def test_an_item_of_a_period_is_there_while_it_lasts() -> None:
    properties = {
        "datetime": None,
        "start_datetime": "2026-01-01T00:00:00Z",
        "end_datetime": "2026-03-01T00:00:00Z",
    }
    item = {**ITEM, "properties": properties}
    assert Search(datetime="2026-02-01").wants(item, filtered=False)
    assert not Search(datetime="2026-04-01/..").wants(item, filtered=False)
    assert not Search(datetime="2026-04-01").wants({"properties": {}}, filtered=False)


def test_the_query_for_a_backend_has_the_box_around_a_geometry() -> None:
    assert Search(footprint=Footprint(BOW_TIE), datetime="2026-01-01/..").filters == {
        "bbox": "0,0,10,60",
        "datetime": "2026-01-01/..",
    }
    assert Search(bbox=(1.25, 2, 0, 3, 4, 9)).filters == {"bbox": "1.25,2,0,3,4,9"}
    assert Search().filters == {}


def test_a_collection_that_is_apart_in_space_or_time_needs_no_look() -> None:
    extent = {
        "spatial": {"bbox": [[0, 40, 10, 60]]},
        "temporal": {"interval": [["2020-01-01T00:00:00Z", "2020-12-31T00:00:00Z"]]},
    }
    known = abilities_of("terra", collections=[{"id": "S2", "extent": extent}]).collections or {}
    assert Search(bbox=(5, 50, 6, 51), datetime="2020-12-31T12:00:00Z").may_be_in(known["S2"])
    assert not Search(bbox=(11, 50, 12, 51)).may_be_in(known["S2"])
    assert not Search(datetime="2021-01-02/..").may_be_in(known["S2"])
    unknown = abilities_of("terra", collections=[{"id": "S2"}]).collections or {}
    assert Search(bbox=(11, 50, 12, 51), datetime="1900-01-01").may_be_in(unknown["S2"])
