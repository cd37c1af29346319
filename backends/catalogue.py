"""Every product of the generated world: what each is called, measures and covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from backends.bands import (
    ANGLES,
    LAND_COVER,
    OLCI,
    OLCI_ANGLES,
    SCL_BAND,
    SNOW,
    SPECTRAL,
    VEGETATION,
    Band,
)

WORLD_END: Final = "2025-12-31T23:59:59Z"
"""The last moment of every product that is still being recorded."""


@dataclass(frozen=True)
class Product:
    """One product of the world.

    `step`: ISO 8601 duration between dates at one place, None where irregular; `dates`
    False: no time dimension. `family`: decides which scenes there are (see
    `acquisitions.ORBITS`); products without scenes have a date on each day of `calendar`.
    `bbox`: west, south, east, north in WGS84. `interval`:
    first and last moment. `metres`, `degrees`: size of its pixels in a projected and in
    a geographic CRS. `utm`: delivered in UTM unless another CRS is asked for.
    `properties`: STAC property -> its possible values, or a (least, greatest) pair.
    """

    id: str
    family: str
    title: str
    description: str
    keywords: tuple[str, ...]
    bands: tuple[Band, ...]
    bbox: tuple[float, float, float, float]
    interval: tuple[str, str]
    metres: float
    degrees: float
    utm: bool
    step: str | None
    dates: bool = True
    calendar: Literal["days", "dekads", "years"] = "days"
    platforms: tuple[str, ...] = ()
    constellation: str | None = None
    instruments: tuple[str, ...] = ()
    producer: tuple[str, str] = ("Imaginary Earth Programme", "https://example.org/earth")
    properties: Mapping[str, Any] = field(default_factory=dict)
    summaries: Mapping[str, Any] = field(default_factory=dict)

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the bands in the order in which they load."""
        return tuple(band.name for band in self.bands)


_ORBITS: Final = (
    "Dates: every place lies in a swath of 2.5 degrees of longitude that is recorded every "
    "{days} days{more}; neighbouring swaths have other days. Where a data cube reaches over "
    "several swaths, it has the dates of all, without data outside the swath of the day."
)

_SCENES: Final[dict[str, Any]] = {"metres": 10.0, "degrees": 0.0001, "utm": True}
"""The pixels of scenes of 10 m, delivered in UTM."""

_COARSE: Final[dict[str, Any]] = {
    "bbox": (-180.0, -85.0, 180.0, 85.0),
    "interval": ("1980-01-01T00:00:00Z", WORLD_END),
    "metres": 10_000.0,
    "degrees": 0.1,
    "utm": False,
    "step": "P1D",
}
"""Where and when daily fields of the weather are, and their pixels."""

_MAPS: Final[dict[str, Any]] = {"metres": 300.0, "degrees": 1 / 336, "utm": False}
"""The pixels of maps of 300 m."""

_SENTINEL2: Final[dict[str, Any]] = {
    **_SCENES,
    "family": "optical",
    "bbox": (-180.0, -56.0, 180.0, 83.0),
    "step": "P5D",
    "platforms": ("sentinel-2a", "sentinel-2b"),
    "constellation": "sentinel-2",
    "instruments": ("msi",),
    "properties": {
        "eo:cloud_cover": (0, 100),
        "platform": ("sentinel-2a", "sentinel-2b"),
        "sat:relative_orbit": (1, 143),
    },
}

_L2A: Final = Product(
    id="sentinel2_l2a",
    title="Sentinel-2 L2A like reflectance of an imaginary Earth",
    description="Bottom-of-atmosphere reflectance as digital numbers (reflectance times "
    "10000), scene classification and angles of an imaginary Earth. Vegetation follows the "
    "seasons, clouds move, cast shadows and are marked in `SCL`; snow lies where the "
    "temperature product says that it freezes. All is generated on request and always "
    "the same. " + _ORBITS.format(days=5, more=""),
    keywords=("Sentinel-2", "optical", "reflectance", "L2A", "simulated"),
    bands=(*(band for band in SPECTRAL if band.name != "B10"), SCL_BAND, *ANGLES),
    interval=("2015-07-04T00:00:00Z", WORLD_END),
    summaries={"processing:level": ["L2A"]},
    **_SENTINEL2,
)

_L1C: Final = Product(
    id="sentinel2_l1c",
    title="Sentinel-2 L1C like reflectance of an imaginary Earth",
    description="Top-of-atmosphere reflectance as digital numbers (reflectance times "
    "10000): the surface of the L2A product seen through haze. " + _ORBITS.format(days=5, more=""),
    keywords=("Sentinel-2", "optical", "reflectance", "L1C", "simulated"),
    bands=(*SPECTRAL, *ANGLES),
    interval=("2015-07-04T00:00:00Z", WORLD_END),
    summaries={"processing:level": ["L1C"]},
    **_SENTINEL2,
)

_GRD: Final = Product(
    id="sentinel1_grd",
    family="radar",
    title="Sentinel-1 GRD like backscatter of an imaginary Earth",
    description="Radar backscatter (sigma nought, linear power) with speckle, by land cover. "
    + _ORBITS.format(days=6, more=" ascending and, three days later, descending"),
    keywords=("Sentinel-1", "SAR", "radar", "backscatter", "GRD", "simulated"),
    bands=(
        Band("VV", "Backscatter, vertical sent, vertical received", 10, unit="1"),
        Band("VH", "Backscatter, vertical sent, horizontal received", 10, unit="1"),
    ),
    bbox=(-180.0, -80.0, 180.0, 84.0),
    interval=("2014-10-03T00:00:00Z", WORLD_END),
    step="P3D",
    platforms=("sentinel-1a", "sentinel-1b"),
    constellation="sentinel-1",
    instruments=("c-sar",),
    properties={
        "sat:orbit_state": ("ascending", "descending"),
        "platform": ("sentinel-1a", "sentinel-1b"),
        "sat:relative_orbit": (1, 175),
        "sar:instrument_mode": ("IW",),
    },
    summaries={
        "processing:level": ["L1"],
        "sar:product_type": ["GRD"],
        "sar:frequency_band": ["C"],
        "sar:center_frequency": [5.405],
        "sar:polarizations": ["VV", "VH"],
    },
    **_SCENES,
)

