"""Where graphs are cut, shown on the graphs that people send."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from aggregator.routing import Abilities, Billing, Credit, Plan
from aggregator.routing.plans import PART_ADDRESS
from aggregator.routing.policies import POLICIES
from aggregator.routing.policies import Facts as Figures
from aggregator.routing.splitting import Asking, Unsplittable, split
from tests.unit.routing.documents import Json, load, node, only, process, ref
from tests.unit.routing.splitting.members import (
    BOX,
    YEAR,
    callback,
    collection,
    facts,
    handed,
    joined,
    member,
    over_time,
    planned,
    refused,
    where,
)

WHAT: Json = {"spatial_extent": BOX, "temporal_extent": YEAR}
TERRA, AURORA = member("terra", "S2"), member("aurora", "S1")
BOREAL = member("boreal", "LANDCOVER")


def optical_and_radar(**more: Json) -> Json:
    """The mean of each over a year, merged."""
    return process(
        optical=load("S2", **WHAT),
        ndvi=node("ndvi", data=ref("optical")),
        optical_mean=over_time(ref("ndvi")),
        radar=load("S1", **WHAT),
        radar_mean=over_time(ref("radar")),
        merged=node("merge_cubes", cube1=ref("optical_mean"), cube2=ref("radar_mean")),
        save=node("save_result", data=ref("merged"), format="GTiff"),
        **more,
    )


@pytest.mark.parametrize(("holder", "other"), [("terra", "aurora"), ("aurora", "terra")])
def test_the_last_part_runs_where_the_workspace_is_that_it_exports_to(
    holder: str, other: str
) -> None:
    document = optical_and_radar()
    document["process_graph"]["save"].pop("result")
    arguments: Json = {"data": ref("save"), "workspace": f"{holder}-w-1"}
    export = node("export_workspace", result=True, **arguments)
    document["process_graph"]["export"] = export
    plan = planned(document, [TERRA, AURORA])
    ((first, _), (last, nodes)) = where(plan)
    assert (first, last) == (other, holder)
    assert nodes[-3:] == ["merged", "save", "export"]


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


def test_the_plan_explains_itself() -> None:
    plan = planned(optical_and_radar(), [TERRA, AURORA])
    assert plan.explain() == (
        "This process runs in 2 parts on terra, aurora; 1 result is handed on, about 4.95 MB.\n"
        "\n"
        "  part1  on terra: optical, ndvi, optical_mean\n"
        "           - nowhere else can run 'optical' (collection 'S2')\n"
        "           - hands on the result of 'optical_mean' as netCDF, about 4.95 MB, to part2\n"
        "  part2  on aurora: radar, radar_mean, merged, save\n"
        "           - nowhere else can run 'radar' (collection 'S1')\n"
        "           - reads the results of part1"
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
    assert [len(wave) for wave in plan.waves] == [2, 1]
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


def test_user_defined_functions_run_whole_where_their_runtime_is() -> None:
    aurora = member("aurora", "S1", udf_runtimes={"Python": {"versions": {"3": {}}}})
    terra = member("terra", "S2", udf_runtimes={"R": {"versions": {"4": {}}}})
    code = node("run_udf", data={"from_parameter": "data"}, udf="...", runtime="Python")
    inner = {"process_graph": {"udf": {**code, "result": True}}}
    graph = process(
        optical=load("S2", **WHAT),
        own=node("reduce_dimension", data=ref("optical"), dimension="t", reducer=inner),
    )
    plan = planned(graph, [terra, aurora])
    assert where(plan) == [("terra", ["optical"]), ("aurora", ["own"])]
    assert plan.last.process["process_graph"]["own"] == graph["process_graph"]["own"]


def test_a_graph_that_chooses_a_backend_is_split_accordingly() -> None:
    """Both have S2; the process asks for that of aurora, and only terra can mask."""
    terra, aurora = member("terra", "S2"), member("aurora", "S2", without=["mask"])
    graph = process(
        loaded=load("S2", **WHAT, properties=only("aurora")),
        masked=node("mask", data=ref("loaded"), mask=ref("loaded")),
    )
    plan = planned(graph, [terra, aurora])
    assert where(plan) == [("aurora", ["loaded"]), ("terra", ["masked"])]


def test_a_choice_of_a_backend_that_cannot_do_it_leaves_no_plan() -> None:
    graph = process(loaded=load("S2", properties=only("aurora")), mean=over_time(ref("loaded")))
    said = refused(graph, [TERRA, AURORA])
    assert said == [
        "no backend can run node 'loaded': terra was not asked for: the process asks for backend "
        "'aurora' (node 'loaded'); aurora has no collection 'S2' (node 'loaded')"
    ]


def own_code(runtime: str) -> Json:
    """A mean by a user's code."""
    code = node("run_udf", data={"from_parameter": "data"}, udf="...", runtime=runtime)
    return {"process_graph": {"udf": {**code, "result": True}}}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (
            load("S2", **WHAT, properties=only("terra")),
            load("S2", **WHAT, properties=only("aurora")),
        ),
        (node("load_result", id="terra-1"), node("load_result", id="aurora-1")),
        (
            node("load_uploaded_files", paths=["terra/a.nc"], format="netCDF"),
            node("load_uploaded_files", paths=["aurora/a.nc"], format="netCDF"),
        ),
        (
            load("S2", **{**WHAT, "bands": ["B04"]}),
            load("S2", **{**WHAT, "bands": ["B08"]}),
        ),
    ],
    ids=["the backend chosen", "the job", "the file", "the band"],
)
def test_nodes_that_differ_in_one_respect_only_may_run_at_different_backends(
    one: Json, two: Json
) -> None:
    red, infrared = collection("S2"), collection("S2")
    red["cube:dimensions"]["bands"]["values"] = ["B04"]
    infrared["cube:dimensions"]["bands"]["values"] = ["B08"]
    graph = process(one=one, two=two, both=node("merge_cubes", cube1=ref("one"), cube2=ref("two")))
    both = [member("terra", red), member("aurora", infrared)]
    if "bands" not in one["arguments"]:
        both = [member("terra", "S2"), member("aurora", "S2")]
    plan = planned(graph, both)
    home = {name: part.backend for part in plan.parts for name in part.nodes}
    assert (home["one"], home["two"]) == ("terra", "aurora")


