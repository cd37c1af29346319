"""Checks of processes on cubes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from scripts.process_checks.checks import check
from scripts.process_checks.execution import Runner, alike, callback, cube_of, of

VALUES: Final = np.arange(2 * 2 * 4 * 6, dtype=np.float32).reshape(2, 2, 4, 6)
CUBE: Final = cube_of(VALUES, t=["2024-01-01", "2024-02-01"], bands=["B04", "B08"])
PLANE: Final = CUBE.isel(t=0, bands=0, drop=True)
BOX: Final = {
    "west": 500_000,
    "east": 500_020,
    "south": 5_199_980,
    "north": 5_200_000,
    "crs": 32633,
}
MEAN: Final = callback("mean", data=of("data"))


def geojson(side: float = 20) -> dict[str, Any]:
    """A square at the upper left corner of the cubes."""
    ring = [
        [500_000 + x, 5_200_000 - y]
        for x, y in ((0, 0), (side, 0), (side, side), (0, side), (0, 0))
    ]
    crs = {"type": "name", "properties": {"name": "EPSG:32633"}}
    return {"type": "Polygon", "coordinates": [ring], "crs": crs}


def _outside_missing() -> Any:
    expected = np.full_like(VALUES, np.nan)
    expected[..., :2, :2] = VALUES[..., :2, :2]
    return expected


@check("add_dimension", "a new dimension with one label")
def _add_dimension(run: Runner) -> bool:
    result = run("add_dimension", data=PLANE, name="bands", label="B01", type="bands")
    return result.sizes["bands"] == 1 and alike(result.bands.values.tolist(), ["B01"])


@check("aggregate_spatial", "the mean of a polygon's pixels")
def _aggregate_spatial(run: Runner) -> bool:
    result = run("aggregate_spatial", data=CUBE, geometries=geojson(), reducer=MEAN)
    return result.dims[0] == "geometries" and alike(
        result.isel(geometries=0), VALUES[..., :2, :2].mean((2, 3))
    )


@check("aggregate_temporal", "the mean of an interval")
def _aggregate_temporal(run: Runner) -> bool:
    intervals = [["2024-01-01", "2025-01-01"]]
    result = run("aggregate_temporal", data=CUBE, intervals=intervals, reducer=MEAN)
    return alike(result, VALUES.mean(0)[np.newaxis])


@check("aggregate_temporal_period", "the mean of each month")
def _aggregate_temporal_period(run: Runner) -> bool:
    result = run("aggregate_temporal_period", data=CUBE, period="month", reducer=MEAN)
    return alike(result, VALUES) and result.t.values.tolist() == ["2024-01", "2024-02"]


@check("apply", "each pixel doubled")
def _apply(run: Runner) -> bool:
    result = run("apply", data=CUBE, process=callback("multiply", x=of("x"), y=2))
    return alike(result, VALUES * 2) and result.rio.crs == CUBE.rio.crs


@check("apply_dimension", "running sums in time")
def _apply_dimension(run: Runner) -> bool:
    process = callback("cumsum", data=of("data"))
    return alike(
        run("apply_dimension", data=CUBE, dimension="t", process=process), VALUES.cumsum(0)
    )


@check("apply_kernel", "each pixel from its right neighbour")
def _apply_kernel(run: Runner) -> bool:
    result = run("apply_kernel", data=PLANE, kernel=[[1, 0, 0]])
    expected = np.pad(VALUES[0, 0, :, 1:], ((0, 0), (0, 1)))
    return alike(result, expected)


@check("apply_neighborhood", "each window less its mean")
def _apply_neighborhood(run: Runner) -> bool:
    process = {
        "process_graph": {
            "mean": {
                "process_id": "reduce_spatial",
                "arguments": {"data": of("data"), "reducer": MEAN},
            },
            "merge": {
                "process_id": "merge_cubes",
                "arguments": {
                    "cube1": of("data"),
                    "cube2": {"from_node": "mean"},
                    "overlap_resolver": callback("subtract", x=of("x"), y=of("y")),
                },
                "result": True,
            },
        }
    }
    size = [{"dimension": name, "value": 2, "unit": "px"} for name in ("x", "y")]
    windows = VALUES.reshape(2, 2, 2, 2, 3, 2)
    expected = (windows - windows.mean((3, 5), keepdims=True)).reshape(VALUES.shape)
    return alike(run("apply_neighborhood", data=CUBE, size=size, process=process), expected)


@check("apply_polygon", "the pixels of a polygon, no-data around it")
def _apply_polygon(run: Runner) -> bool:
    process = callback("apply", data=of("data"), process=callback("absolute", x=of("x")))
    result = run("apply_polygon", data=CUBE, polygons=geojson(), process=process)
    return alike(result, _outside_missing())


@check("dimension_labels", "the names of the bands")
def _dimension_labels(run: Runner) -> bool:
    return alike(run("dimension_labels", data=CUBE, dimension="bands"), ["B04", "B08"])


@check("drop_dimension", "a dimension of one label less")
def _drop_dimension(run: Runner) -> bool:
    result = run("drop_dimension", data=CUBE.isel(t=[0]), name="t")
    return alike(result, VALUES[0])


@check("filter_bands", "one band by its common name")
def _filter_bands(run: Runner) -> bool:
    return alike(run("filter_bands", data=CUBE, bands=["nir"]), VALUES[:, 1:])


@check("filter_bbox", "the pixels in a box")
def _filter_bbox(run: Runner) -> bool:
    return alike(run("filter_bbox", data=CUBE, extent=BOX), VALUES[..., :2, :2])


@check("filter_labels", "one label by a condition")
def _filter_labels(run: Runner) -> bool:
    condition = callback("eq", x=of("value"), y="B08")
    result = run("filter_labels", data=CUBE, condition=condition, dimension="bands")
    return alike(result, VALUES[:, 1:])


@check("filter_spatial", "the pixels of a polygon")
def _filter_spatial(run: Runner) -> bool:
    return alike(run("filter_spatial", data=CUBE, geometries=geojson()), VALUES[..., :2, :2])


@check("filter_temporal", "the dates of a half-open interval")
def _filter_temporal(run: Runner) -> bool:
    extent = ["2024-01-01", "2024-02-01"]
    return alike(run("filter_temporal", data=CUBE, extent=extent), VALUES[:1])


@check("mask", "no-data where another cube is not zero")
def _mask(run: Runner) -> bool:
    holes = cube_of((VALUES[0, 0] > 5).astype(float))
    return alike(
        run("mask", data=PLANE, mask=holes), np.where(VALUES[0, 0] > 5, np.nan, VALUES[0, 0])
    )


@check("mask_polygon", "no-data outside of a polygon")
def _mask_polygon(run: Runner) -> bool:
    return alike(run("mask_polygon", data=CUBE, mask=geojson()), _outside_missing())


@check("merge_cubes", "the sum where cubes overlap")
def _merge_cubes(run: Runner) -> bool:
    resolver = callback("add", x=of("x"), y=of("y"))
    result = run("merge_cubes", cube1=CUBE, cube2=CUBE, overlap_resolver=resolver)
    return alike(result, VALUES * 2)


@check("ndvi", "(nir - red) / (nir + red) of bands found by common name")
def _ndvi(run: Runner) -> bool:
    red, nir = VALUES[:, 0], VALUES[:, 1]
    return alike(run("ndvi", data=CUBE), (nir - red) / (nir + red))


@check("reduce_dimension", "the mean in time")
def _reduce_dimension(run: Runner) -> bool:
    return alike(run("reduce_dimension", data=CUBE, dimension="t", reducer=MEAN), VALUES.mean(0))


@check("reduce_spatial", "the mean of each image")
def _reduce_spatial(run: Runner) -> bool:
    return alike(run("reduce_spatial", data=CUBE, reducer=MEAN), VALUES.mean((2, 3)))


@check("rename_dimension", "the bands under another name")
def _rename_dimension(run: Runner) -> bool:
    result = run("rename_dimension", data=CUBE, source="bands", target="layers")
    return result.dims == ("t", "layers", "y", "x") and alike(result, VALUES)


@check("rename_labels", "bands with other names")
def _rename_labels(run: Runner) -> bool:
    result = run("rename_labels", data=CUBE, dimension="bands", target=["red", "nir"])
    return alike(result.bands.values.tolist(), ["red", "nir"]) and alike(result, VALUES)


@check("resample_cube_spatial", "the grid of another cube")
def _resample_cube_spatial(run: Runner) -> bool:
    target = PLANE.isel(x=slice(1, 4), y=slice(0, 2))
    result = run("resample_cube_spatial", data=PLANE, target=target)
    return alike(result, VALUES[0, 0, :2, 1:4])


@check("resample_cube_temporal", "the nearest dates of another cube")
def _resample_cube_temporal(run: Runner) -> bool:
    target = cube_of(VALUES[:1, 0], t=["2024-01-30"])
    return alike(run("resample_cube_temporal", data=CUBE, target=target), VALUES[1:])


@check("resample_spatial", "means of four pixels each")
def _resample_spatial(run: Runner) -> bool:
    result = run("resample_spatial", data=PLANE, resolution=20, method="average")
    return alike(result, VALUES[0, 0].reshape(2, 2, 3, 2).mean((1, 3)))


@check("trim_cube", "labels without data are gone")
def _trim_cube(run: Runner) -> bool:
    return alike(run("trim_cube", data=CUBE.where(CUBE.t == CUBE.t[0])), VALUES[:1])


UDF: Final = """
import xarray
def apply_datacube(cube: xarray.DataArray, context: dict) -> xarray.DataArray:
    return cube.sel(bands="B08") - cube.sel(bands="B04")
"""


@check("run_udf", "bands reduced by name in a confined process")
def _run_udf(run: Runner) -> bool:
    reducer = callback("run_udf", data=of("data"), udf=UDF, runtime="Python")
    result = run("reduce_dimension", data=CUBE, dimension="bands", reducer=reducer)
    return alike(result, VALUES[:, 1] - VALUES[:, 0])
