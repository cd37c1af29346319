from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import (
    ProcessGraphComplexity,
    ProcessGraphInvalid,
    ProcessParameterRequired,
    ProcessParameterUnsupported,
)
from aggregator.routing.graphs import valid_graph
from aggregator.routing.inlining import (
    Call,
    Called,
    Definition,
    callback_parameters,
    calls_in,
    inline,
    source_of,
)
from tests.unit.routing.documents import Json, load, node, process, ref

ALICE = "user:alice"
REDUCER = callback_parameters(
    [
        {
            "id": "load_collection",
            "parameters": [
                {
                    "name": "properties",
                    "schema": [
                        {
                            "type": "object",
                            "subtype": "metadata-filter",
                            "additionalProperties": {
                                "type": "object",
                                "subtype": "process-graph",
                                "parameters": [{"name": "value"}],
                            },
                        },
                        {"type": "null"},
                    ],
                }
            ],
        },
        {
            "id": "reduce_dimension",
            "parameters": [
                {
                    "name": "reducer",
                    "schema": {
                        "type": "object",
                        "subtype": "process-graph",
                        "parameters": [{"name": "data"}, {"name": "context"}],
                    },
                }
            ],
        },
    ]
)


def callbacks(process_id: str, argument: str) -> frozenset[str]:
    return REDUCER.get((process_id, argument), frozenset())


def given_by(name: str) -> Json:
    return {"from_parameter": name}


def stored(*parameters: str | Json, **nodes: Json) -> Json:
    """A definition; parameters given by name are required."""
    listed = [p if isinstance(p, dict) else {"name": p, "schema": {}} for p in parameters]
    return {**process(**nodes), "parameters": listed}


def defined(definitions: Json) -> dict[Called, Definition]:
    """Definitions of alice's."""
    return {Called(ALICE, name): Definition(one, ALICE) for name, one in definitions.items()}


def written_out(document: Json, **definitions: Json) -> Json:
    """The nodes when alice's definitions are written out; nothing given is changed."""
    before = deepcopy((document, definitions))
    found = inline(document, ALICE, defined(definitions), callbacks)
    assert (document, definitions) == before
    valid_graph(found)
    nodes: Json = found["process_graph"]
    return nodes


SCALED = stored(
    "data",
    {"name": "factor", "default": 0.0001, "schema": {"type": "number"}},
    half=node("divide", x=given_by("data"), y=2),
    times=node("multiply", x=ref("half"), y=given_by("factor"), result=True),
)


def test_a_call_becomes_the_nodes_of_the_definition() -> None:
    nodes = written_out(
        process(
            load=load("S2"),
            scale=node("scaled", data=ref("load"), result=False),
            end=node("save_result", data=ref("scale"), format="GTiff"),
        ),
        scaled=SCALED,
    )
    assert nodes == {
        "load": load("S2"),
        "scale_half": {
            "process_id": "divide", "arguments": {"x": {"from_node": "load"}, "y": 2}
        },
        "scale": {
            "process_id": "multiply",
            "arguments": {"x": {"from_node": "scale_half"}, "y": 0.0001},
        },
        "end": {
            "process_id": "save_result",
            "arguments": {"data": {"from_node": "scale"}, "format": "GTiff"},
            "result": True,
        },
    }  # fmt: skip


def test_an_argument_takes_the_place_of_the_default() -> None:
    nodes = written_out(process(a=node("scaled", data=1, factor=3)), scaled=SCALED)
    assert nodes["a"] == {
        "process_id": "multiply",
        "arguments": {"x": {"from_node": "a_half"}, "y": 3},
        "result": True,
    }


def test_an_optional_parameter_without_default_is_null() -> None:
    definition = stored(
        {"name": "x", "optional": True, "schema": {}}, n=node("absolute", x=given_by("x"))
    )
    assert written_out(process(a=node("f")), f=definition)["a"]["arguments"] == {"x": None}


def test_definitions_call_each_other() -> None:
    outer = stored(
        "x",
        one=node("scaled", data=given_by("x")),
        two=node("scaled", data=ref("one"), factor=7, result=True),
    )
    nodes = written_out(process(a=node("outer", x=5)), outer=outer, scaled=SCALED)
    assert nodes["a_one_half"]["arguments"] == {"x": 5, "y": 2}
    assert nodes["a_two_half"]["arguments"] == {"x": {"from_node": "a_one"}, "y": 2}
    assert nodes["a"]["arguments"] == {"x": {"from_node": "a_two_half"}, "y": 7}
    assert nodes["a"]["result"] is True


def test_a_call_within_a_callback_is_written_out_there() -> None:
    reducer = process(s=node("scaled", data=given_by("data")))
    nodes = written_out(process(r=node("reduce_dimension", reducer=reducer)), scaled=SCALED)
    assert nodes["r"]["arguments"]["reducer"]["process_graph"] == {
        "s_half": {"process_id": "divide", "arguments": {"x": {"from_parameter": "data"}, "y": 2}},
        "s": {
            "process_id": "multiply",
            "arguments": {"x": {"from_node": "s_half"}, "y": 0.0001},
            "result": True,
        },
    }


