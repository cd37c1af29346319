"""Arrays of plain values, beyond the official examples."""

from __future__ import annotations

from typing import Any

import pytest

from backends.errors import OpenEOError
from tests.fakes.execution import Execution, by, callback, of, value_of


def code_of(process_id: str, **arguments: Any) -> str:
    with pytest.raises(OpenEOError) as caught:
        value_of(process_id, **arguments)
    assert caught.value.status == 400
    return caught.value.code


def labeled(process_id: str, **arguments: Any) -> Any:
    """What a process gives for a labeled array of 1, 2, 3 with the labels a, b, c."""
    array = {"data": [1, 2, 3], "labels": ["a", "b", "c"]}
    return Execution().run(
        {
            "array": {"process_id": "array_create_labeled", "arguments": array},
            "node": {
                "process_id": process_id,
                "arguments": {"data": by("array"), **arguments},
                "result": True,
            },
        }
    )


def test_labels_give_elements_and_positions() -> None:
    assert labeled("array_element", label="b") == 2
    assert labeled("array_find_label", label="c") == 2
    assert labeled("array_find_label", label="d") is None
    assert labeled("array_labels") == ["a", "b", "c"]
    assert value_of("array_labels", data=[7, 8]) == [0, 1]
    assert value_of("array_find_label", data=[7, 8], label=0) is None


def test_labels_go_with_their_elements() -> None:
    keep = callback("neq", x=of("label"), y="b")
    assert labeled("array_filter", condition=keep) == [1, 3]
    assert labeled("array_append", value=4, label="d") == [1, 2, 3, 4]
    assert labeled("rearrange", order=[2, 0]) == [3, 1]
    assert labeled("array_modify", values=[], index=1, length=1) == [1, 3]


def appended(labels: list[str]) -> Any:
    """The labels after an element was appended without one."""
    array = {"data": [1] * len(labels), "labels": labels}
    return Execution().run(
        {
            "array": {"process_id": "array_create_labeled", "arguments": array},
            "more": {"process_id": "array_append", "arguments": {"data": by("array"), "value": 4}},
            "labels": {
                "process_id": "array_labels",
                "arguments": {"data": by("more")},
                "result": True,
            },
        }
    )


def test_an_element_that_is_appended_without_a_label_has_its_index_as_label() -> None:
    assert appended(["a", "b", "c"]) == ["a", "b", "c", "3"]
    with pytest.raises(OpenEOError, match="'2' already exists") as caught:
        appended(["a", "2"])
    assert caught.value.code == "LabelExists"


def test_elements_know_their_index_and_label() -> None:
    joined = callback("text_concat", data=[of("x"), of("index"), of("label")], separator="-")
    assert labeled("array_apply", process=joined) == ["1-0-a", "2-1-b", "3-2-c"]


def test_gaps_are_filled_along_labels_that_are_dates() -> None:
    graph = {
        "array": {
            "process_id": "array_create_labeled",
            "arguments": {
                "data": [0, None, 10],
                "labels": ["2024-01-01", "2024-01-02", "2024-01-11"],
            },
        },
        "node": {
            "process_id": "array_interpolate_linear",
            "arguments": {"data": by("array")},
            "result": True,
        },
    }
    assert Execution().run(graph) == [0, 1, 10]


def test_mistakes_have_the_codes_of_the_definitions() -> None:
    assert code_of("array_element", data=[1]) == "ArrayElementParameterMissing"
    assert code_of("array_element", data=[1], index=0, label="a") == "ArrayElementParameterConflict"
    assert code_of("array_element", data=[1], label="a") == "ArrayNotLabeled"
    assert code_of("array_element", data=[1], index=1) == "ArrayElementNotAvailable"
    assert code_of("array_element", data=[1], index=-1) == "ProcessParameterInvalid"
    assert code_of("array_create_labeled", data=[1], labels=[]) == "ArrayLengthMismatch"
    assert code_of("array_modify", data=[1], values=[], index=2) == "ArrayElementNotAvailable"
    assert code_of("quantiles", data=[1]) == "QuantilesParameterMissing"
    assert code_of("quantiles", data=[1], probabilities=4, q=4) == "QuantilesParameterConflict"
    assert (
        code_of("quantiles", data=[1], probabilities=[0.5, 0.1]) == "AscendingProbabilitiesRequired"
    )
    assert code_of("clip", x=1, min=3, max=2) == "MinMaxSwapped"
    assert code_of("rearrange", data=[1], order=[1]) == "ProcessParameterInvalid"
    assert code_of("sort", data=[1, "a"]) == "ProcessParameterInvalid"
    assert code_of("mean", data=["a"]) == "ProcessParameterInvalid"
    with pytest.raises(OpenEOError) as caught:
        labeled("array_append", value=4, label="a")
    assert caught.value.code == "LabelExists"


