"""User-defined processes are checked before they are stored, and listed without long values."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.errors import OpenEOError, ProcessGraphMissing, ProcessInvalid
from aggregator.routing.definitions import brief, read_definition

GRAPH = {"one": {"process_id": "pi", "arguments": {}, "result": True}}
FACTOR = {"name": "factor", "description": "By what.", "schema": {"type": "number"}}


def process(**changes: Any) -> dict[str, Any]:
    return {"process_graph": GRAPH, "summary": "Doubles.", "parameters": [FACTOR]} | changes


def test_a_process_is_stored_under_the_id_of_its_path_without_what_is_null() -> None:
    body = process(id="other", description=None, categories=None, public=None, own={"kept": True})
    assert read_definition(body, "double_1") == {
        "id": "double_1",
        "process_graph": GRAPH,
        "summary": "Doubles.",
        "parameters": [FACTOR],
        "own": {"kept": True},
    }


@pytest.mark.parametrize("identifier", ["a", "A_1", "x" * 200])
def test_ids_are_of_letters_digits_and_underscores(identifier: str) -> None:
    assert read_definition(process(), identifier)["id"] == identifier


@pytest.mark.parametrize("identifier", ["", "a-b", "a b", "\u00e4", "x" * 201, "a\n"])
def test_other_ids_are_refused(identifier: str) -> None:
    with pytest.raises(ProcessInvalid, match="at most 200 of them"):
        read_definition(process(), identifier)


def test_a_process_has_a_graph_that_uses_only_parameters_that_it_declares() -> None:
    for none in ({"summary": "None."}, process(process_graph=None)):
        with pytest.raises(ProcessGraphMissing):
            read_definition(none, "double")
    graph = {
        "one": {
            "process_id": "multiply",
            "arguments": {"x": {"from_parameter": "factor"}, "y": 2},
            "result": True,
        }
    }
    assert read_definition(process(process_graph=graph), "double")["process_graph"] == graph
    with pytest.raises(OpenEOError, match="factor"):
        read_definition(process(process_graph=graph, parameters=[]), "double")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"summary": 7}, "'summary' must be a text or null"),
        ({"description": []}, "'description' must be a text or null"),
        ({"parameters": {}}, "'parameters' must be a list or null"),
        ({"returns": []}, "'returns' must be an object or null"),
        ({"categories": "math"}, "'categories' must be a list"),
        ({"deprecated": "yes"}, "'deprecated' must be true or false"),
        ({"experimental": 1}, "'experimental' must be true or false"),
        ({"exceptions": []}, "'exceptions' must be an object"),
        ({"examples": {}}, "'examples' must be a list"),
        ({"links": {}}, "'links' must be a list"),
        ({"public": 0}, "'public' must be true or false"),
        ({"returns": {}}, "'returns' needs a 'schema'"),
        ({"returns": {"schema": []}}, "'returns' needs a 'schema'"),
        ({"returns": {"schema": [{}, 3]}}, "'returns' needs a 'schema'"),
        ({"parameters": ["x"]}, "each of its 'parameters' must be an object with a 'name'"),
        (
            {"parameters": [{**FACTOR, "name": "a b"}]},
            "each of its 'parameters' must be an object with a 'name'",
        ),
        ({"parameters": [FACTOR, FACTOR]}, "two of its parameters have the name 'factor'"),
        (
            {"parameters": [{"name": "x", "schema": {}}]},
            "the parameter 'x' needs a 'description'",
        ),
        (
            {"parameters": [FACTOR, {"name": "x", "description": "", "schema": "number"}]},
            "the parameter 'x' needs a 'schema'",
        ),
    ],
)
def test_what_describes_it_wrongly_is_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ProcessInvalid) as caught:
        read_definition(process(**changes), "double")
    assert caught.value.message == f"The process cannot be stored: {reason}."


def test_schemas_may_be_several_and_parameters_none() -> None:
    assert "parameters" not in read_definition(process(parameters=None), "double")
    body = process(returns={"schema": [{"type": "number"}, {"type": "null"}]})
    assert read_definition(body, "double")["returns"] == body["returns"]


def test_a_listing_leaves_out_graphs_and_flags_that_are_not_set() -> None:
    known = {
        "id": "double",
        "summary": "Doubles.",
        "description": "Long.",
        "categories": ["math"],
        "parameters": [FACTOR],
        "returns": {"schema": {}},
    }
    stored = {**known, "deprecated": True, "experimental": False, "links": [], "process_graph": {}}
    assert brief(stored) == {**known, "deprecated": True}
    assert brief({"id": "double", "experimental": True}) == {"id": "double", "experimental": True}
