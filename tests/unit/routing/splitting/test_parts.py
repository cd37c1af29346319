"""What stands in the parts of a plan, and what a plan tells of itself."""

from __future__ import annotations

import json

from aggregator.routing.plans import PART_ADDRESS
from tests.unit.routing.documents import load, node, process, ref
from tests.unit.routing.splitting.members import (
    AURORA,
    BOX,
    TERRA,
    WHAT,
    joined,
    member,
    optical_and_radar,
    over_time,
    planned,
    refused,
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