def test_a_callback_in_a_definition_keeps_its_own_parameters() -> None:
    definition = stored(
        "data",
        "limit",
        r=node(
            "reduce_dimension",
            data=given_by("data"),
            reducer=process(n=node("gt", x=given_by("data"), y=given_by("limit"))),
        ),
    )
    nodes = written_out(process(a=node("above", data=load("S2"), limit=3)), above=definition)
    assert nodes["a"]["arguments"]["reducer"]["process_graph"]["n"]["arguments"] == {
        "x": {"from_parameter": "data"},
        "y": 3,
    }


def test_a_callback_can_be_an_argument() -> None:
    definition = stored("how", r=node("reduce_dimension", data=1, reducer=given_by("how")))
    reducer = process(m=node("max", data=given_by("data")))
    nodes = written_out(process(a=node("by", how=reducer)), by=definition)
    assert nodes["a"]["arguments"]["reducer"] == reducer


@pytest.mark.parametrize("argument", [ref("load"), {"a": [ref("load")]}, given_by("data")])
def test_what_a_callback_cannot_know_is_refused(argument: Any) -> None:
    definition = stored(
        "limit",
        r=node("reduce_dimension", reducer=process(n=node("gt", x=1, y=given_by("limit")))),
    )
    with pytest.raises(ProcessGraphInvalid, match=r"'limit' within a callback.*'context'"):
        written_out(process(load=load("S2"), a=node("f", limit=argument)), f=definition)


def test_ids_that_are_taken_already_are_kept_apart() -> None:
    nodes = written_out(
        process(a_half=node("pi"), a=node("scaled", data=ref("a_half"))), scaled=SCALED
    )
    assert nodes["a_half"]["process_id"] == "pi"
    assert nodes["a_half_"]["arguments"] == {"x": {"from_node": "a_half"}, "y": 2}
    assert nodes["a"]["arguments"]["x"] == {"from_node": "a_half_"}


def test_namespaces_say_whose_process_is_meant() -> None:
    other = Called("user:bob", "scaled")
    document = process(b=node("scaled", data=2, namespace="user:bob"), a=node("scaled", data=1))
    bobs = stored("data", n=node("helper", x=given_by("data")))
    helper = stored("x", n=node("absolute", x=given_by("x")))
    found = inline(
        document,
        ALICE,
        {
            other: Definition(bobs, "user:bob"),
            Called("user:bob", "helper"): Definition(helper, "user:bob"),
        },
    )["process_graph"]
    assert found["a"] == {"process_id": "scaled", "arguments": {"data": 1}, "result": True}
    assert found["b"] == {"process_id": "absolute", "arguments": {"x": 2}}


def test_a_backends_own_process_stays_a_call() -> None:
    document = process(a=node("scaled", data=1, namespace="backend"))
    assert written_out(document, scaled=SCALED) == document["process_graph"]


def test_processes_that_call_themselves_are_refused_with_the_ring() -> None:
    ping = stored(n=node("pong"))
    pong = stored(n=node("ping"))
    with pytest.raises(ProcessGraphInvalid, match=r"(ping → pong → ping|pong → ping → pong)"):
        written_out(process(a=node("ping")), ping=ping, pong=pong)
    with pytest.raises(ProcessGraphInvalid, match="me → me"):
        written_out(process(a=node("pi")), me=stored(n=node("me")))


def test_a_required_parameter_must_be_given() -> None:
    with pytest.raises(ProcessParameterRequired, match="'scaled' needs its parameter 'data'"):
        written_out(process(a=node("scaled", factor=1)), scaled=SCALED)


def test_an_unknown_argument_is_named_with_those_there_are() -> None:
    with pytest.raises(ProcessParameterUnsupported, match=r"'scale'.*'data', 'factor'"):
        written_out(process(a=node("scaled", data=1, scale=1)), scaled=SCALED)


def test_a_parameter_that_is_not_declared_is_an_error_of_the_definition() -> None:
    with pytest.raises(ProcessGraphInvalid, match="'f' refers to the parameter 'y'"):
        written_out(process(a=node("f")), f=stored(n=node("absolute", x=given_by("y"))))


def test_doubling_definitions_are_refused_before_they_fill_the_memory() -> None:
    definitions = {"d0": stored("x", n=node("absolute", x=given_by("x")))}
    for level in range(1, 40):
        definitions[f"d{level}"] = stored(
            "x",
            a=node(f"d{level - 1}", x=given_by("x")),
            b=node(f"d{level - 1}", x=ref("a"), result=True),
        )
    with pytest.raises(ProcessGraphComplexity, match="10000 nodes"):
        written_out(process(a=node("d39", x=1)), **definitions)


