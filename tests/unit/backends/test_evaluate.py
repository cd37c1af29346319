"""Executing whole processes: order, scopes, saving, progress, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openeo_pg_parser_networkx.process_registry import Process, ProcessRegistry

from backends.definitions import RUNNABLE
from backends.environment import Limits
from backends.errors import OpenEOError
from backends.evaluate import run, translate
from backends.formats import SavedAsset
from backends.processes import values
from backends.processes.library import OpenEOException, library
from backends.registry import registry
from tests.fakes.execution import Execution, by, callback, cube_of, of

CUBE = cube_of(np.arange(8).reshape(2, 2, 2), t=["2024-01-01", "2024-01-02"])
LOAD: dict[str, Any] = {
    "process_id": "load_collection",
    "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
}


def node(process_id: str, *, result: bool = False, **arguments: Any) -> dict[str, Any]:
    return {"process_id": process_id, "arguments": arguments, "result": result}


def failure(graph: dict[str, Any], **changes: Any) -> OpenEOError:
    with pytest.raises(OpenEOError) as caught:
        Execution({"cube": CUBE}).run(graph, **changes)
    return caught.value


def test_a_chain_of_five_hundred_nodes_is_evaluated() -> None:
    graph = {"n0": node("constant", x=1)}
    for index in range(1, 500):
        graph[f"n{index}"] = node("add", x=by(f"n{index - 1}"), y=1, result=index == 499)
    assert Execution().run(graph) == 500


def test_each_node_is_evaluated_once() -> None:
    execution = Execution({"cube": CUBE})
    graph = {
        "load": LOAD,
        "a": node("merge_cubes", cube1=by("load"), cube2=by("load"), overlap_resolver=_sum()),
        "b": node("merge_cubes", cube1=by("a"), cube2=by("load"), overlap_resolver=_sum()),
        "c": node(
            "merge_cubes", cube1=by("a"), cube2=by("b"), overlap_resolver=_sum(), result=True
        ),
    }
    np.testing.assert_array_equal(execution.run(graph).values, CUBE.values * 5)
    assert len(execution.requests) == 1


def _sum() -> dict[str, Any]:
    return callback("sum", data=[of("x"), of("y")])


def test_all_that_is_saved_is_computed_also_beside_the_result() -> None:
    execution = Execution({"cube": CUBE})
    graph = {
        "load": LOAD,
        "all": node("save_result", data=by("load"), format="netCDF"),
        "first": node(
            "reduce_dimension",
            data=by("load"),
            dimension="t",
            reducer=callback("first", data=of("data")),
        ),
        "save": node("save_result", data=by("first"), format="GTiff", result=True),
    }
    assets = run({"process_graph": graph}, execution.environment())
    assert sorted(execution.formats) == ["GTiff", "netCDF"]
    assert sorted(asset.path.suffix for asset in assets) == [".gtiff", ".netcdf"]


def test_a_result_that_nobody_saves_is_saved_as_json() -> None:
    execution = Execution()
    assert execution.run({"n": node("multiply", x=6, y=7, result=True)}) == 42
    assert execution.formats == ["JSON"]


def test_the_result_of_save_result_is_a_stac_resource_that_can_be_exported() -> None:
    exported: list[tuple[Any, str, str | None]] = []
    graph = {
        "load": LOAD,
        "save": node("save_result", data=by("load"), format="GTiff"),
        "here": node("export_workspace", data=by("save"), workspace="w-1"),
        "there": node("export_workspace", data=by("here"), workspace="w-2", merge="a", result=True),
    }
    Execution({"cube": CUBE}).run(graph, export=lambda *given: exported.append(given))
    assert [(place, merge) for _, place, merge in exported] == [("w-1", None), ("w-2", "a")]
    saved = exported[0][0]
    assert [asset.path.name for asset in saved.assets] == ["1.gtiff"]
    assert exported[1][0] is saved
    assert repr(saved) == "[STAC resource of 1 file(s)]"


def test_conditions_on_properties_reach_the_loading_as_callables() -> None:
    execution = Execution({"cube": CUBE})
    clear = callback("lte", x=of("value"), y=20)
    ours = callback("eq", x=of("value"), y="Sentinel-2A", case_sensitive=False)
    arguments = {
        **LOAD["arguments"],
        "bands": ["B08"],
        "temporal_extent": ["2024", "2024-02-01"],
        "properties": {"eo:cloud_cover": clear, "platform": ours},
    }
    environment = execution.environment(limits=Limits(max_samples=7))
    graph = {"load": {**LOAD, "arguments": arguments, "result": True}}
    run({"process_graph": graph}, environment)
    (request,) = execution.requests
    assert [request.properties["eo:cloud_cover"](value) for value in (20, 21, None)] == [
        True,
        False,
        False,
    ]
    assert request.properties["platform"]("sentinel-2a") is True
    assert request.bands == ("B08",)
    assert request.temporal_extent == ("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z")
    assert request.max_samples == 7


def test_parameters_of_the_process_take_their_defaults() -> None:
    execution = Execution()
    process = {
        "parameters": [
            {"name": "factor", "schema": {}, "optional": True, "default": 3},
            {"name": "offset", "schema": {}},
        ],
        "process_graph": {"n": node("multiply", x=of("factor"), y=2, result=True)},
    }
    run(process, execution.environment())
    assert execution.saved == [6]
    process["process_graph"] = {"n": node("add", x=of("offset"), y=2, result=True)}
    with pytest.raises(OpenEOError) as caught:
        run(process, execution.environment())
    assert caught.value.code == "ProcessParameterRequired"
    assert "'offset'" in caught.value.message


@pytest.mark.parametrize("parameters", [None, {}, "x", [3], [{}], [{"name": 3, "default": 1}]])
def test_malformed_parameters_define_nothing(parameters: Any) -> None:
    execution = Execution()
    graph = {"n": node("pi", result=True)}
    run({"process_graph": graph, "parameters": parameters}, execution.environment())
    assert execution.saved == [np.pi]


def test_inner_parameters_hide_outer_ones_of_the_same_name() -> None:
    inner = callback("add", x=of("x"), y=of("context"))
    outer = {
        "process_graph": {
            "each": node("array_apply", data=[of("x"), 100], process=inner, context=1),
            "sum": node("sum", data=by("each"), result=True),
        }
    }
    graph = {
        "load": LOAD,
        "n": node("apply", data=by("load"), process=outer, context=5, result=True),
    }
    # x + 1 and 100 + 1: the inner context is 1, the outer one 5 is hidden.
    result = Execution({"cube": CUBE}).run(graph)
    np.testing.assert_array_equal(result.values, CUBE.values + 102)


def test_progress_grows_to_one() -> None:
    execution = Execution({"cube": CUBE})
    execution.run(
        {"load": LOAD, "s": node("save_result", data=by("load"), format="X", result=True)}
    )
    assert execution.shares == sorted(execution.shares)
    assert execution.shares[-1] == 1.0


def test_what_a_saving_tells_of_its_progress_is_passed_on() -> None:
    execution = Execution({"cube": CUBE})

    def save(_data: object, _format: str, _options: object, progress: Any) -> list[Any]:
        progress(0.5)
        return []

    graph = {"load": LOAD, "s": node("save_result", data=by("load"), format="X", result=True)}
    run({"process_graph": graph}, execution.environment(save_result=save))
    # Loading counts 1, saving 20.
    assert execution.shares == [1 / 21, 11 / 21, 1.0]


def test_the_logs_tell_what_runs_and_what_was_saved() -> None:
    execution = Execution({"cube": CUBE})
    graph = {
        "load": LOAD,
        "look": node("inspect", data=by("load"), message="here", level="warning", result=True),
    }
    execution.run(graph)
    assert ("debug", "Node 'load' runs the process 'load_collection'.") in execution.logs
    levels = dict(execution.logs)
    assert "here [cube of float32 (t: 2, y: 2, x: 2)]" in levels["warning"]
    assert levels["info"] == "Saved 1 file(s) as JSON: 1.json."


def test_the_logs_warn_once_of_what_the_files_of_a_saving_cannot_hold() -> None:
    lost = "3 values are beyond 0 to 255."

    def save(_data: object, _format: str, _options: object) -> list[SavedAsset]:
        return [SavedAsset(Path(f"{day}.tif"), "image/tiff", warnings=(lost,)) for day in (1, 2)]

    execution = Execution()
    saved = node("save_result", data=by("n"), format="GTiff", result=True)
    run({"process_graph": {"n": node("pi"), "s": saved}}, execution.environment(save_result=save))
    assert [told for told in execution.logs if told[0] == "warning"] == [("warning", lost)]


def test_a_process_that_is_not_offered_is_not_run() -> None:
    offered = frozenset(RUNNABLE) - {"ndvi"}
    error = failure(
        {"load": LOAD, "n": node("ndvi", data=by("load"), result=True)}, offered=offered
    )
    assert error.code == "ProcessUnsupported"


def test_a_graph_beyond_the_limit_is_not_run() -> None:
    graph = {"a": node("pi"), "b": node("pi", result=True)}
    assert failure(graph, limits=Limits(graph_nodes=1)).code == "ProcessGraphComplexity"


def test_errors_name_the_innermost_process_and_its_node() -> None:
    reducer = callback("array_element", data=of("data"), index=9)
    graph = {
        "load": LOAD,
        "reduce": node(
            "reduce_dimension", data=by("load"), dimension="t", reducer=reducer, result=True
        ),
    }
    error = failure(graph)
    assert error.code == "ArrayElementNotAvailable"
    assert error.status == 400
    assert "(process 'array_element' at node 'reduce/array_element')" in error.message


def test_errors_of_the_loading_keep_their_code_and_status() -> None:
    def load(identifier: str, _request: object) -> object:
        raise OpenEOError("CollectionNotFound", f"Collection '{identifier}' does not exist.")

    error = failure({"load": {**LOAD, "result": True}}, load_collection=load)
    assert (error.code, error.status) == ("CollectionNotFound", 404)
    assert "Collection 'cube' does not exist (process 'load_collection'" in error.message


def test_values_of_a_wrong_kind_are_the_users_mistake() -> None:
    graph = {"a": node("constant", x="ten"), "b": node("add", x=by("a"), y=1, result=True)}
    error = failure(graph)
    assert error.code == "ProcessParameterInvalid"
    assert "'x' must be a number, not a text" in error.message


def test_what_nobody_expected_is_internal_and_its_cause_is_not_for_the_user() -> None:
    def save(_data: object, _format: str, _options: object) -> object:
        raise RuntimeError("secret path /srv/data")

    error = failure(
        {"n": node("pi"), "s": node("save_result", data=by("n"), format="X", result=True)},
        save_result=save,
    )
    assert (error.code, error.status) == ("Internal", 500)
    assert "secret" not in error.message
    assert "secret path" in str(error.__cause__)


def test_errors_of_the_library_bear_openeos_codes() -> None:
    class BandExists(OpenEOException):
        """As the library has it."""

    error = translate(BandExists("It exists."), "ndvi", "n1")
    assert (error.code, error.status) == ("BandExists", 400)
    assert error.message == "It exists (process 'ndvi' at node 'n1')."


def test_callbacks_follow_the_convention_of_the_library() -> None:
    processes = ProcessRegistry()
    for name in ("load_collection", "save_result", "linear_scale_range", "max", "mean", "subtract"):
        processes[name] = Process(spec={}, implementation=registry()[name].implementation)
    for name in ("apply", "reduce_dimension"):
        processes[name] = Process(spec={}, implementation=getattr(library, name))
    scale = callback("linear_scale_range", x=of("x"), inputMin=0, inputMax=of("context"))
    twice = {
        "process_graph": {
            "max": node("max", data=of("data")),
            "mean": node("mean", data=of("data")),
            "both": node("subtract", x=by("max"), y=by("mean"), result=True),
        }
    }
    graph = {
        "load": LOAD,
        "apply": node("apply", data=by("load"), process=scale, context=14),
        "n": node("reduce_dimension", data=by("apply"), dimension="t", reducer=twice, result=True),
    }
    execution = Execution({"cube": CUBE})
    run({"process_graph": graph}, execution.environment(), processes)
    (result,) = execution.saved
    scaled = CUBE.values / 14
    np.testing.assert_allclose(result.values, scaled.max(axis=0) - scaled.mean(axis=0), rtol=1e-6)


def test_warnings_of_libraries_are_silenced_only_while_computing() -> None:
    with values.quiet_numerics():
        assert np.isnan(np.nanmean(np.array([np.nan])))
    with pytest.warns(RuntimeWarning):
        np.nanmean(np.array([np.nan]))


@pytest.mark.parametrize(
    ("process_id", "name", "more"),
    [
        ("save_result", "format", {"data": by("load")}),
        ("load_url", "format", {"url": "https://example.org/a"}),
        ("inspect", "level", {"data": 1}),
        ("reduce_dimension", "reducer", {"data": by("load"), "dimension": "t"}),
    ],
)
def test_a_cube_where_none_can_be_is_the_users_mistake(
    process_id: str, name: str, more: dict[str, Any]
) -> None:
    graph = {"load": LOAD, "n": node(process_id, result=True, **more, **{name: by("load")})}
    error = failure(graph)
    assert (error.code, error.status) == ("ProcessParameterInvalid", 400)
    assert f"'{name}' cannot be a data cube" in error.message
