"""Processes: the union, or what all have; parameters compared by meaning."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.filters import Lists, Selection
from aggregator.merging.notes import Merged
from aggregator.merging.processes import merge_process_versions, merge_processes
from tests.contract.specification import response_object, violations
from tests.fakes.documents import LEFT_OUT, frozen, parameter, process, thawed
from tests.unit.merging.noted import assert_not_noted, assert_noted

ORDER = ("terra", "aurora", "boreal")


def merged(**documents: dict[str, Any]) -> Merged[dict[str, Any]]:
    """The process `add` that backends have in these ways."""
    by_backend = {backend: [document] for backend, document in documents.items()}
    whole = merge_processes(by_backend, order=ORDER)
    return Merged(whole.document.get("add", {}), whole.notes)


def with_parameter(**parameters: dict[str, Any]) -> Merged[dict[str, Any]]:
    """The one parameter that the process has in these ways."""
    whole = merged(**{b: process("add", parameters=[p]) for b, p in parameters.items()})
    return Merged(whole.document["parameters"][0], whole.notes)


# Which processes


def test_every_process_of_every_backend_is_listed_and_says_who_has_it() -> None:
    found = merge_processes(
        {"terra": [process("add"), process("ndvi")], "aurora": [process("add"), process("mask")]},
        order=ORDER,
    )
    assert {name: p["federation:backends"] for name, p in found.document.items()} == {
        "add": ["terra", "aurora"],
        "ndvi": ["terra"],
        "mask": ["aurora"],
    }
    assert_not_noted(found)


def test_by_intersection_only_what_all_have_is_listed() -> None:
    found = merge_processes(
        {"terra": [process("add"), process("ndvi")], "aurora": [process("add")]},
        order=ORDER,
        rule="intersection",
    )
    assert list(found.document) == ["add"]
    assert_noted(found, "process-left-out", "terra", subject="processes/ndvi")


def test_a_backend_whose_list_is_unusable_does_not_empty_the_intersection() -> None:
    found = merge_processes(
        {"terra": [process("add")], "aurora": None},  # type: ignore[dict-item]
        order=ORDER,
        rule="intersection",
    )
    assert list(found.document) == ["add"]
    assert_noted(found, "document-unusable", "aurora")


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="union, intersection"):
        merge_processes({}, order=ORDER, rule="majority")


def test_processes_of_other_namespaces_are_not_pre_defined_ones() -> None:
    listed = [
        process("add"),
        process("add", namespace="backend", summary="Also pre-defined"),
        process("mine", namespace="user"),
        process("theirs", namespace="https://processes.example/theirs.json"),
        process("null", namespace=None),
    ]
    found = merge_processes({"terra": listed}, order=ORDER)
    assert list(found.document) == ["add", "null"]
    assert_noted(found, "process-namespace", "terra", subject="processes/mine")
    assert_noted(found, "process-namespace", "terra", subject="processes/theirs")
    assert_noted(found, "entry-repeated", "terra", subject="processes/add")


def test_what_is_denied_is_not_listed() -> None:
    selection = Selection(
        processes=Lists(deny=("run_*",)), processes_of={"aurora": Lists(allow=("add",))}
    )
    listed = [process("add"), process("mask"), process("run_udf")]
    found = merge_processes(
        {"terra": listed, "aurora": listed}, order=ORDER, selection=selection
    ).document
    assert {name: p["federation:backends"] for name, p in found.items()} == {
        "add": ["terra", "aurora"],
        "mask": ["terra"],
    }


@pytest.mark.parametrize("entry", [None, "add", 5, [], {}, {"id": None}, {"id": ["add"]}])
def test_a_broken_entry_costs_no_other_entry(entry: Any) -> None:
    found = merge_processes({"terra": [entry, process("add")]}, order=ORDER)
    assert list(found.document) == ["add"]
    assert_noted(found, "entry-unusable", "terra")


def test_one_backends_process_comes_out_as_it_went_in() -> None:
    document = process(
        "add",
        parameters=[parameter("x"), parameter("y", optional=True, default=0)],
        exceptions={"Bad": {"description": "d", "message": "m"}},
        examples=[{"arguments": {"x": 1}, "returns": 1}],
        links=[{"rel": "about", "href": "https://add.example"}],
        process_graph={"a": {"process_id": "sum", "arguments": {}, "result": True}},
        deprecated=False,
        fields={"unknown:field": [1]},
    )
    found = merged(terra=document)
    assert found.document == {**document, "federation:backends": ["terra"]}
    assert_not_noted(found)


def test_inputs_are_left_as_they_are() -> None:
    listed = {
        "terra": [process("add"), process("add", namespace="x")],
        "aurora": [process("add", parameters=[parameter("x", default=1), "z"]), 5],
    }
    before = thawed(listed)
    plain = merge_processes(listed, order=ORDER).document  # type: ignore[arg-type]
    assert listed == before
    assert thawed(merge_processes(frozen(listed), order=ORDER).document) == plain


# Texts


def test_texts_of_the_reference_win_so_that_mixed_versions_read_as_one() -> None:
    by_backend = {
        "terra": [process("add", description="Old words.")],
        "aurora": [process("add", description="New words."), process("mask")],
    }
    for reference in ("aurora", "2.0.0-rc.2"):
        found = merge_processes(
            by_backend,
            order=ORDER,
            reference=reference,
            versions={"terra": "1.2.0", "aurora": "2.0.0-rc.2"},
        )
        assert found.document["add"]["description"] == "New words."
        assert found.document["add"]["federation:backends"] == ["terra", "aurora"]
        note = assert_noted(found, "text-differs", subject="processes/add/description")
        assert note.values["chosen"] == "aurora"
        assert note.values["by_backend"] == {"terra": "Old words.", "aurora": "New words."}


def test_without_a_reference_the_first_configured_backends_text_wins() -> None:
    found = merged(aurora=process("add", summary="B"), terra=process("add", summary="A"))
    assert found.document["summary"] == "A"


@pytest.mark.parametrize(
    ("versions", "reference", "shown"),
    [
        ({"terra": "2.0.0", "aurora": None}, None, "2.0.0"),
        ({"terra": "1.2.0", "aurora": "2.0.0"}, None, None),
        ({"terra": "1.2.0", "aurora": "2.0.0"}, "2.0.0", "2.0.0"),
        ({"terra": "1.2.0", "aurora": "2.0.0"}, "aurora", "2.0.0"),
        ({"terra": None, "aurora": None}, None, None),
    ],
)
def test_a_version_is_stated_that_all_have_or_the_reference(
    versions: dict[str, str | None], reference: str | None, shown: str | None
) -> None:
    found = merge_process_versions(versions, order=ORDER, reference=reference)
    assert found.document == shown
    if set(versions.values()) == {"1.2.0", "2.0.0"}:
        note = assert_noted(found, "value-differs", "terra", "aurora", subject="processes/version")
        assert note.values == {"by_backend": versions, "chosen": shown}
    else:
        assert_not_noted(found)


@pytest.mark.parametrize("alone", [True, False])
def test_members_of_a_backend_that_is_a_federation_itself_are_not_shown(alone: bool) -> None:
    number: dict[str, Any] = {"type": "number"}
    alternatives = [number, {"type": "string", "federation:backends": ["inner"]}]
    nested = process("add", parameters=[parameter("x", schema=alternatives)])
    others = {} if alone else {"aurora": process("add", parameters=[parameter("x", schema=number)])}
    found = merged(terra=nested, **others)
    shown = {"type": "string"} if alone else {"type": "string", "federation:backends": ["terra"]}
    assert found.document["parameters"][0]["schema"] == [number, shown]
    note = assert_noted(found, "nested-federation", "terra")
    assert note.values["found"] == [["inner"]]


def test_a_schema_of_one_alternative_stays_one_without_the_members_of_its_backend() -> None:
    schema = {"type": "string", "federation:backends": ["inner"]}
    found = merged(terra=process("add", parameters=[parameter("x", schema=schema)]))
    assert found.document["parameters"][0]["schema"] == {"type": "string"}


def test_a_version_that_is_no_text_is_noted() -> None:
    found = merge_process_versions({"terra": ["2.0.0"], "aurora": "2.0.0"}, order=ORDER)
    assert found.document == "2.0.0"
    assert_noted(found, "value-unusable", "terra", subject="processes/version")


def test_categories_exceptions_and_links_are_united() -> None:
    found = merged(
        terra=process("add", categories=["math"], exceptions={"A": {"message": "a"}}),
        aurora=process("add", categories=["cubes", "math"], exceptions={"B": {"message": "b"}}),
    ).document
    assert found["categories"] == ["math", "cubes"]
    assert found["exceptions"] == {"A": {"message": "a"}, "B": {"message": "b"}}


def test_only_what_all_call_experimental_is() -> None:
    found = merged(terra=process("add", experimental=True), aurora=process("add"))
    assert found.document["experimental"] is False
    assert_noted(found, "flag-differs", "terra", "aurora", subject="processes/add/experimental")


# Parameters


def test_a_parameter_that_only_some_accept_says_so() -> None:
    found = merged(terra=process(parameters=["x"]), aurora=process(parameters=["x", "y"]))
    assert found.document["parameters"] == [
        parameter("x"),
        {**parameter("y"), "federation:backends": ["aurora"]},
    ]
    assert_noted(found, "parameter-partial", "aurora", subject="processes/add/parameters/y")


@pytest.mark.parametrize("none", [LEFT_OUT, []])
def test_a_backend_that_lists_no_parameters_accepts_none(none: object) -> None:
    found = merged(
        terra=process("add", fields={"parameters": none}), aurora=process(parameters=["x"])
    )
    assert found.document["parameters"] == [{**parameter("x"), "federation:backends": ["aurora"]}]


def test_a_parameter_is_required_where_any_backend_requires_it() -> None:
    found = with_parameter(
        terra=parameter("x", optional=True, default=3), aurora=parameter("x", optional=False)
    )
    assert found.document["optional"] is False
    assert "default" not in found.document
    assert_noted(found, "parameter-optionality-differs", "aurora")


def test_a_parameter_with_a_default_is_optional_even_if_it_does_not_say_so() -> None:
    found = with_parameter(terra=parameter("x", default=None), aurora=parameter("x", optional=True))
    assert found.document["default"] is None
    assert_not_noted(found)


def test_different_defaults_are_noted_and_the_first_stands() -> None:
    found = with_parameter(
        terra=parameter("x", optional=True, default=1),
        aurora=parameter("x", optional=True, default=True),
    )
    assert found.document["default"] == 1
    assert_noted(found, "parameter-default-differs", "terra", "aurora")


@pytest.mark.parametrize(
    "other",
    [
        {"type": ["number"]},
        [{"type": "number"}],
        {"type": "number", "description": "A number.", "minimum": 0},
        {"anyOf": [{"type": "number"}]},
    ],
)
def test_the_same_type_written_differently_is_the_same(other: object) -> None:
    found = with_parameter(terra=parameter("x"), aurora=parameter("x", schema=other))
    assert found.document["schema"] == {"type": "number"}
    assert_not_noted(found, "parameter-schema-differs")


def test_types_that_only_some_accept_say_so() -> None:
    geojson = {"type": "object", "subtype": "geojson"}
    cube = {"type": "object", "subtype": "datacube"}
    found = with_parameter(
        terra=parameter("x", schema=geojson), aurora=parameter("x", schema=[geojson, cube])
    )
    assert found.document["schema"] == [geojson, {**cube, "federation:backends": ["aurora"]}]
    note = assert_noted(found, "parameter-schema-differs", "terra", "aurora")
    assert note.values["by_backend"]["aurora"] == ["object/datacube", "object/geojson"]


@pytest.mark.parametrize("broken", [None, 5, "number", [], [1], True])
def test_a_broken_schema_costs_no_other_its_own(broken: object) -> None:
    found = with_parameter(terra=parameter("x", schema=broken), aurora=parameter("x"))
    assert found.document["schema"] == {"type": "number"}
    assert_noted(found, "value-unusable", "terra")


@pytest.mark.parametrize("broken", [None, 5, "x, y", {"x": {}}, True])
def test_broken_parameters_cost_no_other_backend_its_own(broken: object) -> None:
    found = merged(terra=process("add", fields={"parameters": broken}), aurora=process())
    assert [p["name"] for p in found.document["parameters"]] == ["x", "y"]
    assert_noted(found, "value-unusable", "terra")


def test_a_parameter_without_a_name_costs_no_other_parameter() -> None:
    nameless = {"description": "?", "schema": {}}
    found = merged(terra=process(parameters=["x", nameless, "y"]))
    assert [p["name"] for p in found.document["parameters"]] == ["x", "y"]
    assert_noted(found, "entry-unusable", "terra")


def test_another_order_of_parameters_is_noted() -> None:
    found = merged(terra=process(parameters=["x", "y"]), aurora=process(parameters=["y", "x"]))
    assert [p["name"] for p in found.document["parameters"]] == ["x", "y"]
    assert_noted(found, "parameter-order-differs", "terra", "aurora")
    further = merged(
        terra=process(parameters=["x", "y"]), aurora=process(parameters=["x", "z", "y"])
    )
    assert_not_noted(further, "parameter-order-differs")


def test_different_types_of_what_is_returned_are_noted() -> None:
    found = merged(terra=process(returns="number"), aurora=process(returns="object"))
    assert found.document["returns"]["schema"] == {"type": "number"}
    assert_noted(found, "returns-differ", "terra", "aurora")


@pytest.mark.parametrize("broken", [None, "number", [], [None], 5, {"type": None}])
def test_a_broken_type_of_what_is_returned_costs_no_other_backend_its_own(broken: object) -> None:
    number = {"type": "number"}
    found = merged(terra=process(fields={"returns": {"schema": broken}}), aurora=process())
    assert found.document["returns"]["schema"] == number
    assert_noted(found, "value-unusable", "terra", subject="processes/add/returns/schema")
    assert_not_noted(found, "returns-differ")


@pytest.mark.parametrize(
    "broken",
    [
        {"id": "add"},
        {"id": "add", "description": None, "parameters": None, "returns": None},
        {"id": "add", "parameters": [{"name": "x"}], "returns": {"description": "Something."}},
        {"id": "add", "parameters": [{"name": "x", "schema": "number"}], "returns": {"schema": 1}},
    ],
)
def test_what_the_api_requires_is_there_even_if_no_backend_gives_it(broken: Any) -> None:
    found = merged(terra={"summary": "Adds.", **broken})
    described = response_object("get", "/processes", 200)["content"]["application/json"]["schema"]
    assert violations(described, {"processes": [found.document], "links": []}) == []
    assert found.document["description"] == "Adds."
    assert_noted(found, "value-missing", "terra", subject="processes/add/description")


def test_a_broken_process_graph_costs_no_other_backend_its_own() -> None:
    graph = {"add": {"process_id": "add", "arguments": {}, "result": True}}
    found = merged(terra=process(process_graph=None), aurora=process(process_graph=graph))
    assert found.document["process_graph"] == graph
    assert_noted(found, "value-unusable", "terra", subject="processes/add/process_graph")


def test_a_list_of_processes_is_as_the_api_describes_it() -> None:
    found = merge_processes(
        {
            "terra": [process(), process("mask", parameters=["x"])],
            "aurora": [
                process(parameters=["x", parameter("y", "string", default="a"), "z"]),
                process("mask", parameters=[], returns="object"),
            ],
        },
        order=ORDER,
    ).document
    described = response_object("get", "/processes", 200)["content"]["application/json"]["schema"]
    broken = violations(described, {"processes": list(found.values()), "links": []})
    # The specification allows a schema to match only one of "Generic", a process graph and a
    # data cube, but everything is generic: no schema of a parameter passes.
    assert [one for one in broken if ".schema: " not in one] == []
