from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import ProcessParameterInvalid
from aggregator.routing.choices import ANY, BackendSet, read_condition
from tests.unit.routing.documents import Json, node, ref

VALUE = {"from_parameter": "value"}
NAMES = ("terra", "aurora", "boreal")


def chosen(**nodes: Json) -> set[str]:
    """The backends of three for which a condition holds; the last node is the result."""
    last = list(nodes)[-1]
    graph = {**nodes, last: nodes[last] | {"result": True}}
    found = read_condition({"process_graph": graph}, "a")
    return {name for name in NAMES if name in found}


def test_the_condition_of_the_python_client_is_understood() -> None:
    assert chosen(eq1=node("eq", x=VALUE, y="terra")) == {"terra"}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (node("eq", x="terra", y=VALUE), {"terra"}),
        (node("neq", x=VALUE, y="terra"), {"aurora", "boreal"}),
        (node("array_contains", data=["terra", "boreal"], value=VALUE), {"terra", "boreal"}),
        (node("array_contains", data=VALUE, value="aurora"), {"aurora"}),
        (node("array_contains", data=[], value=VALUE), set()),
    ],
)
def test_each_comparison_is_understood(condition: Json, names: set[str]) -> None:
    assert chosen(c=condition) == names


def test_comparisons_are_put_together() -> None:
    terra, aurora = node("eq", x=VALUE, y="terra"), node("eq", x=VALUE, y="aurora")
    two = {"t": terra, "a": aurora}
    assert chosen(**two, c=node("or", x=ref("t"), y=ref("a"))) == {"terra", "aurora"}
    assert chosen(**two, c=node("and", x=ref("t"), y=ref("a"))) == set()
    assert chosen(**two, c=node("any", data=[ref("t"), ref("a")])) == {"terra", "aurora"}
    assert chosen(**two, c=node("all", data=[ref("t"), ref("a")])) == set()
    assert chosen(t=terra, c=node("not", x=ref("t"))) == {"aurora", "boreal"}


def test_nodes_of_a_condition_may_stand_in_any_order() -> None:
    graph = {
        "c": node("not", x=ref("t"), result=True),
        "t": node("eq", x=VALUE, y="terra"),
    }
    assert "terra" not in read_condition({"process_graph": graph}, "a")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("terra", "must be a process graph"),
        ({"from_parameter": "x"}, "must be a process graph"),
        ({"process_graph": {"c": node("lt", x=VALUE, y="t", result=True)}}, "'lt' is none of eq"),
        ({"process_graph": {"c": node("eq", x=VALUE, y=3, result=True)}}, "the id of a backend"),
        ({"process_graph": {"c": node("eq", x="a", y="b", result=True)}}, "the id of a backend"),
        ({"process_graph": {"c": node("and", x=True, y=True, result=True)}}, "comparisons"),
        ({"process_graph": {"c": node("any", data=VALUE, result=True)}}, "list of comparisons"),
        (
            {"process_graph": {"c": node("array_contains", data=[1], value=VALUE, result=True)}},
            "list of ids",
        ),
        (
            {
                "process_graph": {
                    "c": node(
                        "array_contains", data=list(map(str, range(2000))), value=VALUE, result=True
                    )
                }
            },
            "more than 1000",
        ),
    ],
)
def test_a_condition_that_is_not_understood_is_refused_not_passed_over(
    condition: Any, said: str
) -> None:
    with pytest.raises(ProcessParameterInvalid, match=said) as caught:
        read_condition(condition, "load1/properties/federation:backends")
    assert "load1/properties/federation:backends" in caught.value.message
    assert "load_collection" in caught.value.message


def test_a_long_condition_is_read_without_recursion() -> None:
    graph = {"n0": node("eq", x=VALUE, y="terra")}
    for n in range(1, 5000):
        graph[f"n{n}"] = node("not", x=ref(f"n{n - 1}"), result=n == 4999)
    assert "terra" not in read_condition({"process_graph": graph}, "a")


SETS = st.builds(BackendSet, st.frozensets(st.sampled_from(NAMES)), st.booleans())


@given(SETS, SETS)
def test_sets_of_backends_follow_logic(one: BackendSet, other: BackendSet) -> None:
    for name, _ in product((*NAMES, "unknown"), [0]):
        assert (name in (one & other)) is (name in one and name in other)
        assert (name in (one | other)) is (name in one or name in other)
        assert (name in ~one) is (name not in one)


def test_sets_of_backends_are_readable() -> None:
    assert str(BackendSet(frozenset({"terra", "aurora"}))) == "backend 'aurora' or 'terra'"
    assert str(~BackendSet(frozenset({"terra"}))) == "any backend but 'terra'"
    assert str(ANY) == "any backend"
    assert str(~ANY) == "no backend at all"
