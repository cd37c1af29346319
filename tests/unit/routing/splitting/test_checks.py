"""Plans are held against the ordinary rules, whoever made them."""

from __future__ import annotations

from dataclasses import replace

from aggregator.routing import Part, Plan
from aggregator.routing.splitting import Asking
from aggregator.routing.splitting.checks import objections
from tests.unit.routing.documents import load, node, process, ref
from tests.unit.routing.splitting.members import member, planned

GRAPH = process(
    optical=load("S2"),
    radar=load("S1"),
    both=node("merge_cubes", cube1=ref("optical"), cube2=ref("radar")),
)
TERRA, AURORA = member("terra", "S2"), member("aurora", "S1")


def said(plan: Plan, asking: Asking | None = None) -> list[str]:
    return [o.text for o in objections(plan, [TERRA, AURORA], asking or Asking())]


def test_nothing_speaks_against_a_plan_that_splitting_made() -> None:
    assert said(planned(GRAPH, [TERRA, AURORA])) == []


def test_a_part_on_a_backend_that_cannot_run_it_is_found() -> None:
    plan = planned(GRAPH, [TERRA, AURORA])
    assert [part.backend for part in plan.parts] == ["aurora", "terra"]
    moved = replace(plan, parts=(replace(plan.parts[0], backend="terra"), plan.last))
    assert said(moved) == [
        "backend 'terra' cannot run its part: terra has no collection 'S1' (node 'radar')"
    ]


def test_the_endpoint_of_the_request_counts_for_the_last_part_only() -> None:
    listed = {"endpoints": [{"path": "/jobs", "methods": ["POST"]}]}
    only_jobs = member("terra", "S2", capabilities=listed)
    plan = Plan((Part("part1", "terra", ("a",), process(a=load("S2"))),))
    assert not objections(plan, [only_jobs], Asking(operation="POST /jobs"))
    (found,) = objections(plan, [only_jobs], Asking(operation="POST /result"))
    assert found.text == (
        "backend 'terra' cannot run its part: terra does not offer 'POST /result'"
    )
