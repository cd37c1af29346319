"""Promises about every plan, held against random graphs over random backends."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from aggregator.routing import Abilities, Plan, decide, read_requirements
from aggregator.routing.splitting import Asking, Unsplittable, split
from aggregator.routing.splitting.cutting import cut
from aggregator.routing.splitting.flow import flow_of
from aggregator.routing.splitting.problem import Problem, problem_of
from aggregator.routing.splitting.survey import Survey, survey
from tests.unit.routing.documents import Json, load, node
from tests.unit.routing.splitting.members import callback, facts, joined, member

NAMES = ("terra", "aurora", "boreal")
COLLECTIONS = ("S1", "S2", "LANDCOVER")
FACTS = facts(*COLLECTIONS)
ONE = ("apply", "ndvi", "aggregate_spatial", "reduce_dimension", "run_udf", "save_result")
TWO = ("mask", "merge_cubes", "resample_cube_spatial")
INPUTS = {"mask": ("data", "mask"), "merge_cubes": ("cube1", "cube2")}


@st.composite
def graphs(draw: st.DrawFn, most: int = 8) -> Json:
    """A valid graph: nodes refer to earlier ones; what nobody reads is mostly merged in the end.

    Its nodes do not always stand in the order in which they depend on each other.
    """
    made = {"n0": _load(draw, "S1"), "n1": _load(draw, "S2")}
    for number in range(2, draw(st.integers(2, most))):
        kind = draw(st.sampled_from(("load", *ONE, *TWO)))
        # Late nodes are read more often, so that there are long ways as well.
        earlier = [{"from_node": other} for other in (*made, *[*made][-2:])]
        if kind == "load":
            made[f"n{number}"] = _load(draw, draw(st.sampled_from(COLLECTIONS)))
        elif kind in TWO:
            names = INPUTS.get(kind, ("data", "target"))
            inputs: Any = {n: draw(st.sampled_from(earlier)) for n in names}
            made[f"n{number}"] = node(kind, **inputs)
        else:
            made[f"n{number}"] = node(kind, data=draw(st.sampled_from(earlier)), **_further(kind))
    read = {source for content in made.values() for source in _sources(content)}
    ends = [name for name in made if name not in read]
    while len(ends) > 1 and draw(st.integers(0, 9)):
        one, two = ({"from_node": name} for name in ends[:2])
        made[f"n{len(made)}"] = node("merge_cubes", cube1=one, cube2=two)
        ends = [*ends[2:], f"n{len(made) - 1}"]
    result = draw(st.sampled_from(ends))
    made[result] = {**made[result], "result": True}
    order = draw(st.permutations(list(made)))
    return {"process_graph": {name: made[name] for name in order}}


def _load(draw: st.DrawFn, name: str) -> Json:
    return load(name, **_wanted(draw))


def _wanted(draw: st.DrawFn) -> Json:
    side = draw(st.sampled_from((0.01, 0.1, 1.0)))
    box = {"west": 5, "south": 50, "east": 5 + side, "north": 50 + side}
    return {"spatial_extent": box, "temporal_extent": ["2024-01-01", "2024-03-01"]}


def _further(kind: str) -> Json:
    if kind == "reduce_dimension":
        return {"dimension": "t", "reducer": callback("mean")}
    return {"process": callback("eq", "x", y=1)} if kind == "apply" else {}


def _sources(content: Json) -> Iterator[str]:
    for value in content["arguments"].values():
        if isinstance(value, dict) and "from_node" in value:
            yield value["from_node"]


FORMATS = (("GTiff", "netCDF"), ("GTiff",), ("netCDF",))


@st.composite
def members(draw: st.DrawFn) -> list[Abilities]:
    """Three backends, each with some of the collections; some processes and formats are lacking."""
    more = st.sets(st.sampled_from(NAMES), max_size=1)
    alone = zip(COLLECTIONS, draw(st.permutations(NAMES)), strict=True)
    holders = {name: {at, *draw(more)} for name, at in alone}
    odd = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(LACKING)), max_size=3))
    return [
        member(
            name,
            *(c for c in COLLECTIONS if name in holders[c]),
            without={process for at, process in odd if at == name},
            online=draw(st.integers(0, 30)) > 0,
            file_formats={
                "input": {name: {} for name in draw(st.sampled_from(FORMATS))},
                "output": {name: {} for name in draw(st.sampled_from(FORMATS))},
            },
        )
        for name in NAMES
    ]


LACKING = ("load_stac", *ONE, *TWO)


@settings(max_examples=150)
@given(graphs(), members())
def test_every_node_is_in_one_part_and_the_parts_give_back_the_graph(
    process: Json, backends: list[Abilities]
) -> None:
    plan = split(process, backends, facts=FACTS)
    if isinstance(plan, Unsplittable):
        event("unsplittable")
        assert plan.obstacles
        return
    event(f"{len(plan.parts)} parts")
    nodes = [name for part in plan.parts for name in part.nodes]
    assert sorted(nodes) == sorted(process["process_graph"])
    assert joined(plan) == process["process_graph"]


@settings(max_examples=150)
@given(graphs(), members())
def test_parts_wait_for_earlier_parts_only_and_have_one_exit(
    process: Json, backends: list[Abilities]
) -> None:
    plan = split(process, backends, facts=FACTS)
    if isinstance(plan, Unsplittable):
        return
    places = {part.id: place for place, part in enumerate(plan.parts)}
    home = {name: part for part in plan.parts for name in part.nodes}
    exits: dict[str, set[str]] = {part.id: set() for part in plan.parts}
    for name, content in process["process_graph"].items():
        for source in _sources(content):
            if home[source] is not home[name]:
                exits[home[source].id].add(source)
                assert places[home[source].id] < places[home[name].id]
                assert home[source].id in home[name].needs
    given_out = exits.pop(plan.last.id)
    assert not given_out
    assert all(len(found) == 1 for found in exits.values())
    assert {e.producer: {e.node} for e in plan.exchanges} == exits


@settings(max_examples=150)
@given(graphs(), members())
def test_no_part_needs_what_its_backend_lacks(process: Json, backends: list[Abilities]) -> None:
    plan = split(process, backends, facts=FACTS)
    if isinstance(plan, Unsplittable):
        return
    by_name = {one.backend: one for one in backends}
    for part in plan.parts:
        needs = read_requirements(part.process)
        assert part.backend in decide(needs, backends, operation="POST /jobs").able
    for exchange in plan.exchanges:
        assert exchange.format.casefold() in (
            by_name[plan.by_id[exchange.producer].backend].output_formats or {}
        )
        for consumer in exchange.consumers:
            reader = by_name[plan.by_id[consumer].backend]
            assert exchange.format.casefold() in (reader.input_formats or {})


@settings(max_examples=100)
@given(graphs(), members())
def test_the_same_is_planned_again_and_nothing_given_is_changed(
    process: Json, backends: list[Abilities]
) -> None:
    before = copy.deepcopy(process)
    plan = split(process, backends, facts=FACTS)
    assert process == before
    assert split(copy.deepcopy(before), backends, facts=FACTS) == plan


@settings(max_examples=100)
@given(graphs(), members())
def test_what_one_backend_can_run_is_one_part_there(
    process: Json, backends: list[Abilities]
) -> None:
    routing = decide(read_requirements(process), backends)
    plan = split(process, backends, facts=FACTS)
    if routing.able:
        assert isinstance(plan, Plan)
        assert [part.backend for part in plan.parts] == [routing.chosen]
        assert plan.last.process == process


@settings(max_examples=200)
@given(graphs(most=5), members())
def test_no_other_way_to_make_parts_of_a_small_graph_is_better(
    process: Json, backends: list[Abilities]
) -> None:
    flow = flow_of(process["process_graph"])
    known = survey(process, flow, backends, Asking(), FACTS)
    if isinstance(known, Unsplittable):
        return
    found = cut(problem_of(known, NAMES, ()))
    cheapest = _cheapest(known, problem_of(known, NAMES, ()))
    event("no way" if cheapest is None else "a way")
    assert (found.cost if found else None) == cheapest
    assert found is None or found.proven


def _cheapest(known: Survey, problem: Problem) -> int | None:
    """The least that any plan costs, from all ways to group the nodes, on all backends."""
    nodes = list(known.flow.order)
    costs = []
    for groups in _partitions(nodes):
        if not _is_plan(known, groups):
            continue
        choices = [
            [b for b in NAMES if all(b in known.able[node] for node in group)] for group in groups
        ]
        for backends in product(*choices):
            cost = _cost(
                known, problem, groups, dict(zip(map(tuple, groups), backends, strict=True))
            )
            if cost is not None:
                costs.append(cost)
    return min(costs, default=None)


def _partitions(nodes: list[str]) -> Iterator[list[list[str]]]:
    if not nodes:
        yield []
        return
    first, *rest = nodes
    for groups in _partitions(rest):
        yield [[first], *groups]
        for place, group in enumerate(groups):
            yield [*groups[:place], [first, *group], *groups[place + 1 :]]


def _is_plan(known: Survey, groups: list[list[str]]) -> bool:
    home = {node: place for place, group in enumerate(groups) for node in group}
    last = {home[node] for node in known.flow.last}
    if len(last) != 1:
        return False
    exits: dict[int, set[str]] = {place: set() for place in range(len(groups))}
    after: dict[int, set[int]] = {place: set() for place in range(len(groups))}
    for source, users in known.flow.users.items():
        for user in users:
            if home[user] != home[source]:
                exits[home[source]].add(source)
                after[home[source]].add(home[user])
    if any(len(found) != (place not in last) for place, found in exits.items()):
        return False
    return not any(_reaches(after, place, place) for place in after)


def _reaches(after: Mapping[int, set[int]], start: int, goal: int) -> bool:
    seen: set[int] = set()
    pending = list(after[start])
    while pending:
        place = pending.pop()
        if place == goal:
            return True
        if place not in seen:
            seen.add(place)
            pending += after[place]
    return False


def _cost(
    known: Survey, problem: Problem, groups: list[list[str]], backends: Mapping[Any, str]
) -> int | None:
    home = {node: tuple(group) for group in groups for node in group}
    cost = sum(problem.part[backends[tuple(group)]] for group in groups)
    cost += problem.tie[backends[home[next(iter(known.flow.last))]]]
    for source, users in known.flow.users.items():
        outside = {home[user] for user in users if home[user] != home[source]}
        if outside:
            there = frozenset(backends[group] for group in outside)
            if not known.format_for(source, backends[home[source]], there):
                return None
            cost += problem.handed[source] * len(outside)
    return cost
