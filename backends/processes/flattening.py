"""Several dimensions made one, and one made several. Ours, with definitions of our own after
the specification's proposals (openEO processes 2.0.0-rc.1), which the library lacks.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from backends.errors import OpenEOError
from backends.processes.cubes import (
    Cube,
    as_cube,
    coordinates_without,
    existing,
    labels,
    rebuilt,
    typed,
)
from backends.processes.declaration import implements
from backends.processes.values import elements, invalid


@implements("flatten_dimensions")
def flatten_dimensions(
    data: Cube, dimensions: Any, target_dimension: str, label_separator: str = "~"
) -> Cube:
    """Dimensions combined to one in the place of the first; the last one changes fastest.

    Raises `DimensionNotAvailable`, `TargetDimensionExists`.
    """
    cube = as_cube(data)
    names = [existing(cube, name) for name in elements(dimensions, "dimensions")]
    if not names or len(set(names)) < len(names):
        raise invalid("dimensions", "must name one or more dimensions, each once.")
    kept = [str(name) for name in cube.dims if name not in names]
    _check_new([target_dimension], kept)
    turned = cube.transpose(*kept, *names)
    parts = itertools.product(*([str(label) for label in labels(cube, name)] for name in names))
    joined = np.array([label_separator.join(part) for part in parts])
    shape = (*(cube.sizes[name] for name in kept), len(joined))
    coords = {**coordinates_without(cube, *names), target_dimension: (target_dimension, joined)}
    flat = rebuilt(turned.data.reshape(shape), (*kept, target_dimension), coords, cube)
    position = min(list(cube.dims).index(name) for name in names)
    order = [*kept[:position], target_dimension, *kept[position:]]
    return typed(flat, target_dimension, "other").transpose(*order)


def _check_new(targets: list[str], kept: list[str]) -> None:
    for name in targets:
        if name in kept:
            raise OpenEOError("TargetDimensionExists", f"The dimension '{name}' exists already.")


@implements("unflatten_dimension")
def unflatten_dimension(
    data: Cube, dimension: str, target_dimensions: Any, label_separator: str = "~"
) -> Cube:
    """A dimension split into several in its place, labels as texts in order of appearance.

    Raises `DimensionNotAvailable`, `TargetDimensionExists`, `LabelMismatch`.
    """
    cube = as_cube(data)
    name = existing(cube, dimension)
    targets = [str(target) for target in elements(target_dimensions, "target_dimensions")]
    if len(targets) < 2 or len(set(targets)) < len(targets):
        raise invalid("target_dimensions", "must name two or more dimensions, each once.")
    kept = [str(other) for other in cube.dims if other != name]
    _check_new(targets, kept)
    parts = [tuple(str(label).split(label_separator)) for label in labels(cube, name)]
    found = _split(parts, targets, label_separator)
    order = [parts.index(combination) for combination in itertools.product(*found)]
    turned = cube.transpose(*kept, name).isel({name: order})
    shape = (*(cube.sizes[other] for other in kept), *map(len, found))
    coords = dict(coordinates_without(cube, name))
    for target, texts in zip(targets, found, strict=True):
        coords[target] = (target, np.array(texts))
    result = rebuilt(turned.data.reshape(shape), (*kept, *targets), coords, cube)
    for target in targets:
        result = typed(result, target, "other")
    position = list(cube.dims).index(name)
    return result.transpose(*kept[:position], *targets, *kept[position:])


def _split(parts: list[tuple[str, ...]], targets: list[str], separator: str) -> list[list[str]]:
    """The labels of each new dimension. Raises `LabelMismatch` unless all combinations exist."""
    odd = next((part for part in parts if len(part) != len(targets)), None)
    if odd is not None:
        raise OpenEOError(
            "LabelMismatch",
            f"The label {separator.join(odd)!r} has {len(odd)} parts, not {len(targets)}.",
        )
    found = [list(dict.fromkeys(column)) for column in zip(*parts, strict=True)]
    if math.prod(map(len, found)) != len(parts) or len(set(parts)) != len(parts):
        raise OpenEOError(
            "LabelMismatch",
            f"The {len(parts)} labels are not all combinations of "
            f"{' x '.join(str(len(texts)) for texts in found)} new ones.",
        )
    return found
