from aggregator.routing.splitting.flow import flow_of, source_in
from tests.unit.routing.documents import load, node, process, ref
from tests.unit.routing.splitting.members import callback


def test_results_flow_from_wherever_an_argument_refers_to_them() -> None:
    graph = process(
        a=load("S2"),
        b=load("S1"),
        c=node("many", data=[ref("a"), {"deep": [ref("b"), ref("a")]}], more=ref("b")),
    )["process_graph"]
    flow = flow_of(graph)
    assert flow.sources["c"] == ("a", "b")
    assert flow.users == {"a": ("c",), "b": ("c",), "c": ()}
    assert flow.order == ("a", "b", "c")


def test_callbacks_refer_to_nodes_of_their_own() -> None:
    inner = {
        "process_graph": {
            "a": node("mean", data={"from_parameter": "data"}),
            "b": node("absolute", x=ref("a"), result=True),
        }
    }
    flow = flow_of(process(a=load(), b=node("apply", process=inner))["process_graph"])
    assert flow.sources["b"] == ()
    assert flow.users["a"] == ()


def test_nodes_may_stand_in_any_order() -> None:
    flow = flow_of(
        process(c=node("p", data=ref("b")), b=node("p", data=ref("a")), a=load())["process_graph"]
        | {"c": node("p", data=ref("b"), result=True)}
    )
    assert flow.order == ("a", "b", "c")


def test_what_nobody_reads_comes_last_and_so_does_what_follows_the_result() -> None:
    graph = process(
        a=load(),
        result=node("p", data=ref("a"), result=True),
        after=node("p", data=ref("result")),
        end=node("save_result", data=ref("after"), format="GTiff"),
        aside=node("inspect", data=ref("a")),
    )["process_graph"]
    assert flow_of(graph).last == {"result", "after", "end", "aside"}


def test_only_a_reference_as_a_whole_is_one() -> None:
    assert source_in(ref("a")) == "a"
    for other in (None, "a", [ref("a")], {"from_node": 1}, callback("mean")):
        assert source_in(other) is None
