import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import (
    OpenEOError,
    ProcessGraphComplexity,
    ProcessGraphInvalid,
    ProcessGraphMissing,
    ProcessInvalid,
)
from aggregator.routing import read_requirements
from aggregator.routing.graphs import Limits, read_graph, valid_graph
from tests.unit.routing.documents import Json, load, node, process, ref


def mistakes(graph: Any) -> str:
    """What is said of a graph that is not valid."""
    with pytest.raises(ProcessGraphInvalid) as caught:
        valid_graph({"process_graph": graph})
    return caught.value.message


def paths(document: Json) -> list[str]:
    return [scope.path + node_id for scope in valid_graph(document) for node_id in scope.graph]


def callback(**nodes: Json) -> Json:
    return process(**nodes)


def test_every_node_is_found_with_its_path() -> None:
    deep = callback(x=node("apply", process=callback(y=node("absolute", x=1))))
    document = process(a=load(), b=node("apply", data=ref("a"), process=deep))
    assert paths(document) == ["a", "b", "b/process/x", "b/process/x/process/y"]


def test_callbacks_are_found_anywhere_in_arguments() -> None:
    inner = callback(m=node("mean"))
    document = process(a=node("many", data=[1, {"deep": [inner]}]))
    assert paths(document) == ["a", "a/data/1/deep/0/m"]


def test_keys_lead_to_each_graph() -> None:
    document = process(a=node("many", data=[1, {"deep": [callback(m=node("mean"))]}]))
    for scope in valid_graph(document):
        found: Any = document
        for key in scope.keys:
            found = found[key]
        assert found is scope.graph


@pytest.mark.parametrize("nothing", [{}, {"process_graph": None}, {"id": "x"}])
def test_a_process_without_a_graph_is_told_so(nothing: Json) -> None:
    with pytest.raises(ProcessGraphMissing, match="process_graph"):
        valid_graph(nothing)


@pytest.mark.parametrize("nothing", [None, [], "x", 3])
def test_what_is_no_object_is_no_process(nothing: Any) -> None:
    with pytest.raises(ProcessInvalid, match="object"):
        valid_graph(nothing)


@pytest.mark.parametrize("graph", [[], "x", 3, True])
def test_a_graph_that_is_no_object_is_told_so(graph: Any) -> None:
    assert "must be an object" in mistakes(graph)


def test_an_empty_graph_is_told_so() -> None:
    assert mistakes({}) == "The process graph is not valid: the process graph has no nodes."


def test_an_empty_callback_is_told_so() -> None:
    document = process(a=node("apply", process={"process_graph": {}}))
    assert "the graph 'a/process' has no nodes" in mistakes(document["process_graph"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (3, "node 'a' must be an object"),
        (None, "node 'a' must be an object"),
        ({"arguments": {}}, "node 'a' must name its process in 'process_id'"),
        ({"process_id": 4, "arguments": {}}, "node 'a' must name its process in 'process_id'"),
        ({"process_id": "", "arguments": {}}, "node 'a' must name its process in 'process_id'"),
        ({"process_id": "x"}, "node 'a' must have an object 'arguments'"),
        ({"process_id": "x", "arguments": []}, "node 'a' must have an object 'arguments'"),
        (node("x") | {"namespace": 3}, "node 'a' must have a 'namespace' that is text or null"),
        (node("x") | {"result": "yes"}, "node 'a' must have a 'result' that is true or false"),
        (node("x", d={"from_node": 3}), "a 'from_node' in node 'a' must be the id of a node"),
        (node("x", d={"from_parameter": []}), "a 'from_parameter' in node 'a' must be the name"),
        (node("x", d={"process_graph": 3}), "the 'process_graph' at 'a/d' must be an object"),
    ],
)
def test_a_malformed_node_is_named_with_what_would_be_right(content: Any, said: str) -> None:
    assert said in mistakes({"a": content, "b": node("add", result=True)})


