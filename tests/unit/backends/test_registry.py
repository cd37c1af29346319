"""What is listed can be run, and what can be run is listed."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from backends.definitions import RUNNABLE, definitions
from backends.processes.declaration import IMPLEMENTATIONS, implements
from backends.registry import registry

# The default says the same in other words.
OTHER_WORDS = {
    ("aggregate_temporal", "labels"): None,
    ("array_create", "data"): None,
    ("climatological_normal", "climatology_period"): ("1981", "2010"),
    ("filter_bands", "bands"): None,
    ("filter_bands", "wavelengths"): None,
    ("load_geojson", "properties"): (),
    ("load_uploaded_files", "options"): None,
    ("load_url", "options"): None,
    ("ndvi", "nir"): None,
    ("ndvi", "red"): None,
    ("rename_labels", "source"): (),
    ("run_udf", "context"): None,
    ("save_result", "options"): None,
}


def test_the_light_list_and_the_registry_are_equal() -> None:
    registered = {identifier for _, identifier in registry()}
    assert registered == set(RUNNABLE) == set(IMPLEMENTATIONS)


def test_each_process_is_registered_with_its_official_definition() -> None:
    for identifier in RUNNABLE:
        process = registry()[identifier]
        assert process.spec == definitions()[identifier]
        assert callable(process.implementation)


@pytest.mark.parametrize("identifier", RUNNABLE)
def test_an_implementation_takes_the_parameters_of_its_definition(identifier: str) -> None:
    taken = {
        name: parameter
        for name, parameter in inspect.signature(IMPLEMENTATIONS[identifier]).parameters.items()
        if name != "environment"
    }
    defined: dict[str, Any] = {
        item["name"]: item for item in definitions()[identifier]["parameters"]
    }
    assert set(taken) == set(defined)
    for name, item in defined.items():
        if item.get("optional"):
            expected = OTHER_WORDS.get((identifier, name), item.get("default"))
            assert taken[name].default == expected, name


def test_a_process_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        implements("mean")(lambda data: data)
