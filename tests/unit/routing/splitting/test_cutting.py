"""The search for a cut where it may not try everything."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given, settings

from aggregator.routing import Abilities
from aggregator.routing.splitting import Asking, Unsplittable
from aggregator.routing.splitting.cutting import cut
from aggregator.routing.splitting.flow import flow_of
from aggregator.routing.splitting.improving import IMPOSSIBLE, Draft, beginnings, improved
from aggregator.routing.splitting.problem import Problem, problem_of
from aggregator.routing.splitting.survey import survey
from tests.unit.routing.documents import Json, load, node, process, ref
from tests.unit.routing.splitting.members import BOX, YEAR, callback, facts, member, over_time
from tests.unit.routing.splitting.test_properties import FACTS, NAMES, graphs, members

WHAT: Json = {"spatial_extent": BOX, "temporal_extent": YEAR}


def problem(graph: Json, backends: list[Abilities], known: Any = FACTS) -> Problem | None:
    flow = flow_of(graph["process_graph"])
    found = survey(graph, flow, backends, Asking(), known)
    return None if isinstance(found, Unsplittable) else problem_of(found, NAMES, ())


@settings(max_examples=150)
@given(graphs(), members())
def test_what_is_improved_step_by_step_can_be_carried_out_and_is_never_better_than_the_best(
    process: Json, backends: list[Abilities]
) -> None:
    found = problem(process, backends)
    if found is None or found.hopeless:
        return
    best, hurried = cut(found), cut(found, steps=1)
    assert best is None or best.proven
    if hurried is None or best is None:
        event("none in a hurry" if best else "none at all")
        assert hurried is None
        return
    event("as good" if hurried.cost == best.cost else "dearer")
    assert hurried.cost >= best.cost
    # What it says it costs is what the choices of backends cost.
    again = Draft(found, hurried.backends)
    assert (again.cost, again.exits) == (hurried.cost, dict(hurried.exits))


@settings(max_examples=60)
@given(graphs(most=5), members())
def test_a_draft_is_never_made_worse(process: Json, backends: list[Abilities]) -> None:
    found = problem(process, backends)
    if found is None or found.hopeless:
        return
    for draft in beginnings(found):
        assert improved(draft).cost <= draft.cost


def test_a_change_that_needs_several_nodes_is_found() -> None:
    """All on boreal but what only terra has: two results are handed on instead of one."""
    graph = process(
        optical=load("S2", **WHAT),
        one=node("apply", data=ref("optical"), process=callback("eq", "x")),
        two=node("apply", data=ref("one"), process=callback("eq", "x")),
        mean=over_time(ref("two")),
        cover=load("LANDCOVER", **WHAT),
        masked=node("mask", data=ref("cover"), mask=ref("mean")),
    )
    found = problem(graph, [member("terra", "S2"), member("boreal", "LANDCOVER")])
    assert found is not None
    start = dict.fromkeys(graph["process_graph"], "boreal") | {"optical": "terra"}
    draft = Draft(found, start)
    better = improved(draft)
    assert better.cost < draft.cost
    assert [name for name, at in better.backends.items() if at == "terra"] == [
        *("optical", "one", "two", "mean"),
    ]


def test_what_cannot_be_handed_on_is_left_behind_step_by_step() -> None:
    graph = process(
        optical=load("S2", **WHAT),
        zonal=node("aggregate_spatial", data=ref("optical"), geometries={}),
        again=node("filter_bands", data=ref("zonal"), bands=["B04"]),
    )
    terra = member("terra", "S2")
    found = problem(graph, [terra, member("aurora", without=["load_collection"])])
    assert found is not None
    torn = Draft(found, {"optical": "terra", "zonal": "aurora", "again": "terra"})
    assert torn.cost > IMPOSSIBLE
    assert improved(torn).cost < IMPOSSIBLE


def test_a_tree_is_decided_in_as_many_steps_as_it_has_nodes() -> None:
    graph: Json = {}
    ends = []
    for number in range(40):
        graph[f"loaded{number}"] = load(("S1", "S2", "LANDCOVER")[number % 3], **WHAT)
        graph[f"mean{number}"] = over_time(ref(f"loaded{number}"))
        ends.append(f"mean{number}")
    while len(ends) > 1:
        name = f"merged{len(graph)}"
        graph[name] = node("merge_cubes", cube1=ref(ends[0]), cube2=ref(ends[1]))
        ends = [*ends[2:], name]
    backends = [
        member(name, collection)
        for name, collection in zip(NAMES, ("S2", "S1", "LANDCOVER"), strict=True)
    ]
    found = problem(process(**graph), backends, facts("S1", "S2", "LANDCOVER"))
    assert found is not None
    quick = cut(found, steps=len(graph))
    assert quick is not None
    assert quick.proven
