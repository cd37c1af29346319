"""The examples in the official definitions, run through the evaluator."""

from __future__ import annotations

import math
from typing import Any

import pytest

from backends.definitions import definitions
from tests.fakes.execution import value_of

CONTRADICTORY = {
    ("array_modify", 3): "removes an element although the default of `length` is 0",
    ("count", 4): "the condition has no `process_graph` around it, as before openEO 1.0",
}

EXAMPLES = [
    pytest.param(process_id, example["arguments"], example["returns"], id=f"{process_id}-{number}")
    for process_id, definition in definitions().items()
    for number, example in enumerate(definition.get("examples", []))
    if "returns" in example and (process_id, number) not in CONTRADICTORY
]


def same(value: Any, expected: Any) -> bool:
    """Whether values agree: kinds of JSON, numbers to within rounding, lists by element."""
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(value) == len(expected)
            and all(same(one, other) for one, other in zip(value, expected, strict=True))
        )
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        return type(value) is type(expected) and value == expected
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)


def test_there_are_hundreds_of_official_examples() -> None:
    assert len(EXAMPLES) > 300


@pytest.mark.parametrize(("process_id", "arguments", "expected"), EXAMPLES)
def test_a_process_gives_what_its_definition_promises(
    process_id: str, arguments: dict[str, Any], expected: Any
) -> None:
    value = value_of(process_id, **arguments)
    assert same(value, expected), f"{value!r} is not {expected!r}"
