"""Reading process graphs: all nodes, once each, literals as written."""

from __future__ import annotations

import time
from typing import Any

import pytest
from openeo_pg_parser_networkx.graph import OpenEOProcessGraph

from backends.errors import OpenEOError
from backends.graph import ParameterReference, ParsedGraph, ProcessGraph, ResultReference


def chain(length: int, width: int = 1) -> dict[str, Any]:
    """Nodes n0, n1, ... that each refer to the one before, `width` times."""
    graph: dict[str, Any] = {"n0": {"process_id": "pi", "arguments": {}}}
    for index in range(1, length):
        before = [{"from_node": f"n{index - 1}"}] * width
        graph[f"n{index}"] = {"process_id": "sum", "arguments": {"data": before}}
    graph[f"n{length - 1}"]["result"] = True
    return graph


def ids(graph: ParsedGraph) -> list[str]:
    return [node.id for node in graph.order(graph.uid)]


def test_a_long_chain_keeps_all_nodes_in_order() -> None:
    assert ids(ParsedGraph(chain(3000))) == [f"n{index}" for index in range(3000)]


def test_diamonds_take_linear_time() -> None:
    start = time.process_time()
    assert len(ids(ParsedGraph(chain(1000, width=3)))) == 1000
    assert time.process_time() - start < 5


def test_the_graph_is_that_of_the_parser() -> None:
    graph = {
        "load": {"process_id": "load_collection", "arguments": {"id": "A"}},
        "both": {
            "process_id": "merge_cubes",
            "arguments": {"cube1": {"from_node": "load"}, "cube2": {"from_node": "load"}},
        },
        "reduce": {
            "process_id": "reduce_dimension",
            "arguments": {
                "data": {"from_node": "both"},
                "reducer": {
                    "process_graph": {
                        "max": {
                            "process_id": "max",
                            "arguments": {"data": {"from_parameter": "data"}},
                            "result": True,
                        }
                    }
                },
            },
            "result": True,
        },
    }
    assert ParsedGraph(graph) == OpenEOProcessGraph({"process_graph": graph})


def test_leaves_beside_the_result_are_kept() -> None:
    graph = chain(3)
    graph["other"] = {"process_id": "save_result", "arguments": {"data": {"from_node": "n1"}}}
    order = ids(ParsedGraph(graph))
    assert set(order) == {"n0", "n1", "n2", "other"}
    assert order.index("other") > order.index("n1")


@pytest.mark.parametrize(
    "literal",
    [
        "2020-01-01",
        "2020",
        ["2020", "2021"],
        "12:30:00",
        "P1M",
        {"west": 1, "crs": ""},
        [1, [None]],
    ],
)
def test_literals_stay_as_they_were_written(literal: Any) -> None:
    graph = {"n": {"process_id": "constant", "arguments": {"x": literal}, "result": True}}
    parsed = ParsedGraph(graph)
    (node,) = parsed.order(parsed.uid)
    assert node.arguments["x"] == literal


def test_references_are_found_at_any_depth() -> None:
    graph = chain(1)
    graph["n0"].pop("result")
    value = {"a": [{"from_node": "n0"}, {"from_parameter": "p"}, "2020"]}
    graph["n1"] = {"process_id": "constant", "arguments": {"x": value}, "result": True}
    parsed = ParsedGraph(graph)
    reference, parameter, text = parsed.order(parsed.uid)[-1].arguments["x"]["a"]
    assert isinstance(reference, ResultReference)
    assert reference.from_node == "n0"
    assert isinstance(parameter, ParameterReference)
    assert text == "2020"


def test_an_argument_may_hold_several_callbacks() -> None:
    def condition(process: str) -> dict[str, Any]:
        return {
            "process_graph": {process: {"process_id": process, "arguments": {}, "result": True}}
        }

    properties = {"a": condition("eq"), "b": condition("neq")}
    graph = {
        "n": {
            "process_id": "load_collection",
            "arguments": {"properties": properties},
            "result": True,
        }
    }
    parsed = ParsedGraph(graph)
    held = parsed.order(parsed.uid)[0].arguments["properties"]
    assert all(isinstance(child, ProcessGraph) for child in held.values())
    assert [node.process_id for node in parsed.order(held["a"].uid)] == ["eq"]
    assert [node.process_id for node in parsed.order(held["b"].uid)] == ["neq"]


def test_process_ids_with_hyphens_lose_nothing() -> None:
    graph = chain(3)
    graph["n1"]["process_id"] = "my-process"
    assert ids(ParsedGraph(graph)) == ["n0", "n1", "n2"]


def test_a_cycle_is_an_error() -> None:
    graph = chain(3)
    graph["n0"]["arguments"] = {"x": {"from_node": "n2"}}
    with pytest.raises(OpenEOError) as caught:
        ParsedGraph(graph)
    assert caught.value.code == "ProcessGraphInvalid"


def test_showing_a_deep_graph_stays_short() -> None:
    parsed = ParsedGraph(chain(500, width=2))
    assert len(repr(parsed.order(parsed.uid)[-1])) < 1000
