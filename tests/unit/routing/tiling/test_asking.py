"""What a request may say about tiles, and what it is told if it cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.errors import TilesInvalid
from aggregator.routing import without_choice
from aggregator.routing.tiling import Grid, Wanted, tiles_wanted

AREAS = {"type": "FeatureCollection", "features": []}


def wanted(tiles: Any) -> Wanted | None:
    return tiles_wanted({"process": {}, "federation:tiles": tiles})


@pytest.mark.parametrize(
    ("tiles", "expected"),
    [
        (None, None),
        ({"size": 0.5}, Wanted(Grid(0.5))),
        ({"size": 10, "unit": "metres", "pixel": 10}, Wanted(Grid(10, "metres", 10))),
        ({"size": 0.5, "exact": False}, Wanted(Grid(0.5), exact=False)),
        ({"areas": AREAS}, Wanted(AREAS)),
    ],
)
def test_a_request_asks_for_a_grid_or_for_areas(tiles: Any, expected: Wanted | None) -> None:
    assert wanted(tiles) == expected


def test_it_may_stand_among_the_options_of_a_job() -> None:
    body = {"process": {}, "job_options": {"federation:tiles": {"size": 1}}}
    assert tiles_wanted(body) == Wanted(Grid(1))


def test_a_request_without_it_asks_for_no_tiles() -> None:
    assert tiles_wanted({"process": {}}) is None


@pytest.mark.parametrize(
    ("tiles", "told"),
    [
        (3, "it must be an object"),
        ({}, "either 'size' or 'areas'"),
        ({"size": 1, "areas": AREAS}, "either 'size' or 'areas'"),
        ({"size": 0}, "'size' must be a number above 0"),
        ({"size": True}, "'size' must be a number above 0"),
        ({"size": "1"}, "'size' must be a number above 0"),
        ({"size": 1, "unit": "feet"}, "'unit' must be one of degrees, metres"),
        ({"size": 1, "unit": ["metres"]}, "'unit' must be one of degrees, metres"),
        ({"size": 1, "pixel": -1}, "'pixel' must be a number above 0"),
        ({"areas": "Tyrol"}, "'areas' must be a GeoJSON FeatureCollection"),
        ({"size": 1, "exact": "no"}, "'exact' must be true or false"),
        ({"size": 1, "sise": 2}, "there is no 'sise', but size, unit, pixel, areas, exact"),
    ],
)
def test_what_cannot_be_meant_is_named(tiles: Any, told: str) -> None:
    with pytest.raises(TilesInvalid) as raised:
        wanted(tiles)
    assert told in raised.value.message
    assert "'federation:tiles'" in raised.value.message


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(TilesInvalid) as raised:
        wanted({"size": 0, "unit": "feet", "exact": 1})
    assert raised.value.message.count(";") == 2


def test_two_places_that_say_it_are_one_too_many() -> None:
    body = {"federation:tiles": {"size": 1}, "job_options": {"federation:tiles": {"size": 1}}}
    with pytest.raises(TilesInvalid, match="twice"):
        tiles_wanted(body)


def test_no_backend_gets_to_see_it() -> None:
    body = {"title": "T", "federation:tiles": {"size": 1}, "job_options": {"cpu": 1}}
    assert without_choice(body) == {"title": "T", "job_options": {"cpu": 1}}
