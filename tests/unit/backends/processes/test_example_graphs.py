"""The process graphs that the package carries: examples, and definitions in terms of others."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.definitions import definitions
from backends.evaluate import run
from tests.fakes.execution import Execution, cube_of
from tests.unit.backends.processes.test_examples import CONTRADICTORY, same

_PACKAGE = importlib.util.find_spec("openeo_processes_dask")
assert _PACKAGE is not None
assert _PACKAGE.submodule_search_locations is not None
EXAMPLES = Path(_PACKAGE.submodule_search_locations[0], "specs", "openeo-processes", "examples")


SLIPS = {
    ("between", 1): "`accept` and `reject` of `exclude_max` are swapped",
    ("between", 2): "`accept` and `reject` of `exclude_max` are swapped",
    ("clip", 3): "`min` and `max` leave null out, `clip` passes it on",
    ("linear_scale_range", 3): "nothing clips the number",
    **{("variance", number): "it refers to a parameter `context` of nobody" for number in range(4)},
}
"""Where a definition's process graph is not what its description and examples say."""


def example(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_bytes())
    return document


def value_of(process: dict[str, Any], arguments: dict[str, Any]) -> Any:
    """What a process with a process graph of its own gives."""
    parameters = [
        {**item, "default": arguments.get(item["name"], item.get("default")), "optional": True}
        for item in process["parameters"]
    ]
    execution = Execution()
    run({**process, "parameters": parameters}, execution.environment())
    return execution.saved[-1]


DEFINED = [
    pytest.param(process, item["arguments"], item["returns"], id=f"{process['id']}-{number}")
    for process in definitions().values()
    if process.get("process_graph")
    for number, item in enumerate(process.get("examples", []))
    if "returns" in item and (process["id"], number) not in {**CONTRADICTORY, **SLIPS}
]


@pytest.mark.parametrize(("process", "arguments", "expected"), DEFINED)
def test_a_definition_by_other_processes_comes_true(
    process: dict[str, Any], arguments: dict[str, Any], expected: Any
) -> None:
    value = value_of(process, arguments)
    assert same(value, expected), f"{value!r} is not {expected!r}"


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("array_contains_nodata", [1, None, 3], True),
        ("array_contains_nodata", [1, 2, 3], False),
        ("array_find_nodata", [1, None, 3], 1),
        ("array_find_nodata", [1, 2, 3], None),
    ],
)
def test_the_examples_on_arrays_find_no_data(name: str, data: list[Any], expected: Any) -> None:
    assert same(value_of(example(name), {"data": data}), expected)


def test_the_example_on_labels_names_extremes() -> None:
    graph = example("rename-enumerated-labels")["process_graph"]
    # The example means the dimension that it has made, and names another one.
    graph["rename1"]["arguments"]["dimension"] = "min_max"
    values = np.arange(2 * 2 * 1 * 2, dtype=np.float32).reshape(2, 2, 1, 2)
    cube = cube_of(values, t=["2024-01-01", "2024-01-11"], bands=["B04", "B08"])
    found = Execution({"S2-RGB": cube}).run(graph)
    assert found.min_max.values.tolist() == ["min", "max"]
    np.testing.assert_array_equal(found.sel(min_max="min").values, values.min(0))
    np.testing.assert_array_equal(found.sel(min_max="max").values, values.max(0))
