"""`python -m scripts.samples [FOLDER]`: write the sample rasters and their STAC.

The files under `config/samples/reflectance` are what this wrote: three clear dates of two
bands as cloud-optimised GeoTIFFs of some kilobytes each, a STAC item per date and a
static STAC collection with relative links, so that the folder can lie anywhere. Their
pixels are cut from the generated world; to a backend they are files like any others.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pystac
import rasterio
import xarray as xr
from pyproj import Transformer
from rasterio.transform import from_origin
from shapely.geometry import box, mapping

from backends.loading import LoadRequest
from backends.profile import CollectionSpec
from backends.scenes import load

DEFAULT: Final = Path(__file__).parents[2] / "config" / "samples" / "reflectance"
EPSG: Final = 32632
PIXELS: Final = 80
METRES: Final = 100.0
WEST, NORTH = 680_000.0, 5_160_000.0
DATES: Final = 3
NO_DATA: Final = 0

_COG: Final = "image/tiff; application=geotiff; profile=cloud-optimized"
_PROJECTION: Final = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
_RASTER: Final = "https://stac-extensions.github.io/raster/v2.0.0/schema.json"
_EO: Final = "https://stac-extensions.github.io/eo/v2.0.0/schema.json"

BANDS: Final[dict[str, dict[str, Any]]] = {
    "red": {"band": "B04", "center": 0.665, "width": 0.03},
    "nir": {"band": "B08", "center": 0.842, "width": 0.115},
}


def main(folder: Path) -> None:
    """Write everything into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    collection = _collection()
    cube = _clear_dates()
    for index in range(cube.sizes["t"]):
        collection.add_item(_item(cube.isel(t=index), folder))
    collection.update_extent_from_items()
    collection.normalize_hrefs(str(folder))
    collection.save(catalog_type=pystac.CatalogType.SELF_CONTAINED)


def _clear_dates() -> xr.DataArray:
    spec = CollectionSpec("samples", "world", "sentinel2_l2a")
    size = PIXELS * METRES
    extent = {"west": WEST, "south": NORTH - size, "east": WEST + size, "north": NORTH}
    request = LoadRequest(
        spatial_extent={**extent, "crs": EPSG},
        temporal_extent=("2022-05-01", "2022-10-01"),
        bands=tuple(str(band["band"]) for band in BANDS.values()),
        properties={"eo:cloud_cover": lambda cover: cover < 1},
        resolution=METRES,
        crs=EPSG,
    )
    return load(spec, request).isel(t=slice(0, DATES)).compute()


def _item(cube: xr.DataArray, folder: Path) -> pystac.Item:
    date = dt.datetime.fromisoformat(str(cube.t.values)[:10]).replace(hour=10, tzinfo=dt.UTC)
    name = f"reflectance_{date:%Y%m%d}"
    bounds = (WEST, NORTH - PIXELS * METRES, WEST + PIXELS * METRES, NORTH)
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    degrees = [round(value, 6) for value in to_degrees.transform_bounds(*bounds)]
    item = pystac.Item(
        id=name,
        geometry=mapping(box(*degrees)),
        bbox=degrees,
        datetime=date,
        properties={
            "proj:code": f"EPSG:{EPSG}",
            "proj:shape": [PIXELS, PIXELS],
            "proj:transform": [METRES, 0, WEST, 0, -METRES, NORTH],
            "eo:cloud_cover": 0.0,
            "gsd": METRES,
        },
        stac_extensions=[_PROJECTION, _RASTER, _EO],
    )
    for key, band in BANDS.items():
        path = folder / name / f"{name}_{key}.tif"
        _write(path, cube.sel(bands=band["band"]).values)
        item.add_asset(key, _asset(path, key, band))
    return item


def _asset(path: Path, key: str, band: dict[str, Any]) -> pystac.Asset:
    described = {
        "name": key,
        "eo:common_name": key,
        "eo:center_wavelength": band["center"],
        "eo:full_width_half_max": band["width"],
        "data_type": "uint16",
        "nodata": NO_DATA,
        "raster:scale": 0.0001,
    }
    return pystac.Asset(
        href=str(path),
        title=f"Reflectance, {key}",
        media_type=_COG,
        roles=["data"],
        extra_fields={"bands": [described]},
    )


def _write(path: Path, values: npt.NDArray[np.float32]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="COG",
        width=PIXELS,
        height=PIXELS,
        count=1,
        dtype="uint16",
        crs=f"EPSG:{EPSG}",
        transform=from_origin(WEST, NORTH, METRES, METRES),
        nodata=NO_DATA,
        compress="DEFLATE",
        predictor="YES",
    ) as raster:
        raster.write(values.astype("uint16"), 1)


def _collection() -> pystac.Collection:
    whole = pystac.Extent(
        pystac.SpatialExtent([-180, -90, 180, 90]), pystac.TemporalExtent([None, None])
    )
    return pystac.Collection(
        id="reflectance-samples",
        title="Reflectance samples, 100 m",
        description="Three clear dates of red and near-infrared reflectance in the mountains, "
        "as small cloud-optimised GeoTIFFs. Values are reflectance times 10000.",
        extent=whole,
        license="CC0-1.0",
        keywords=["reflectance", "sample", "GeoTIFF"],
        providers=[
            pystac.Provider(
                "Imaginary Earth Programme",
                "Cut from the generated world.",
                [pystac.ProviderRole.PRODUCER],
                "https://example.org/earth",
            )
        ],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT)
