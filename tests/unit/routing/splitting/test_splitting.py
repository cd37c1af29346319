"""Where graphs are cut, shown on the graphs that people send."""

from __future__ import annotations

from typing import Any

from aggregator.routing import Plan
from aggregator.routing.splitting import Unsplittable, split
from tests.unit.routing.documents import Json, load, node, process, ref
from tests.unit.routing.splitting.members import (
    AURORA,
    BOREAL,
    TERRA,
    WHAT,
    callback,
    facts,
    handed,
    joined,
    member,
    optical_and_radar,
    over_time,
    planned,
    refused,
    where,
)


def test_optical_and_radar_are_reduced_where_they_are_and_merged_where_more_would_move() -> None:
    plan = planned(optical_and_radar(), [TERRA, AURORA])
    # The optical mean has one band, the radar one has two.
    assert where(plan) == [
        ("terra", ["optical", "ndvi", "optical_mean"]),
        ("aurora", ["radar", "radar_mean", "merged", "save"]),
    ]
    assert plan.parts[0].process == process(
        optical=load("S2", **WHAT),
        ndvi=node("ndvi", data=ref("optical")),
        optical_mean=over_time(ref("ndvi")),
        save_result=node("save_result", data=ref("optical_mean"), format="netCDF"),
    )
    assert plan.last.process == process(
        optical_mean=node("load_stac", url="federation:part:part1"),
        radar=load("S1", **WHAT),
        radar_mean=over_time(ref("radar")),
        merged=node("merge_cubes", cube1=ref("optical_mean"), cube2=ref("radar_mean")),
        save=node("save_result", data=ref("merged"), format="GTiff"),
    )


def test_the_cut_comes_before_what_makes_more_of_the_data() -> None:
    graph = process(
        optical=load("S2", **WHAT, bands=["B04"]),
        finer=node("resample_cube_spatial", data=ref("optical"), target=ref("radar")),
        radar=load("S1", **WHAT),
        merged=node("merge_cubes", cube1=ref("finer"), cube2=ref("radar")),
    )
    plan = planned(graph, [TERRA, AURORA])
    assert where(plan) == [("terra", ["optical"]), ("aurora", ["finer", "radar", "merged"])]


def test_a_mask_from_a_third_backend_comes_as_the_map_that_it_is() -> None:
    graph = process(
        optical=load("S2", **WHAT),
        radar=load("S1", **WHAT),
        both=node("merge_cubes", cube1=ref("optical"), cube2=ref("radar")),
        cover=load("LANDCOVER", **WHAT),
        forest=node("apply", data=ref("cover"), process=callback("eq", "x", y=10)),
        masked=node("mask", data=ref("both"), mask=ref("forest")),
        mean=over_time(ref("masked")),
    )
    plan = planned(graph, [TERRA, AURORA, BOREAL])
    assert where(plan)[:2] == [("aurora", ["radar"]), ("boreal", ["cover", "forest"])]
    assert len(plan.parts) == 3
    assert [len(part.needs) for part in plan.parts] == [0, 0, 2]
    assert joined(plan) == graph["process_graph"]


def test_a_diamond_stays_in_one_part() -> None:
    graph = process(
        optical=load("S2", **WHAT),
        red=node("filter_bands", data=ref("optical"), bands=["B04"]),
        index=node("ndvi", data=ref("optical")),
        again=node("merge_cubes", cube1=ref("red"), cube2=ref("index")),
        mean=over_time(ref("again")),
        radar=load("S1", **WHAT),
        radar_mean=over_time(ref("radar")),
        merged=node("merge_cubes", cube1=ref("mean"), cube2=ref("radar_mean")),
    )
    plan = planned(graph, [TERRA, AURORA])
    assert where(plan)[0] == ("terra", ["optical", "red", "index", "again", "mean"])
    assert handed(plan) == ["mean"]


def test_a_result_that_two_others_read_is_handed_on_once() -> None:
    graph = process(
        optical=load("S2", **WHAT),
        mean=over_time(ref("optical")),
        radar=load("S1", **WHAT),
        one=node("mask", data=ref("radar"), mask=ref("mean")),
        two=node("merge_cubes", cube1=ref("one"), cube2=ref("mean")),
    )
    plan = planned(graph, [TERRA, AURORA])
    assert where(plan) == [("terra", ["optical", "mean"]), ("aurora", ["radar", "one", "two"])]
    loads = [
        name
        for name, content in plan.last.process["process_graph"].items()
        if content["process_id"] == "load_stac"
    ]
    assert loads == ["mean"]


