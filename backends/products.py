"""The products of the generated world: what each is called, measures and covers.

Light: described by `backends.collections` on the HTTP side, computed by
`backends.scenes` in the workers. Both read this one table, so that what is
described is what loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

METRES_PER_DEGREE: Final = 111_319.49079327358

WORLD_END: Final = "2025-12-31T23:59:59Z"
"""The last moment of every product that is still being recorded."""


@dataclass(frozen=True)
class Band:
    """One band. `wavelength` and `width` in micrometres, `gsd` in metres."""

    name: str
    description: str
    gsd: float | None = None
    common_name: str | None = None
    wavelength: float | None = None
    width: float | None = None
    unit: str | None = None
    scale: float | None = None
    data_type: str = "float32"
    classes: tuple[tuple[int, str, str], ...] = ()
    """For bands of classes: value, name, description."""


@dataclass(frozen=True)
class Product:
    """One product of the world.

    `step`: ISO 8601 duration between dates at one place, None where irregular; `dates`
    False: no time dimension. `bbox`: west, south, east, north in WGS84. `interval`:
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
    platforms: tuple[str, ...] = ()
    constellation: str | None = None
    instruments: tuple[str, ...] = ()
    producer: tuple[str, str] = ("Imaginary Earth Programme", "https://example.org/earth")
    properties: Mapping[str, Any] = field(default_factory=dict)
    summaries: Mapping[str, Any] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the bands in the order in which they load."""
        return tuple(band.name for band in self.bands)


SCL: Final = (
    (0, "no_data", "No data"),
    (1, "saturated_defective", "Saturated or defective"),
    (2, "dark_area_pixels", "Dark area pixels"),
    (3, "cloud_shadows", "Cloud shadows"),
    (4, "vegetation", "Vegetation"),
    (5, "not_vegetated", "Not vegetated, bare soil"),
    (6, "water", "Water"),
    (7, "unclassified", "Unclassified"),
    (8, "cloud_medium_probability", "Cloud, medium probability"),
    (9, "cloud_high_probability", "Cloud, high probability"),
    (10, "thin_cirrus", "Thin cirrus"),
    (11, "snow_ice", "Snow or ice"),
)

LAND_COVER: Final = (
    (10, "tree_cover", "Tree cover, broad-leaved and coniferous"),
    (20, "shrubland", "Shrubland"),
    (30, "grassland", "Grassland and pasture"),
    (40, "cropland", "Cropland, harvested every year"),
    (50, "built_up", "Built-up: buildings, roads, sealed ground"),
    (60, "bare", "Bare or sparsely vegetated ground"),
    (70, "snow_ice", "Permanent snow and ice"),
    (80, "water", "Permanent water: lakes, rivers, sea"),
    (90, "wetland", "Herbaceous wetland"),
)


def _optical(  # noqa: PLR0917 - the columns of the table below
    name: str, common: str | None, wavelength: float, width: float, gsd: float, what: str
) -> Band:
    return Band(
        name, what, gsd, common, wavelength, width, unit="1", scale=0.0001, data_type="int16"
    )


_SPECTRAL: Final = (
    _optical("B01", "coastal", 0.443, 0.02, 60, "Coastal aerosol"),
    _optical("B02", "blue", 0.49, 0.065, 10, "Blue"),
    _optical("B03", "green", 0.56, 0.035, 10, "Green"),
    _optical("B04", "red", 0.665, 0.03, 10, "Red"),
    _optical("B05", "rededge071", 0.704, 0.015, 20, "Red edge 1"),
    _optical("B06", "rededge075", 0.74, 0.015, 20, "Red edge 2"),
    _optical("B07", "rededge078", 0.783, 0.02, 20, "Red edge 3"),
    _optical("B08", "nir", 0.842, 0.115, 10, "Near infrared"),
    _optical("B8A", "nir08", 0.865, 0.02, 20, "Near infrared, narrow"),
    _optical("B09", "nir09", 0.945, 0.02, 60, "Water vapour"),
    _optical("B10", "cirrus", 1.3735, 0.03, 60, "Cirrus"),
    _optical("B11", "swir16", 1.61, 0.09, 20, "Short-wave infrared 1.6 µm"),
    _optical("B12", "swir22", 2.19, 0.18, 20, "Short-wave infrared 2.2 µm"),
)

_ANGLES: Final = (
    Band("sunAzimuthAngles", "Azimuth of the sun, clockwise from north", 5000, unit="degree"),
    Band("sunZenithAngles", "Zenith angle of the sun", 5000, unit="degree"),
    Band("viewAzimuthMean", "Mean azimuth of the view", 5000, unit="degree"),
    Band("viewZenithMean", "Mean zenith angle of the view", 5000, unit="degree"),
)

_SCL_BAND: Final = Band(
    "SCL", "Scene classification, from the same clouds", 20, data_type="uint8", classes=SCL
)

_ORBITS: Final = (
    "Dates: every place lies in a swath of 2.5 degrees of longitude that is recorded every "
    "{days} days{more}; neighbouring swaths have other days. Where a data cube reaches over "
    "several swaths, it has the dates of all, without data outside the swath of the day."
)

_SENTINEL2: Final[dict[str, Any]] = {
    "family": "optical",
    "bbox": (-180.0, -56.0, 180.0, 83.0),
    "metres": 10.0,
    "degrees": 0.0001,
    "utm": True,
    "step": "P5D",
    "platforms": ("sentinel-2a", "sentinel-2b"),
    "constellation": "sentinel-2",
    "instruments": ("msi",),
    "properties": {
        "eo:cloud_cover": (0, 100),
        "platform": ("sentinel-2a", "sentinel-2b"),
    },
    "extensions": (
        "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
        "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    ),
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
    bands=(*(band for band in _SPECTRAL if band.name != "B10"), _SCL_BAND, *_ANGLES),
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
    bands=(*_SPECTRAL, *_ANGLES),
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
    metres=10.0,
    degrees=0.0001,
    utm=True,
    step="P3D",
    platforms=("sentinel-1a", "sentinel-1b"),
    constellation="sentinel-1",
    instruments=("c-sar",),
    properties={
        "sat:orbit_state": ("ascending", "descending"),
        "platform": ("sentinel-1a", "sentinel-1b"),
    },
    summaries={
        "processing:level": ["L1"],
        "sar:product_type": ["GRD"],
        "sar:instrument_mode": ["IW"],
        "sar:frequency_band": ["C"],
        "sar:center_frequency": [5.405],
        "sar:polarizations": ["VV", "VH"],
    },
    extensions=(
        "https://stac-extensions.github.io/sar/v1.0.0/schema.json",
        "https://stac-extensions.github.io/sat/v1.0.0/schema.json",
    ),
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
    extensions=("https://stac-extensions.github.io/classification/v2.0.0/schema.json",),
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
    bbox=(-180.0, -85.0, 180.0, 85.0),
    interval=("1980-01-01T00:00:00Z", WORLD_END),
    metres=10_000.0,
    degrees=0.1,
    utm=False,
    step="P1D",
)

PRODUCTS: Final[Mapping[str, Product]] = MappingProxyType(
    {item.id: item for item in (_L2A, _L1C, _GRD, _COVER, _ELEVATION, _TEMPERATURE)}
)
"""Every product of the world by the name that a profile calls it."""


def product(name: str, options: Mapping[str, Any] | None = None) -> Product:
    """A product as one collection offers it, restricted by the collection's options.

    Options: `bands` (names, in their order), `spatial_extent` ([west, south, east,
    north]), `temporal_extent` ([start, end], null for the product's own end), `title`,
    `description`. Raises ValueError that says what is possible.
    """
    if name not in PRODUCTS:
        raise ValueError(f"there is no product {name!r}; there are {', '.join(PRODUCTS)}")
    found = PRODUCTS[name]
    given = options or {}
    return replace(
        found,
        bands=_chosen(found, given.get("bands")),
        bbox=_box(found, given.get("spatial_extent")),
        interval=_interval(found, given.get("temporal_extent")),
        title=given.get("title") or found.title,
        description=given.get("description") or found.description,
    )


def _chosen(found: Product, names: Any) -> tuple[Band, ...]:
    if names is None:
        return found.bands
    bands = {band.name: band for band in found.bands}
    unknown = [str(name) for name in names if name not in bands]
    if unknown or not names:
        raise ValueError(f"bands of {found.id} are {', '.join(bands)}, not {', '.join(unknown)}")
    return tuple(bands[name] for name in names)


def _box(found: Product, box: Any) -> tuple[float, float, float, float]:
    if box is None:
        return found.bbox
    west, south, east, north = (float(value) for value in box)
    clipped = (
        max(west, found.bbox[0]),
        max(south, found.bbox[1]),
        min(east, found.bbox[2]),
        min(north, found.bbox[3]),
    )
    if clipped[0] >= clipped[2] or clipped[1] >= clipped[3]:
        raise ValueError(f"spatial_extent {box} has nothing in common with {list(found.bbox)}")
    return clipped


def _interval(found: Product, interval: Any) -> tuple[str, str]:
    if interval is None:
        return found.interval
    start, end = (None if value is None else _moment(value) for value in interval)
    first = max(found.interval[0], start or found.interval[0])
    last = min(found.interval[1], end or found.interval[1])
    if first >= last:
        raise ValueError(f"temporal_extent {interval} is outside {list(found.interval)}")
    return first, last


def _moment(value: Any) -> str:
    """A date as YAML reads it (text or date), written as the interval's strings are."""
    text = str(value).replace(" ", "T").replace("+00:00", "Z")
    return text if "T" in text else f"{text}T00:00:00Z"