def test_texts_and_dates_can_be_sorted() -> None:
    assert value_of("sort", data=["b", None, "a"], nodata=True) == ["a", "b", None]
    assert value_of("max", data=[None, 3]) == 3
    assert value_of("median", data=[1, 2, 4], ignore_nodata=False) == 2


def test_dates_know_their_zones_and_calendar() -> None:
    shifted = value_of("date_shift", date="2024-03-31T10:00:00+02:00", value=-1, unit="month")
    assert shifted == "2024-02-29T10:00:00+02:00"
    between = {"min": "2024-01-01T00:00:00Z", "max": "2024-01-02"}
    assert value_of("date_between", x="2024-01-02T01:00:00+02:00", **between) is True
    assert value_of("date_between", x="2024-01-02", **between, exclude_max=True) is False
    months = {"date1": "2024-01-31", "date2": "2024-03-31", "unit": "month"}
    assert value_of("date_difference", **months) == 2
    assert value_of("date_difference", date1="2023-01-01", date2="2024-07-01", unit="year") == 1.5
    assert code_of("date_shift", date="9999-12-31", value=1, unit="year") == (
        "ProcessParameterInvalid"
    )
    assert code_of("date_between", x="yesterday", **between) == "ProcessParameterInvalid"


def test_an_empty_text_is_a_text() -> None:
    assert value_of("text_begins", data="", pattern="a") is False
    assert value_of("text_contains", data="", pattern="") is True


def test_division_by_zero_is_infinite_and_unknown_operands_give_null() -> None:
    half = {"process_id": "divide", "arguments": {"x": 1, "y": 0}}
    check = {"process_id": "is_infinite", "arguments": {"x": by("half")}, "result": True}
    assert Execution().run({"half": half, "check": check}) is True
    assert value_of("power", base=None, p=2) is None
    assert value_of("sqrt", x=-1) is None


def test_whole_numbers_stay_whole_and_can_index() -> None:
    index = {"process_id": "subtract", "arguments": {"x": 3, "y": 1}}
    element = {
        "process_id": "array_element",
        "arguments": {"data": ["a", "b", "c"], "index": by("index")},
        "result": True,
    }
    assert Execution().run({"index": index, "element": element}) == "c"


def test_arrays_and_texts_do_not_grow_without_bounds() -> None:
    assert code_of("array_create", data=[1], repeat=10**9) == "ProcessGraphComplexity"
    assert code_of("quantiles", data=[1, 2], probabilities=10**9) == "ProcessParameterInvalid"
    for process_id, node in (
        ("array_concat", lambda before: {"array1": by(before), "array2": by(before)}),
        ("text_concat", lambda before: {"data": [by(before), by(before)]}),
    ):
        first = [0, 1] if process_id == "array_concat" else "ab"
        graph: dict[str, Any] = {"n0": {"process_id": "constant", "arguments": {"x": first}}}
        for number in range(1, 41):
            arguments = node(f"n{number - 1}")
            graph[f"n{number}"] = {"process_id": process_id, "arguments": arguments}
        graph["n40"]["result"] = True
        with pytest.raises(OpenEOError) as caught:
            Execution().run(graph)
        assert caught.value.code == "ProcessGraphComplexity"


def test_months_are_counted_to_the_last_day_that_can_be_told() -> None:
    ends = {"date1": "9999-11-16", "date2": "9999-12-31"}
    assert value_of("date_difference", **ends, unit="month") == pytest.approx(1 + 15 / 31)
