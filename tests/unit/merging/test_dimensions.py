"""Dimensions and variables of data cubes."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.collections import merge_collection
from aggregator.merging.notes import Merged
from tests.fakes.documents import collection
from tests.unit.merging.noted import assert_not_noted, assert_noted

ORDER = ("terra", "aurora", "boreal")


def merged(field: str = "cube:dimensions", **dimensions: Any) -> Merged[dict[str, Any]]:
    by_backend = {
        backend: collection("X", fields={field: found}) for backend, found in dimensions.items()
    }
    whole = merge_collection("X", by_backend, order=ORDER)
    return Merged(whole.document.get(field, {}), whole.notes)


def test_no_dimension_is_dropped_and_one_that_only_some_have_says_who() -> None:
    t = {"type": "temporal", "extent": ["2015-01-01", None]}
    level = {"type": "other", "values": [850, 500]}
    found = merged(terra={"t": t}, aurora={"t": t, "level": level})
    assert found.document == {"t": t, "level": {**level, "federation:backends": ["aurora"]}}
    assert_noted(found, "part-partial", "aurora", subject="collections/X/cube:dimensions/level")


def test_a_backend_that_describes_no_dimensions_does_not_count_as_lacking_them() -> None:
    listing = collection("X")
    del listing["cube:dimensions"]
    found = merge_collection("X", {"terra": collection("X"), "aurora": listing}, order=ORDER)
    assert found.document["cube:dimensions"] == collection("X")["cube:dimensions"]


def test_ranges_are_united() -> None:
    def x(low: float, high: float) -> dict[str, Any]:
        return {"x": {"type": "spatial", "axis": "x", "extent": [low, high]}}

    found = merged(terra=x(0, 10), aurora=x(-5.5, 4))
    assert found.document["x"]["extent"] == [-5.5, 10]


def test_open_ends_of_times_stay_open() -> None:
    found = merged(
        terra={"t": {"type": "temporal", "extent": ["2016-01-01", None]}},
        aurora={"t": {"type": "temporal", "extent": ["2015-01-01T00:00:00Z", "2020-01-01"]}},
    )
    assert found.document["t"]["extent"] == ["2015-01-01T00:00:00Z", None]


def test_labels_are_united_in_the_order_in_which_they_are_first_seen() -> None:
    found = merged(
        terra={"bands": {"type": "bands", "values": ["B02", "B03"]}},
        aurora={"bands": {"type": "bands", "values": ["B01", "B02"]}},
    )
    assert found.document["bands"]["values"] == ["B02", "B03", "B01"]


def test_ascending_labels_stay_ascending() -> None:
    found = merged(
        terra={"level": {"type": "other", "values": [100, 500]}, "t": {"values": ["2020", "2022"]}},
        aurora={"level": {"type": "other", "values": [50, 250]}, "t": {"values": ["2021"]}},
    )
    assert found.document["level"]["values"] == [50, 100, 250, 500]
    assert found.document["t"]["values"] == ["2020", "2021", "2022"]


@pytest.mark.parametrize(
    ("first", "second", "united"),
    [
        ([500, 100], [850, 500], [500, 100, 850]),
        ([500, 100], [50, 850], [500, 100, 50, 850]),
        ([100, 500], [850, 50], [100, 500, 850, 50]),
    ],
)
def test_labels_in_an_order_of_their_own_keep_it(
    first: list[int], second: list[int], united: list[int]
) -> None:
    found = merged(
        terra={"level": {"type": "other", "values": first}},
        aurora={"level": {"type": "other", "values": second}},
    )
    assert found.document["level"]["values"] == united


@pytest.mark.parametrize(
    ("field", "first", "second"),
    [
        ("type", "spatial", "other"),
        ("axis", "x", "y"),
        ("step", 10, 20),
        ("step", None, 20),
        ("unit", "m", "km"),
        ("reference_system", 4326, 32631),
    ],
)
def test_what_cannot_be_united_is_the_first_backends_and_noted(
    field: str, first: object, second: object
) -> None:
    base = {"type": "spatial", "axis": "x"}
    found = merged(terra={"x": {**base, field: first}}, aurora={"x": {**base, field: second}})
    assert found.document["x"][field] == first
    note = assert_noted(found, "dimension-differs", "terra", "aurora")
    assert note.values["by_backend"] == {"terra": first, "aurora": second}


def test_extents_in_different_reference_systems_are_not_mixed() -> None:
    found = merged(
        terra={"x": {"type": "spatial", "extent": [0, 10], "reference_system": 4326}},
        aurora={"x": {"type": "spatial", "extent": [500000, 600000], "reference_system": 32631}},
        boreal={"x": {"type": "spatial", "extent": [-3, 5]}},
    )
    assert found.document["x"]["extent"] == [-3, 10]


@pytest.mark.parametrize("unstated", [{}, {"reference_system": None}])
def test_a_reference_system_and_the_extent_beside_it_are_of_the_same_backend(
    unstated: dict[str, Any],
) -> None:
    x = {"type": "spatial", "axis": "x"}
    found = merged(
        terra={"x": {**x, "extent": [11, 12], **unstated}},
        aurora={"x": {**x, "extent": [500000, 600000], "reference_system": 32632}},
    )
    assert found.document["x"] == {**x, "extent": [11, 12], "reference_system": 4326}
    note = assert_noted(found, "dimension-differs", "terra", "aurora")
    assert note.values["by_backend"] == {"terra": 4326, "aurora": 32632}


def test_a_reference_system_and_the_box_of_geometries_are_of_the_same_backend() -> None:
    own = {"type": "geometry", "bbox": [11, 46, 12, 47]}
    other = {"type": "geometry", "bbox": [600000, 5000000, 700000, 5100000]}
    found = merged(terra={"g": own}, aurora={"g": {**other, "reference_system": 32632}})
    assert found.document["g"] == {**own, "reference_system": 4326}


def test_a_reference_system_that_cannot_be_used_keeps_no_extents_apart() -> None:
    found = merged(
        terra={"level": {"type": "other", "extent": [0, 5], "reference_system": [1]}},
        aurora={"level": {"type": "other", "extent": [3, 9], "reference_system": "Pascal"}},
    )
    assert found.document["level"]["extent"] == [0, 9]


def test_dimensions_without_a_place_have_no_reference_system_by_default() -> None:
    found = merged(
        terra={"level": {"type": "other", "extent": [0, 5]}},
        aurora={"level": {"type": "other", "extent": [3, 9], "reference_system": "Pascal"}},
    )
    assert found.document["level"]["extent"] == [0, 9]
    assert found.document["level"]["reference_system"] == "Pascal"


def test_a_dimension_of_another_type_lends_none_of_its_fields() -> None:
    t = {"type": "temporal", "extent": ["2015-01-01", None]}
    found = merged(terra={"t": t}, aurora={"t": {"type": "spatial", "axis": "z", "values": [1, 2]}})
    assert found.document == {"t": t}
    note = assert_noted(found, "dimension-differs", "terra", "aurora")
    assert note.values["by_backend"] == {"terra": "temporal", "aurora": "spatial"}


@pytest.mark.parametrize("broken", [None, [], "x and y", 3, True, {"x": None}, {"x": ["spatial"]}])
def test_broken_dimensions_of_one_backend_cost_no_other_its_own(broken: object) -> None:
    x = {"x": {"type": "spatial", "axis": "x", "extent": [0, 10]}}
    found = merged(terra=broken, aurora=x)
    assert found.document["x"]["extent"] == [0, 10]
    assert any(note.backends == ("terra",) for note in found.notes)


@pytest.mark.parametrize("extent", ["wide", [1], [5, 1], [None, "x", 1], {"min": 0}, [[0], [1]]])
def test_a_broken_range_is_noted_and_the_other_stands(extent: object) -> None:
    found = merged(terra={"x": {"extent": extent}}, aurora={"x": {"extent": [0, 10]}})
    assert found.document["x"]["extent"] == [0, 10]
    assert_noted(found, "value-unusable", "terra")


def test_ranges_of_different_kinds_are_not_mixed() -> None:
    found = merged(terra={"x": {"extent": [0, 10]}}, aurora={"x": {"extent": ["a", "b"]}})
    assert found.document["x"]["extent"] == [0, 10]
    assert_noted(found, "value-unusable", "aurora")


def test_geometry_dimensions_are_united() -> None:
    found = merged(
        terra={"geom": {"type": "geometry", "bbox": [0, 0, 1, 1], "geometry_types": ["Point"]}},
        aurora={"geom": {"type": "geometry", "bbox": [2, 0, 3, 5], "geometry_types": ["Polygon"]}},
    )
    assert found.document["geom"]["bbox"] == [0, 0, 3, 5]
    assert found.document["geom"]["geometry_types"] == ["Point", "Polygon"]


def test_variables_are_united_and_say_who_has_them() -> None:
    temperature = {"dimensions": ["x", "y", "t"], "type": "data", "unit": "K"}
    wind = {"dimensions": ["x", "y", "t"], "type": "data", "unit": "m/s"}
    found = merged(
        "cube:variables", terra={"t2m": temperature}, aurora={"t2m": temperature, "w": wind}
    )
    assert found.document == {
        "t2m": temperature,
        "w": {**wind, "federation:backends": ["aurora"]},
    }


def test_unknown_fields_of_a_dimension_are_kept() -> None:
    found = merged(terra={"x": {"type": "spatial", "grid": "A"}}, aurora={"x": {"type": "spatial"}})
    assert found.document["x"]["grid"] == "A"
    assert_not_noted(found)
