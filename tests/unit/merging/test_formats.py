"""File formats: one format whatever the case of its name."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.formats import merge_file_formats
from aggregator.merging.notes import Merged
from tests.contract.specification import assert_conforms
from tests.fakes.documents import LEFT_OUT, file_format, file_formats, frozen, thawed
from tests.unit.merging.noted import assert_not_noted, assert_noted

ORDER = ("terra", "aurora", "boreal")


def output(**formats: Any) -> Merged[dict[str, Any]]:
    """The output formats of backends that have these."""
    by_backend = {backend: file_formats(found) for backend, found in formats.items()}
    whole = merge_file_formats(by_backend, order=ORDER)
    return Merged(whole.document["output"], whole.notes)


def test_every_format_is_listed_and_says_who_has_it() -> None:
    found = output(
        terra={"PNG": file_format(), "JSON": file_format("vector")}, aurora={"PNG": file_format()}
    )
    assert found.document == {
        "PNG": {**file_format(), "federation:backends": ["terra", "aurora"]},
        "JSON": {**file_format("vector"), "federation:backends": ["terra"]},
    }
    assert_not_noted(found)


def test_input_and_output_are_kept_apart() -> None:
    by_backend = {
        "terra": file_formats({"GTiff": file_format()}, {"GeoJSON": file_format("vector")}),
        "aurora": {"output": {}, "input": {"GTiff": file_format()}},
    }
    found = merge_file_formats(by_backend, order=ORDER).document
    assert list(found["output"]) == ["GTiff"]
    assert list(found["input"]) == ["GeoJSON", "GTiff"]
    assert found["input"]["GTiff"]["federation:backends"] == ["aurora"]


def test_names_in_any_case_are_one_format_in_its_official_capitalisation() -> None:
    found = output(terra={"NETCDF": file_format()}, aurora={"netCDF": file_format()})
    assert list(found.document) == ["netCDF"]
    assert found.document["netCDF"]["federation:backends"] == ["terra", "aurora"]
    assert_noted(found, "name-case-differs", "terra", "aurora")


def test_without_an_official_one_the_first_capitalisation_is_shown() -> None:
    found = output(terra={"MyFormat": file_format()}, aurora={"MYFORMAT": file_format()})
    assert list(found.document) == ["MyFormat"]
    assert list(output(terra={"NETCDF": file_format()}).document) == ["NETCDF"]


def test_one_backend_with_two_spellings_keeps_the_first() -> None:
    found = output(terra={"gtiff": file_format(title="a"), "GTiff": file_format(title="b")})
    assert list(found.document) == ["GTiff"]
    assert found.document["GTiff"]["title"] == "a"
    assert_noted(found, "entry-repeated", "terra")


def test_parameters_are_merged_and_say_who_accepts_them() -> None:
    tiled = {"type": "boolean", "description": "Tiled?", "default": True}
    level = {"type": "integer", "description": "Of compression."}
    found = output(
        terra={"GTiff": file_format(parameters={"tiled": tiled})},
        aurora={"GTiff": file_format(parameters={"tiled": tiled, "level": level})},
    )
    assert found.document["GTiff"]["parameters"] == {
        "tiled": tiled,
        "level": {**level, "federation:backends": ["aurora"]},
    }
    assert_noted(
        found, "parameter-partial", "aurora", subject="file_formats/output/GTiff/parameters/level"
    )


def test_a_format_without_parameters_accepts_none() -> None:
    level = {"type": "integer", "description": "Of compression."}
    found = output(
        terra={"GTiff": file_format(parameters=LEFT_OUT)},
        aurora={"GTiff": file_format(parameters={"level": level})},
    )
    parameters = found.document["GTiff"]["parameters"]
    assert parameters == {"level": {**level, "federation:backends": ["aurora"]}}


def test_differing_parameters_are_noted() -> None:
    def accepting(**parameter: Any) -> dict[str, Any]:
        return {"GTiff": file_format(parameters={"level": {"description": "Level.", **parameter}})}

    found = output(
        terra=accepting(type="integer", default=1, enum=[1, 2]),
        aurora=accepting(type="string", default=2, enum=[2, 3], required=True),
    )
    assert found.document["GTiff"]["parameters"]["level"] == {
        "description": "Level.",
        "type": "integer",
        "default": 1,
        "enum": [1, 2, 3],
        "required": True,
    }
    assert_noted(found, "parameter-schema-differs", "terra", "aurora")
    assert_noted(found, "parameter-default-differs", "terra", "aurora")
    assert_noted(found, "parameter-optionality-differs", "aurora")


def test_a_parameter_that_no_backend_requires_is_optional() -> None:
    level = {"type": "integer", "description": "Of compression.", "required": False}
    formats = {"GTiff": file_format(parameters={"level": level})}
    found = output(terra=formats, aurora=formats)
    assert found.document["GTiff"]["parameters"] == {"level": level}
    assert_not_noted(found)


def test_types_of_data_are_united() -> None:
    found = output(terra={"JSON": file_format("vector")}, aurora={"JSON": file_format("raster")})
    assert found.document["JSON"]["gis_data_types"] == ["vector", "raster"]


@pytest.mark.parametrize("broken", [None, [], "GTiff", 5, {"GTiff": None}, {"GTiff": "yes"}])
def test_broken_formats_cost_no_other_backend_its_own(broken: Any) -> None:
    by_backend = {"terra": {"output": broken}, "aurora": file_formats({"GTiff": file_format()})}
    found = merge_file_formats(by_backend, order=ORDER)
    assert found.document["output"]["GTiff"]["federation:backends"] == ["aurora"]
    assert any(note.backends == ("terra",) for note in found.notes)


@pytest.mark.parametrize("field", ["type", "subtype"])
@pytest.mark.parametrize("broken", [None, 5, [], [None], {}])
def test_a_broken_type_of_a_parameter_costs_no_other_backend_its_own(
    field: str, broken: object
) -> None:
    def with_parameter(**more: object) -> Any:
        return file_formats({"GTiff": file_format(parameters={"a": {"type": "string", **more}})})

    by_backend = {"terra": with_parameter(**{field: broken}), "aurora": with_parameter(subtype="x")}
    found = merge_file_formats(by_backend, order=ORDER)
    parameter = found.document["output"]["GTiff"]["parameters"]["a"]
    assert parameter == {"type": "string", "subtype": "x"}
    subject = f"file_formats/output/GTiff/parameters/a/{field}"
    assert_noted(found, "value-unusable", "terra", subject=subject)


@pytest.mark.parametrize("broken", [None, [], "formats", 5, {}, {"formats": {}}])
def test_a_broken_answer_costs_no_other_backend_its_formats(broken: Any) -> None:
    by_backend = {"terra": broken, "aurora": file_formats({"GTiff": file_format()})}
    found = merge_file_formats(by_backend, order=ORDER)
    assert list(found.document["output"]) == ["GTiff"]
    assert_noted(found, "document-unusable", "terra")


def test_inputs_are_left_as_they_are() -> None:
    by_backend = {
        "terra": file_formats({"gtiff": file_format()}),
        "aurora": file_formats({"GTiff": file_format(parameters={"a": {"type": "string"}})}),
    }
    before = thawed(by_backend)
    plain = merge_file_formats(by_backend, order=ORDER).document
    assert by_backend == before
    assert thawed(merge_file_formats(frozen(by_backend), order=ORDER).document) == plain


def test_formats_are_as_the_api_describes_them_even_if_a_backends_are_not() -> None:
    by_backend = {
        "terra": {"output": {"PNG": {}}},
        "aurora": file_formats({"png": file_format()}, {"GeoJSON": file_format("vector")}),
    }
    assert_conforms(
        "get", "/file_formats", 200, merge_file_formats(by_backend, order=ORDER).document
    )
    assert merge_file_formats({}, order=ORDER).document == {"input": {}, "output": {}}
