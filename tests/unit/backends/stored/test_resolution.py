"""Stored processes in place of their calls: the same computation in predefined processes only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from backends.definitions import definitions
from backends.errors import OpenEOError
from backends.stored.resolution import resolve
from tests.fakes.execution import Execution

Process = dict[str, Any]


def call(process_id: str, /, *, result: bool = False, **arguments: Any) -> dict[str, Any]:
    node: dict[str, Any] = {"process_id": process_id, "arguments": arguments}
    return {**node, "result": True} if result else node


def of(name: str) -> dict[str, str]:
    return {"from_parameter": name}


def by(node: str) -> dict[str, str]:
    return {"from_node": node}


def stored(graph: Mapping[str, Any], *parameters: str, **defaults: Any) -> Process:
    declared: list[dict[str, Any]] = [{"name": name} for name in parameters]
    declared += [{"name": name, "default": value} for name, value in defaults.items()]
    return {"parameters": declared, "process_graph": dict(graph)}


def resolved(graph: Mapping[str, Any], **known: Process) -> dict[str, Any]:
    process = {"process_graph": dict(graph)}
    whole = resolve(process, known.get, definitions(), max_nodes=1000)
    found: dict[str, Any] = whole["process_graph"]
    return found


def refused(graph: Mapping[str, Any], **known: Process) -> str:
    with pytest.raises(OpenEOError) as caught:
        resolved(graph, **known)
    return caught.value.code


# Fahrenheit: 1.8 * x + 32
SCALED = stored(
    {
        "times": call("multiply", x=of("x"), y=of("factor")),
        "plus": call("add", x=by("times"), y=32, result=True),
    },
    "x",
    factor=1.8,
)


def test_a_process_without_calls_stays_as_it_is() -> None:
    graph = {"add": call("add", x=1, y=of("y"), result=True)}
    assert resolved(graph) == graph


def test_a_call_becomes_the_nodes_of_the_stored_process() -> None:
    graph = {"f": call("scaled", x=10), "out": call("add", x=by("f"), y=0, result=True)}
    assert resolved(graph, scaled=SCALED) == {
        "f/times": call("multiply", x=10, y=1.8),
        "f": call("add", x=by("f/times"), y=32),
        "out": call("add", x=by("f"), y=0, result=True),
    }


def test_the_result_is_that_of_the_call_that_was_the_result() -> None:
    graph = {"f": call("scaled", x=10, factor=2, result=True)}
    assert resolved(graph, scaled=SCALED) == {
        "f/times": call("multiply", x=10, y=2),
        "f": call("add", x=by("f/times"), y=32, result=True),
    }


def test_what_is_passed_may_be_the_result_of_a_node() -> None:
    graph = {"a": call("add", x=1, y=2), "f": call("scaled", x=by("a"), result=True)}
    assert resolved(graph, scaled=SCALED)["f/times"] == call("multiply", x=by("a"), y=1.8)


def test_stored_processes_may_call_others_and_themselves_side_by_side() -> None:
    twice = stored(
        {"a": call("scaled", x=of("x")), "b": call("scaled", x=by("a"), result=True)}, "x"
    )
    graph = resolved({"t": call("twice", x=10, result=True)}, scaled=SCALED, twice=twice)
    assert Execution().run(graph) == pytest.approx(1.8 * (1.8 * 10 + 32) + 32)
    assert list(graph) == ["t/a/times", "t/a", "t/times", "t"]


def test_ids_that_are_taken_are_not_given_again() -> None:
    graph = {
        "f": call("scaled", x=10),
        "f/times": call("scaled", x=20),
        "out": call("add", x=by("f"), y=by("f/times"), result=True),
    }
    assert Execution().run(resolved(graph, scaled=SCALED)) == pytest.approx(50 + 68)


def test_a_stored_process_in_a_callback_sees_the_parameters_of_the_callback() -> None:
    reducer = {"f": call("scaled", x=of("x"), result=True)}
    graph = {
        "apply": call("array_apply", data=[0, 10], process={"process_graph": reducer}, result=True)
    }
    assert Execution().run(resolved(graph, scaled=SCALED)) == [32, 50]


def test_parameters_reach_the_callbacks_of_a_stored_process() -> None:
    inner = {"m": call("multiply", x=of("x"), y=of("factor"), result=True)}
    scale = stored(
        {"a": call("array_apply", data=of("data"), process={"process_graph": inner}, result=True)},
        "data",
        "factor",
    )
    graph = resolved({"s": call("scale", data=[1, 2], factor=10, result=True)}, scale=scale)
    assert Execution().run(graph) == [10, 20]


def test_a_parameter_of_a_callback_hides_the_stored_process_own_of_the_same_name() -> None:
    inner = {"m": call("add", x=of("x"), y=1, result=True)}
    process = stored(
        {"a": call("array_apply", data=[1, 2], process={"process_graph": inner}, result=True)}, "x"
    )
    graph = resolved({"s": call("p", x=100, result=True)}, p=process)
    assert Execution().run(graph) == [2, 3]


def test_a_callback_may_be_passed() -> None:
    process = stored(
        {"a": call("array_apply", data=[1, 2], process=of("change"), result=True)}, "change"
    )
    change = {"process_graph": {"m": call("add", x=of("x"), y=1, result=True)}}
    graph = resolved({"s": call("p", change=change, result=True)}, p=process)
    assert Execution().run(graph) == [2, 3]


def test_results_of_nodes_cannot_be_passed_into_callbacks() -> None:
    inner = {"m": call("multiply", x=of("x"), y=of("factor"), result=True)}
    scale = stored(
        {"a": call("array_apply", data=[1], process={"process_graph": inner}, result=True)},
        "factor",
    )
    graph = {"n": call("add", x=1, y=2), "s": call("scale", factor=by("n"), result=True)}
    assert refused(graph, scale=scale) == "FeatureUnsupported"


def test_a_parameter_that_nobody_declared_is_not_taken_from_around() -> None:
    careless = stored({"a": call("add", x=of("secret"), y=1, result=True)})
    graph = {"s": call("careless", result=True)}
    assert refused(graph, careless=careless) == "ProcessParameterRequired"


def test_a_missing_argument_is_named() -> None:
    assert refused({"f": call("scaled", result=True)}, scaled=SCALED) == "ProcessParameterRequired"


def test_the_users_process_comes_first_and_a_namespace_decides() -> None:
    mine = stored({"a": call("subtract", x=of("x"), y=of("y"), result=True)}, "x", "y")

    def chosen(namespace: str | None) -> str:
        node = {**call("add", x=5, y=2, result=True), "namespace": namespace}
        return str(resolved({"n": node}, add=mine)["n"]["process_id"])

    assert [chosen(name) for name in (None, "user", "backend")] == ["subtract", "subtract", "add"]


def test_a_stored_process_that_is_not_there_is_unsupported() -> None:
    node = {**call("mine", result=True), "namespace": "user"}
    assert refused({"n": node}) == "ProcessUnsupported"


def test_a_process_that_calls_itself_is_refused() -> None:
    loop = stored({"a": call("other", result=True)})
    other = stored({"a": call("loop", result=True)})
    assert refused({"n": call("loop", result=True)}, loop=loop, other=other) == (
        "ProcessGraphInvalid"
    )


def test_processes_that_double_over_and_over_are_too_complex() -> None:
    doubling = {
        f"p{n}": stored({"a": call(f"p{n + 1}"), "b": call(f"p{n + 1}", result=True)})
        for n in range(30)
    }
    end = stored({"a": call("add", x=1, y=1, result=True)})
    graph = {"n": call("p0", result=True)}
    assert refused(graph, **doubling, p30=end) == "ProcessGraphComplexity"


def test_arguments_that_double_over_and_over_are_too_complex() -> None:
    doubling = {
        f"p{n}": stored({"a": call(f"p{n + 1}", x=[of("x"), of("x")], result=True)}, "x")
        for n in range(30)
    }
    end = stored({"a": call("count", data=of("x"), result=True)}, "x")
    graph = {"n": call("p0", x=[1], result=True)}
    assert refused(graph, **doubling, p30=end) == "ProcessGraphComplexity"
