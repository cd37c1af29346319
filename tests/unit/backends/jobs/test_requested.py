"""What a graph asks for, told without running it."""

from __future__ import annotations

from typing import Any

import pytest

from backends import scenes
from backends.errors import OpenEOError
from backends.jobs.requested import check_sizes, requested_bbox, requested_interval
from backends.loading import LoadRequest
from tests.fakes.profiles import profile

BOX = {"west": 7.0, "south": 51.0, "east": 7.5, "north": 51.2}
DAYS = ["2024-06-01", "2024-06-11"]


def load(**arguments: Any) -> dict[str, Any]:
    given = {"id": "SENTINEL2_L2A", "spatial_extent": BOX, "temporal_extent": DAYS, **arguments}
    return {"process_id": "load_collection", "arguments": given}


def graph(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"process_graph": {f"load{number}": node for number, node in enumerate(nodes)}}


def test_the_requested_extents_hold_those_of_all_nodes() -> None:
    other = {"west": 8.0, "south": 50.0, "east": 8.5, "north": 50.5}
    process = graph(load(), load(spatial_extent=other, temporal_extent=["2023-01-01", None]))
    assert requested_bbox(process, profile()) == [7.0, 50.0, 8.5, 51.2]
    interval = requested_interval(process, profile())
    assert interval is not None
    assert interval[0] == "2023-01-01T00:00:00Z" and interval[1] > "2024-06-11T00:00:00Z"


def test_what_only_the_running_process_knows_is_that_of_the_collection() -> None:
    process = graph(load(id="COVER", spatial_extent={"from_parameter": "x"}))
    assert requested_bbox(process, profile()) == [-180.0, -60.0, 180.0, 84.0]
    assert requested_interval(process, profile()) == [
        "2024-06-01T00:00:00Z",
        "2024-06-11T00:00:00Z",
    ]


def test_a_process_that_loads_nothing_asks_for_nothing() -> None:
    process = graph({"process_id": "add", "arguments": {"x": 1, "y": 2}})
    assert requested_bbox(process, profile()) is None
    assert requested_interval(process, profile()) is None


def test_a_far_too_large_request_is_named_with_size_and_limit() -> None:
    process = graph(load(spatial_extent={**BOX, "west": 11.0, "east": 30.0}))
    with pytest.raises(OpenEOError) as raised:
        check_sizes(process, profile(), 8_000_000_000)
    assert raised.value.code == "ProcessGraphComplexity"
    assert "8,000,000,000" in raised.value.message and "'load0'" in raised.value.message


def test_nodes_are_counted_together() -> None:
    one = graph(load(bands=["B04"]))
    check_sizes(one, profile(), 20_000_000)
    with pytest.raises(OpenEOError, match="at node 'load1'"):
        check_sizes(graph(load(bands=["B04"]), load(bands=["B04"])), profile(), 20_000_000)


@pytest.mark.parametrize("name", ["spatial_extent", "temporal_extent", "bands"])
def test_what_is_not_known_yet_is_left_to_the_loading(name: str) -> None:
    check_sizes(graph(load(**{name: {"from_parameter": "x"}})), profile(), 1)


@pytest.mark.parametrize("collection", ["SENTINEL2_L2A", "DEM", "COVER"])
@pytest.mark.parametrize(
    "box",
    [
        BOX,
        {"west": 2.9, "south": -0.1, "east": 3.2, "north": 0.2},
        {"west": -1.0, "south": 69.0, "east": 7.5, "north": 69.3},
        {"west": 20.0, "south": -45.2, "east": 20.001, "north": -45.1},
        {"west": 179.0, "south": 10.0, "east": 180.0, "north": 10.001},
        {"west": 0.0, "south": 78.0, "east": 20.0, "north": 78.005},
    ],
)
def test_nothing_that_may_be_loaded_is_refused(collection: str, box: dict[str, float]) -> None:
    here = profile()
    spec = here.collection(collection)
    assert spec is not None
    days = ["2024-01-01", "2024-02-01"]
    request = LoadRequest(box, (days[0], days[1]), max_samples=10**15)
    size = scenes.load(spec, request).size
    process = graph(load(id=collection, spatial_extent=box, temporal_extent=days))
    check_sizes(process, here, size)


def test_what_is_counted_is_near_to_what_loads() -> None:
    here = profile()
    spec = here.collection("SENTINEL2_L2A")
    assert spec is not None
    size = scenes.load(spec, LoadRequest(BOX, (DAYS[0], DAYS[1]))).size
    with pytest.raises(OpenEOError, match="would hold at least"):
        check_sizes(graph(load()), here, int(size * 0.8))
