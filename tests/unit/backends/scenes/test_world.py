"""The world agrees with itself, whichever way one looks at it."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.unit.backends.scenes.worlds import JULY, LANDSCAPE, LOWLAND, loaded

CLEAR = {"eo:cloud_cover": lambda cover: cover == 0}


def clear_july(bands: tuple[str, ...], **request: object) -> xr.DataArray:
    cube = loaded(
        "sentinel2_l2a",
        LANDSCAPE,
        temporal_extent=("2021-06-01", "2021-08-01"),
        bands=bands,
        properties=CLEAR,
        resolution=40,
        **request,
    )
    return cube.isel(t=0).compute()


def cover_map() -> xr.DataArray:
    cube = loaded(
        "landcover",
        LANDSCAPE,
        temporal_extent=("2021-01-01", "2022-01-01"),
        crs=32631,
        resolution=40,
    )
    return cube.squeeze(drop=True).compute()


def ndvi(cube: xr.DataArray) -> xr.DataArray:
    red, nir = cube.sel(bands="B04"), cube.sel(bands="B08")
    return (nir - red) / (nir + red)


def test_forest_is_green_in_july_and_water_is_not() -> None:
    index, cover = ndvi(clear_july(("B04", "B08"))).values, cover_map().values
    assert (cover == 10).sum() > 1000
    assert (cover == 80).sum() > 1000
    assert index[cover == 10].min() > 0.6
    assert index[cover == 80].max() < 0


def test_fields_are_bare_in_winter_and_green_in_summer() -> None:
    winter = loaded(
        "sentinel2_l2a",
        LANDSCAPE,
        temporal_extent=("2020-11-15", "2021-02-15"),
        bands=("B04", "B08"),
        properties=CLEAR,
        resolution=40,
    )
    cover = cover_map().values
    summer = ndvi(clear_july(("B04", "B08"))).values
    assert np.median(ndvi(winter.isel(t=0)).values[cover == 40]) < 0.4
    assert np.median(summer[cover == 40]) > 0.6


def test_the_seasons_are_turned_round_in_the_south() -> None:
    south = {"west": -60.0, "south": -35.0, "east": -59.95, "north": -34.95}
    clear = {"properties": CLEAR, "bands": ("B04", "B08"), "resolution": 40}
    january = loaded("sentinel2_l2a", south, temporal_extent=("2021-01-01", "2021-03-01"), **clear)
    july = loaded("sentinel2_l2a", south, temporal_extent=("2021-07-01", "2021-09-01"), **clear)
    greener = float(ndvi(january.isel(t=0)).mean()), float(ndvi(july.isel(t=0)).mean())
    assert greener[0] > greener[1] + 0.1


def test_the_scene_classification_agrees_with_the_land_cover() -> None:
    scl, cover = clear_july(("SCL",)).values[0], cover_map().values
    assert set(scl[cover == 80]) == {6}
    assert set(scl[cover == 10]) == {4}
    assert 6 not in set(scl[cover != 80])


def test_water_is_dark_for_the_radar_and_towns_are_bright() -> None:
    cube = loaded(
        "sentinel1_grd", LANDSCAPE, temporal_extent=("2021-07-01", "2021-07-20"), resolution=40
    )
    decibels: xr.DataArray = xr.ufuncs.log10(cube.mean("t").compute()) * 10
    cover = cover_map().values
    vv, vh = decibels.sel(bands="VV").values, decibels.sel(bands="VH").values
    assert np.median(vv[cover == 80]) < -19
    assert -11 < np.median(vv[cover == 10]) < -7
    assert (np.median(vh[cover == 10]) < np.median(vv[cover == 10]) - 3).all()


def test_speckle_has_the_strength_of_4_4_looks_and_changes_by_date() -> None:
    cube = loaded("sentinel1_grd", LOWLAND, temporal_extent=("2021-07-01", "2021-09-01"))
    vv = cube.sel(bands="VV").compute()
    ratio = vv.isel(t=slice(0, None, 2))  # one looking direction
    strength = float((ratio.std("t") / ratio.mean("t")).mean())
    assert strength == pytest.approx(4.4**-0.5, rel=0.15)
    assert not np.array_equal(vv[0].values, vv[2].values)


def test_water_lies_at_height_0_and_land_above() -> None:
    height = loaded("elevation", LANDSCAPE, crs=32631, resolution=40).compute().values[0]
    cover = cover_map().values
    assert (height[cover == 80] <= 0).all()
    assert (height[cover != 80] > 0).all()


def test_heights_make_it_colder() -> None:
    mountains = {"west": 2.0, "south": 44.0, "east": 3.0, "north": 45.0}
    heights = loaded("elevation", mountains, resolution=0.01).compute().values[0]
    kelvin = loaded(
        "temperature_daily",
        mountains,
        temporal_extent=("2021-07-01", "2021-07-02"),
        resolution=0.01,
    )
    values = kelvin.compute().values[0, 0]
    assert heights.max() > 1500
    low, high = values[heights < 300].mean(), values[heights > 1500].mean()
    assert low > high + 5
    assert 250 < values.min() < values.max() < 315


def test_snow_lies_where_it_freezes() -> None:
    place = {"west": 25.0, "south": 65.0, "east": 25.05, "north": 65.05}
    asked = {"temporal_extent": ("2021-01-01", "2021-02-01"), "crs": 32635, "resolution": 60}
    scl = (
        loaded("sentinel2_l2a", place, bands=("SCL",), **asked)
        .squeeze("bands", drop=True)
        .compute()
    )
    kelvin = (
        loaded("temperature_daily", place, **asked)
        .sel(t=scl.t.values)
        .squeeze("bands", drop=True)
        .compute()
    )
    ground = scl.isin([4, 5, 11])
    assert int((ground & (kelvin < 268)).sum()) > 1000
    assert bool((scl == 11).where(ground & (kelvin < 268), True).all())
    assert not bool(((scl == 11) & (kelvin > 273)).any())


def test_clouds_are_bright_and_marked() -> None:
    cube = loaded(
        "sentinel2_l2a", LANDSCAPE, temporal_extent=JULY, bands=("B02", "SCL"), resolution=40
    ).compute()
    blue, scl = cube.sel(bands="B02").values, cube.sel(bands="SCL").values
    assert (scl == 9).any()
    assert blue[scl == 9].mean() > 4000
    assert blue[scl == 4].mean() < 800
    assert set(np.unique(scl)) <= {3, 4, 5, 6, 8, 9, 10, 11}


def test_the_cloud_cover_of_a_scene_is_about_what_its_pixels_show() -> None:
    from backends.acquisitions import cloud_cover, tiles_in

    tile = (4.0, 50.5, 6.0, 52.0)
    box = dict(zip(("west", "south", "east", "north"), tile, strict=True))
    cube = loaded(
        "sentinel2_l2a",
        box,
        temporal_extent=("2021-04-01", "2021-10-01"),
        bands=("SCL",),
        crs=4326,
        resolution=0.01,
    )
    shown = cube.isin([8, 9, 10]).mean(["bands", "y", "x"]).compute().values * 100
    days = cube.t.values.astype("datetime64[D]").astype(int)
    told = np.array([cloud_cover(tiles_in(tile)[0], int(day)) for day in days])
    assert np.abs(shown - told).mean() < 10
    assert np.corrcoef(shown, told)[0, 1] > 0.9


def test_top_of_atmosphere_is_hazier_in_the_blue() -> None:
    asked: Any = {"temporal_extent": ("2021-06-01", "2021-08-01"), "properties": CLEAR}
    surface = loaded("sentinel2_l2a", bands=("B02", "B09"), **asked).isel(t=0).compute()
    top = loaded("sentinel2_l1c", bands=("B02", "B09"), **asked).isel(t=0).compute()
    assert (top.sel(bands="B02") > surface.sel(bands="B02") + 500).all()
    assert float(top.sel(bands="B09").mean()) < float(surface.sel(bands="B09").mean())


def test_the_sun_is_in_the_south_east_and_higher_in_summer() -> None:
    bands = ("sunAzimuthAngles", "sunZenithAngles", "viewZenithMean", "viewAzimuthMean")
    asked: Any = {"bands": bands, "resolution": 160}
    june = loaded("sentinel2_l2a", temporal_extent=("2021-06-18", "2021-06-24"), **asked)
    december = loaded("sentinel2_l2a", temporal_extent=("2021-12-18", "2021-12-24"), **asked)
    summer, winter = (cube.isel(t=0).mean(["x", "y"]).compute().values for cube in (june, december))
    assert 120 < summer[0] < 170
    assert 28 < summer[1] < 40
    assert 65 < winter[1] < 80
    assert 0 <= summer[2] < 11
    assert 90 < summer[3] < 300


def test_towns_grow_over_the_years() -> None:
    place = {"west": 5.0, "south": 51.0, "east": 5.4, "north": 51.3}
    maps = loaded("landcover", place, resolution=0.002)
    built = (maps == 50).sum(["bands", "y", "x"]).compute().values
    assert len(built) == 11
    assert 0 < built[0] < built[-1]
    assert (np.diff(built) >= 0).all()


def test_ocean_colour_shows_the_ground_that_sentinel_2_shows() -> None:
    asked: Any = {"crs": 32631, "resolution": 40}
    wide = loaded(
        "sentinel3_olci_l1b", LANDSCAPE, temporal_extent=JULY, bands=("B08", "B17"), **asked
    )
    fine = loaded("sentinel2_l1c", LANDSCAPE, temporal_extent=JULY, bands=("B04", "B8A"), **asked)
    day = sorted(set(wide.t.values) & set(fine.t.values))[0]
    for band, other in (("B08", "B04"), ("B17", "B8A")):
        coarse = wide.sel(t=day, bands=band).values * 10_000
        known = fine.sel(t=day, bands=other).values
        assert np.abs(coarse - known).max() <= 1


def test_the_vegetation_index_is_that_of_clear_scenes() -> None:
    clear = clear_july(("B04", "B08"))
    asked: Any = {"crs": 32631, "resolution": 40, "bands": ("NDVI", "FAPAR", "LAI", "FCOVER")}
    product = loaded("vegetation_10daily", LANDSCAPE, temporal_extent=JULY, **asked).compute()
    assert [str(t)[8:10] for t in product.t.values] == ["01", "11", "21"]
    index = product.isel(t=0).sel(bands="NDVI")
    assert np.corrcoef(index.values.ravel(), ndvi(clear).values.ravel())[0, 1] > 0.99
    greenest = product.isel(t=0).values[:, index.values > 0.8]
    barest = product.isel(t=0).values[:, index.values < 0.2]
    assert (greenest.mean(axis=1) > barest.mean(axis=1)).all()
    water = cover_map().values == 80
    assert (product.isel(t=0).sel(bands="LAI").values[water] == 0).all()


def test_it_rains_from_clouds_only() -> None:
    asked: Any = {"crs": 32631, "resolution": 40}
    rain = loaded("precipitation_daily", LANDSCAPE, temporal_extent=JULY, **asked)
    classes = loaded(
        "sentinel2_l2a", LANDSCAPE, temporal_extent=JULY, bands=("SCL",), **asked
    ).squeeze("bands")
    rain = rain.squeeze("bands").sel(t=classes.t).compute()
    cloudy = classes.isin([8, 9, 10]).compute()
    overcast = cloudy.mean(["x", "y"]) > 0.3
    wet = (rain > 0).values[overcast.values]
    assert wet.any()
    assert cloudy.values[overcast.values][wet].mean() > 0.95
    assert (rain >= 0).all()


def test_snow_lies_where_the_optical_product_shows_it() -> None:
    asked: Any = {"crs": 32631, "resolution": 40}
    north = {"west": 440_000, "south": 7_550_000, "east": 446_000, "north": 7_556_000, "crs": 32635}
    asked["crs"] = 32635
    days = ("2021-05-01", "2021-06-01")
    snow = loaded("snow_daily", north, temporal_extent=days, **asked).squeeze("bands")
    classes = loaded("sentinel2_l2a", north, temporal_extent=days, bands=("SCL",), **asked)
    classes = classes.squeeze("bands").compute()
    snow = snow.sel(t=classes.t).compute()
    clear = classes.isin([4, 5, 11]).values
    assert 0 < (snow.values[clear] == 1).mean() < 1
    assert np.array_equal(snow.values[clear] == 1, classes.values[clear] == 11)
