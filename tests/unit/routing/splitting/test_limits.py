"""No part is planned that would have to read more of others than backends can load."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.routing.splitting import Asking
from tests.unit.routing.documents import Json, load, node, process, ref
from tests.unit.routing.splitting.members import (
    AURORA,
    BOREAL,
    TERRA,
    WHAT,
    optical_and_radar,
    over_time,
    planned,
    refused,
    where,
)

RADAR = 361_070_848
"""Estimated bytes of a year of one band, of a tenth of a degree each way."""


def merged(radar: Json, **more: Json) -> Json:
    """All dates of two optical bands and of one of radar, merged."""
    return process(
        optical=load("S2", **WHAT),
        radar=load("S1", **WHAT, bands=["VV"]),
        **more,
        merged=node("merge_cubes", cube1=ref("optical"), cube2=radar),
    )


def up_to(largest: int | None) -> Any:
    return Asking(largest=largest)


@pytest.mark.parametrize("largest", [None, RADAR])
def test_a_result_within_the_limit_is_handed_on(largest: int | None) -> None:
    plan = planned(merged(ref("radar")), [TERRA, AURORA], asking=up_to(largest))
    assert [(e.node, e.size) for e in plan.exchanges] == [("radar", RADAR)]


def test_one_that_is_known_to_be_larger_is_refused_with_its_size_and_the_limit() -> None:
    said = refused(merged(ref("radar")), [TERRA, AURORA], asking=up_to(300_000_000))
    assert said == [
        "node 'optical' runs on terra and node 'radar' on aurora, but both must run on one "
        "backend, since the result of node 'radar' is estimated at about 361 MB, and a part "
        "reads at most 300 MB of others: choose a smaller area or smaller tiles "
        "('federation:tiles'), fewer dates or bands"
    ]


def test_the_graph_is_cut_elsewhere_if_it_can_be() -> None:
    """What may be small is tried: there is no estimate of the means over an odd period."""
    means = node("aggregate_temporal_period", data=ref("radar"), period="odd", reducer={})
    graph = merged(ref("means"), means=means)
    plan = planned(graph, [TERRA, AURORA])
    assert where(plan) == [("aurora", ["radar"]), ("terra", ["optical", "means", "merged"])]
    plan = planned(graph, [TERRA, AURORA], asking=up_to(RADAR - 1))
    assert where(plan) == [("aurora", ["radar", "means"]), ("terra", ["optical", "merged"])]
    assert [(e.node, e.size) for e in plan.exchanges] == [("means", None)]


def test_what_is_reduced_before_it_is_handed_on_needs_no_more_room_than_that() -> None:
    plan = planned(optical_and_radar(), [TERRA, AURORA], asking=up_to(10_000_000))
    assert [e.size for e in plan.exchanges] == [1112 * 1112 * 4]


def test_several_results_that_one_part_reads_count_together() -> None:
    graph = process(
        optical=load("S2", **WHAT),
        radar=load("S1", **WHAT, bands=["VV"]),
        land=over_time(ref("classes")),
        classes=load("LANDCOVER", **WHAT),
        masked=node("mask", data=ref("optical"), mask=ref("land")),
        merged=node("merge_cubes", cube1=ref("masked"), cube2=ref("radar")),
    )
    backends = [TERRA, AURORA, BOREAL]
    assert len(planned(graph, backends, asking=up_to(RADAR + 5_000_000)).exchanges) == 2
    assert refused(graph, backends, asking=up_to(RADAR)) == [
        "part3 at backend 'terra' would read 2 results of about 366 MB in all, and a part reads at "
        "most 361 MB of others: choose a smaller area or smaller tiles ('federation:tiles'), fewer "
        "dates or bands"
    ]
