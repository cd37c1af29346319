"""Requests are judged before anything is loaded."""

from typing import Any

import pytest

from backends.errors import OpenEOError
from backends.intervals import days_of
from backends.loading import LoadRequest
from backends.products import PRODUCTS
from backends.scenes.extents import read_area, snapped, utm_zone, window_of

S2 = PRODUCTS["sentinel2_l2a"]
DEM = PRODUCTS["elevation"]
BOX = {"west": 5.05, "south": 51.2, "east": 5.1, "north": 51.23}
TRIANGLE = {"type": "Polygon", "coordinates": [[[5, 51], [5.1, 51], [5, 51.1], [5, 51]]]}


def window(product: Any = S2, **request: Any) -> Any:
    asked = LoadRequest(**request)
    return window_of(product, asked, read_area(asked.spatial_extent, product.bbox))


def refusal(**request: Any) -> OpenEOError:
    with pytest.raises(OpenEOError) as caught:
        window(**request)
    return caught.value


def test_sentinel_2_comes_in_the_utm_zone_of_the_box_at_10_m() -> None:
    found = window(spatial_extent=BOX)
    assert (found.crs, found.resolution) == ("EPSG:32631", 10.0)
    assert found.bounds[0] % 10 == 0


def test_the_south_has_zones_of_its_own() -> None:
    assert utm_zone((-70.1, -33.5, -70.0, -33.4)) == "EPSG:32719"


def test_elevation_comes_in_degrees_on_its_own_grid() -> None:
    found = window(DEM, spatial_extent=BOX)
    assert (found.crs, found.resolution) == ("EPSG:4326", 1 / 3600)


def test_another_crs_and_resolution_can_be_asked_for() -> None:
    found = window(spatial_extent=BOX, crs=3035, resolution=100)
    assert (found.crs, found.resolution) == ("EPSG:3035", 100.0)
    assert 30 < found.width < 50


def test_pixels_are_those_with_their_centre_in_the_box() -> None:
    found = snapped((14, 6, 36, 25), "EPSG:32631", 10)
    assert list(found.bounds) == [10, 10, 40, 30]
    assert snapped((16, 0, 34, 10), "EPSG:32631", 10).left == 2


def test_a_point_is_one_pixel() -> None:
    found = window(spatial_extent={"type": "Point", "coordinates": [5.05, 51.2]})
    assert (found.width, found.height) == (1, 1)


@pytest.mark.parametrize(
    ("extent", "words"),
    [
        ({**BOX, "west": 6}, "west (6.0) is greater than east (5.1)"),
        ({**BOX, "south": 52}, "south (52.0) is greater than north (51.23)"),
        ({**BOX, "crs": 999999}, "999999 is no known coordinate reference system"),
        ({**BOX, "crs": "nonsense"}, "'nonsense' is no known coordinate reference system"),
        ({**BOX, "west": "five"}, "west must be a number, not 'five'"),
        ({**BOX, "west": float("nan")}, "west must be a number"),
        ({"west": 1, "east": 2}, "needs south, north"),
        ({**BOX, "north": 5_654_560}, "Coordinates in another CRS need 'crs'"),
        ({"type": "Circle"}, "'Circle' is no type of GeoJSON"),
        ({"type": "FeatureCollection", "features": []}, "holds no geometry"),
        ({"type": "Polygon", "coordinates": [[["a", 1]]]}, "cannot be read"),
        ({"type": "Polygon"}, "cannot be read"),
        ({"type": "Polygon", "coordinates": []}, "empty geometry"),
        ({"west": 1e9, "south": 0, "east": 2e9, "north": 1, "crs": 32631}, "not lie on the Earth"),
    ],
)
def test_a_wrong_extent_is_refused_with_a_reason(extent: Any, words: str) -> None:
    error = refusal(spatial_extent=extent)
    assert error.code == "ProcessParameterInvalid"
    assert words in error.message
    assert "spatial_extent" in error.message


def test_a_place_outside_of_the_collection_has_no_data() -> None:
    error = refusal(spatial_extent={"west": 0, "south": -80, "east": 1, "north": -79})
    assert error.code == "NoDataAvailable"
    assert "[-180.0, -56.0, 180.0, 83.0]" in error.message


def test_an_area_is_cut_to_what_the_collection_covers() -> None:
    found = window(DEM, spatial_extent={"west": 0, "south": 84.9, "east": 0.1, "north": 89})
    assert found.bounds[3] == pytest.approx(85)


def test_the_whole_earth_is_too_large_and_the_error_says_how_large() -> None:
    error = refusal(max_samples=1_000_000)
    assert error.code == "ProcessGraphComplexity"
    assert "GB" in error.message
    assert "1,000,000" in error.message


def test_a_geojson_counts_by_its_box() -> None:
    area = read_area({"type": "Feature", "properties": {}, "geometry": TRIANGLE}, S2.bbox)
    assert list(area.bounds) == [5, 51, 5.1, 51.1]
    assert list(area.shapes) == [TRIANGLE]


def days(extent: Any, product: Any = S2) -> range:
    return days_of(product, LoadRequest(temporal_extent=extent))


def test_the_end_of_a_temporal_extent_does_not_belong_to_it() -> None:
    assert len(days(("2021-07-01", "2021-07-03"))) == 2
    assert len(days(("2021-07-01T00:00:01Z", "2021-07-03T12:00:00Z"))) == 2
    assert len(days(("2021-07-01T00:00:00+02:00", "2021-07-02"))) == 1


def test_an_open_temporal_extent_ends_with_the_collection() -> None:
    assert len(days(("2025-12-30", None))) == 2
    assert days((None, "2015-07-06"))[0] == days(("2015-07-04", "2015-07-06"))[0]
    assert len(days(None)) == len(days((None, None)))


@pytest.mark.parametrize(
    ("extent", "code", "words"),
    [
        (("2021-07-01", "2021-07-01"), "TemporalExtentEmpty", "must be later"),
        (("2021-07-02", "2021-07-01"), "TemporalExtentEmpty", "must be later"),
        (("July", "2021-07-01"), "ProcessParameterInvalid", "'July' is no date"),
        (("2021-07-01",), "ProcessParameterInvalid", "list of two"),
        (("1999-01-01", "1999-02-01"), "NoDataAvailable", "2015-07-04T00:00:00Z"),
        (("2030-01-01", None), "NoDataAvailable", "2025-12-31T23:59:59Z"),
    ],
)
def test_a_wrong_temporal_extent_is_refused(extent: Any, code: str, words: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        days(extent)
    assert caught.value.code == code
    assert words in caught.value.message
