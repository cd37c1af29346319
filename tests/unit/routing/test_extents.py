import time
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.routing.extents import (
    Box,
    Interval,
    published_boxes,
    published_intervals,
    read_box,
    read_instant,
    read_interval,
)

DAY = 86_400


def test_a_bounding_box_is_read() -> None:
    assert read_box({"west": 1, "south": 2, "east": 3, "north": 4}) == Box(1, 2, 3, 4)
    assert read_box({"west": 1.5, "south": 2, "east": 3, "north": 4}) == Box(1.5, 2, 3, 4)


@pytest.mark.parametrize("crs", [4326, "4326", "EPSG:4326", "epsg:4326", None])
def test_degrees_are_recognised(crs: object) -> None:
    given_box = {"west": 1, "south": 2, "east": 3, "north": 4, "crs": crs}
    assert read_box(given_box) == Box(1, 2, 3, 4)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "everywhere",
        {},
        {"west": 1, "south": 2, "east": 3},
        {"west": "1", "south": 2, "east": 3, "north": 4},
        {"west": True, "south": 2, "east": 3, "north": 4},
        {"west": 1, "south": 2, "east": 3, "north": 4, "crs": 32631},
        {"from_parameter": "bbox"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [["a", "b"]]},
        {"type": "MultiPoint", "coordinates": [[1, "b"], ["a", 2]]},
        {"west": -1e9, "south": 2, "east": 3, "north": 4},
        {"west": 1, "south": 2, "east": 1e9, "north": 4},
    ],
)
def test_what_is_not_understood_is_no_box(value: object) -> None:
    assert read_box(value) is None


def test_geojson_of_any_type_has_a_box() -> None:
    ring = [[1, 2], [5, 2], [5, 7, 100], [1, 2]]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    many = {"type": "MultiPolygon", "coordinates": [[ring], [[[9, 9], [9, 10], [10, 10], [9, 9]]]]}
    feature = {"type": "Feature", "geometry": polygon, "properties": {"coordinates": [[50, 50]]}}
    assert read_box({"type": "Point", "coordinates": [1.5, 2]}) == Box(1.5, 2, 1.5, 2)
    assert read_box(polygon) == Box(1, 2, 5, 7)
    assert read_box(many) == Box(1, 2, 10, 10)
    assert read_box(feature) == Box(1, 2, 5, 7)
    collection = {"type": "FeatureCollection", "features": [feature, {"geometry": None}]}
    assert read_box(collection) == Box(1, 2, 5, 7)
    geometries = {"type": "GeometryCollection", "geometries": [polygon]}
    assert read_box(geometries) == Box(1, 2, 5, 7)


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        (Box(0, 0, 1, 1), Box(1, 1, 2, 2), True),
        (Box(0, 0, 1, 1), Box(1.1, 0, 2, 1), False),
        (Box(0, 0, 1, 1), Box(0, 1.1, 1, 2), False),
        (Box(170, 0, -170, 1), Box(-175, 0, -174, 1), True),
        (Box(170, 0, -170, 1), Box(175, 0, 176, 1), True),
        (Box(170, 0, -170, 1), Box(0, 0, 1, 1), False),
        (Box(170, 0, -170, 1), Box(-170, 0, -160, 1), True),
        (Box(170, 0, -170, 1), Box(160, 0, 170, 1), True),
        (Box(170, 0, -170, 1), Box(-169, 0, -160, 1), False),
        (Box(170, 0, -170, 1), Box(175, 0, -175, 1), True),
        (Box(170, 0, -170, 1), Box(175, 2, -175, 3), False),
        (Box(170, 0, -170, 1), Box(-180, 0, -180, 1), True),
        (Box(0, -90, 360, 90), Box(-20, 0, -10, 1), True),
        (Box(0, 0, 181, 1), Box(-20, 0, -10, 1), True),
        (Box(-181, 0, -170, 1), Box(20, 0, 21, 1), True),
        (Box(0, 0, 180, 1), Box(170, 0, -170, 1), True),
        (Box(10, 0, 180, 1), Box(-170, 0, 5, 1), False),
    ],
)
def test_boxes_meet_or_are_apart_whichever_comes_first(a: Box, b: Box, meet: bool) -> None:
    assert a.meets(b) is meet
    assert b.meets(a) is meet


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", DAY),
        ("1970-01-02T00:00:00Z", DAY),
        ("1970-01-02T02:00:00+02:00", DAY),
        ("1970-01-02T00:00:00.500Z", DAY + 0.5),
        ("1970", 0),
        ("1970-02", 31 * DAY),
        ("yesterday", None),
        ("", None),
        ("1970-13-01", None),
        (1970, None),
        (None, None),
    ],
)
def test_instants_are_read_as_people_write_them(text: object, seconds: float | None) -> None:
    assert read_instant(text) == seconds


def test_instants_without_an_offset_are_in_utc_wherever_this_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert read_instant("1970-01-02T00:00:00") == DAY
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_interval_may_be_open_or_a_moment() -> None:
    assert read_interval(["1970-01-02", "1970-01-02"]) == Interval(DAY, DAY)
    assert read_interval(["1970-01-02", None]) == Interval(DAY, inf)
    assert read_interval([None, "1970-01-02"]) == Interval(-inf, DAY)


@pytest.mark.parametrize(
    "value", [None, [], ["1970-01-01"], ["x", None], ["1971", "1970"], ["1970", "x"], {}]
)
def test_what_is_not_understood_is_no_interval(value: object) -> None:
    assert read_interval(value) is None


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        (Interval(0, 1), Interval(1, 2), False),
        (Interval(0, 1.1), Interval(1, 2), True),
        (Interval(-inf, inf), Interval(1, 2), True),
        (Interval(1, 1), Interval(1, 2), True),
        (Interval(1, 1), Interval(0, 2), True),
        (Interval(2, 2), Interval(0, 2), False),
    ],
)
def test_intervals_meet_or_are_apart_whichever_comes_first(
    a: Interval, b: Interval, meet: bool
) -> None:
    assert a.meets(b) is meet
    assert b.meets(a) is meet


def test_a_published_end_at_midnight_includes_that_day() -> None:
    (interval,) = published_intervals([["1970-01-01", "1970-01-02T00:00:00Z"]])
    assert interval == Interval(0, 2 * DAY)


def test_a_published_end_is_itself_included() -> None:
    (interval,) = published_intervals([["1970-01-01", "1970-01-01T12:00:00Z"]])
    assert interval.meets(Interval(DAY / 2, DAY))
    assert not interval.meets(Interval(DAY / 2 + 1, DAY))
    assert published_intervals([("1970-01-01", None)]) == (Interval(0, inf),)


def test_published_boxes_may_have_heights() -> None:
    assert published_boxes([[1, 2, 0, 3, 4, 100], (5, 6, 7, 8)]) == (
        Box(1, 2, 3, 4),
        Box(5, 6, 7, 8),
    )


@pytest.mark.parametrize("odd", [[[1, 2, 3]], [[1, 2, 3, 4], None], ["x"], [[None] * 4]])
def test_published_boxes_that_are_not_understood_restrict_nothing(odd: list[object]) -> None:
    assert published_boxes(odd) == ()


@pytest.mark.parametrize("odd", [[["x", None]], [None], [["1970-01-01", None], []]])
def test_published_intervals_that_are_not_understood_restrict_nothing(odd: list[object]) -> None:
    assert published_intervals(odd) == ()


@given(st.text())
def test_no_text_breaks_the_reading_of_instants(text: str) -> None:
    read = read_instant(text)
    assert read is None or isinstance(read, float)
