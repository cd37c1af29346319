"""Dimensions of cubes: added, dropped, renamed, their labels listed and renamed.

Values are never touched. Ours: the library loses the types of dimensions and answers
mistakes without openEO's codes. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.errors import OpenEOError
from backends.processes.arrays import find_label
from backends.processes.cubes import Cube, as_cube, dimension_type, existing, labels, typed
from backends.processes.declaration import implements
from backends.processes.values import elements, invalid, is_number


@implements("add_dimension")
def add_dimension(data: Cube, name: str, label: Any, type: str = "other") -> Cube:  # noqa: A002
    """A new dimension with one label, before the others. Raises `DimensionExists`."""
    cube = as_cube(data)
    if name in cube.dims:
        raise OpenEOError("DimensionExists", f"The dimension '{name}' exists already.")
    if name in cube.coords:
        cube = cube.drop_vars(name)
    value = label
    if type == "temporal" and isinstance(label, str):
        value = np.datetime64(label.removesuffix("Z"), "ns")
    return typed(cube.expand_dims({name: [value]}), name, type)


@implements("drop_dimension")
def drop_dimension(data: Cube, name: str) -> Cube:
    """The cube without a dimension of a single label.

    Raises `DimensionNotAvailable`, `DimensionLabelCountMismatch`.
    """
    cube = as_cube(data)
    size = cube.sizes[existing(cube, name)]
    if size > 1:
        raise OpenEOError(
            "DimensionLabelCountMismatch",
            f"The dimension '{name}' has {size} labels: reduce it with reduce_dimension.",
        )
    return cube.isel({name: 0}, drop=True)


@implements("dimension_labels")
def dimension_labels(data: Cube, dimension: str) -> list[Any]:
    """The labels of a dimension; instants as texts. Raises `DimensionNotAvailable`."""
    cube = as_cube(data)
    return list(labels(cube, existing(cube, dimension)))


@implements("rename_dimension")
def rename_dimension(data: Cube, source: str, target: str) -> Cube:
    """A dimension under another name, its type kept.

    Raises `DimensionNotAvailable`, `DimensionExists`.
    """
    cube = as_cube(data)
    kind = dimension_type(cube, existing(cube, source))
    if target in cube.dims:
        raise OpenEOError("DimensionExists", f"The dimension '{target}' exists already.")
    if target in cube.coords:
        cube = cube.drop_vars(target)
    renamed = cube.rename({source: target})
    return typed(renamed, target, kind) if target in renamed.coords else renamed


@implements("rename_labels")
def rename_labels(data: Cube, dimension: str, target: Any, source: Any = ()) -> Cube:
    """Labels of a dimension replaced: those of `source` one by one, or all (the first ones).

    Raises `DimensionNotAvailable`, `LabelsNotEnumerated`, `LabelMismatch`,
    `LabelNotAvailable`, `LabelExists`.
    """
    cube = as_cube(data)
    present = list(labels(cube, existing(cube, dimension)))
    wanted = elements(target, "target")
    given = elements(source, "source")
    for label in wanted:
        if not isinstance(label, str) and not is_number(label):
            raise invalid("target", "must hold texts and numbers only.")
    renamed = _by_name(present, given, wanted) if given else _in_order(present, wanted)
    return _relabeled(cube, dimension, renamed)


def _by_name(present: list[Any], source: list[Any], target: list[Any]) -> list[Any]:
    if len(source) != len(target):
        raise OpenEOError(
            "LabelMismatch",
            f"There are {len(source)} labels in 'source', {len(target)} in 'target'.",
        )
    renamed = list(present)
    for old, new in zip(source, target, strict=True):
        position = find_label(present, old)
        if position is None:
            raise OpenEOError("LabelNotAvailable", f"The label {old!r} does not exist.")
        renamed[position] = new
    return _distinct(renamed)


def _in_order(present: list[Any], target: list[Any]) -> list[Any]:
    if len(target) > len(present):
        raise OpenEOError(
            "LabelMismatch", f"The dimension has {len(present)} labels, 'target' {len(target)}."
        )
    if len(target) < len(present) and present != list(range(len(present))):
        raise OpenEOError(
            "LabelsNotEnumerated",
            "The labels are not 0, 1, 2, ...: rename all of them or give 'source'.",
        )
    return _distinct(target + present[len(target) :])


def _distinct(renamed: list[Any]) -> list[Any]:
    twice = next((label for label in renamed if renamed.count(label) > 1), None)
    if twice is not None:
        raise OpenEOError("LabelExists", f"The label {twice!r} would exist twice.")
    return renamed


def _relabeled(cube: Cube, dimension: str, renamed: list[Any]) -> Cube:
    kind = dimension_type(cube, dimension)
    mixed = len({isinstance(label, str) for label in renamed}) > 1
    values: Any = np.array(renamed, dtype=object) if mixed else np.array(renamed)
    if dimension in cube.coords and cube.coords[dimension].dtype.kind == "M":
        values = _instants(renamed)
    along = [
        name
        for name, coordinate in cube.coords.items()
        if name != dimension and dimension in coordinate.dims
    ]
    return typed(cube.drop_vars(along).assign_coords({dimension: values}), dimension, kind)


def _instants(renamed: list[Any]) -> Any:
    """Labels of a temporal dimension stay instants if all are; else they are texts."""
    try:
        return np.array([str(label).removesuffix("Z") for label in renamed], "datetime64[ns]")
    except ValueError:
        return np.array([str(label) for label in renamed])


@implements("trim_cube")
def trim_cube(data: Cube) -> Cube:
    """The cube without labels that hold no-data only, at the edges of x and y and anywhere else.

    Which labels these are has to be computed: this process reads all values once.
    """
    cube = as_cube(data)
    known = cube.notnull()
    for name in cube.dims:
        others = [other for other in cube.dims if other != name]
        kept = np.flatnonzero(known.any(others).values)
        if not len(kept):
            raise OpenEOError("NoDataAvailable", "The cube holds no data at all.")
        if dimension_type(cube, name) == "spatial":
            kept = np.arange(kept[0], kept[-1] + 1)
        cube, known = cube.isel({name: kept}), known.isel({name: kept})
    return cube
