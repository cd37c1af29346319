from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pyproj import Transformer

from aggregator.routing.extents import Box
from aggregator.routing.projections import box_in_degrees

SIDES = ("west", "south", "east", "north")


def box(*sides: float, **more: Any) -> dict[str, Any]:
    return dict(zip(SIDES, sides, strict=True)) | more


def test_a_box_in_metres_is_read_as_the_box_around_it_in_degrees() -> None:
    found = box_in_degrees(box(654_000, 5_134_000, 660_000, 5_142_000, crs=32632))
    assert found is not None
    assert [round(side, 2) for side in found] == [11.0, 46.34, 11.08, 46.42]
    assert box_in_degrees(box(1, 2, 3, 4)) == Box(1, 2, 3, 4)
    assert box_in_degrees(box(1, 2, 3, 4, crs="EPSG:4326")) == Box(1, 2, 3, 4)


@lru_cache
def degrees_of(code: int) -> Transformer:
    return Transformer.from_crs(code, 4326, always_xy=True)


@settings(max_examples=40)
@given(
    some.sampled_from([32632, "EPSG:3035", "3857"]),
    some.tuples(some.floats(0, 1), some.floats(0, 1)),
    some.tuples(some.integers(1, 400_000), some.integers(1, 400_000)),
)
def test_all_that_is_in_the_box_is_in_the_box_in_degrees(
    crs: Any, place: tuple[float, float], size: tuple[int, int]
) -> None:
    west, south = {32632: (400_000, 5e6), "EPSG:3035": (4e6, 2.8e6), "3857": (1e6, 6e6)}[crs]
    east, north = west + size[0], south + size[1]
    found = box_in_degrees(box(west, south, east, north, crs=crs))
    assert found is not None
    code = int(str(crs).removeprefix("EPSG:"))
    inside = (west + place[0] * size[0], south + place[1] * size[1])
    x, y = degrees_of(code).transform(*inside)
    assert found.west <= x <= found.east
    assert found.south <= y <= found.north


@pytest.mark.parametrize(
    "extent",
    [
        None,
        box(0, 0, 1, 1, crs=999_999),
        box(0, 0, 1, 1, crs=1),
        box(0, 0, 1, 1, crs="PROJCS[]"),
        box(0, 0, 1, 1, crs=True),
        box(0, 0, 1, 1, crs={"type": "name"}),
        box(2, 0, 1, 1, crs=32632),
        box(1e8, 1e8, 2e8, 2e8, crs=32632),
        {"west": 1, "crs": 32632},
        box(True, 0, 1, 1, crs=32632),
        box(float("nan"), 0, 1, 1, crs=32632),
        {"from_parameter": "x"},
    ],
)
def test_what_is_not_understood_is_no_box(extent: Any) -> None:
    assert box_in_degrees(extent) is None


def test_degrees_and_geojson_are_read_as_ever() -> None:
    point = {"type": "Point", "coordinates": [5, 50]}
    assert box_in_degrees(point) == Box(5, 50, 5, 50)
