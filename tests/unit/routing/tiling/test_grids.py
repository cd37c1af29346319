"""Tiles cover an area just once."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from aggregator.routing.extents import Box
from aggregator.routing.tiling.grids import Grid, Tile, edges, tiles_of
from aggregator.routing.tiling.projection import utm_box, utm_code

SIDES = ("west", "south", "east", "north")


def box(west: float, south: float, east: float, north: float, **more: Any) -> dict[str, Any]:
    return dict(zip(SIDES, (west, south, east, north), strict=True)) | more


def made(area: dict[str, Any], grid: Grid, **options: Any) -> tuple[Tile, ...]:
    found = tiles_of(area, grid, **{"most": 1000, **options})
    assert isinstance(found, tuple), found
    return found


def refused(area: dict[str, Any], grid: Grid, **options: Any) -> str:
    found = tiles_of(area, grid, **{"most": 1000, **options})
    assert not isinstance(found, tuple), found
    return found.text


def holds(extent: Mapping[str, float], x: float, y: float) -> bool:
    """Whether the centre of a pixel is in a box, its edges included, as in openEO."""
    return extent["west"] <= x <= extent["east"] and extent["south"] <= y <= extent["north"]


def test_an_area_in_degrees_is_cut_at_multiples_of_the_size() -> None:
    tiles = made(box(10.9, 46.35, 11.1, 46.42), Grid(0.1))
    assert [(tile.id, tile.extent) for tile in tiles] == [
        ("x109y463", box(10.9, 46.35, 11.0, 46.4)),
        ("x110y463", box(11.0, 46.35, 11.1, 46.4)),
        ("x109y464", box(10.9, 46.4, 11.0, 46.42)),
        ("x110y464", box(11.0, 46.4, 11.1, 46.42)),
    ]
    assert all(tile.loaded == tile.extent for tile in tiles)


def test_an_area_in_utm_is_cut_in_metres_and_keeps_its_zone() -> None:
    tiles = made(box(640_000, 5_652_000, 642_500, 5_653_000, crs=32631), Grid(2000, "metres", 10))
    assert [tile.extent for tile in tiles] == [
        box(640_000, 5_652_000, 642_000, 5_653_000, crs=32631),
        box(642_000, 5_652_000, 642_500, 5_653_000, crs=32631),
    ]


def test_a_margin_is_loaded_around_a_tile_as_far_as_the_area_goes() -> None:
    first, second = made(box(0, 0, 200, 100, crs="EPSG:32631"), Grid(100, "metres", 10), margin=30)
    assert first.extent == box(0, 0, 100, 100, crs=32631)
    assert first.loaded == box(0, 0, 130, 100, crs=32631)
    assert second.loaded == box(70, 0, 200, 100, crs=32631)


def test_an_area_across_the_antimeridian_has_no_tile_across_it() -> None:
    tiles = made(box(179.5, -1, -179, 1), Grid(1))
    assert [(tile.extent["west"], tile.extent["east"]) for tile in tiles[:1] + tiles[2:4]] == [
        (179.5, 180.0),
        (-180.0, -179.0),
        (-180.0, -179.0),
    ]
    assert len(tiles) == 4
    assert "antimeridian" in refused(box(179.5, -1, -179, 1), Grid(1, pixel=0.1), margin=0.2)


def test_a_strip_too_narrow_for_a_pixel_belongs_to_its_neighbour() -> None:
    tiles = made(box(95, 0, 305, 100, crs=32631), Grid(100, "metres", 10))
    assert [(t.extent["west"], t.extent["east"]) for t in tiles] == [(95, 200), (200, 305)]


def test_degrees_in_a_zone_of_utm_become_the_box_around_them_in_metres() -> None:
    tiles = made(box(11.0, 46.35, 11.1, 46.42), Grid(5000, "metres", 10))
    assert {tile.extent["crs"] for tile in tiles} == {32632}
    outer = [
        round(most(tile.extent[side] for tile in tiles))
        for most, side in ((min, "west"), (min, "south"), (max, "east"), (max, "north"))
    ]
    assert outer == [653_687, 5_134_880, 661_578, 5_142_857]
    assert sorted({tile.extent["west"] for tile in tiles})[1] == 655_000
    south = made(box(11.0, -1.1, 11.1, -1.0), Grid(5000, "metres", 10))
    assert {tile.extent["crs"] for tile in south} == {32732}


@given(some.integers(1, 60), some.floats(0, 5.9), some.floats(-79, 82), some.floats(0.01, 1))
def test_all_of_an_area_in_degrees_lies_in_its_box_in_metres(
    zone: int, offset: float, south: float, high: float
) -> None:
    from pyproj import Transformer

    west = 6 * zone - 186 + offset
    area = Box(west, south, 6.0 * zone - 180, south + high)
    assume(area.west < area.east)
    found = utm_box(area)
    assert isinstance(found, tuple), found
    code, (left, bottom, right, top) = found
    assert code % 100 == zone
    transformer = Transformer.from_crs(4326, code, always_xy=True)
    for x in (area.west, (area.west + area.east) / 2, area.east):
        for y in (area.south, (area.south + area.north) / 2, area.north):
            east, north = transformer.transform(x, y)
            assert left - 1 <= east <= right + 1
            assert bottom - 1 <= north <= top + 1


@pytest.mark.parametrize(
    ("area", "grid", "said"),
    [
        (box(11, 46, 11, 47), Grid(1000, "metres"), "is empty: its west is its east"),
        (box(11, 46, 11, 47), Grid(1), "is empty: its west is its east"),
        (box(180, 46, -180, 47), Grid(1), "is empty: its west is its east"),
        (box(179.9, 0, -179.9, 1), Grid(1000, "metres"), "the antimeridian, and no zone of UTM"),
        (box(0, 0, 13, 1), Grid(1000, "metres"), "out of zone 32 of UTM, which is from 6 to 12"),
        (box(10.3, 0, 13.5, 1), Grid(1000, "metres"), "out of zone 32 of UTM"),
        (box(0, 84, 1, 85), Grid(1000, "metres"), "latitudes from -80 to 84"),
        (box(0, 0, 0, 1), Grid(1), "empty"),
        (box(0, 2, 1, 1), Grid(1), "empty"),
        (box(0, 0, 181, 1), Grid(1), "not those of the Earth"),
        (box(0, 0, 1, 1, crs=3857), Grid(1), "must be a bounding box in degrees"),
        ({"type": "Point", "coordinates": [1, 2]}, Grid(1), "must be a bounding box"),
        ({"west": 1}, Grid(1), "must be a bounding box"),
        ({"crs": 32631, "west": True}, Grid(1, "metres"), "sides are no numbers"),
        (box(0, 0, 1e300, 1, crs=32631), Grid(1, "metres"), "sides are no numbers"),
        (box(0, 0, 1, 1, crs=32631), Grid(1), "divided in metres"),
        (box(0, 0, 1, 1), Grid(0), "above 0"),
        (box(0, 0, 1, 1), Grid(float("nan")), "above 0"),
        (box(0, 0, 1, 1), Grid(0.1, pixel=0.2), "does not fit"),
        (box(0, 0, 1, 1), Grid(0.25, pixel=0.1), "must be a multiple of it"),
        (box(0, 0, 100, 50), Grid(0.1), "is the most that is accepted"),
        (box(-180, -90, 180, 90), Grid(1e-9), "is the most that is accepted"),
    ],
)
def test_what_cannot_be_divided_is_refused_with_the_reason(
    area: dict[str, Any], grid: Grid, said: str
) -> None:
    assert said in refused(area, grid)


def test_the_limit_is_exact() -> None:
    assert len(made(box(0, 0, 10, 10), Grid(1), most=100)) == 100
    assert "about 100 tiles" in refused(box(0, 0, 10, 10), Grid(1), most=99)


def test_a_tenth_is_a_tenth_however_often_it_is_added() -> None:
    tiles = made(box(0, 0, 1, 0.1), Grid(0.1, pixel=0.01))
    assert [tile.extent["east"] for tile in tiles] == [
        0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0
    ]  # fmt: skip


@some.composite
def gridded(draw: some.DrawFn) -> tuple[dict[str, Any], Grid, int]:
    """An area in a zone of UTM whose edges are anywhere, a grid, and the size of a pixel."""
    pixel = draw(some.sampled_from([10, 20, 30, 60]))
    size = pixel * draw(some.integers(1, 12))
    west = draw(some.integers(-300, 300))
    south = draw(some.integers(-300, 300))
    wide, high = draw(some.integers(1, 600)), draw(some.integers(1, 600))
    area = box(west, south, west + wide, south + high, crs=32631)
    return area, Grid(size, "metres", pixel), pixel


@settings(max_examples=60)
@given(gridded())
def test_each_pixel_of_an_area_is_in_just_one_tile(
    given_: tuple[dict[str, Any], Grid, int],
) -> None:
    area, grid, pixel = given_
    tiles = made(area, grid, most=10_000)
    low, high = (min(area["west"], area["south"]), max(area["east"], area["north"]))
    centres = [
        (number + 0.5) * pixel for number in range(int(low // pixel) - 1, int(high // pixel) + 2)
    ]
    for x in centres[:: max(1, len(centres) // 8)]:
        for y in centres[:: max(1, len(centres) // 8)]:
            assert sum(holds(tile.extent, x, y) for tile in tiles) == holds(area, x, y), (x, y)


@given(some.floats(-180, 180), some.floats(-90, 89), some.floats(0.001, 20), some.floats(0.1, 30))
def test_tiles_fill_the_area_without_overlap(
    west: float, south: float, size: float, wide: float
) -> None:
    east = west + wide if west + wide <= 180 else west + wide - 360
    assume(west != east)
    area = box(west, south, east, min(south + 1, 90))
    found = tiles_of(area, Grid(size), most=3000)
    assume(isinstance(found, tuple))
    assert isinstance(found, tuple)

    def square(extent: Any) -> Fraction:
        w, s, e, n = (Fraction(extent[side]) for side in SIDES)
        return ((e - w) % 360 or Fraction(360)) * (n - s)

    assert sum(square(tile.extent) for tile in found) == square(area)
    assert len({tile.id for tile in found}) == len(found)
    for tile in found:
        assert -180 <= tile.extent["west"] < tile.extent["east"] <= 180


@given(some.fractions(-1000, 1000), some.fractions(0, 1000), some.floats(0.5, 100))
def test_edges_are_in_order_and_inside(low: Fraction, wide: Fraction, size: float) -> None:
    assume(wide > 0)
    found = edges(low, low + wide, Grid(size))
    assert (found[0], found[-1]) == (low, low + wide)
    assert all(a < b for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("crs", "code"),
    [
        (32632, 32632),
        ("EPSG:32732", 32732),
        ("32660", 32660),
        *((other, None) for other in (32600, 32661, 4326, None, True, "EPSG:x", "9" * 99)),
    ],
)
def test_zones_of_utm_are_known_by_their_codes(crs: object, code: int | None) -> None:
    assert utm_code(crs) == code
