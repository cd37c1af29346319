"""Properties of features, which stay beside the geometries of a vector cube as coordinates.

Source: openEO processes 2.0.0-rc.1, `aggregate_spatial`, parameter `geometries`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr

from backends.cube_form import EXACT, GEOMETRY
from backends.processes.cubes import Cube
from backends.processes.values import is_number

MAX_PROPERTIES: Final = 100
MAX_TEXT: Final = 1000
_RESERVED: Final = frozenset(
    {"geometries", GEOMETRY, EXACT, "properties", "feature_index", "spatial_ref", "crs", "data"}
)


def properties_of(cube: Cube, dimension: str) -> dict[str, list[Any]]:
    """What a vector cube knows of its geometries, besides labels and shapes."""
    return {
        str(name): one.values.tolist()
        for name, one in cube.coords.items()
        if one.dims == (dimension,) and name not in (dimension, GEOMETRY, EXACT)
    }


def property_coordinates(
    features: Sequence[Mapping[str, Any]], dimension: str, taken: Collection[Hashable]
) -> dict[str, xr.Variable]:
    """The properties of each feature as coordinates along the dimension of the geometries.

    A property of numbers holds numbers, NaN where a feature has none; any other one holds
    texts. Names that are `taken`, or that stand for something else, get a `feature_` before
    them; of more than `MAX_PROPERTIES` the first ones are kept.
    """
    names = list(dict.fromkeys(name for properties in features for name in properties))
    columns: dict[str, xr.Variable] = {}
    for name in names[:MAX_PROPERTIES]:
        free = _written(str(name))
        while not free or free in columns or free in taken or free in _RESERVED:
            free = f"feature_{free}"
        values = [properties.get(name) for properties in features]
        columns[free] = xr.Variable((dimension,), _column(values))
    return columns


def _written(name: str) -> str:
    """The name with what no file can have in one replaced."""
    known = "".join(c if c.isprintable() and c != "/" else "_" for c in name)
    return known[:100].strip()


def _column(values: list[Any]) -> Any:
    numbers = [value for value in values if is_number(value)]
    if numbers and all(value is None or is_number(value) for value in values):
        return np.array([math.nan if value is None else value for value in values])
    return np.array([_as_text(value) for value in values])


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    return text[:MAX_TEXT]
