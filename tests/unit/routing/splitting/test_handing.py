"""What can be handed on by whom: by processes, endpoints and formats."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.routing.splitting.cubes import Cube
from aggregator.routing.splitting.handing import Handing, hand_of, why_not
from aggregator.routing.splitting.loading import USUAL
from tests.unit.routing.documents import load, node, process, ref
from tests.unit.routing.splitting.members import (
    BOX,
    YEAR,
    collection,
    facts,
    handed,
    member,
    over_time,
    planned,
    refused,
    where,
)

RASTER = Cube("raster", USUAL)
WITHOUT_TIME = Cube("raster", {"x": "spatial", "y": "spatial", "bands": "bands"})
VECTOR = Cube("vector")


def formats(inputs: Any, outputs: Any) -> Any:
    def named(given: Any) -> Any:
        return given if isinstance(given, dict) else {name: {} for name in given}

    return {"input": named(inputs), "output": named(outputs)}


def between(outputs: Any, inputs: Any, cube: Cube = RASTER) -> str | None:
    """The format in which one that writes `outputs` hands on to one that reads `inputs`."""
    hands = {
        "terra": hand_of(member("terra", file_formats=formats([], outputs))),
        "aurora": hand_of(member("aurora", file_formats=formats(inputs, []))),
    }
    return Handing(hands).format_for(cube, "terra", frozenset({"aurora"}))


@pytest.mark.parametrize(
    ("outputs", "inputs", "found"),
    [
        (["GTiff", "netCDF"], ["GTiff", "netCDF"], "netCDF"),
        (["GTiff", "netCDF"], ["GTiff"], "GTiff"),
        (["GTiff"], ["GTiff", "netCDF"], "GTiff"),
        (["NetCDF"], ["netcdf"], "NetCDF"),
        (["COG"], ["GeoTIFF"], "COG"),
        (["netCDF"], ["GTiff"], None),
        (["PNG", "JSON"], ["GTiff", "netCDF"], None),
        (["GTiff", "netCDF"], ["Zarr"], None),
        (["GTiff", "netCDF"], ["GeoJSON"], "GTiff"),
        (["GTiff", "netCDF"], [], "GTiff"),
    ],
)
def test_the_format_is_the_best_that_one_writes_and_the_other_reads(
    outputs: list[str], inputs: list[str], found: str | None
) -> None:
    assert between(outputs, inputs) == found


def test_geotiff_is_for_cubes_of_which_it_keeps_every_dimension() -> None:
    assert between(["GTiff"], ["GTiff"], WITHOUT_TIME) is None
    assert between(["GTiff"], ["GTiff"], Cube("raster")) is None
    assert between(["netCDF"], ["netCDF"], WITHOUT_TIME) == "netCDF"
    assert between(["netCDF"], ["netCDF"], Cube("raster")) == "netCDF"


def test_vector_cubes_go_in_formats_that_both_say_are_for_them() -> None:
    both = {"netCDF": {"gis_data_types": ["raster", "vector"]}}
    rasters = {"netCDF": {"gis_data_types": ["raster"]}}
    assert between(both, both, VECTOR) == "netCDF"
    assert between(both, rasters, VECTOR) is None
    assert between(rasters, both, VECTOR) is None
    assert between(both, ["netCDF"], VECTOR) is None, "it does not say"
    assert between(both, both, Cube("other")) is None
    assert between({"netCDF": {"gis_data_types": ["vector"]}}, ["netCDF"]) is None


def test_what_is_not_published_restricts_nothing() -> None:
    hands = {name: hand_of(member(name, file_formats=None)) for name in ("terra", "aurora")}
    assert Handing(hands).format_for(RASTER, "terra", frozenset({"aurora"})) == "netCDF"


def test_all_who_read_a_result_must_read_its_format() -> None:
    hands = {
        "terra": hand_of(member("terra", file_formats=formats([], ["GTiff", "netCDF"]))),
        "aurora": hand_of(member("aurora", file_formats=formats(["netCDF"], []))),
        "boreal": hand_of(member("boreal", file_formats=formats(["GTiff"], []))),
    }
    handing = Handing(hands)
    assert handing.format_for(RASTER, "terra", frozenset({"aurora", "boreal"})) is None
    assert handing.format_for(RASTER, "terra", frozenset({"boreal"})) == "GTiff"


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        ({"without": ["load_stac"]}, "has no process 'load_stac'"),
        ({"file_formats": formats(["Zarr"], ["netCDF"])}, "reads neither netCDF nor GTiff"),
    ],
)
def test_who_cannot_read_is_told_why(lacking: Any, why: str) -> None:
    assert hand_of(member("terra", **lacking)).cannot_read == why


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        ({"without": ["save_result"]}, "has no process 'save_result'"),
        ({"file_formats": formats(["netCDF"], ["PNG"])}, "writes neither netCDF nor GTiff"),
        (
            {"capabilities": {"endpoints": [{"path": "/result", "methods": ["POST"]}]}},
            "does not offer 'POST /jobs'",
        ),
    ],
)
def test_who_cannot_write_is_told_why(lacking: Any, why: str) -> None:
    assert hand_of(member("terra", **lacking)).cannot_write == why


def test_why_a_cube_is_handed_on_by_nobody() -> None:
    assert why_not(VECTOR) == "is a vector cube, which no backend here can hand on"
    assert why_not(Cube("other")).startswith("is not a data cube of pixels")
    assert why_not(Cube("unknown")).startswith("is not known to be a data cube")


def test_a_graph_is_cut_where_the_receiver_can_read_and_not_elsewhere() -> None:
    """Less would move towards terra, but it cannot be handed anything."""
    graph = process(
        optical=load("S2", spatial_extent=BOX, temporal_extent=YEAR),
        radar=load("S1", spatial_extent=BOX, temporal_extent=YEAR),
        mean=over_time(ref("radar")),
        masked=node("mask", data=ref("optical"), mask=ref("mean")),
    )
    terra, aurora = member("terra", "S2"), member("aurora", "S1")
    assert handed(planned(graph, [terra, aurora])) == ["mean"]
    closed = member("terra", "S2", without=["load_stac"])
    assert handed(planned(graph, [closed, aurora])) == ["optical"]
    said = refused(graph, [closed, member("aurora", "S1", without=["load_stac"])])
    assert said == [
        "node 'optical' runs on terra and node 'radar' on aurora, but both must run on one "
        "backend, since the result of node 'optical' can be handed on in no format that one "
        "backend writes and another reads",
        "backend 'terra' cannot be handed results: it has no process 'load_stac'",
        "backend 'aurora' cannot be handed results: it has no process 'load_stac'",
    ]


def test_a_backend_that_can_hand_results_on_runs_what_a_preferred_one_could_not_hand_on() -> None:
    graph = process(
        optical=load("S2", spatial_extent=BOX, temporal_extent=YEAR),
        radar=load("S1", spatial_extent=BOX, temporal_extent=YEAR),
        both=node("merge_cubes", cube1=ref("radar"), cube2=ref("optical")),
    )
    tiff, netcdf = formats(["GTiff"], ["GTiff"]), formats(["netCDF"], ["netCDF"])
    plan = planned(
        graph,
        [
            member("terra", "S2", without=["merge_cubes"], file_formats=tiff),
            member("aurora", "S2", without=["merge_cubes"], file_formats=netcdf),
            member("boreal", "S1", file_formats=netcdf),
        ],
    )
    assert where(plan) == [("aurora", ["optical"]), ("boreal", ["radar", "both"])]


def test_who_has_no_format_in_common_is_named_also_where_a_third_could_read() -> None:
    graph = process(
        optical=load("S2", spatial_extent=BOX, temporal_extent=YEAR),
        radar=load("S1", spatial_extent=BOX, temporal_extent=YEAR),
        both=node("merge_cubes", cube1=ref("radar"), cube2=ref("optical")),
    )
    tiff, netcdf = formats(["GTiff"], ["GTiff"]), formats(["netCDF"], ["netCDF"])
    assert refused(
        graph,
        [
            member("terra", "S2", without=["merge_cubes"], file_formats=tiff),
            member("aurora", "S1", file_formats=netcdf),
            member("boreal", without=["merge_cubes"], file_formats=tiff),
        ],
    ) == ["the result of node 'optical' (terra) cannot be handed on to node 'both' (aurora)"]


def test_zonal_statistics_are_handed_on_where_formats_are_for_vector_cubes() -> None:
    areas = {"type": "Polygon", "coordinates": []}
    graph = process(
        optical=load("S2", spatial_extent=BOX, temporal_extent=YEAR),
        one=node("aggregate_spatial", data=ref("optical"), geometries=areas),
        radar=load("S1", spatial_extent=BOX, temporal_extent=YEAR),
        two=node("aggregate_spatial", data=ref("radar"), geometries=areas),
        both=node("merge_cubes", cube1=ref("one"), cube2=ref("two")),
    )
    terra, aurora = member("terra", "S2"), member("aurora", "S1")
    pixels = planned(graph, [terra, aurora])
    assert handed(pixels) == ["radar"], "of vector cubes the formats say nothing"
    both = {"netCDF": {"gis_data_types": ["raster", "vector"]}}
    vectors = {"file_formats": {"input": both, "output": both}}
    plan = planned(graph, [member("terra", "S2", **vectors), member("aurora", "S1", **vectors)])
    assert handed(plan) == ["two"]
    assert where(plan) == [("aurora", ["radar", "two"]), ("terra", ["optical", "one", "both"])]


def test_a_vector_cube_that_nobody_hands_on_keeps_its_nodes_together() -> None:
    terra = member("terra", "S2", without=["run_udf", "merge_cubes"])
    aurora = member("aurora", without=["aggregate_spatial"])
    graph = process(
        optical=load("S2", spatial_extent=BOX, temporal_extent=YEAR),
        zonal=node("aggregate_spatial", data=ref("optical"), geometries={}),
        own=node("run_udf", data=ref("zonal"), udf="...", runtime="R"),
    )
    assert refused(graph, [terra, aurora]) == [
        "node 'zonal' runs on terra and node 'own' on aurora, but both must run on one backend, "
        "since the result of node 'zonal' is a vector cube, which no backend here can hand on"
    ]


def test_collections_without_known_dimensions_are_handed_on_as_netcdf_only() -> None:
    bare = {key: value for key, value in collection("S2").items() if key != "cube:dimensions"}
    graph = process(
        optical=load("S2", spatial_extent=BOX, temporal_extent=YEAR),
        radar=load("S1", spatial_extent=BOX, temporal_extent=YEAR),
        both=node("merge_cubes", cube1=ref("radar"), cube2=ref("optical")),
    )
    terra, aurora = member("terra", "S2", without=["merge_cubes"]), member("aurora", "S1")
    plan = planned(graph, [terra, aurora], facts=facts(bare, "S1"))
    assert [(e.node, e.format, e.size) for e in plan.exchanges] == [("optical", "netCDF", None)]
    tiff = {"file_formats": formats(["GTiff"], ["GTiff"])}
    only_tiff = [
        member("terra", "S2", without=["merge_cubes"], **tiff),
        member("aurora", "S1", **tiff),
    ]
    said = refused(graph, only_tiff, facts=facts(bare, "S1"))
    assert "can be handed on in no format that one backend writes and another reads" in said[0]