def test_codes_of_two_languages_may_run_at_different_backends() -> None:
    terra = member("terra", "S2", udf_runtimes={"Python": {"versions": {"3": {}}}})
    aurora = member("aurora", "S2", udf_runtimes={"R": {"versions": {"4": {}}}})
    graph = process(
        data=load("S2", **WHAT),
        one=node("apply", data=ref("data"), process=own_code("Python")),
        two=node("apply", data=ref("one"), process=own_code("R")),
        mean=over_time(ref("two")),
    )
    plan = planned(graph, [terra, aurora])
    assert where(plan) == [("terra", ["data", "one"]), ("aurora", ["two", "mean"])]


def test_what_belongs_to_a_job_stays_with_its_backend() -> None:
    graph = process(
        before=node("load_result", id="terra-7"),
        radar=load("S1", **WHAT),
        both=node("merge_cubes", cube1=ref("before"), cube2=ref("radar")),
    )
    plan = planned(graph, [TERRA, AURORA])
    # How large the result of the job is nobody knows, so the radar data move.
    assert where(plan) == [("aurora", ["radar"]), ("terra", ["before", "both"])]


def test_backends_that_are_down_take_no_part() -> None:
    away = replace(member("boreal", "S1", "S2"), online=False)
    assert planned(optical_and_radar(), [away, TERRA, AURORA]).backends == ("terra", "aurora")
    said = refused(optical_and_radar(), [TERRA, replace(AURORA, online=False)])
    assert said == [
        "no backend can run node 'radar': terra has no collection 'S1' (node 'radar'); "
        "aurora is offline"
    ]


def test_where_the_user_can_pay_comes_before_everything_else() -> None:
    terra, aurora, boreal = member("terra", "S2"), member("aurora", "S1"), member("boreal", "S1")
    poor = Billing({"aurora": Credit(needed=2, left=1)}, starts=False)
    plan = planned(optical_and_radar(), [terra, aurora, boreal], asking=Asking(billing=poor))
    assert plan.backends == ("terra", "boreal")
    forced = planned(optical_and_radar(), [terra, aurora], asking=Asking(billing=poor))
    assert forced.backends == ("terra", "aurora")
    starting = replace(poor, starts=True)
    said = refused(optical_and_radar(), [terra, aurora], asking=Asking(billing=starting))
    assert "needs 2 credits, and you have 1 for use there" in said[0]


def test_parts_run_only_where_the_user_is_known() -> None:
    backends = [TERRA, member("boreal", "S1"), AURORA]
    known = Asking(reachable=("terra", "aurora"))
    assert planned(optical_and_radar(), backends, asking=known).backends == ("terra", "aurora")
    said = refused(optical_and_radar(), backends, asking=Asking(reachable=("terra",)))
    assert said == [
        "only aurora or boreal can run node 'radar', and your login does not count there"
    ]


@pytest.mark.parametrize(
    ("asking", "chosen"),
    [
        (Asking(), "aurora"),
        (Asking(facts=Figures(preferred=("boreal",))), "boreal"),
        (
            Asking(
                policy=POLICIES["cheapest"], facts=Figures(costs={"aurora": 2.0, "boreal": 1.0})
            ),
            "boreal",
        ),
    ],
    ids=["the order", "a stated preference", "a policy"],
)
def test_between_equals_the_preferred_backend_decides(asking: Asking, chosen: str) -> None:
    backends = [TERRA, AURORA, member("boreal", "S1")]
    assert planned(optical_and_radar(), backends, asking=asking).last.backend == chosen


