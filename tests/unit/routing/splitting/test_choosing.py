"""At which backends parts run: what ties them to one, and who is preferred."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.routing import Abilities, Billing, Credit
from aggregator.routing.policies import POLICIES
from aggregator.routing.policies import Facts as Figures
from aggregator.routing.splitting import Asking, Unsplittable, split
from tests.unit.routing.documents import Json, load, node, only, process, ref
from tests.unit.routing.splitting.members import (
    AURORA,
    TERRA,
    WHAT,
    collection,
    facts,
    member,
    optical_and_radar,
    over_time,
    planned,
    refused,
    where,
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


def test_those_are_awaited_without_whom_there_is_no_plan() -> None:
    away = replace(AURORA, online=False)
    idle = replace(member("boreal", "LANDCOVER"), online=False)
    found = split(optical_and_radar(), [TERRA, away, idle], facts=facts("S1", "S2"))
    assert isinstance(found, Unsplittable)
    assert found.awaited == ("aurora",)
    nowhere = optical_and_radar()
    nowhere["process_graph"]["radar"]["arguments"]["bands"] = ["B99"]
    never = split(nowhere, [TERRA, away], facts=facts("S1", "S2"))
    assert isinstance(never, Unsplittable)
    assert never.awaited == ()


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
