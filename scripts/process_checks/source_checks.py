"""Checks of what loads, saves and works on geometries."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

from backends.collections import describe
from scripts.process_checks.checks import check
from scripts.process_checks.cube_checks import CUBE, PLANE, VALUES
from scripts.process_checks.execution import Runner, alike, written

SQUARE: Final = {
    "type": "Feature",
    "properties": {"height": 5},
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[15, 47], [15.01, 47], [15.01, 47.01], [15, 47.01], [15, 47]]],
    },
}
URL: Final = "https://files.example/a"


@check("load_collection", "a small part of a collection of the backend, on the dates described")
def _load_collection(run: Runner) -> bool:
    spec = run.profile.collections[0]
    extent = describe(spec)["extent"]
    west, south, east, north = extent["spatial"]["bbox"][0]
    start = extent["temporal"]["interval"][0][0]
    middle = ((west + east) / 2, (south + north) / 2)
    box = dict(zip(("west", "south", "east", "north"), (*middle, *middle), strict=True))
    box["east"], box["north"] = box["east"] + 0.002, box["north"] + 0.002
    end = str(np.datetime64(start[:10]) + np.timedelta64(30, "D"))
    result = run("load_collection", id=spec.id, spatial_extent=box, temporal_extent=[start, end])
    dates = result.t.values
    return (
        result.size > 0
        and result.dims == ("t", "bands", "y", "x")
        and bool((dates >= np.datetime64(start[:10])).all() and (dates < np.datetime64(end)).all())
        and bool(np.isfinite(result.values).any())
    )


@check("save_result", "the cube in the wanted format")
def _save_result(run: Runner) -> bool:
    run("save_result", data=CUBE, format="GTiff")
    ((format_, saved),) = run.saved
    return format_ == "GTiff" and alike(saved, VALUES)


@check("export_workspace", "what was saved, handed to the workspace under the path")
def _export_workspace(run: Runner) -> bool:
    make = {"data": [1, 2]}
    save = {"data": {"from_node": "make"}, "format": "JSON"}
    export = {"data": {"from_node": "save"}, "workspace": "own", "merge": "maps"}
    run.graph(
        {
            "make": {"process_id": "array_create", "arguments": make},
            "save": {"process_id": "save_result", "arguments": save},
            "export": {"process_id": "export_workspace", "arguments": export, "result": True},
        }
    )
    ((saved, workspace, path),) = run.exported
    return (len(saved.assets), workspace, path) == (1, "own", "maps")


@check("create_data_cube", "a cube without dimensions")
def _create_data_cube(run: Runner) -> bool:
    return bool(run("create_data_cube").ndim == 0)


@check("load_stac", "a GeoTIFF behind a STAC item, cut to a band")
def _load_stac(run: Runner) -> bool:
    item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "item",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[14.9, 46.9], [15.1, 46.9], [15.1, 47.1], [14.9, 47.1], [14.9, 46.9]]],
        },
        "bbox": [14.9, 46.9, 15.1, 47.1],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "assets": {
            "data": {
                "href": URL,
                "type": "image/tiff; application=geotiff",
                "bands": [{"name": "B04"}, {"name": "B08"}],
            }
        },
        "links": [],
    }
    run.contents = {
        "https://stac.example/item.json": json.dumps(item).encode(),
        URL: written(CUBE.isel(t=0, drop=True), "GTiff"),
    }
    result = run("load_stac", url="https://stac.example/item.json", bands=["B08"])
    return alike(result, VALUES[:1, 1:]) and result.bands.values.tolist() == ["B08"]


@check("load_url", "a GeoTIFF in the web")
def _load_url(run: Runner) -> bool:
    run.contents = {URL: written(PLANE, "GTiff")}
    return alike(run("load_url", url=URL, format="GTiff"), VALUES[0, :1])


@check("load_uploaded_files", "a netCDF file of the workspace")
def _load_uploaded_files(run: Runner) -> bool:
    run.contents = {"own/file.nc": written(CUBE, "netCDF")}
    return alike(run("load_uploaded_files", paths=["own/file.nc"], format="netCDF"), VALUES)


@check("load_geojson", "a number of each feature")
def _load_geojson(run: Runner) -> bool:
    result = run("load_geojson", data=SQUARE, properties=["height"])
    return result.dims == ("geometries", "properties") and alike(result, np.array([[5.0]]))


def _chain(run: Runner, *steps: tuple[str, dict[str, Any]]) -> Any:
    """Processes on the vector cube of the square, one after the other."""
    graph: dict[str, Any] = {"n0": {"process_id": "load_geojson", "arguments": {"data": SQUARE}}}
    for number, (process, arguments) in enumerate(steps, start=1):
        name = "geometries" if process == "vector_buffer" else "data"
        given = {name: {"from_node": f"n{number - 1}"}, **arguments}
        graph[f"n{number}"] = {"process_id": process, "arguments": given}
    graph[f"n{len(steps)}"]["result"] = True
    return run.graph(graph).geometry.values[0]


@check("filter_vector", "the geometry that meets another one")
def _filter_vector(run: Runner) -> bool:
    found = _chain(run, ("filter_vector", {"geometries": SQUARE, "relation": "equals"}))
    return bool(found.bounds == (15, 47, 15.01, 47.01))


@check("vector_reproject", "metres instead of degrees")
def _vector_reproject(run: Runner) -> bool:
    west = _chain(run, ("vector_reproject", {"projection": 32633})).bounds[0]
    return bool(abs(west - 500_000) < 1)


@check("vector_buffer", "a square 100 m wider on each side")
def _vector_buffer(run: Runner) -> bool:
    move = ("vector_reproject", {"projection": 32633})
    west = _chain(run, move, ("vector_buffer", {"distance": 100})).bounds[0]
    return bool(abs(west - 499_900) < 1)


@check("vector_to_random_points", "five points in the square")
def _vector_to_random_points(run: Runner) -> bool:
    points = _chain(run, ("vector_to_random_points", {"geometry_count": 5, "seed": 7}))
    west, south, east, north = points.bounds
    return len(points.geoms) == 5 and 15 <= west <= east <= 15.01 and 47 <= south <= north <= 47.01


@check("vector_to_regular_points", "four points half a distance inside")
def _vector_to_regular_points(run: Runner) -> bool:
    points = _chain(run, ("vector_to_regular_points", {"distance": 0.005}))
    return len(points.geoms) == 4 and abs(points.bounds[0] - 15.0025) < 1e-9
