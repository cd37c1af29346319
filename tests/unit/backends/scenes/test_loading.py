"""A cube of the world is what was asked for: its dimensions, bands, dates, window and size."""

from typing import Any

import numpy as np
import pytest

from backends.errors import OpenEOError
from backends.products import PRODUCTS
from tests.unit.backends.scenes.worlds import JULY, LANDSCAPE, LOWLAND, loaded


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_a_cube_is_lazy_and_has_the_dimensions_as_promised(product: str) -> None:
    cube = loaded(product, temporal_extent=("2021-01-01", "2021-01-12"))
    expected = ("t", "bands", "y", "x") if PRODUCTS[product].dates else ("bands", "y", "x")
    assert cube.dims == expected
    assert cube.dtype == np.float32
    assert cube.chunks is not None
    assert list(cube.bands.values) == list(PRODUCTS[product].band_names)
    assert (np.diff(cube.y) < 0).all()
    if "t" in cube.dims:
        assert cube.t.dtype == "datetime64[ns]"
    assert cube.name is None


def test_the_crs_comes_with_the_cube() -> None:
    assert loaded("elevation").rio.crs.to_epsg() == 4326
    s2 = loaded("sentinel2_l2a", temporal_extent=JULY, bands=("B02",))
    assert s2.rio.crs.to_epsg() == 32631
    assert s2.rio.resolution() == (10.0, -10.0)
    assert s2.sizes["x"] == s2.sizes["y"] == 256


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_the_same_request_gives_the_same_bytes(product: str) -> None:
    bands = PRODUCTS[product].band_names[:4]
    asked: Any = {"temporal_extent": ("2020-12-28", "2021-01-12"), "bands": bands}
    first, second = loaded(product, **asked).compute(), loaded(product, **asked).compute()
    assert first.values.tobytes() == second.values.tobytes()
    assert np.isfinite(first).all()


@pytest.mark.parametrize("crs", [None, 3035, 4326])
@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_a_small_window_shows_the_very_pixels_of_a_large_one(product: str, crs: int | None) -> None:
    inner = {**LOWLAND, "west": 640_730, "south": 5_652_410, "east": 642_090}
    asked: Any = {
        "temporal_extent": ("2020-12-28", "2021-01-06"),
        "bands": PRODUCTS[product].band_names[-6:],
        "crs": crs,
    }
    if PRODUCTS[product].metres > 30:
        asked["resolution"] = 50 if crs == 3035 else 0.0005
    large = loaded(product, LOWLAND, **asked).compute()
    small = loaded(product, inner, **asked).compute()
    cut = large.sel(x=small.x, y=small.y)
    assert small.size < large.size
    assert np.array_equal(small.values, cut.values, equal_nan=True)


def test_chunks_leave_no_seams() -> None:
    wide = {**LOWLAND, "east": 640_000 + 7_000}
    asked = {"temporal_extent": ("2021-07-01", "2021-07-06"), "bands": ("B08",)}
    whole = loaded("sentinel2_l2a", wide, **asked)
    assert len(whole.chunks[3]) == 2  # type: ignore[index]
    across = {**wide, "west": 644_500, "east": 645_800}
    part = loaded("sentinel2_l2a", across, **asked).compute()
    assert np.array_equal(part.values, whole.compute().sel(x=part.x).values)


def test_threads_compute_the_same_as_one_alone() -> None:
    cube = loaded("sentinel2_l2a", LANDSCAPE, temporal_extent=JULY, bands=("B04", "SCL"))
    alone = cube.compute(scheduler="synchronous").values
    assert alone.tobytes() == cube.compute(scheduler="threads", num_workers=4).values.tobytes()


def test_outside_of_a_polygon_there_are_no_data() -> None:
    triangle = {"type": "Polygon", "coordinates": [[[5, 51], [5.02, 51], [5, 51.02], [5, 51]]]}
    cube = loaded("landcover", triangle, temporal_extent=("2021-01-01", "2021-01-02"))
    values = cube.compute().values[0, 0]
    assert values.shape == (200, 200)
    assert np.isnan(values[0, -1])
    assert np.isfinite(values[-2, 1])
    assert np.isfinite(values).mean() == pytest.approx(0.5, abs=0.02)


def test_outside_of_the_swath_of_the_day_there_are_no_data() -> None:
    # Between 4 and 8 degrees east lies the border between two swaths, at 6.1.
    wide = {"west": 5.9, "south": 51.0, "east": 6.3, "north": 51.05}
    cube = loaded(
        "sentinel2_l2a", wide, temporal_extent=JULY, bands=("B02",), crs=4326, resolution=0.01
    ).compute()
    seen = cube.isel(bands=0).notnull().any("y")
    east = cube.x.values > 6.1
    for day in seen.values:
        assert day[east].all() != day[~east].all()
        assert day[east].any() == day[east].all()


def test_unknown_bands_are_refused_with_the_known_ones() -> None:
    with pytest.raises(OpenEOError) as caught:
        loaded("sentinel1_grd", bands=("VV", "HH"))
    assert caught.value.code == "ProcessParameterInvalid"
    assert "no band HH; available are VV, VH" in caught.value.message


def test_bands_can_be_asked_for_by_their_common_names() -> None:
    cube = loaded(
        "sentinel2_l2a", temporal_extent=("2021-01-01", "2021-01-12"), bands=("nir", "red", "B02")
    )
    assert list(cube.bands.values) == ["B08", "B04", "B02"]


def test_bands_come_in_the_order_asked_for() -> None:
    cube = loaded("sentinel2_l2a", bands=("SCL", "B02"), temporal_extent=JULY)
    assert cube.bands.values.tolist() == ["SCL", "B02"]


def test_too_many_dates_are_refused_before_they_are_made() -> None:
    with pytest.raises(OpenEOError) as caught:
        loaded("sentinel2_l2a", max_samples=10_000_000)
    assert caught.value.code == "ProcessGraphComplexity"
    assert "10,000,000" in caught.value.message


def test_a_request_of_just_the_limit_passes() -> None:
    assert loaded("elevation", crs=32631, resolution=10, max_samples=256 * 256).size == 256 * 256
    with pytest.raises(OpenEOError):
        loaded("elevation", crs=32631, resolution=10, max_samples=256 * 256 - 1)


def test_between_two_dates_there_are_no_data() -> None:
    with pytest.raises(OpenEOError) as caught:
        loaded("landcover", temporal_extent=("2021-03-01", "2021-04-01"))
    assert caught.value.code == "NoDataAvailable"
    assert "P1Y" in caught.value.message


def test_elevation_ignores_the_temporal_extent() -> None:
    assert loaded("elevation", temporal_extent=("1999-01-01", "1999-01-02")).dims[0] == "bands"


def test_a_single_pixel_knows_its_size() -> None:
    point = {"type": "Point", "coordinates": [5.05, 51.2]}
    cube = loaded("sentinel2_l2a", point, temporal_extent=JULY, bands=("B02",))
    assert cube.sizes["x"] == cube.sizes["y"] == 1
    assert cube.rio.resolution() == (10.0, -10.0)
    assert np.isfinite(cube.compute()).all()
