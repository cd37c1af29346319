"""Dates, scenes and filters on their properties."""

import datetime as dt
from itertools import pairwise

import pytest

from backends.acquisitions import Filters, Visit, cloud_cover, tiles_in, visits
from backends.errors import OpenEOError
from backends.products import PRODUCTS

HERE = (5.05, 51.2, 5.1, 51.23)
WIDE = (-3.0, 51.0, 20.0, 51.1)
JULY = range(18809, 18840)  # 2021-07-01 to 2021-07-31


def dates(
    product: str, filters: Filters | None = None, box: tuple[float, ...] = HERE
) -> list[Visit]:
    west, south, east, north = box
    return visits(PRODUCTS[product], JULY, (west, south, east, north), filters or {})


def test_a_place_is_seen_by_the_optical_satellites_every_five_days() -> None:
    days = [visit.day for visit in dates("sentinel2_l2a")]
    assert len(days) in {6, 7}
    assert {later - day for day, later in pairwise(days)} == {5}


def test_the_days_of_a_place_do_not_depend_on_the_request() -> None:
    wide = {visit.day for visit in dates("sentinel2_l2a", box=WIDE)}
    assert {visit.day for visit in dates("sentinel2_l2a")} < wide


def test_the_radar_sees_a_place_from_both_sides_every_six_days() -> None:
    both = dates("sentinel1_grd")
    rising = dates("sentinel1_grd", {"sat:orbit_state": lambda state: state == "ascending"})
    falling = dates("sentinel1_grd", {"sat:orbit_state": lambda state: state == "descending"})
    assert [v.day for v in both] == sorted([v.day for v in rising] + [v.day for v in falling])
    assert {b.day - a.day for a, b in pairwise(rising)} == {6}


def test_a_filter_on_cloud_cover_selects_the_clear_dates() -> None:
    clear = dates("sentinel2_l2a", {"eo:cloud_cover": lambda cover: cover < 20})
    everything = dates("sentinel2_l2a")
    tile = tiles_in(HERE)[0]
    assert 0 < len(clear) < len(everything)
    assert all(cloud_cover(tile, visit.day) < 20 for visit in clear)


def test_a_filter_that_nothing_passes_shows_what_there_is() -> None:
    with pytest.raises(OpenEOError) as caught:
        dates("sentinel1_grd", {"sat:orbit_state": lambda state: state == "ASCENDING"})
    assert caught.value.code == "NoDataAvailable"
    assert "ascending, descending" in caught.value.message


def test_a_filter_on_an_unknown_property_names_the_known_ones() -> None:
    with pytest.raises(OpenEOError) as caught:
        dates("sentinel2_l2a", {"cloudy": lambda _: True})
    assert caught.value.code == "ProcessParameterInvalid"
    assert "eo:cloud_cover, platform, sat:relative_orbit" in caught.value.message


def test_a_map_has_one_date_each_year() -> None:
    found = visits(PRODUCTS["landcover"], range(18262, 18993), HERE, {})
    assert [visit.date for visit in found] == [dt.date(2020, 1, 1), dt.date(2021, 1, 1)]


def test_temperature_has_a_date_each_day() -> None:
    assert [visit.day for visit in dates("temperature_daily")] == list(JULY)
