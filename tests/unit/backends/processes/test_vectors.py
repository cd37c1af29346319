"""Windows, polygons and vector cubes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.errors import OpenEOError
from backends.writers import save
from tests.fakes.execution import Execution, by, callback, cube_of, of, on_cube

CUBE = cube_of(np.arange(2 * 6 * 5).reshape(2, 6, 5), t=["2024-01-01", "2024-01-11"])
WEST, NORTH = 500_000, 5_200_000


def square(left: float, top: float, side: float) -> list[list[list[float]]]:
    corners = [(0, 0), (side, 0), (side, -side), (0, -side), (0, 0)]
    return [[[WEST + left + x, NORTH - top + y] for x, y in corners]]


def collection(*squares: tuple[float, float, float]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "id": f"s{number}",
            "properties": {"height": number, "list": [number, number + 1]},
            "geometry": {"type": "Polygon", "coordinates": square(*item)},
        }
        for number, item in enumerate(squares)
    ]
    crs = {"type": "name", "properties": {"name": "EPSG:32633"}}
    return {"type": "FeatureCollection", "features": features, "crs": crs}


def degrees(*places: tuple[float, float], side: float = 0.01) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"height": number, "many": [1, 2][: number + 1]},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
                    ],
                },
            }
            for number, (x, y) in enumerate(places)
        ],
    }


def chain(*steps: tuple[str, dict[str, Any]]) -> Any:
    """What a chain of processes over `data` gives."""
    graph: dict[str, Any] = {}
    for number, (process_id, arguments) in enumerate(steps):
        name = "geometries" if process_id == "vector_buffer" else "data"
        given = {name: by(f"n{number - 1}"), **arguments} if number else arguments
        graph[f"n{number}"] = {"process_id": process_id, "arguments": given}
    graph[f"n{len(steps) - 1}"]["result"] = True
    return Execution().run(graph)


def failing(*steps: tuple[str, dict[str, Any]]) -> str:
    with pytest.raises(OpenEOError) as caught:
        chain(*steps)
    return caught.value.code


def first_of_window(**arguments: Any) -> Any:
    process = {
        "process_graph": {
            "mean": {
                "process_id": "reduce_spatial",
                "arguments": {"data": of("data"), "reducer": callback("mean", data=of("data"))},
            },
            "mask": {
                "process_id": "merge_cubes",
                "arguments": {
                    "cube1": of("data"),
                    "cube2": by("mean"),
                    "overlap_resolver": callback("subtract", x=of("x"), y=of("y")),
                },
                "result": True,
            },
        }
    }
    return on_cube(CUBE, "apply_neighborhood", process=process, **arguments)


def test_each_window_is_a_cube_of_its_own() -> None:
    size = [
        {"dimension": "x", "value": 5, "unit": "px"},
        {"dimension": "y", "value": 20, "unit": "m"},
    ]
    result = first_of_window(size=size)
    windows = CUBE.values.reshape(2, 3, 2, 5)
    expected = windows - windows.mean(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(result.values, expected.reshape(2, 6, 5), rtol=1e-6)
    assert result.rio.crs == CUBE.rio.crs


def test_the_overlap_is_seen_and_not_changed() -> None:
    size = [
        {"dimension": "x", "value": 5, "unit": "px"},
        {"dimension": "y", "value": 3, "unit": "px"},
    ]
    overlap = [{"dimension": "y", "value": 10, "unit": "m"}]
    result = first_of_window(size=size, overlap=overlap)
    values = CUBE.values
    means = [values[:, :4].mean(axis=(1, 2)), values[:, 2:].mean(axis=(1, 2))]
    np.testing.assert_allclose(result.values[:, :3], values[:, :3] - means[0][:, None, None])
    np.testing.assert_allclose(result.values[:, 3:], values[:, 3:] - means[1][:, None, None])


def test_windows_in_time_are_durations() -> None:
    process = callback("reduce_dimension", data=of("data"), dimension="t", reducer={})
    arguments = {"size": [{"dimension": "t", "value": "P5D"}], "process": process}
    # Each window of five days has one date.
    process["process_graph"]["reduce_dimension"]["arguments"]["reducer"] = callback(
        "mean", data=of("data")
    )
    with pytest.raises(OpenEOError) as caught:
        on_cube(CUBE, "apply_neighborhood", **arguments)
    assert caught.value.code == "DataCubePropertiesImmutable"


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ([{"dimension": "z", "value": 5, "unit": "px"}], "DimensionNotAvailable"),
        ([{"dimension": "x", "value": "P5D"}], "ProcessParameterInvalid"),
        ([{"dimension": "t", "value": "five"}], "ProcessParameterInvalid"),
        ([{"dimension": "x", "value": -1}], "ProcessParameterInvalid"),
    ],
)
def test_windows_that_cannot_be_are_refused(size: list[Any], code: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        first_of_window(size=size)
    assert caught.value.code == code


def test_polygons_are_computed_one_by_one() -> None:
    process = callback("apply", data=of("data"), process=callback("multiply", x=of("x"), y=-1))
    geojson = collection((0, 0, 20), (30, 30, 20))
    result = on_cube(CUBE, "apply_polygon", polygons=geojson, process=process)
    expected = np.full_like(CUBE.values, np.nan)
    expected[:, :2, :2] = -CUBE.values[:, :2, :2]
    expected[:, 3:5, 3:5] = -CUBE.values[:, 3:5, 3:5]
    np.testing.assert_array_equal(result.values, expected)


def test_polygons_with_pixels_in_common_are_refused() -> None:
    process = callback("apply", data=of("data"), process=callback("absolute", x=of("x")))
    with pytest.raises(OpenEOError) as caught:
        on_cube(
            CUBE, "apply_polygon", polygons=collection((0, 0, 20), (10, 10, 20)), process=process
        )
    assert caught.value.code == "GeometriesOverlap"


def test_polygons_that_only_touch_are_fine() -> None:
    process = callback("apply", data=of("data"), process=callback("absolute", x=of("x")))
    result = on_cube(
        CUBE, "apply_polygon", polygons=collection((0, 0, 20), (20, 0, 20)), process=process
    )
    np.testing.assert_array_equal(result.values[:, :2, :4], CUBE.values[:, :2, :4])


def test_statistics_of_polygons_keep_their_shapes() -> None:
    reducer = callback("mean", data=of("data"))
    result = on_cube(
        CUBE, "aggregate_spatial", geometries=collection((0, 0, 20), (30, 30, 20)), reducer=reducer
    )
    np.testing.assert_array_equal(result.sel(geometries="s0"), CUBE.values[:, :2, :2].mean((1, 2)))
    assert result.geometry.attrs["crs"] == "EPSG:32633"
    assert result.geometry.values[0].area == 400


def test_geojson_becomes_a_vector_cube_with_its_properties() -> None:
    data = degrees((7, 51), (8, 52))
    plain = chain(("load_geojson", {"data": data}))
    assert plain.dims == ("geometries",)
    assert plain.geometry.values[0].bounds == (7, 51, 7.01, 51.01)
    single = chain(("load_geojson", {"data": data, "properties": ["height"]}))
    np.testing.assert_array_equal(single.values, [[0], [1]])
    assert single.properties.values.tolist() == ["height"]
    several = chain(("load_geojson", {"data": data, "properties": ["many"]}))
    np.testing.assert_array_equal(several.values, [[1, np.nan], [1, 2]])


def test_vector_cubes_are_moved_and_buffered_in_metres() -> None:
    load = ("load_geojson", {"data": degrees((15, 47))})
    move = ("vector_reproject", {"projection": 32633})
    moved = chain(load, move)
    west = moved.geometry.values[0].bounds[0]
    assert west == pytest.approx(500_000, abs=1)
    wide = chain(load, move, ("vector_buffer", {"distance": 100}))
    assert wide.geometry.values[0].bounds[0] == pytest.approx(west - 100, abs=1)
    assert failing(load, ("vector_buffer", {"distance": 100})) == "UnitMismatch"
    assert failing(load, ("vector_reproject", {"projection": 1})) == "ProcessParameterInvalid"


@pytest.mark.parametrize(("relation", "left"), [("intersects", [0]), ("disjoint", [1])])
def test_vector_cubes_are_filtered_by_relations(relation: str, left: list[int]) -> None:
    load = ("load_geojson", {"data": degrees((7, 51), (8, 52))})
    here = degrees((7.005, 51.005))
    result = chain(load, ("filter_vector", {"geometries": here, "relation": relation}))
    assert result.geometries.values.tolist() == left


def test_no_geometry_with_the_relation_is_no_data() -> None:
    load = ("load_geojson", {"data": degrees((7, 51))})
    here = degrees((9, 9))
    assert failing(load, ("filter_vector", {"geometries": here})) == "NoDataAvailable"


@pytest.mark.parametrize(
    ("extent", "left"),
    [
        ({"west": 6.9, "south": 50.9, "east": 7.1, "north": 51.1}, [0]),
        ({"west": 6.9, "south": 50.9, "east": 8.1, "north": 52.1}, [0, 1]),
        # It cuts the second.
        ({"west": 6.9, "south": 50.9, "east": 8.005, "north": 52.1}, [0]),
        (
            {
                "west": 200_000,
                "south": 5_000_000,
                "east": 500_000,
                "north": 5_700_000,
                "crs": 32632,
            },
            [0],
        ),
    ],
)
def test_geometries_that_lie_fully_in_a_box_are_kept(
    extent: dict[str, Any], left: list[int]
) -> None:
    load = ("load_geojson", {"data": degrees((7, 51), (8, 52)), "properties": ["height"]})
    result = chain(load, ("filter_bbox", {"extent": extent}))
    assert result.geometries.values.tolist() == left
    assert result.values.tolist() == [[label] for label in left]


def test_no_geometry_fully_in_a_box_is_no_data() -> None:
    load = ("load_geojson", {"data": degrees((7, 51))})
    half = {"west": 6.9, "south": 50.9, "east": 7.005, "north": 51.1}
    assert failing(load, ("filter_bbox", {"extent": half})) == "NoDataAvailable"


def test_random_points_lie_in_their_polygons_and_can_be_repeated() -> None:
    load = ("load_geojson", {"data": degrees((7, 51), (8, 52))})
    one = chain(load, ("vector_to_random_points", {"geometry_count": 5, "seed": 1}))
    two = chain(load, ("vector_to_random_points", {"geometry_count": 5, "seed": 1}))
    polygons = chain(load).geometry.values
    for points, same, polygon in zip(
        one.geometry.values, two.geometry.values, polygons, strict=True
    ):
        assert len(points.geoms) == 5
        assert polygon.contains(points)
        assert points.equals(same)
    loose = chain(load, ("vector_to_random_points", {"total_count": 3, "group": False}))
    assert loose.sizes["geometries"] == 3


def test_regular_points_have_their_distance() -> None:
    load = ("load_geojson", {"data": degrees((7, 51))})
    result = chain(load, ("vector_to_regular_points", {"distance": 0.005}))
    places = sorted((round(p.x, 4), round(p.y, 4)) for p in result.geometry.values[0].geoms)
    assert places == [(7.0025, 51.0025), (7.0025, 51.0075), (7.0075, 51.0025), (7.0075, 51.0075)]
    tiny = ("vector_to_regular_points", {"distance": 1e-9})
    assert failing(load, tiny) == "ProcessParameterInvalid"


def test_vector_cubes_mask_cubes() -> None:
    graph = {
        "load": {
            "process_id": "load_collection",
            "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
        },
        "area": {"process_id": "load_geojson", "arguments": {"data": degrees((15, 46.94), side=1)}},
        "moved": {
            "process_id": "vector_reproject",
            "arguments": {"data": by("area"), "projection": 32633},
        },
        "mask": {
            "process_id": "mask_polygon",
            "arguments": {"data": by("load"), "mask": by("moved")},
            "result": True,
        },
    }
    result = Execution({"cube": CUBE}).run(graph)
    np.testing.assert_array_equal(result.values, CUBE.values)


def test_statistics_of_polygons_are_saved_as_features(tmp_path: Path) -> None:
    reducer = callback("mean", data=of("data"))
    geometries = collection((0, 0, 20), (30, 30, 20))
    result = on_cube(CUBE, "aggregate_spatial", geometries=geometries, reducer=reducer)
    (asset,) = save(result.isel(t=0), "GeoJSON", {}, tmp_path)
    features = json.loads(asset.path.read_text())["features"]
    expected = [CUBE.values[0, :2, :2].mean(), CUBE.values[0, 3:5, 3:5].mean()]
    assert [
        next(v for v in f["properties"].values() if v in expected) for f in features
    ] == expected
    longitude, latitude = features[0]["geometry"]["coordinates"][0][0]
    assert (round(longitude), round(latitude)) == (15, 47)
    assert asset.metadata["bbox"][0] == pytest.approx(15, abs=0.01)


TRIANGLE = [[[0, 0], [1, 1], [1, 0], [0, 0]]]


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": [[["a", "b"], [1, 1], [1, 0], ["a", "b"]]]},
        {"type": "Polygon", "coordinates": [[[float("inf"), 0], [1, 1], [1, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": TRIANGLE, "crs": {"properties": 5}},
        {"type": "Polygon", "coordinates": TRIANGLE, "crs": "EPSG:4326"},
        {"type": "FeatureCollection", "features": [5]},
    ],
)
@pytest.mark.parametrize("process_id", ["load_geojson", "load_url", "filter_spatial"])
def test_malformed_geojson_is_the_users_mistake(process_id: str, geometry: Any) -> None:
    given = {
        "load_geojson": {"data": geometry},
        "load_url": {"url": "https://files.example/a", "format": "GeoJSON"},
        "filter_spatial": {"data": by("load"), "geometries": geometry},
    }
    nothing = {"spatial_extent": None, "temporal_extent": None}
    graph = {
        "load": {"process_id": "load_collection", "arguments": {"id": "cube", **nothing}},
        "node": {"process_id": process_id, "arguments": given[process_id], "result": True},
    }
    with pytest.raises(OpenEOError) as caught:
        Execution({"cube": CUBE}).run(graph, fetch=lambda _url: json.dumps(geometry).encode())
    assert caught.value.status == 400
