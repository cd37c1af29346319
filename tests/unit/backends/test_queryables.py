"""Queryables name the properties that filters select by."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from backends.items import items
from backends.products import PRODUCTS
from backends.profile import CollectionSpec
from backends.queryables import queryables

SAMPLES = Path(__file__).parents[3] / "config" / "samples" / "reflectance" / "collection.json"


def spec(product: str) -> CollectionSpec:
    return CollectionSpec("TEST", "world", product, {})


EVERY = [
    *(spec(name) for name in PRODUCTS),
    CollectionSpec("REAL", "stac", "", {"href": str(SAMPLES)}),
]


@pytest.mark.parametrize("collection", EVERY, ids=lambda c: c.product or c.id)
def test_they_are_a_json_schema_that_the_items_fit(collection: CollectionSpec) -> None:
    schema = queryables(collection)
    jsonschema.Draft7Validator.check_schema(schema)
    known = schema["properties"]
    for found in items(collection, limit=50).items:
        values = {key: value for key, value in found["properties"].items() if key in known}
        assert values.keys() == known.keys()
        jsonschema.validate(values, schema)


def test_a_value_that_no_scene_has_does_not_fit() -> None:
    schema = queryables(spec("sentinel1_grd"))
    assert set(schema["properties"]) == {
        *("sat:orbit_state", "sat:relative_orbit", "sar:instrument_mode", "platform")
    }
    wrong: list[dict[str, Any]] = [
        {"sat:orbit_state": "ASCENDING"},
        {"sat:relative_orbit": 176},
        {"eo:cloud_cover": 3},
    ]
    for values in wrong:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(values, schema)


def test_a_product_without_properties_has_no_queryables() -> None:
    assert queryables(spec("elevation"))["properties"] == {}
