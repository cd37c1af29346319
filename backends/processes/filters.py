"""Cubes restricted to places, times, bands and labels. Values are never touched.

Ours: the library ends intervals a millisecond early, keeps one label only, and fails on
single rows. Specification: openEO processes 2.0.0-rc.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from backends.arguments import interval_mistake, parse_moment
from backends.errors import OpenEOError
from backends.processes.comparison import condition as truth_of
from backends.processes.cubes import (
    Cube,
    as_cube,
    existing,
    instants,
    labels,
    names_of_type,
    temporal_dimension,
)
from backends.processes.declaration import implements
from backends.processes.geometries import box_in, crs_of, inside, within_box
from backends.processes.indices import band_positions, bands_within
from backends.processes.values import elements, invalid, plain
from backends.processes.vectors import cube_crs, is_vector_cube, polygons_in, vectors_within


@implements("filter_bbox")
def filter_bbox(data: Cube, extent: Mapping[str, Any]) -> Cube:
    """The pixels whose centres lie in a bounding box (its CRS or WGS84), or geometries fully in it.

    Raises `NoDataAvailable` if there are none, `DimensionNotAvailable`.
    """
    cube = as_cube(data)
    if not isinstance(extent, Mapping):
        raise invalid("extent", "must be a bounding box.")
    if is_vector_cube(cube):
        return vectors_within(cube, box_in(extent, cube_crs(cube)))
    return within_box(cube, box_in(extent, crs_of(cube)))


@implements("filter_spatial")
def filter_spatial(data: Cube, geometries: Any) -> Cube:
    """The bounding box of polygons (GeoJSON), with no-data outside of the polygons."""
    cube = as_cube(data)
    area = polygons_in(geometries, crs_of(cube), "geometries")
    part = within_box(cube, area.bounds)
    return keep_area(part, area)


def keep_area(cube: Cube, area: Any) -> Cube:
    """The cube with no-data where the centre of a pixel lies outside of an area."""
    from backends.processes.masks import replace_where

    return replace_where(cube, ~inside(cube, area), None)


@implements("filter_temporal")
def filter_temporal(data: Cube, extent: Any, dimension: str | None = None) -> Cube:
    """The labels of a temporal dimension in a half-open interval; null is open.

    Raises `TemporalExtentEmpty`, `DimensionNotAvailable`, `TooManyDimensions`,
    `NoDataAvailable` if there are none.
    """
    cube = as_cube(data)
    name = temporal_dimension(cube, dimension)
    start, end = interval(extent, "extent")
    moments = instants(cube, name)
    kept = within(moments, start, end)
    if not kept.any():
        first, last = (
            np.datetime_as_string(edge, unit="D") for edge in (moments.min(), moments.max())
        )
        raise OpenEOError(
            "NoDataAvailable",
            f"No date lies in {extent[0]} to {extent[1]}; the cube reaches from {first} to {last}.",
        )
    return cube.isel({name: np.flatnonzero(kept)})


def interval(extent: Any, parameter: str) -> tuple[Any, Any]:
    """Start and end of a temporal interval as datetime64[ns] or None."""
    mistake = interval_mistake(extent) if isinstance(extent, list) else "it is no list."
    if mistake.startswith("the end"):
        raise OpenEOError("TemporalExtentEmpty", f"The temporal extent is empty: {mistake}")
    if mistake:
        raise invalid(parameter, f"is invalid: {mistake}")
    start, end = (None if item is None else instant(item) for item in extent)
    return start, end


def instant(text: str) -> Any:
    """An ISO 8601 text as datetime64[ns] in UTC. It must have been checked."""
    moment = parse_moment(text)
    if moment is None:
        raise ValueError(f"{text!r} is no date")
    return np.datetime64(moment.replace(tzinfo=None), "ns")


def within(moments: Any, start: Any, end: Any) -> Any:
    """Which instants lie in [start, end)."""
    kept = ~np.isnat(moments)
    if start is not None:
        kept &= moments >= start
    if end is not None:
        kept &= moments < end
    return kept


@implements("filter_bands")
def filter_bands(data: Cube, bands: Any = None, wavelengths: Any = None) -> Cube:
    """The bands of these names or common names, in this order; then those of wavelengths.

    Wavelengths are pairs of micrometres, within which the centre of a band lies. Raises
    `BandFilterParameterMissing`, `DimensionMissing`, `NoDataAvailable`, and
    `ProcessParameterInvalid` for a band that does not exist.
    """
    cube = as_cube(data)
    wanted = [] if bands is None else elements(bands, "bands")
    ranges = [] if wavelengths is None else elements(wavelengths, "wavelengths")
    if not wanted and not ranges:
        raise OpenEOError("BandFilterParameterMissing", "'bands' must name at least one band.")
    found = names_of_type(cube, "bands")
    if not found:
        raise OpenEOError("DimensionMissing", "The cube has no dimension of bands.")
    positions: dict[int, None] = {}
    for name in wanted:
        matching = band_positions(cube, found[0], name)
        if not matching:
            known = ", ".join(repr(str(label)) for label in labels(cube, found[0]))
            raise invalid("bands", f"names a band {name!r} that does not exist; there are {known}.")
        positions.update(dict.fromkeys(matching))
    for low, high in ranges:
        positions.update(dict.fromkeys(bands_within(cube, found[0], low, high)))
    if not positions:
        raise OpenEOError("NoDataAvailable", "No band lies within the given wavelengths.")
    return cube.isel({found[0]: list(positions)})


@implements("filter_labels")
def filter_labels(
    data: Cube, condition: Callable[..., Any], dimension: str, context: Any = None
) -> Cube:
    """The labels for which a condition on `value` is true. Raises `DimensionNotAvailable`."""
    cube = as_cube(data)
    name = existing(cube, dimension)
    kept = [
        index
        for index, label in enumerate(labels(cube, name))
        if truth_of(plain(condition(value=label, context=context)), "condition")
    ]
    if not kept:
        raise OpenEOError("NoDataAvailable", f"No label of '{name}' meets the condition.")
    part: xr.DataArray = cube.isel({name: kept})
    return part
