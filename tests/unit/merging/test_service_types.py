"""Types of services: a name in another case or a missing field breaks nothing."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.service_types import merge_service_types
from tests.contract.specification import assert_conforms
from tests.fakes.documents import frozen, parameter, service_type, thawed
from tests.unit.merging.noted import assert_noted

ORDER = ("terra", "aurora", "boreal")


def test_a_name_in_another_case_is_the_same_type() -> None:
    by_backend = {"terra": {"wmts": service_type()}, "aurora": {"WMTS": service_type()}}
    found = merge_service_types(by_backend, order=ORDER)
    assert found.document == {
        "WMTS": {**service_type(), "federation:backends": ["terra", "aurora"]}
    }
    assert_noted(found, "name-case-differs", "terra", "aurora")


def test_a_missing_field_breaks_nothing() -> None:
    version = {"type": "string", "description": "Version.", "default": "1.3.0"}
    by_backend: dict[str, Any] = {
        "terra": {"WMS": {}},
        "aurora": {"WMS": {"configuration": {"version": version}}},
    }
    found = merge_service_types(by_backend, order=ORDER).document
    assert found["WMS"]["configuration"] == {
        "version": {**version, "federation:backends": ["aurora"]}
    }
    assert found["WMS"]["process_parameters"] == []
    assert_conforms("get", "/service_types", 200, found)


def test_parameters_of_processes_say_who_passes_them() -> None:
    by_backend = {
        "terra": {"XYZ": service_type(process_parameters=[parameter("zoom")])},
        "aurora": {"XYZ": service_type()},
    }
    found = merge_service_types(by_backend, order=ORDER)
    assert found.document["XYZ"]["process_parameters"] == [
        {**parameter("zoom"), "federation:backends": ["terra"]}
    ]
    assert_noted(found, "parameter-partial", "terra")


@pytest.mark.parametrize("broken", [None, [], "WMS", {"WMS": None}, {"WMS": []}, {"WMS": 5}])
def test_broken_types_cost_no_other_backend_its_own(broken: Any) -> None:
    by_backend = {"terra": broken, "aurora": {"WMS": service_type()}}
    found = merge_service_types(by_backend, order=ORDER)
    assert found.document["WMS"]["federation:backends"] == ["aurora"]
    assert any(note.backends == ("terra",) for note in found.notes)


@pytest.mark.parametrize("field", ["configuration", "process_parameters", "links", "title"])
@pytest.mark.parametrize("broken", [None, 5, "x", [None], {"a": None}])
def test_a_broken_field_costs_only_itself(field: str, broken: object) -> None:
    by_backend = {
        "terra": {"WMS": service_type(**{field: broken})},
        "aurora": {"WMS": service_type()},
    }
    found = merge_service_types(by_backend, order=ORDER)
    assert found.document["WMS"]["federation:backends"] == ["terra", "aurora"]
    assert field == "title" or found.notes


def test_no_federation_property_stands_at_the_top() -> None:
    found = merge_service_types({"terra": {"WMS": service_type()}}, order=ORDER).document
    assert list(found) == ["WMS"]
    assert merge_service_types({}, order=ORDER).document == {}


def test_inputs_are_left_as_they_are() -> None:
    by_backend = {"terra": {"wms": service_type()}, "aurora": {"WMS": service_type(title="W")}}
    before = thawed(by_backend)
    plain = merge_service_types(by_backend, order=ORDER).document
    assert by_backend == before
    assert thawed(merge_service_types(frozen(by_backend), order=ORDER).document) == plain
