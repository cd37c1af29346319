"""What is offered, and what is judged before anything is computed."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest

from backends.arguments import parse_moment
from backends.checking import MAX_ERRORS, check_process
from backends.definitions import RUNNABLE, definitions
from backends.errors import OpenEOError

LOAD: dict[str, Any] = {
    "process_id": "load_collection",
    "arguments": {
        "id": "SENTINEL2_L2A",
        "spatial_extent": {"west": 11, "south": 46, "east": 11.1, "north": 46.1},
        "temporal_extent": ["2024-06-01", "2024-07-01"],
    },
}
MEAN = {
    "process_graph": {
        "mean": {
            "process_id": "mean",
            "arguments": {"data": {"from_parameter": "data"}},
            "result": True,
        }
    }
}
REDUCE: dict[str, Any] = {
    "process_id": "reduce_dimension",
    "arguments": {"data": {"from_node": "load"}, "dimension": "t", "reducer": MEAN},
}
SAVE: dict[str, Any] = {
    "process_id": "save_result",
    "arguments": {"data": {"from_node": "reduce"}, "format": "GTiff"},
    "result": True,
}
GRAPH = {"load": LOAD, "reduce": REDUCE, "save": SAVE}


def mistakes(graph: Any, **more: Any) -> list[OpenEOError]:
    return check_process({"process_graph": graph, **more}, definitions())


def only(graph: Any, **more: Any) -> OpenEOError:
    found = mistakes(graph, **more)
    assert len(found) == 1, found
    return found[0]


def changed(node: str, **arguments: Any) -> dict[str, Any]:
    """The graph with other arguments at one node."""
    old = GRAPH[node]
    return {**GRAPH, node: {**old, "arguments": {**old["arguments"], **arguments}}}


def test_more_than_a_hundred_official_definitions_are_offered_in_order() -> None:
    assert len(definitions()) > 110
    assert list(definitions()) == sorted(RUNNABLE)
    for name, definition in definitions().items():
        assert definition["id"] == name
        assert definition["description"]
        assert "schema" in definition["returns"]


def test_reading_definitions_imports_nothing_that_computes() -> None:
    heavy = "numpy xarray dask pyproj openeo_pg_parser_networkx openeo_processes_dask.specs"
    code = (
        "import sys; from backends.definitions import definitions; definitions(); "
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_right_process_has_no_mistakes() -> None:
    assert mistakes(GRAPH) == []


def test_a_process_needs_a_graph_with_nodes() -> None:
    assert check_process({}, definitions())[0].code == "ProcessGraphMissing"
    assert only({}).code == "ProcessGraphInvalid"
    assert only([]).code == "ProcessGraphInvalid"


@pytest.mark.parametrize(
    "node",
    [
        "load",
        {"arguments": {}},
        {"process_id": 3, "arguments": {}},
        {"process_id": "pi"},
        {"process_id": "pi", "arguments": []},
        {"process_id": "pi", "arguments": {}, "result": "yes"},
    ],
)
def test_a_malformed_node_is_named(node: Any) -> None:
    error = only({**GRAPH, "odd": node})
    assert error.code == "ProcessGraphInvalid"
    assert "'odd'" in error.message


def test_exactly_one_node_gives_the_result() -> None:
    without = {**GRAPH, "save": {**SAVE, "result": False}}
    assert "no result node" in only(without).message
    both = {**GRAPH, "load": {**LOAD, "result": True}}
    assert "'load', 'save'" in only(both).message


def test_a_cycle_is_shown_as_a_ring() -> None:
    error = only(changed("load", bands={"from_node": "reduce"}))
    assert error.code == "ProcessGraphInvalid"
    assert "'load' -> 'reduce' -> 'load'" in error.message


def test_a_reference_to_nothing_says_what_was_meant() -> None:
    error = only(changed("save", data={"from_node": "reduse"}))
    assert error.code == "ProcessGraphInvalid"
    assert "'save'" in error.message
    assert "Did you mean 'reduce'?" in error.message


def test_a_reference_does_not_leave_its_graph() -> None:
    inner = {
        "mean": {"process_id": "mean", "arguments": {"data": {"from_node": "load"}}, "result": True}
    }
    error = only(changed("reduce", reducer={"process_graph": inner}))
    assert "'reduce/mean'" in error.message


def test_an_unknown_process_says_what_was_meant() -> None:
    graph = {**GRAPH, "load": {**LOAD, "process_id": "load_colection"}}
    error = only(graph)
    assert error.code == "ProcessUnsupported"
    assert "'load'" in error.message
    assert "'load_collection'" in error.message


def test_processes_inside_of_callbacks_are_judged_too() -> None:
    offered = {name: spec for name, spec in definitions().items() if name != "mean"}
    (error,) = check_process({"process_graph": GRAPH}, offered)
    assert error.code == "ProcessUnsupported"
    assert "'reduce/mean'" in error.message


def test_processes_of_users_cannot_be_run() -> None:
    error = only({**GRAPH, "own": {"process_id": "mine", "namespace": "user", "arguments": {}}})
    assert error.code == "ProcessUnsupported"
    assert "namespace" in error.message


def test_a_missing_argument_is_named() -> None:
    arguments = {"data": {"from_node": "load"}, "dimension": "t"}
    error = only({**GRAPH, "reduce": {**REDUCE, "arguments": arguments}})
    assert error.code == "ProcessParameterRequired"
    assert "'reducer'" in error.message
    assert "'reduce'" in error.message


def test_an_unknown_argument_is_named_with_those_that_exist() -> None:
    error = only(changed("reduce", dim="t"))
    assert error.code == "ProcessParameterUnsupported"
    assert "'dim'" in error.message
    assert "'dimension'" in error.message


@pytest.mark.parametrize(
    ("node", "arguments", "words"),
    [
        ("reduce", {"dimension": 3}, "a text, not 3"),
        ("reduce", {"reducer": {"x": 1}}, "a process graph"),
        ("reduce", {"data": {"x": 1}}, "a data cube"),
        ("load", {"bands": "B04"}, 'not "B04"'),
        ("load", {"bands": [1, 2]}, "not [1, 2]"),
        ("load", {"bands": []}, "not []"),
        ("load", {"spatial_extent": {"west": 1}}, "'south' must be a number"),
        ("load", {"temporal_extent": ["2024-06-01"]}, "two elements"),
        ("load", {"temporal_extent": ["June", None]}, '"June" is not a date'),
        ("load", {"temporal_extent": [None, None]}, "both be null"),
    ],
)
def test_an_argument_of_a_wrong_kind_is_refused(
    node: str, arguments: dict[str, Any], words: str
) -> None:
    error = only(changed(node, **arguments))
    assert error.code == "ProcessParameterInvalid"
    assert f"node '{node}'" in error.message
    assert words in error.message


def test_a_choice_out_of_a_list_names_the_list() -> None:
    node = {
        "process_id": "resample_spatial",
        "arguments": {"data": {"from_node": "load"}, "method": "nearest"},
    }
    assert "'near'" in only({**GRAPH, "resample": node}).message


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ({"west": 12, "south": 46, "east": 11, "north": 47}, "west (12) is greater than east (11)"),
        ({"west": 11, "south": 47, "east": 12, "north": 46}, "south (47) is greater than north"),
        ({"west": 11, "south": -91, "east": 12, "north": 46}, "between -90 and 90"),
        ({"west": 500000, "south": 46, "east": 500010, "north": 47}, "give 'crs'"),
        ({"wast": 11, "south": 46, "east": 12, "north": 47}, "'west' must be a number"),
        ({"west": "11", "south": 46, "east": 12, "north": 47}, "'west' must be a number"),
        ({"west": 1, "south": 4, "east": 2, "north": 7, "crs": []}, "EPSG"),
    ],
)
def test_an_extent_upside_down_is_refused(box: dict[str, Any], words: str) -> None:
    error = only(changed("load", spatial_extent=box))
    assert error.code == "ProcessParameterInvalid"
    assert words in error.message
    filtered = {"process_id": "filter_bbox", "arguments": {"data": {"from_node": "load"}}}
    graph = {**GRAPH, "box": {**filtered, "arguments": {**filtered["arguments"], "extent": box}}}  # type: ignore[dict-item]
    assert words in only(graph).message


def test_an_extent_in_metres_with_its_crs_is_right() -> None:
    box = {"west": 500000, "south": 5e6, "east": 500010, "north": 5.1e6, "crs": 32633}
    assert mistakes(changed("load", spatial_extent=box)) == []


def test_geojson_and_null_are_extents_too() -> None:
    assert mistakes(changed("load", spatial_extent=None, temporal_extent=None)) == []
    square = [[11, 46], [12, 46], [12, 47], [11, 46]]
    polygon = {"type": "Polygon", "coordinates": [square]}
    assert mistakes(changed("load", spatial_extent=polygon)) == []


@pytest.mark.parametrize("interval", [["2024-07-01", "2024-06-01"], ["2024-06-01"] * 2])
def test_an_empty_interval_is_refused(interval: list[str]) -> None:
    error = only(changed("load", temporal_extent=interval))
    assert error.code == "TemporalExtentEmpty"
    assert "'load'" in error.message


def test_years_and_months_are_dates() -> None:
    assert mistakes(changed("load", temporal_extent=["2020", "2021-02"])) == []
    moment = parse_moment("2021-02")
    assert moment is not None
    assert moment.isoformat() == "2021-02-01T00:00:00+00:00"


def test_parameters_must_be_defined_where_they_are_used() -> None:
    error = only(changed("load", id={"from_parameter": "collection"}))
    assert error.code == "ProcessGraphInvalid"
    assert "'collection'" in error.message
    declared = [{"name": "collection", "schema": {"type": "string"}}]
    graph = changed("load", id={"from_parameter": "collection"})
    assert mistakes(graph, parameters=declared) == []


def test_a_callback_sees_its_own_parameters_and_those_around_it() -> None:
    inner = {
        "add": {
            "process_id": "add",
            "arguments": {"x": {"from_parameter": "data"}, "y": {"from_parameter": "outer"}},
            "result": True,
        }
    }
    graph = changed("reduce", reducer={"process_graph": inner})
    assert "'outer'" in only(graph).message
    assert mistakes(graph, parameters=[{"name": "outer"}]) == []


def test_filters_by_property_see_a_value() -> None:
    condition = {
        "process_graph": {
            "lte": {
                "process_id": "lte",
                "arguments": {"x": {"from_parameter": "value"}, "y": 20},
                "result": True,
            }
        }
    }
    assert mistakes(changed("load", properties={"eo:cloud_cover": condition})) == []


def test_references_fit_anywhere_in_an_argument() -> None:
    box = {"west": {"from_parameter": "w"}, "south": 1, "east": 2, "north": 3}
    extent = [{"from_parameter": "start"}, "2024-01-01"]
    graph = changed("load", spatial_extent=box, temporal_extent=extent)
    assert mistakes(graph, parameters=[{"name": "w"}, {"name": "start"}]) == []


def test_diamonds_and_long_chains_take_linear_time() -> None:
    graph: dict[str, Any] = {"n0": {"process_id": "pi", "arguments": {}}}
    for index in range(1, 5000):
        before = {"from_node": f"n{index - 1}"}
        graph[f"n{index}"] = {"process_id": "add", "arguments": {"x": before, "y": before}}
    graph["n4999"]["result"] = True
    start = time.process_time()
    assert mistakes(graph) == []
    assert time.process_time() - start < 5


def test_a_process_of_too_many_nodes_is_refused() -> None:
    graph = {f"n{index}": {"process_id": "pi", "arguments": {}} for index in range(10_001)}
    assert only(graph).code == "ProcessGraphComplexity"


def test_graphs_and_values_nested_too_deep_are_refused_without_a_crash() -> None:
    nested: Any = MEAN
    for _ in range(400):
        node = {"process_id": "apply", "arguments": {"data": 1, "process": nested}, "result": True}
        nested = {"process_graph": {"apply": node}}
    codes = {error.code for error in mistakes(nested["process_graph"])}
    assert "ProcessGraphComplexity" in codes
    value: Any = 1
    for _ in range(800):
        value = [value]
    node = {"process_id": "array_create", "arguments": {"data": value}, "result": True}
    assert only({"deep": node}).code == "ProcessGraphComplexity"


def test_many_mistakes_are_cut_off() -> None:
    graph = {f"n{index}": {"process_id": f"p{index}", "arguments": {}} for index in range(5000)}
    assert len(mistakes(graph)) == MAX_ERRORS


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 10**400, None, True, "", [], {}, [[]], {"from_node": 3}]
)
def test_odd_values_are_answered_with_errors(value: Any) -> None:
    for node, names in (("load", LOAD["arguments"]), ("reduce", REDUCE["arguments"])):
        for name in names:
            for error in mistakes(changed(node, **{name: value})):
                assert error.status == 400
                assert error.message