def test_filters_of_a_definition_keep_the_value_that_they_compare() -> None:
    def clouds(most: Any) -> Json:
        compared = node("lte", x=given_by("value"), y=most, result=True)
        return {"eo:cloud_cover": {"process_graph": {"lte": compared}}}

    clear = stored("most", n=node("load_collection", id="S2", properties=clouds(given_by("most"))))
    nodes = written_out(process(a=node("clear", most=20)), clear=clear)
    assert nodes["a"]["arguments"] == {"id": "S2", "properties": clouds(20)}


def within_lists(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = [value]
    return value


def test_definitions_that_nest_their_arguments_ever_deeper_are_refused() -> None:
    definitions = {"d0": stored("x", n=node("array_create", data=given_by("x")))}
    for level in range(1, 20):
        definitions[f"d{level}"] = stored(
            "x", n=node(f"d{level - 1}", x=within_lists(given_by("x"), 60))
        )
    few = {name: definitions[name] for name in ("d0", "d1", "d2")}
    twice = inline(process(a=node("d2", x=1)), ALICE, defined(few))["process_graph"]
    assert twice["a"]["arguments"]["data"] == within_lists(1, 120)
    with pytest.raises(ProcessGraphComplexity, match="more than 200 levels deep"):
        inline(process(a=node("d19", x=1)), ALICE, defined(definitions))


def test_a_definition_that_is_nested_too_deeply_itself_is_refused() -> None:
    inner = {"n": node("absolute", x=given_by("x"), result=True)}
    for _ in range(12):  # as a file elsewhere may be, each of its arguments within the limits
        callback = within_lists({"process_graph": inner}, 80)
        inner = {"n": node("apply", process=callback, result=True)}
    with pytest.raises(ProcessGraphComplexity, match="more than 200 levels deep"):
        inline(process(a=node("f", x=1)), ALICE, defined({"f": stored("x", **inner)}))


def test_doubling_arguments_are_refused_before_they_fill_the_memory() -> None:
    definitions = {"d0": stored("x", n=node("absolute", x=given_by("x")))}
    for level in range(1, 40):
        definitions[f"d{level}"] = stored(
            "x", n=node(f"d{level - 1}", x=[given_by("x"), given_by("x")])
        )
    with pytest.raises(ProcessGraphComplexity, match="arguments"):
        written_out(process(a=node("d39", x=1)), **definitions)


def test_calls_are_found_with_where_they_stand_and_whether_they_must_be_user_defined() -> None:
    document = process(
        r=node("reduce_dimension", reducer=process(s=node("scaled", data=given_by("data")))),
        u=node("f", namespace="user"),
        w=node("g", namespace="https://elsewhere.example/g.json"),
        o=node("h", namespace="backend"),
    )
    assert list(calls_in(document, ALICE)) == [
        Call(Called(ALICE, "reduce_dimension"), True, "r"),
        Call(Called(ALICE, "f"), False, "u"),
        Call(Called("https://elsewhere.example/g.json", "g"), False, "w"),
        Call(Called(ALICE, "scaled"), True, "r/reducer/s"),
    ]


@pytest.mark.parametrize(
    ("namespace", "owner", "source"),
    [
        (None, ALICE, ALICE),
        ("user", ALICE, ALICE),
        (None, "", None),
        ("user:bob", ALICE, "user:bob"),
        ("https://a.example/p.json", "", "https://a.example/p.json"),
        ("backend", ALICE, None),
        ("terra", ALICE, None),
    ],
)
def test_a_namespace_says_where_a_process_is_kept(
    namespace: str | None, owner: str, source: str | None
) -> None:
    assert source_of(namespace, owner) == source


def test_parameters_of_callbacks_are_read_in_every_form_of_a_schema() -> None:
    one = {"subtype": "process-graph", "parameters": [{"name": "x"}]}
    schemas = [one, [one, {"type": "null"}], {"anyOf": [{"type": "null"}, one]}]
    for schema in schemas:
        listed = [{"id": "apply", "parameters": [{"name": "process", "schema": schema}]}]
        assert callback_parameters(listed) == {("apply", "process"): frozenset({"x"})}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(1, 9))
def test_a_chain_of_definitions_computes_what_plain_nodes_do(steps: list[int], x: int) -> None:
    """Each definition adds its number after calling the one below; evaluated by hand."""
    definitions: dict[str, Json] = {"f0": stored("x", n=node("add", x=given_by("x"), y=steps[0]))}
    for level, step in enumerate(steps[1:], start=1):
        definitions[f"f{level}"] = stored(
            "x",
            below=node(f"f{level - 1}", x=given_by("x")),
            n=node("add", x=ref("below"), y=step, result=True),
        )
    nodes = written_out(process(a=node(f"f{len(steps) - 1}", x=x)), **definitions)

    def value(argument: Any) -> int:
        if isinstance(argument, dict):
            inner = nodes[argument["from_node"]]["arguments"]
            return value(inner["x"]) + value(inner["y"])
        return int(argument)

    assert value(ref("a")) == x + sum(steps)