_COVER: Final = Product(
    id="landcover",
    family="landcover",
    title="Land cover map of an imaginary Earth",
    description="One map of land cover per year, dated at its first day. Towns grow from "
    "year to year; all other cover stays. The other products show the same ground.",
    keywords=("land cover", "classification", "annual", "simulated"),
    bands=(Band("MAP", "Class of land cover", 10, data_type="uint8", classes=LAND_COVER),),
    bbox=(-180.0, -60.0, 180.0, 84.0),
    interval=("2015-01-01T00:00:00Z", WORLD_END),
    metres=10.0,
    degrees=0.0001,
    utm=False,
    step="P1Y",
    calendar="years",
)

_ELEVATION: Final = Product(
    id="elevation",
    family="elevation",
    title="Elevation model of an imaginary Earth, 30 m",
    description="Height of the surface above the sea, on a grid of one arc second; water "
    "lies at 0. The data cube has no time dimension: a temporal extent is ignored.",
    keywords=("DEM", "elevation", "terrain", "simulated"),
    bands=(Band("DEM", "Height above mean sea level", 30, unit="m"),),
    bbox=(-180.0, -85.0, 180.0, 85.0),
    interval=("2010-12-12T00:00:00Z", "2015-01-31T23:59:59Z"),
    metres=30.0,
    degrees=1 / 3600,
    utm=False,
    step=None,
    dates=False,
)

_TEMPERATURE: Final = Product(
    id="temperature_daily",
    family="temperature",
    title="Daily air temperature of an imaginary Earth",
    description="Mean temperature of each day, 2 m above ground, by latitude, season, height "
    "(6.5 K per km) and moving weather.",
    keywords=("climate", "temperature", "daily", "simulated"),
    bands=(Band("temperature_2m", "Mean air temperature 2 m above ground", 10000, unit="K"),),
    **_COARSE,
)

_OLCI: Final = Product(
    id="sentinel3_olci_l1b",
    family="ocean",
    title="Sentinel-3 OLCI L1B like reflectance of an imaginary Earth, 300 m",
    description="Top-of-atmosphere reflectance of 21 narrow bands, with angles: the same "
    "ground, snow and clouds as in the Sentinel-2 products, wider and coarser. "
    + _ORBITS.format(days=3, more=" by one satellite, and on the next day by the other"),
    keywords=("Sentinel-3", "OLCI", "optical", "ocean colour", "L1B", "simulated"),
    bands=(*OLCI, *OLCI_ANGLES),
    bbox=(-180.0, -56.0, 180.0, 83.0),
    interval=("2016-04-26T00:00:00Z", WORLD_END),
    metres=300.0,
    degrees=1 / 360,
    utm=False,
    step=None,
    platforms=("sentinel-3a", "sentinel-3b"),
    constellation="sentinel-3",
    instruments=("olci",),
    properties={
        "eo:cloud_cover": (0, 100),
        "platform": ("sentinel-3a", "sentinel-3b"),
        "sat:relative_orbit": (1, 385),
    },
    summaries={"processing:level": ["L1B"]},
)

_VEGETATION: Final = Product(
    id="vegetation_10daily",
    family="vegetation",
    title="Vegetation indices of an imaginary Earth, 300 m, every ten days",
    description="NDVI, FAPAR, LAI and the share of green cover on the 1st, 11th and 21st of "
    "each month, free of clouds: the leaves that the optical products see. Over water and "
    "snow there are no leaves.",
    keywords=("vegetation", "NDVI", "FAPAR", "LAI", "10-daily", "simulated"),
    bands=VEGETATION,
    bbox=(-180.0, -60.0, 180.0, 80.0),
    interval=("2014-01-01T00:00:00Z", WORLD_END),
    step=None,
    calendar="dekads",
    **_MAPS,
)

_PRECIPITATION: Final = Product(
    id="precipitation_daily",
    family="precipitation",
    title="Daily precipitation of an imaginary Earth",
    description="Sum of rain and snow of each day: it falls from the thickest of the clouds "
    "that the optical products show.",
    keywords=("climate", "precipitation", "rain", "daily", "simulated"),
    bands=(Band("precipitation", "Precipitation of the day", 10000, unit="kg m-2"),),
    **_COARSE,
)

_SNOW: Final = Product(
    id="snow_daily",
    family="snow",
    title="Daily snow cover of an imaginary Earth, 300 m",
    description="Where snow lies on each day, also below clouds: as the optical products show "
    "it where the sky is clear.",
    keywords=("snow", "daily", "simulated"),
    bands=(Band("SNOW", "Class of snow cover", 300, data_type="uint8", classes=SNOW),),
    bbox=(-180.0, -56.0, 180.0, 83.0),
    interval=("2015-07-04T00:00:00Z", WORLD_END),
    step="P1D",
    **_MAPS,
)

CATALOGUE: Final = (
    *(_L2A, _L1C, _GRD, _OLCI, _COVER, _ELEVATION),
    *(_TEMPERATURE, _PRECIPITATION, _VEGETATION, _SNOW),
)
"""In the order in which they are offered."""