def test_all_nodes_that_nobody_reads_are_in_the_last_part() -> None:
    graph = optical_and_radar(
        second=node("save_result", data=ref("radar_mean"), format="netCDF"),
        third=node("save_result", data=ref("optical_mean"), format="netCDF"),
    )
    graph["process_graph"]["save"]["result"] = True
    del graph["process_graph"]["third"]["result"]
    plan = planned(graph, [TERRA, AURORA])
    assert {"save", "second", "third"} <= set(plan.last.nodes)
    assert plan.last.process["process_graph"]["save"]["result"] is True
    assert joined(plan) == graph["process_graph"]


def test_results_of_the_whole_that_no_backend_can_save_together_are_refused() -> None:
    terra = member("terra", "S2", file_formats={"input": {}, "output": {"GTiff": {}, "PNG": {}}})
    graph = process(
        optical=load("S2", **WHAT),
        picture=node("save_result", data=ref("optical"), format="PNG", result=True),
        file=node("save_result", data=ref("optical"), format="netCDF"),
    )
    said = refused(graph, [terra, AURORA])
    assert said[0] == (
        "node 'picture' runs on terra and node 'file' on aurora, but both must run on one backend, "
        "since the last part has all nodes whose result no other node reads"
    )


def test_a_result_in_the_middle_takes_what_follows_it_into_the_last_part() -> None:
    graph = process(
        optical=load("S2", **WHAT),
        mean=over_time(ref("optical")),
        radar=load("S1", **WHAT),
        both=node("merge_cubes", cube1=ref("mean"), cube2=ref("radar"), result=True),
        after=over_time(ref("both")),
        saved=node("save_result", data=ref("after"), format="netCDF"),
    )
    plan = planned(graph, [TERRA, AURORA])
    assert {"both", "after", "saved"} <= set(plan.last.nodes)


def test_parameters_that_a_process_declares_go_with_every_part() -> None:
    declared = [{"name": "where", "schema": {}, "default": BOX}]
    graph = optical_and_radar()
    for name in ("optical", "radar"):
        graph["process_graph"][name]["arguments"]["spatial_extent"] = {"from_parameter": "where"}
    plan = planned({**graph, "parameters": declared, "id": "mine"}, [TERRA, AURORA])
    assert [part.process["parameters"] for part in plan.parts] == [declared, declared]
    assert plan.size == 1112 * 1112 * 4, "the default counts"


def test_ids_that_a_part_gets_are_of_no_other_node() -> None:
    graph = optical_and_radar()
    nodes = graph["process_graph"]
    nodes["save_result"] = nodes.pop("optical_mean")
    nodes["merged"]["arguments"]["cube1"] = ref("save_result")
    plan = planned(graph, [TERRA, AURORA])
    first = plan.parts[0].process["process_graph"]
    assert list(first) == ["optical", "ndvi", "save_result", "save_result_"]
    assert joined(plan) == nodes


def test_a_request_for_one_backend_is_not_split() -> None:
    said = refused(optical_and_radar(), [TERRA, AURORA], asking=Asking(explicit="terra"))
    assert said == ["the request asks for backend 'terra', which is to run all of it"]


def test_the_last_part_is_for_the_endpoint_of_the_request_and_the_others_for_jobs() -> None:
    jobs = ["POST /jobs", "POST /jobs/{job_id}/results", "GET /jobs/{job_id}/results"]
    now = Asking(operation="POST /result")
    # Less would move towards aurora.
    plan = planned(
        optical_and_radar(),
        [offering("terra", "S2", [*jobs, "POST /result"]), offering("aurora", "S1", jobs)],
        asking=now,
    )
    assert plan.backends == ("aurora", "terra")
    said = refused(
        optical_and_radar(),
        [offering("terra", "S2", ["POST /result"]), offering("aurora", "S1", ["POST /result"])],
        asking=now,
    )
    assert "backend 'terra' cannot hand on results: it does not offer 'POST /jobs'" in said


def offering(name: str, collection_id: str, operations: list[str]) -> Abilities:
    """A backend with some endpoints only."""
    listed = [
        {"path": path, "methods": [method]}
        for method, path in (operation.split() for operation in operations)
    ]
    return member(name, collection_id, capabilities={"endpoints": listed})


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


def test_a_placeholder_in_the_graph_of_a_user_is_refused() -> None:
    graph = optical_and_radar()
    graph["process_graph"]["radar"] = node("load_stac", url=f"{PART_ADDRESS}part1")
    assert refused(graph, [TERRA, AURORA]) == [
        "node 'radar' reads 'federation:part:part1', which is no address"
    ]


def test_a_plan_is_data() -> None:
    plan = planned(optical_and_radar(), [TERRA, AURORA])
    document = json.loads(json.dumps(plan.as_json()))
    assert document["size"] == 1112 * 1112 * 4
    assert document["exchanges"] == [
        {
            "node": "optical_mean",
            "producer": "part1",
            "consumers": ["part2"],
            "format": "netCDF",
            "size": 1112 * 1112 * 4,
        }
    ]


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
