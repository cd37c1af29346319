"""What the tour asks of the federation, in the words of the `openeo` client."""

from collections.abc import Mapping
from typing import Any

from openeo.rest.connection import Connection

Area = Mapping[str, float]
JULY = ("2024-07-01", "2024-08-01")
SPRING = ("2024-04-01", "2024-07-01")
YEAR = ("2024-01-01", "2025-01-01")
WINTER = ("2024-02-01", "2024-02-08")
HALVES = ("west", "east")
CLOUDY = (3, 8, 9, 10)
"""Classes of Sentinel-2's scene classification: shadow, cloud (medium, high), cirrus."""

NDVI_PICTURE = {"colormap": "redyellowgreen", "scale_min": -0.3, "scale_max": 0.9}


def ndvi(connection: Connection, area: Area) -> Any:
    """The median of a month's vegetation index from what no cloud covers."""
    scenes = connection.load_collection(
        "SENTINEL2_L2A",
        spatial_extent=dict(area),
        temporal_extent=JULY,
        bands=["B04", "B08", "SCL"],
    )
    classes = scenes.band("SCL")
    cloudy: Any = classes == CLOUDY[0]
    for number in CLOUDY[1:]:
        cloudy = cloudy | (classes == number)
    clear = scenes.filter_bands(["B04", "B08"]).mask(cloudy)
    return clear.reduce_dimension(dimension="t", reducer="median").ndvi(nir="B08", red="B04")


def radar(connection: Connection, area: Area) -> Any:
    """The mean of a season's backscatter."""
    scenes = connection.load_collection(
        "SENTINEL1_GRD", spatial_extent=dict(area), temporal_extent=SPRING, bands=["VV", "VH"]
    )
    return scenes.reduce_dimension(dimension="t", reducer="mean")


def temperature(connection: Connection, area: Area) -> Any:
    """The mean temperature of each month of a year."""
    days = connection.load_collection(
        "BOREAL_TEMPERATURE_DAILY", spatial_extent=dict(area), temporal_extent=YEAR
    )
    return days.aggregate_temporal_period(period="month", reducer="mean")


def scattered(connection: Connection, area: Area) -> Any:
    """A week's mean backscatter, snow and temperature of two halves: of three backends' data."""
    halves = _halves(area)

    def means(collection: str, *bands: str) -> Any:
        cube = connection.load_collection(collection, dict(area), WINTER, list(bands) or None)
        return cube.mean_time().aggregate_spatial(halves, "mean")

    radar = means("SENTINEL1_GRD", "VV")
    both = radar.process("merge_cubes", cube1=radar, cube2=means("TERRA_SNOW_300M_DAILY"))
    return both.process("merge_cubes", cube1=both, cube2=means("BOREAL_TEMPERATURE_DAILY"))


def _halves(area: Area) -> dict[str, Any]:
    """The western and the eastern half of an area, as GeoJSON."""
    west, east, south, north = (area[side] for side in ("west", "east", "south", "north"))
    middle = (west + east) / 2
    return {
        "type": "FeatureCollection",
        "features": [_box(west, middle, south, north), _box(middle, east, south, north)],
    }


def _box(west: float, east: float, south: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {}, "geometry": polygon}
