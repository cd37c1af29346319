from collections.abc import Iterator
from copy import deepcopy
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import ProcessGraphInvalid, ProcessParameterInvalid
from aggregator.routing import read_requirements
from aggregator.routing.extents import Box, Interval
from aggregator.routing.reading import read_each
from aggregator.routing.requirements import CollectionNeed, FormatNeed, ReferenceNeed, UdfNeed
from tests.unit.routing.documents import Json, load, needs, node, only, process, ref


def test_a_collection_is_needed_with_what_is_asked_of_it() -> None:
    wanted = needs(
        load1=load(
            "S2",
            bands=["B04", "B08"],
            spatial_extent={"west": 1, "south": 2, "east": 3, "north": 4},
            temporal_extent=["1970-01-01", None],
        )
    )
    (need,) = wanted.collections
    assert (need.id, need.path, need.bands) == ("S2", "load1", ("B04", "B08"))
    assert need.box == Box(1, 2, 3, 4)
    assert need.interval == Interval(0, inf)


def test_equal_needs_are_one_need_of_the_first_node() -> None:
    wanted = needs(a=load("S2"), b=load("S2"), c=load("S2", bands=["B04"]))
    assert wanted.collections == (
        CollectionNeed("S2", "a"),
        CollectionNeed("S2", "c", bands=("B04",)),
    )


def test_processes_are_needed_with_their_arguments_and_paths() -> None:
    wanted = needs(
        a=node("add", x=1), b=node("add", x=1, y=2, z=None), c=node("f", namespace="user")
    )
    add, f = wanted.processes
    assert (add.id, add.namespace, add.path, add.arguments) == (
        "add",
        None,
        "a",
        {"x": "a", "y": "b"},
    )
    assert (f.id, f.namespace) == ("f", "user")


def test_callbacks_are_read_at_any_depth() -> None:
    deep = process(u=node("run_udf", runtime="Python", version="3"))
    wanted = needs(a=load(), b=node("apply", process=process(x=node("apply", process=deep))))
    assert wanted.udfs == (UdfNeed("Python", "3", "b/process/x/process/u"),)


def test_no_version_and_an_empty_one_are_the_same() -> None:
    wanted = needs(
        a=node("run_udf", runtime="Python", version=""), b=node("run_udf", runtime="Python")
    )
    assert wanted.udfs == (UdfNeed("Python", None, "a"),)


def test_a_branch_that_does_not_lead_to_the_result_is_needed_too() -> None:
    wanted = needs(
        a=load("S2"),
        side=node("save_result", data=ref("a"), format="PNG"),
        main=node("save_result", data=ref("a"), format="GTiff", result=True),
    )
    assert wanted.output_formats == (FormatNeed("PNG", "side"), FormatNeed("GTiff", "main"))


def test_files_are_read_in_their_formats() -> None:
    wanted = needs(
        a=node("load_uploaded_files", format="GeoJSON"), b=node("load_url", format="CSV")
    )
    assert wanted.input_formats == (FormatNeed("GeoJSON", "a"), FormatNeed("CSV", "b"))


def test_references_are_read() -> None:
    wanted = needs(
        a=node("load_result", id="terra-1"),
        b=node("load_stac", url="https://a/jobs/1/results"),
        c=node("load_stac", url="https://a/jobs/1/results?signature=x"),
        d=node("load_ml_model", model="aurora-2"),
        e=node("load_result", id="https://a/jobs/1/results/signed"),
        f=node("export_workspace", workspace="terra-w-1", merge="maps"),
        g=node("export_workspace", workspace="https://a/w-1"),
    )
    assert wanted.references == (
        ReferenceNeed("terra-1", "result", True, "a"),
        ReferenceNeed("https://a/jobs/1/results", "stac", True, "b"),
        ReferenceNeed("https://a/jobs/1/results?signature=x", "stac", False, "c"),
        ReferenceNeed("aurora-2", "model", True, "d"),
        ReferenceNeed("https://a/jobs/1/results/signed", "result", False, "e"),
        ReferenceNeed("terra-w-1", "workspace", True, "f"),
        ReferenceNeed("https://a/w-1", "workspace", True, "g"),
    )


def test_the_choice_of_a_backend_is_read_and_its_condition_needs_nothing() -> None:
    wanted = needs(load1=load(properties=only("terra")))
    (choice,) = wanted.explicit
    assert "terra" in choice.backends
    assert "aurora" not in choice.backends
    assert choice.path == "load1"
    assert [need.id for need in wanted.processes] == ["load_collection"]
    assert wanted.collections == (CollectionNeed("S2", "load1"),)


def test_a_graph_within_the_condition_needs_nothing_either() -> None:
    condition = only("terra")
    nodes = condition["federation:backends"]["process_graph"]
    nodes["eq1"]["arguments"]["extra"] = process(mean1=node("mean"))
    wanted = needs(load1=load(properties=condition))
    assert [need.id for need in wanted.processes] == ["load_collection"]


def test_a_malformed_condition_on_backends_is_refused() -> None:
    with pytest.raises(ProcessParameterInvalid, match="load1/properties/federation:backends"):
        needs(load1=load(properties={"federation:backends": "terra"}))


def test_a_parameters_default_counts_at_the_top() -> None:
    document = process(a=node("load_collection", id={"from_parameter": "what"}))
    document["parameters"] = [{"name": "what", "default": "S1", "schema": {}}, {"name": "other"}]
    assert [need.id for need in read_requirements(document).collections] == ["S1"]


def test_a_parameter_of_a_callback_is_not_taken_for_one_of_the_process() -> None:
    inner = process(x=node("load_collection", id={"from_parameter": "what"}))
    document = process(a=node("apply", process=inner))
    document["parameters"] = [{"name": "what", "default": "S1"}]
    assert read_requirements(document).collections == ()


