"""What the definitions promise of numbers holds of pixels: an example with one number of pixels.

A process may have an implementation for numbers and another one for pixels; the official
examples run the first. Here each number in them, one after the other, comes from a cube.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backends.definitions import definitions
from backends.errors import OpenEOError
from tests.fakes.execution import Execution, by, cube_of, of
from tests.unit.backends.processes.test_examples import CONTRADICTORY

OTHERWISE = {
    ("eq", 4): "pixels hold booleans as 1 and 0, which are so equal to 1 and 0",
    ("neq", 3): "the same",
    ("is_nodata", 3): "an array is a value, but one of pixels is judged by element",
    ("is_valid", 3): "the same",
}
FIXED = {
    "date_shift": {"value"},
    "array_create": {"repeat"},
    "array_modify": {"index", "length"},
    "eq": {"delta"},
    "neq": {"delta"},
    "quantiles": {"probabilities"},
    "round": {"p"},
}
"""Parameters that are the same for all pixels."""


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _with_pixels(process_id: str, arguments: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Each number in the arguments, and the arguments with the pixels in its place."""
    for name, value in arguments.items():
        if name in FIXED.get(process_id, ()):
            continue
        if _is_number(value):
            yield value, {**arguments, name: of("x")}
        elif isinstance(value, list) and all(map(_is_number, value)):
            for place, number in enumerate(value):
                yield number, {**arguments, name: [*value[:place], of("x"), *value[place + 1 :]]}


EXAMPLES = [
    pytest.param(process_id, number, arguments, example["returns"], id=f"{process_id}-{n}-{case}")
    for process_id, definition in definitions().items()
    for n, example in enumerate(definition.get("examples", []))
    if "returns" in example and (process_id, n) not in {**OTHERWISE, **CONTRADICTORY}
    if _is_number(example["returns"]) or isinstance(example["returns"], bool)
    if not process_id.startswith(("text_", "date_"))
    for case, (number, arguments) in enumerate(_with_pixels(process_id, example["arguments"]))
]


def test_there_are_hundreds_of_examples_with_pixels() -> None:
    assert len(EXAMPLES) > 250


@pytest.mark.parametrize(("process_id", "number", "arguments", "expected"), EXAMPLES)
def test_a_process_gives_for_pixels_what_it_gives_for_numbers(
    process_id: str, number: Any, arguments: dict[str, Any], expected: Any
) -> None:
    load = {"id": "cube", "spatial_extent": None, "temporal_extent": None}
    callback = {"p": {"process_id": process_id, "arguments": arguments, "result": True}}
    graph = {
        "load": {"process_id": "load_collection", "arguments": load},
        "apply": {
            "process_id": "apply",
            "arguments": {"data": by("load"), "process": {"process_graph": callback}},
            "result": True,
        },
    }
    cube = cube_of(np.full((1, 2), math.nan if number is None else number))
    result = Execution({"cube": cube}).run(graph)
    wanted = math.nan if expected is None else float(expected)
    np.testing.assert_allclose(result.values, [[wanted] * 2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("process_id", "arguments", "wrong"),
    [
        ("round", {"x": 1.5, "p": of("x")}, "'p' must be a whole number"),
        ("eq", {"x": 1, "y": 2, "delta": of("x")}, "'delta' must be a number or null"),
    ],
)
def test_a_parameter_that_is_the_same_for_all_pixels_is_named(
    process_id: str, arguments: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(OpenEOError, match=wrong) as caught:
        test_a_process_gives_for_pixels_what_it_gives_for_numbers(process_id, 1, arguments, 0)
    assert caught.value.code == "ProcessParameterInvalid"
