"""How large the result of a node is taken to be, process by process."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.routing import abilities_of
from aggregator.routing.splitting import facts_of
from aggregator.routing.splitting.cubes import Cube
from aggregator.routing.splitting.flow import flow_of
from aggregator.routing.splitting.measuring import cubes_of
from tests.unit.routing.documents import Json, load, node, process, ref
from tests.unit.routing.splitting.members import BOX, YEAR, callback, collection, over_time

PIXELS = 1112 * 1112
DATES = 73
"""Every five days of a year."""

DATA = load("S2", spatial_extent=BOX, temporal_extent=YEAR)
OTHER = load("S1", spatial_extent=BOX, temporal_extent=YEAR)
AREAS = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    ]
    * 7,
}


def cube(data: Json = DATA, *, known: Any = None, **nodes: Json) -> Cube:
    """The cube of the last of some nodes over loaded data, which is called `data`."""
    graph = process(data=data, other=OTHER, **nodes)["process_graph"]
    facts = {name: {"terra": facts_of(collection(name))} for name in ("S1", "S2", "LANDCOVER")}
    terra = abilities_of(
        "terra",
        processes=[
            {"id": "own", "returns": {"schema": {"type": "object", "subtype": "raster-cube"}}},
            {"id": "sum", "returns": {"schema": {"type": "number"}}},
        ],
    )
    found = cubes_of(flow_of(graph), dict.fromkeys(graph, (terra,)), known or facts, {})
    return found[list(nodes)[-1] if nodes else "data"]


def size(data: Json = DATA, **nodes: Json) -> int | None:
    return cube(data, **nodes).size


def test_what_is_loaded_has_pixels_by_the_box_bands_and_dates() -> None:
    assert size() == PIXELS * DATES * 2 * 4


@pytest.mark.parametrize(
    ("more", "values"),
    [
        ({"bands": ["B04"]}, PIXELS * DATES),
        ({"temporal_extent": ["2023-01-01", "2023-01-02"]}, PIXELS * 2),
        ({"temporal_extent": [None, None]}, None),
        ({"temporal_extent": ["2015-01-01", "2016-01-11"]}, PIXELS * 2 * 2),
        ({"spatial_extent": {**BOX, "east": 10.05}}, 556 * 1112 * DATES * 2),
        (
            {"spatial_extent": {"type": "Point", "coordinates": [10, 0]}},
            1 * DATES * 2,
        ),
        (
            {
                "spatial_extent": {
                    "west": 500_000,
                    "south": 0,
                    "east": 501_000,
                    "north": 2_000,
                    "crs": 32632,
                }
            },
            100 * 200 * DATES * 2,
        ),
        (
            {
                "spatial_extent": {
                    "west": 500_000,
                    "south": 0,
                    "east": 501_000,
                    "north": 2_000,
                    "crs": "EPSG:32632",
                }
            },
            100 * 200 * DATES * 2,
        ),
    ],
    ids=["one band", "a day", "no end", "before it began", "half", "a point", "metres", "by name"],
)
def test_arguments_of_loading_restrict_the_size(more: Json, values: int | None) -> None:
    found = size(load("S2", **{"spatial_extent": BOX, "temporal_extent": YEAR, **more}))
    assert found == (None if values is None else values * 4)


def test_pixels_get_more_towards_the_poles_only_where_they_are_counted_in_degrees() -> None:
    north = {"west": 10.0, "south": 59.95, "east": 10.1, "north": 60.05}
    in_metres = load("S2", spatial_extent=north, temporal_extent=YEAR)
    assert size(in_metres) == 556 * 1112 * DATES * 2 * 4
    degrees = collection("S2")
    for axis in ("x", "y"):
        degrees["cube:dimensions"][axis]["step"] = 0.0001
    found = cube(in_metres, known={"S2": {"terra": facts_of(degrees)}})
    assert found.size == 1000 * 1000 * DATES * 2 * 4


@pytest.mark.parametrize(
    ("what", "values"),
    [
        (
            node("filter_bbox", data=ref("data"), extent={**BOX, "north": 0.05}),
            PIXELS * DATES,
        ),
        (node("filter_bands", data=ref("data"), bands=["B08"]), PIXELS * DATES),
        (
            node("filter_temporal", data=ref("data"), extent=["2023-01-01", "2023-02-01"]),
            PIXELS * 7 * 2,
        ),
        (over_time(ref("data")), PIXELS * 2),
        (
            node("reduce_dimension", data=ref("data"), dimension="bands", reducer={}),
            PIXELS * DATES,
        ),
        (
            node("aggregate_temporal_period", data=ref("data"), period="month", reducer={}),
            PIXELS * 15 * 2,
        ),
        (
            node("aggregate_temporal", data=ref("data"), intervals=[["2023", "2024"]], reducer={}),
            PIXELS * 2,
        ),
        (node("resample_spatial", data=ref("data"), resolution=100), 112 * 112 * DATES * 2),
        (
            node("resample_spatial", data=ref("data"), resolution=0.01, projection=4326),
            10 * 10 * DATES * 2,
        ),
        (node("resample_spatial", data=ref("data")), PIXELS * DATES * 2),
        (node("resample_spatial", data=ref("data"), resolution=0), PIXELS * DATES * 2),
        (node("resample_spatial", data=ref("data"), resolution="fine"), None),
        (node("resample_spatial", data=ref("data"), resolution=-10), None),
        (
            node("aggregate_spatial_window", data=ref("data"), size=[2, 4], reducer={}),
            556 * 278 * DATES * 2,
        ),
        (node("ndvi", data=ref("data")), PIXELS * DATES),
        (node("ndvi", data=ref("data"), target_band="NDVI"), PIXELS * DATES * 3),
        (node("mask", data=ref("data"), mask=ref("other")), PIXELS * DATES * 2),
        (node("apply", data=ref("data"), process={}), PIXELS * DATES * 2),
        (
            node("merge_cubes", cube1=ref("data"), cube2=ref("other")),
            PIXELS * DATES * 4,
        ),
        (node("merge_cubes", cube1=ref("data"), cube2=ref("data")), PIXELS * DATES * 2),
        (node("resample_cube_spatial", data=ref("data"), target=ref("other")), PIXELS * DATES * 2),
        (
            node("add_dimension", data=ref("data"), name="depth", label="1", type="other"),
            None,
        ),
        (node("unheard_of", data=ref("data")), None),
    ],
    ids=lambda value: value.get("process_id") if isinstance(value, dict) else "",
)
def test_each_process_has_its_effect_on_the_size(what: Json, values: int | None) -> None:
    assert size(what=what) == (None if values is None else values * 4)


def test_dates_of_merged_cubes_add_up_unless_they_are_the_same() -> None:
    later = node("filter_temporal", data=ref("other"), extent=["2023-06-01", "2023-06-11"])
    merged = node("merge_cubes", cube1=ref("data"), cube2=ref("later"))
    assert size(later=later, merged=merged) == PIXELS * (DATES + 3) * 4 * 4, (
        "two, and one that may be more"
    )


def test_an_added_dimension_has_one_label_of_its_type() -> None:
    added = node("add_dimension", data=ref("mean"), name="t", label="2023", type="temporal")
    found = cube(mean=over_time(ref("data")), added=added)
    assert found.size == PIXELS * 2 * 4
    assert (found.dimensions or {})["t"] == "temporal"


def test_a_merged_cube_has_the_dates_of_the_one_that_has_any() -> None:
    merged = node("merge_cubes", cube1=ref("mean"), cube2=ref("data"))
    assert size(mean=over_time(ref("other")), merged=merged) == PIXELS * DATES * 4 * 4


def test_a_merged_cube_covers_both_areas() -> None:
    east = node("filter_bbox", data=ref("other"), extent={**BOX, "west": 10.05})
    west = node("filter_bbox", data=ref("data"), extent={**BOX, "east": 10.05})
    merged = node("merge_cubes", cube1=ref("left"), cube2=ref("right"))
    assert size(left=west, right=east, merged=merged) == PIXELS * DATES * 4 * 4


def test_zonal_statistics_are_small() -> None:
    found = cube(zonal=node("aggregate_spatial", data=ref("data"), geometries=AREAS, reducer={}))
    assert found.kind == "vector"
    assert found.dimensions == {"geometries": "geometry", "t": "temporal", "bands": "bands"}
    assert found.size == 7 * DATES * 2 * 4 + 7 * 1000


def test_geometries_from_another_node_are_counted_there() -> None:
    found = cube(
        areas=node("load_geojson", data=AREAS),
        zonal=node("aggregate_spatial", data=ref("data"), geometries=ref("areas"), reducer={}),
    )
    assert found.geometries == 7


def test_what_a_reduction_leaves_is_known_even_where_there_was_no_end() -> None:
    endless = load("S2", spatial_extent=BOX)
    assert size(endless) is None
    assert size(endless, mean=over_time(ref("data"))) == PIXELS * 2 * 4


def test_what_comes_from_jobs_and_elsewhere_is_of_unknown_size() -> None:
    assert size(before=node("load_result", id="terra-1")) is None
    assert size(stac=node("load_stac", url="https://example.org")) is None


def test_a_cube_that_lost_its_pixels_is_none_to_be_handed_on() -> None:
    for lost in (
        node("reduce_spatial", data=ref("data"), reducer={}),
        node("reduce_dimension", data=ref("data"), dimension="x", reducer={}),
        node("save_result", data=ref("data"), format="GTiff"),
        node("sum", data=[1, 2]),
    ):
        assert cube(what=lost).kind == "other"
    assert cube(what=node("run_udf", data=ref("data"), udf="", runtime="R")).kind == "unknown"
    assert cube(what=node("own", data=ref("data"))).kind == "raster"


def test_dimensions_are_followed_by_name() -> None:
    found = cube(
        renamed=node("rename_dimension", data=ref("data"), source="t", target="when"),
        mean=node("reduce_dimension", data=ref("renamed"), dimension="when", reducer={}),
    )
    assert found.dimensions == {"x": "spatial", "y": "spatial", "bands": "bands"}
    assert found.size == PIXELS * 2 * 4
    unknown = cube(less=node("reduce_dimension", data=ref("data"), dimension="z", reducer={}))
    assert unknown.dimensions is None
    assert unknown.kind == "raster"


def test_curves_along_time_become_bands() -> None:
    found = cube(
        fitted=node(
            "apply_dimension",
            data=ref("data"),
            process={},
            dimension="t",
            target_dimension="bands",
        )
    )
    assert found.dimensions == {"x": "spatial", "y": "spatial", "bands": "bands"}
    assert found.size is None
    same = node("apply_dimension", data=ref("data"), process={}, dimension="t")
    assert size(same=same) == size()


def test_code_of_users_may_give_any_number_of_labels() -> None:
    code = callback("run_udf", udf="...", runtime="Python")
    what = node("apply_dimension", data=ref("data"), process=code, dimension="t")
    assert size(what=what) is None
    renamed = node("rename_dimension", data=ref("data"), source="t", target="when")
    what = node("apply_dimension", data=ref("renamed"), process=code, dimension="when")
    assert size(renamed=renamed, what=what) is None


def test_a_collection_without_time_has_one_date() -> None:
    still = collection("LANDCOVER")
    del still["cube:dimensions"]["t"]
    found = cube(
        load("LANDCOVER", spatial_extent=BOX), known={"LANDCOVER": {"terra": facts_of(still)}}
    )
    assert found.size == PIXELS * 4


def test_backends_that_disagree_on_dimensions_leave_them_unknown() -> None:
    terra, aurora = abilities_of("terra"), abilities_of("aurora")
    other = collection("S2")
    other["cube:dimensions"]["time"] = other["cube:dimensions"].pop("t")
    known = {"S2": {"terra": facts_of(collection("S2")), "aurora": facts_of(other)}}
    graph = process(data=DATA)["process_graph"]
    both = cubes_of(flow_of(graph), {"data": [terra, aurora]}, known, {})["data"]
    assert both.dimensions is None
    assert both.kind == "raster"
    one = cubes_of(flow_of(graph), {"data": [aurora]}, known, {})["data"]
    assert one.dimensions is not None
    assert "time" in one.dimensions


@pytest.mark.parametrize(
    ("format_", "kind"),
    [("netCDF", "raster"), ("GTiff", "raster"), ("GeoJSON", "vector"), ("??", "unknown")],
)
def test_what_a_file_gives_is_told_by_its_format(format_: str, kind: str) -> None:
    for name in ("load_uploaded_files", "load_url"):
        found = cube(loaded=node(name, format=format_))
        assert (found.kind, found.size) == (kind, None)
    assert cube(loaded=node("load_url", url="https://example.org")).kind == "unknown"