def test_what_would_have_two_exits_becomes_parts_with_one_each_on_the_same_backend() -> None:
    """Only terra can choose bands, and only aurora can mask."""
    terra = member("terra", "S2", without=["mask"])
    aurora = member("aurora", "S1", without=["filter_bands"])
    graph = process(
        loaded=load("S2", **WHAT),
        red=node("filter_bands", data=ref("loaded"), bands=["B04"]),
        infrared=node("filter_bands", data=ref("loaded"), bands=["B08"]),
        radar=load("S1", **WHAT),
        one=node("mask", data=ref("radar"), mask=ref("red")),
        two=node("mask", data=ref("one"), mask=ref("infrared")),
    )
    plan = planned(graph, [terra, aurora])
    assert where(plan) == [
        ("terra", ["loaded"]),
        ("terra", ["red"]),
        ("terra", ["infrared"]),
        ("aurora", ["radar", "one", "two"]),
    ]
    assert [(e.node, e.consumers) for e in plan.exchanges] == [
        ("loaded", ("part2", "part3")),
        ("red", ("part4",)),
        ("infrared", ("part4",)),
    ]


def test_two_exits_are_avoided_where_the_other_backend_can_do_it_as_well() -> None:
    graph = process(
        loaded=load("S2", **WHAT),
        red=node("filter_bands", data=ref("loaded"), bands=["B04"]),
        infrared=node("filter_bands", data=ref("loaded"), bands=["B08"]),
        radar=load("S1", **WHAT),
        one=node("mask", data=ref("radar"), mask=ref("red")),
        two=node("mask", data=ref("one"), mask=ref("infrared")),
    )
    plan = planned(graph, [TERRA, AURORA])
    assert len(plan.parts) == 2
    assert len(plan.exchanges) == 1


def test_a_backend_may_take_two_parts_with_another_in_between() -> None:
    terra = member("terra", "S2", without=["ndvi"])
    boreal = member("boreal", without=["mask"])
    graph = process(
        loaded=load("S2", **WHAT),
        index=node("ndvi", data=ref("loaded")),
        masked=node("mask", data=ref("loaded"), mask=ref("index")),
    )
    plan = planned(graph, [terra, boreal])
    assert where(plan) == [("terra", ["loaded"]), ("boreal", ["index"]), ("terra", ["masked"])]
    assert plan.last.needs == ("part1", "part2")


def test_three_backends_and_three_kinds_of_data_meet_in_one_graph() -> None:
    terra = member("terra", "S2", without=["mask"])
    aurora = member("aurora", "S1", without=["mask"])
    graph = process(
        optical=load("S2", **WHAT),
        optical_mean=over_time(ref("optical")),
        radar=load("S1", **WHAT),
        radar_mean=over_time(ref("radar")),
        both=node("merge_cubes", cube1=ref("optical_mean"), cube2=ref("radar_mean")),
        cover=load("LANDCOVER", **WHAT),
        masked=node("mask", data=ref("both"), mask=ref("cover")),
    )
    plan = planned(graph, [terra, aurora, BOREAL])
    assert [part.backend for part in plan.parts] == ["terra", "aurora", "boreal"]
    assert where(plan)[-1] == ("boreal", ["both", "cover", "masked"])
    assert plan.last.needs == ("part1", "part2")


def test_what_one_backend_can_run_is_one_part() -> None:
    both = member("boreal", "S1", "S2")
    plan = planned(optical_and_radar(), [TERRA, AURORA, both])
    assert [part.backend for part in plan.parts] == ["boreal"]
    assert plan.last.process == optical_and_radar()
    assert plan.exchanges == ()


def test_500_diamonds_are_split_at_once_and_a_graph_beyond_the_limit_is_refused() -> None:
    graph: Json = {"d0": load("S2", **WHAT)}
    for number in range(500):
        graph[f"l{number}"] = node("apply", data=ref(f"d{number}"), process=callback("eq", "x"))
        graph[f"r{number}"] = node("filter_bands", data=ref(f"d{number}"), bands=["B04"])
        sides = {"cube1": ref(f"l{number}"), "cube2": ref(f"r{number}")}
        graph[f"d{number + 1}"] = node("merge_cubes", **sides)  # type: ignore[arg-type]
    graph["radar"] = load("S1", **WHAT)
    graph["all"] = node("merge_cubes", cube1=ref("d500"), cube2=ref("radar"))
    plan = planned(process(**graph), [TERRA, AURORA])
    assert joined(plan).keys() == graph.keys()
    assert len(plan.parts) == 2
    long = {f"n{n}": node("apply", data=ref(f"n{n - 1}")) for n in range(1, 9_999)}
    said = refused(process(n0=load("S2"), **long), [TERRA, AURORA])
    assert said == ["it has 9999 nodes, and processes of at most 2000 are split"]


def test_collections_of_which_nothing_is_known_are_handed_on_only_if_they_must_be() -> None:
    graph = process(
        optical=load("S2", **WHAT),
        radar=load("S1", **WHAT),
        both=node("merge_cubes", cube1=ref("optical"), cube2=ref("radar")),
    )
    known = planned(graph, [TERRA, AURORA], facts=facts("S1"))
    assert handed(known) == ["radar"]
    assert known.exchanges[0].size is not None
    unknown = planned(graph, [TERRA, AURORA], facts=None)
    assert unknown.size is None


def test_nobody_has_to_be_asked_for_nothing() -> None:
    found: Any = split(optical_and_radar(), [])
    assert isinstance(found, Unsplittable)
    assert not isinstance(found, Plan)