def test_a_malformed_node_that_is_the_result_is_not_said_to_be_none() -> None:
    assert mistakes({"a": {"process_id": "x", "result": True}}) == (
        "The process graph is not valid: node 'a' must have an object 'arguments' (an empty one if "
        "there are none)."
    )


def test_a_graph_without_a_result_is_told_where_it_may_be_missing() -> None:
    graph = {"a": load(), "b": node("ndvi", data=ref("a"))}
    assert mistakes(graph) == (
        "The process graph is not valid: the process graph needs exactly one node with "
        "'result': true (perhaps on 'b')."
    )


def test_a_callback_needs_a_result_of_its_own() -> None:
    inner = {"process_graph": {"m": node("mean")}}
    graph = {"a": node("reduce_dimension", reducer=inner, result=True)}
    assert "the graph 'a/reducer' needs exactly one node with 'result': true" in mistakes(graph)


def test_several_results_are_named() -> None:
    graph = {"a": node("x", result=True), "b": node("x"), "c": node("x", result=True)}
    assert "has more than one node with 'result': true: 'a', 'c'" in mistakes(graph)


def test_a_reference_to_nowhere_is_named_with_what_may_be_meant() -> None:
    graph = {"load1": load(), "ndvi1": node("ndvi", data=ref("laod1"), result=True)}
    assert (
        "node 'ndvi1' refers to node 'laod1', which its graph does not have (did you mean 'load1'?)"
    ) in mistakes(graph)


def test_a_callback_cannot_refer_to_nodes_outside() -> None:
    inner = callback(m=node("mean", data=ref("a")))
    graph = process(a=load(), b=node("apply", data=ref("a"), process=inner))["process_graph"]
    assert (
        "node 'b/process/m' refers to node 'a', which its graph does not have "
        "(only nodes of the same graph can be referred to)"
    ) in mistakes(graph)


def test_a_cycle_is_named_node_by_node() -> None:
    graph = {
        "start": load(),
        "a": node("add", x=ref("c"), y=ref("start")),
        "b": node("add", x=ref("a"), result=True),
        "c": node("add", x=[ref("b")]),
        "after": node("add", x=ref("c")),
    }
    said = mistakes(graph)
    assert "nodes wait for one another in a circle: 'a' → 'c' → 'b' → 'a'" in said
    assert "start" not in said


def test_a_node_that_refers_to_itself_is_a_cycle() -> None:
    assert "'a' → 'a'" in mistakes({"a": node("add", x=ref("a"), result=True)})


def test_a_cycle_in_a_callback_is_named_with_its_path() -> None:
    inner = callback(m=node("add", x=ref("n")), n=node("add", x=ref("m")))
    graph = process(a=node("apply", process=inner))["process_graph"]
    assert "'a/process/m' → 'a/process/n' → 'a/process/m'" in mistakes(graph)


def test_all_mistakes_are_said_at_once() -> None:
    said = mistakes({"a": 3, "b": node("x", d=ref("nowhere"))})
    assert "node 'a'" in said
    assert "'nowhere'" in said
    assert "'result': true" in said


def test_a_message_stays_short_however_many_and_long_the_mistakes() -> None:
    graph = {f"{n}" + "x" * 10_000: 3 for n in range(1000)}
    assert len(mistakes(graph)) < 4000


def test_nodes_may_stand_in_any_order() -> None:
    document = process(b=node("ndvi", data=ref("a"), result=True), a=load())
    assert paths(document) == ["b", "a"]


def test_more_nodes_than_the_limit_are_refused_with_the_limit() -> None:
    inner = callback(**{f"n{n}": node("add") for n in range(3)})
    document = process(a=node("apply", process=inner))
    assert len(read_graph(document, Limits(nodes=4)).scopes) == 2
    with pytest.raises(ProcessGraphComplexity, match="more than 3 nodes"):
        read_graph(document, Limits(nodes=3))


