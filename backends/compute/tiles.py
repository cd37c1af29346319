"""Draws one tile: loads only what it shows, and makes a picture of what the process gives."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import rioxarray  # noqa: F401  gives cubes their `rio`
import xarray as xr
from rasterio.transform import from_bounds

from backends import evaluate, scenes, writers
from backends.environment import Environment
from backends.errors import OpenEOError
from backends.formats import SavedAsset
from backends.loading import LoadRequest
from backends.profile import CollectionSpec
from backends.scenes.extents import read_area
from backends.tiles import EPSG, Tile

PICTURE: Final = "tile.png"
EMPTY: Final = frozenset({"NoDataAvailable", "DataCubeEmpty"})
_CRS: Final = f"EPSG:{EPSG}"
_WORLD: Final = (-180.0, -90.0, 180.0, 90.0)

Load = Callable[[CollectionSpec, LoadRequest], Any]


def draw(
    process: Mapping[str, Any],
    tile: Tile,
    environment: Environment,
    spec_of: Callable[[str], CollectionSpec],
    results: Path,
) -> None:
    """Run the process for the tile's part of the world and leave its picture in ``results``.

    Where there are no data the picture is transparent.
    """

    def load_collection(identifier: str, request: LoadRequest) -> Any:
        return scenes.load(spec_of(identifier), within(tile, request))

    def save_result(value: Any, name: str, options: Mapping[str, Any]) -> list[SavedAsset]:
        wanted = options if name.lower() == "png" else {}
        return [picture(value, tile, wanted, results)]

    own = replace(environment, load_collection=load_collection, save_result=save_result)
    try:
        evaluate.run(dict(process), own)
    except OpenEOError as error:
        if error.code not in EMPTY:
            raise
        picture(_nothing(tile), tile, {}, results)


def within(tile: Tile, request: LoadRequest) -> LoadRequest:
    """The request for the part of its extent that the tile shows, in the tile's own grid."""
    west, south, east, north = tile.bounds
    if request.spatial_extent is not None:
        asked = read_area(request.spatial_extent, _WORLD).bounds_in(_CRS)
        west, south = max(west, asked[0]), max(south, asked[1])
        east, north = min(east, asked[2]), min(north, asked[3])
    if west >= east or south >= north:
        raise OpenEOError("NoDataAvailable", "The tile lies outside of what is loaded.")
    extent = {"west": west, "south": south, "east": east, "north": north, "crs": EPSG}
    return replace(request, spatial_extent=extent, crs=EPSG, resolution=tile.resolution)


def picture(value: Any, tile: Tile, options: Mapping[str, Any], results: Path) -> SavedAsset:
    """Write the picture of a cube: ``options`` are those of the format PNG."""
    if not isinstance(value, xr.DataArray) or not {"x", "y"} <= set(value.dims):
        raise OpenEOError("DataInvalid", "A tile is drawn of a raster cube with x and y.")
    stretch = {"scale_min": tile.minimum, "scale_max": tile.maximum}
    placed = _placed(_latest(value).compute(), tile)
    (saved,) = writers.save(placed, "PNG", {**stretch, **options}, results)
    path = saved.path.replace(results / PICTURE)
    return replace(saved, path=path)


def _latest(cube: xr.DataArray) -> xr.DataArray:
    """Of several dates the latest value of each pixel."""
    if "t" not in cube.dims:
        return cube
    dates = [cube.isel(t=number, drop=True) for number in range(cube.sizes["t"])]
    found = dates.pop()
    while dates:
        found = found.where(found.notnull(), dates.pop())
    return found


def _placed(cube: xr.DataArray, tile: Tile) -> xr.DataArray:
    """The cube on the tile's pixels, nothing around it."""
    others = [name for name in cube.dims if name not in ("y", "x")]
    ordered = cube.transpose(*others, "y", "x")
    crs = ordered.rio.crs
    if crs is not None and crs.to_epsg() == EPSG and _fits(ordered, tile):
        return _aligned(ordered, tile)
    shape = (tile.size, tile.size)
    transform = from_bounds(*tile.bounds, *shape)
    moved: xr.DataArray = ordered.astype("float32").rio.reproject(
        _CRS, shape=shape, transform=transform, nodata=np.nan
    )
    return moved


def _fits(cube: xr.DataArray, tile: Tile) -> bool:
    """Whether the cube's pixels are as large as the tile's."""
    steps = [np.diff(cube[name].to_numpy()) for name in ("x", "y")]
    return all(np.allclose(np.abs(step), tile.resolution, rtol=1e-6) for step in steps)


def _aligned(cube: xr.DataArray, tile: Tile) -> xr.DataArray:
    west, _, _, north = tile.bounds
    columns = np.round((cube["x"].to_numpy() - west) / tile.resolution - 0.5).astype(int)
    rows = np.round((north - cube["y"].to_numpy()) / tile.resolution - 0.5).astype(int)
    inner = (columns >= 0) & (columns < tile.size), (rows >= 0) & (rows < tile.size)
    kept = cube.isel(x=inner[0], y=inner[1])
    grid = _nothing(tile)
    numbered = kept.assign_coords(
        x=grid["x"].to_numpy()[columns[inner[0]]], y=grid["y"].to_numpy()[rows[inner[1]]]
    )
    placed: xr.DataArray = numbered.astype("float32").reindex(x=grid["x"], y=grid["y"])
    located: xr.DataArray = placed.rio.write_crs(_CRS)
    return located


def _nothing(tile: Tile) -> xr.DataArray:
    """The tile's pixels without any value."""
    west, _, _, north = tile.bounds
    steps = (np.arange(tile.size) + 0.5) * tile.resolution
    values = np.full((tile.size, tile.size), np.nan, dtype=np.float32)
    cube = xr.DataArray(values, dims=("y", "x"), coords={"y": north - steps, "x": west + steps})
    located: xr.DataArray = cube.rio.write_crs(_CRS)
    return located
