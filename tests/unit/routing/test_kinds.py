from typing import Any

import pytest

from aggregator.routing.kinds import kind_of

CUBE = {"type": "object", "subtype": "datacube"}
PIXELS = {**CUBE, "dimensions": [{"type": "spatial", "axis": ["x", "y"]}]}
GEOMETRIES = {**CUBE, "dimensions": [{"type": "geometry"}]}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        (CUBE, "cube"),
        ({**CUBE, "dimensions": [{"type": "temporal"}]}, "cube"),
        (PIXELS, "raster"),
        (GEOMETRIES, "vector"),
        ({"type": "object", "subtype": "raster-cube"}, "raster"),
        ({"type": "object", "subtype": "vector-cube"}, "vector"),
        ([PIXELS, GEOMETRIES], "cube"),
        ([PIXELS, PIXELS], "raster"),
        ({"type": ["number", "null"]}, "other"),
        ({"type": "object", "subtype": "stac"}, "other"),
        ([PIXELS, {"type": "number"}], None),
        ({}, None),
        ([], None),
        (None, None),
        ("datacube", None),
        ([None, CUBE], "cube"),
    ],
)
def test_what_a_process_returns_is_read_from_its_schema(schema: Any, kind: str | None) -> None:
    assert kind_of({"id": "p", "returns": {"schema": schema}}) == kind


@pytest.mark.parametrize("document", [{}, {"returns": None}, {"returns": []}, {"returns": {}}])
def test_a_process_that_does_not_tell_may_return_anything(document: Any) -> None:
    assert kind_of(document) is None