def test_deeper_nesting_than_the_limit_is_refused_with_the_limit() -> None:
    document = process(a=node("x"))
    for _ in range(60):
        document = process(a=node("apply", process=document))
    with pytest.raises(ProcessGraphComplexity, match="within more than 49 others"):
        read_graph(document)


def test_as_many_levels_of_graphs_as_the_limit_are_read() -> None:
    document = process(a=node("apply", process=process(b=node("apply", process=process(c=load())))))
    assert len(read_graph(document, Limits(graphs=3)).scopes) == 3
    with pytest.raises(ProcessGraphComplexity, match="within more than 1 others"):
        read_graph(document, Limits(graphs=2))


def test_deeper_arguments_than_the_limit_are_refused_with_the_limit() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    document = process(a=node("x", d=value))
    with pytest.raises(ProcessGraphComplexity, match="more than 100 levels"):
        read_graph(document)


def test_coordinates_of_geojson_are_not_searched() -> None:
    rings = [[[0, 0], [0, 1], [1, 1], [0, 0]]]
    coordinates: Any = rings
    for _ in range(200):  # deeper than arguments may be
        coordinates = [coordinates]
    polygon = {"type": "Polygon", "coordinates": coordinates}
    assert paths(process(a=load(spatial_extent=polygon))) == ["a"]


def test_five_hundred_diamonds_are_read_as_they_are() -> None:
    graph = {"d0": load()}
    for n in range(500):
        graph |= {f"l{n}": node("f", x=ref(f"d{n}")), f"r{n}": node("f", x=ref(f"d{n}"))}
        graph[f"d{n + 1}"] = node("g", x=ref(f"l{n}"), y=ref(f"r{n}"), result=n == 499)
    assert read_requirements({"process_graph": graph}).nodes == 1501


def test_ten_thousand_nodes_in_a_circle_are_refused() -> None:
    graph = {
        f"n{n}": node("f", x=ref(f"n{(n + 1) % 10_000}"), result=n == 0) for n in range(10_000)
    }
    said = mistakes(graph)
    assert "in a circle: 'n0' → 'n1'" in said
    assert "and 9991 more" in said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["a", "b", "process_graph", "process_id", "arguments", "from_node", "result"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_no_document_breaks_the_reading(document: Any) -> None:
    try:
        read_requirements(document)
    except OpenEOError as error:
        assert error.status == 400
        assert re.match(r"[A-Z]", error.message)


@pytest.mark.parametrize("kind", [[], {}, None, 1, "Polygon", "x"])
def test_arguments_may_look_like_geojson_without_being_any(kind: Any) -> None:
    document = process(a=node("many", data={"type": kind, "coordinates": [[1, 2]]}))
    assert paths(document) == ["a"]


def test_what_only_looks_like_coordinates_is_searched() -> None:
    custom = {"type": "Custom", "coordinates": [ref("gone")]}
    assert mistakes({"a": node("many", data=custom) | {"result": True}}) == (
        "The process graph is not valid: node 'a' refers to node 'gone', which its graph does not "
        "have."
    )


def test_where_all_nodes_wait_for_one_another_none_is_said_to_be_the_result() -> None:
    said = mistakes({"a": node("f", x=ref("b")), "b": node("f", x=ref("a"))})
    assert said.endswith("; the process graph needs exactly one node with 'result': true.")


def test_backends_are_chosen_only_where_collections_are_loaded() -> None:
    inner = process(eq1=node("eq", x={"from_parameter": "value"}, y="terra"))
    chosen = process(each=node("array_apply", data=["terra"], process=inner))

    def chooses(name: str, process_id: str) -> list[bool]:
        graph = node(process_id, properties={name: chosen}) | {"result": True}
        return [scope.chooses for scope in valid_graph({"process_graph": {"a": graph}})]

    assert chooses("federation:backends", "load_collection") == [False, True, True]
    assert chooses("federation:backends", "load_stac") == [False] * 3
    assert chooses("platform", "load_collection") == [False] * 3
