"""The bands of the generated world's products, and the classes of those that classify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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

SNOW: Final = (
    (0, "no_snow", "No snow"),
    (1, "snow", "Snow or ice"),
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


SPECTRAL: Final = (
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

ANGLES: Final = (
    Band("sunAzimuthAngles", "Azimuth of the sun, clockwise from north", 5000, unit="degree"),
    Band("sunZenithAngles", "Zenith angle of the sun", 5000, unit="degree"),
    Band("approximateViewAzimuth", "Azimuth of the view, approximately", 5000, unit="degree"),
    Band("viewAzimuthMean", "Mean azimuth of the view", 5000, unit="degree"),
    Band("viewZenithMean", "Mean zenith angle of the view", 5000, unit="degree"),
)

SCL_BAND: Final = Band(
    "SCL", "Scene classification, from the same clouds", 20, data_type="uint8", classes=SCL
)


def _ocean(number: int, common: str | None, wavelength: float, width: float, what: str) -> Band:
    text = f"Top-of-atmosphere reflectance, {what}"
    return Band(f"B{number:02}", text, 300, common, wavelength, width, unit="1")


OLCI: Final = (
    _ocean(1, None, 0.4, 0.015, "aerosol correction, turbidity"),
    _ocean(2, "coastal", 0.4125, 0.01, "yellow substance and detritus"),
    _ocean(3, "coastal", 0.4425, 0.01, "chlorophyll absorption maximum"),
    _ocean(4, "blue", 0.49, 0.01, "high chlorophyll"),
    _ocean(5, "blue", 0.51, 0.01, "chlorophyll, sediment, turbidity"),
    _ocean(6, "green", 0.56, 0.01, "chlorophyll reference"),
    _ocean(7, "yellow", 0.62, 0.01, "sediment loading"),
    _ocean(8, "red", 0.665, 0.01, "chlorophyll, sediment"),
    _ocean(9, "red", 0.67375, 0.0075, "fluorescence retrieval"),
    _ocean(10, "red", 0.68125, 0.0075, "fluorescence peak"),
    _ocean(11, "rededge071", 0.70875, 0.01, "fluorescence baseline"),
    _ocean(12, "rededge075", 0.75375, 0.0075, "oxygen absorption and clouds"),
    _ocean(13, None, 0.76125, 0.0025, "oxygen absorption band"),
    _ocean(14, None, 0.764375, 0.00375, "atmospheric correction"),
    _ocean(15, None, 0.7675, 0.0025, "cloud top pressure"),
    _ocean(16, "rededge078", 0.77875, 0.015, "atmospheric correction"),
    _ocean(17, "nir08", 0.865, 0.02, "clouds, pixel co-registration"),
    _ocean(18, None, 0.885, 0.01, "water vapour reference"),
    _ocean(19, None, 0.9, 0.01, "water vapour absorption"),
    _ocean(20, "nir09", 0.94, 0.02, "water vapour absorption"),
    _ocean(21, None, 1.02, 0.04, "atmospheric correction"),
)

OLCI_ANGLES: Final = (
    Band("SAA", "Azimuth of the sun, clockwise from north", 5000, unit="degree"),
    Band("SZA", "Zenith angle of the sun", 5000, unit="degree"),
    Band("VAA", "Azimuth of the view, clockwise from north", 5000, unit="degree"),
    Band("VZA", "Zenith angle of the view", 5000, unit="degree"),
)

VEGETATION: Final = (
    Band("NDVI", "Normalised difference vegetation index of near infrared and red", 300, unit="1"),
    Band("FAPAR", "Share of photosynthetic light that green leaves absorb", 300, unit="1"),
    Band("LAI", "Area of green leaves per area of ground", 300, unit="1"),
    Band("FCOVER", "Share of the ground that green leaves cover", 300, unit="1"),
)
