"""Checks of processes on plain values that have no official examples."""

from __future__ import annotations

import math
from typing import Any

from scripts.process_checks.checks import check
from scripts.process_checks.execution import Runner, alike, callback, of

LABELED = {"data": [1, 2, 3], "labels": ["a", "b", "c"]}


def _with_labeled(run: Runner, process: str, **arguments: Any) -> Any:
    """A process on a labeled array."""
    return run.graph(
        {
            "labeled": {"process_id": "array_create_labeled", "arguments": LABELED},
            "node": {
                "process_id": process,
                "arguments": {"data": {"from_node": "labeled"}, **arguments},
                "result": True,
            },
        }
    )


@check("array_apply", "twice each element")
def _array_apply(run: Runner) -> bool:
    return alike(
        run("array_apply", data=[1, 2], process=callback("multiply", x=of("x"), y=2)), [2, 4]
    )


@check("array_create_labeled", "an element is found by its label")
def _array_create_labeled(run: Runner) -> bool:
    return alike(_with_labeled(run, "array_element", label="b"), 2)


@check("array_filter", "the elements above 1")
def _array_filter(run: Runner) -> bool:
    condition = callback("gt", x=of("x"), y=1)
    return alike(run("array_filter", data=[1, 2, 3], condition=condition), [2, 3])


@check("array_find_label", "the index of a label, null for none")
def _array_find_label(run: Runner) -> bool:
    found = [_with_labeled(run, "array_find_label", label=label) for label in ("c", "z")]
    return alike(found, [2, None])


@check("array_labels", "the labels in their order")
def _array_labels(run: Runner) -> bool:
    return alike(_with_labeled(run, "array_labels"), ["a", "b", "c"])


@check("constant", "the value itself")
def _constant(run: Runner) -> bool:
    return alike(run("constant", x="text"), "text")


@check("e", "Euler's number")
def _e(run: Runner) -> bool:
    return alike(run("e"), math.e)


@check("pi", "the circle's number")
def _pi(run: Runner) -> bool:
    return alike(run("pi"), math.pi)


@check("nan", "no number, which JSON has as null")
def _nan(run: Runner) -> bool:
    return run("nan") is None


@check("is_infinite", "a number is not, text is not")
def _is_infinite(run: Runner) -> bool:
    return [run("is_infinite", x=value) for value in (1, "text", None)] == [False] * 3


@check("inspect", "the data unchanged and told to the logs")
def _inspect(run: Runner) -> bool:
    same = alike(run("inspect", data=5, message="five", level="warning"), 5)
    return same and ("warning", "User: five 5") in run.logs


@check("normalized_difference", "(5 - 3) / (5 + 3)")
def _normalized_difference(run: Runner) -> bool:
    return alike(run("normalized_difference", x=5, y=3), 0.25)