def test_values_known_only_when_run_restrict_nothing() -> None:
    wanted = needs(
        a=node("load_collection", id={"from_parameter": "what"}),
        b=load("S2", bands=ref("a"), spatial_extent={"from_parameter": "x"}),
        c=node("save_result", format=ref("a")),
        d=node("run_udf", runtime={"from_parameter": "x"}),
    )
    assert wanted.collections == (CollectionNeed("S2", "b"),)
    assert wanted.output_formats == ()
    assert wanted.udfs == ()


@pytest.mark.parametrize("namespace", ["user", "https://example.org/load_collection.json"])
def test_a_load_collection_of_a_user_or_of_the_web_is_not_openeos(namespace: str) -> None:
    assert needs(a=node("load_collection", id="S2", namespace=namespace)).collections == ()


def test_a_backends_load_collection_is_openeos() -> None:
    wanted = needs(a=node("load_collection", id="S2", namespace="terra"))
    assert wanted.collections == (CollectionNeed("S2", "a"),)


def test_an_undeclared_parameter_is_an_error_where_it_cannot_be_given() -> None:
    document = process(a=load(spatial_extent={"from_parameter": "where"}))
    assert read_requirements(document).nodes == 1
    assert read_requirements(document, parameters=("where",)).nodes == 1
    with pytest.raises(ProcessGraphInvalid, match="'a' refers to the parameter 'where'"):
        read_requirements(document, parameters=())
    document["parameters"] = [{"name": "where"}]
    assert read_requirements(document, parameters=()).nodes == 1


@pytest.mark.parametrize("odd", [None, 3, {}, [None, 3, {"name": 4}]])
def test_odd_declarations_of_parameters_break_nothing(odd: Any) -> None:
    assert read_requirements(process(a=load()) | {"parameters": odd}).nodes == 1


def test_reading_leaves_the_process_alone() -> None:
    document = process(a=load(properties=only("terra")), b=node("ndvi", data=ref("a")))
    before = deepcopy(document)
    read_requirements(document)
    assert document == before


# Random valid graphs: nodes refer to earlier ones only, callbacks are graphs again.

PROCESSES = st.sampled_from(["add", "mean", "apply", "load_collection", "save_result"])
LITERALS = st.none() | st.integers() | st.sampled_from(["S1", "S2", "GTiff"])


@st.composite
def graphs(draw: st.DrawFn, depth: int = 2) -> Json:
    nodes: Json = {}
    for number in range(draw(st.integers(1, 4))):
        values: list[st.SearchStrategy[Any]] = [LITERALS]
        if nodes:
            values.append(st.sampled_from(sorted(nodes)).map(ref))
        if depth:
            values.append(graphs(depth - 1))
        value = st.one_of(values)
        value |= st.lists(value, max_size=2) | st.dictionaries(st.just("k"), value)
        arguments = st.dictionaries(
            st.sampled_from(["data", "id", "format", "x"]), value, max_size=3
        )
        nodes[f"n{number}"] = {"process_id": draw(PROCESSES), "arguments": draw(arguments)}
    result = draw(st.sampled_from(sorted(nodes)))
    nodes[result]["result"] = True
    order = draw(st.permutations(sorted(nodes)))
    return {"process_graph": {name: nodes[name] for name in order}}


def naive_nodes(value: Any) -> Iterator[Json]:
    """Every node in a document, by plain recursion."""
    if isinstance(value, list):
        for item in value:
            yield from naive_nodes(item)
    elif isinstance(value, dict):
        for content in value.get("process_graph", {}).values():
            yield content
            yield from naive_nodes(content["arguments"])
        for key, item in value.items():
            if key != "process_graph":
                yield from naive_nodes(item)


@given(graphs())
def test_reading_finds_what_a_naive_reading_finds(document: Json) -> None:
    nodes = list(naive_nodes(document))
    wanted = read_requirements(document)
    assert wanted.nodes == len(nodes)
    assert {need.id for need in wanted.processes} == {n["process_id"] for n in nodes}
    assert {(need.id, name) for need in wanted.processes for name in need.arguments} == {
        (n["process_id"], name)
        for n in nodes
        for name, value in n["arguments"].items()
        if value is not None
    }
    assert {need.id for need in wanted.collections} == {
        n["arguments"]["id"]
        for n in nodes
        if n["process_id"] == "load_collection" and isinstance(n["arguments"].get("id"), str)
    }
    assert {need.format for need in wanted.output_formats} == {
        n["arguments"]["format"]
        for n in nodes
        if n["process_id"] == "save_result" and isinstance(n["arguments"].get("format"), str)
    }


def test_each_node_is_read_by_itself_with_its_callbacks() -> None:
    inner = {"process_graph": {"udf": node("run_udf", runtime="R", udf="...", result=True)}}
    found = read_each(
        process(
            a=load("S2", bands=["B04"], properties=only("terra")),
            b=node("apply", data=ref("a"), process=inner),
            c=node("save_result", data=ref("b"), format="GTiff"),
        )
    )
    assert list(found) == ["a", "b", "c"]
    assert [need.id for need in found["a"].collections] == ["S2"]
    assert [need.path for need in found["a"].explicit] == ["a"]
    assert [need.id for need in found["a"].processes] == ["load_collection"]
    assert [need.id for need in found["b"].processes] == ["apply", "run_udf"]
    assert [need.path for need in found["b"].udfs] == ["b/process/udf"]
    assert [need.format for need in found["c"].output_formats] == ["GTiff"]
    assert not found["c"].collections
