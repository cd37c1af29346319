"""Where data come from and go to: load_collection, save_result; and what is told on the way.

These reach the outside through the `Environment` of the execution. Specification: openEO
processes 2.0.0-rc.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import xarray as xr

from backends.arguments import box_mistake, interval_mistake, parse_moment
from backends.environment import Environment
from backends.errors import OpenEOError
from backends.formats import SavedResult
from backends.loading import LoadRequest
from backends.processes.comparison import condition as truth_of
from backends.processes.cubes import Cube
from backends.processes.declaration import implements
from backends.processes.values import Array, elements, invalid, is_field, plain

_LEVELS: Final = ("error", "warning", "info", "debug")


@implements("load_collection")
def load_collection(
    id: str,  # noqa: A002  the name in openEO
    spatial_extent: Any,
    temporal_extent: Any,
    bands: Any = None,
    properties: Any = None,
    *,
    environment: Environment,
) -> Cube:
    """A collection as a lazy cube (t, bands, y, x), float32, NaN for no-data.

    Only what the extents, bands and conditions on properties ask for is loaded; bands come
    in the order that is asked for. Raises `CollectionNotFound`, `NoDataAvailable`,
    `TemporalExtentEmpty`, `ProcessParameterInvalid`, and what the loading itself finds.
    """
    request = load_request(
        spatial_extent, temporal_extent, bands, properties, environment.limits.max_samples
    )
    cube: Cube = environment.load_collection(id, request)
    return cube


def load_request(
    spatial_extent: Any, temporal_extent: Any, bands: Any, properties: Any, max_samples: int
) -> LoadRequest:
    """What the arguments of a loading ask for. Raises `ProcessParameterInvalid` and others."""
    return LoadRequest(
        spatial_extent=_spatial(spatial_extent),
        temporal_extent=_temporal(temporal_extent),
        bands=None if bands is None else tuple(elements(bands, "bands")),
        properties=_properties(properties),
        max_samples=max_samples,
    )


def _spatial(extent: Any) -> Mapping[str, Any] | None:
    if extent is None:
        return None
    if not isinstance(extent, Mapping):
        raise invalid("spatial_extent", "must be a bounding box, GeoJSON or null.")
    if "type" not in extent:
        mistake = box_mistake(extent)
        if mistake:
            raise invalid("spatial_extent", f"is invalid: {mistake}")
    return extent


def _temporal(extent: Any) -> tuple[str | None, str | None] | None:
    """The interval with all its instants written in full, in UTC."""
    if extent is None:
        return None
    mistake = interval_mistake(extent) if isinstance(extent, list) else "it is no list."
    if mistake.startswith("the end"):
        raise OpenEOError("TemporalExtentEmpty", f"The temporal extent is empty: {mistake}")
    if mistake:
        raise invalid("temporal_extent", f"is invalid: {mistake}")
    start, end = (None if item is None else _written(item) for item in extent)
    return start, end


def _written(text: str) -> str:
    moment = parse_moment(text)
    if moment is None:
        raise invalid("temporal_extent", f"holds {text!r}, which is no date.")
    return moment.isoformat().replace("+00:00", "Z")


def _properties(properties: Any) -> dict[str, Callable[[Any], bool]]:
    if properties is None:
        return {}
    if not isinstance(properties, Mapping):
        raise invalid("properties", "must map names of properties to process graphs.")
    return {name: _wanted(name, condition) for name, condition in properties.items()}


def _wanted(name: str, condition: Any) -> Callable[[Any], bool]:
    """Whether a value of a property meets its condition."""
    if not callable(condition):
        raise invalid("properties", f"must give a process graph for the property '{name}'.")

    def wanted(value: Any) -> bool:
        return bool(truth_of(plain(condition(value=value)), "properties"))

    return wanted


@implements("save_result")
def save_result(
    data: Any,
    format: str,  # noqa: A002  the name in openEO
    options: Mapping[str, Any] | None = None,
    *,
    environment: Environment,
) -> SavedResult:
    """Compute a cube (or an array, or a value) and write it in a format: a STAC resource.

    Raises `DataCubeEmpty`, and what the writing finds, e.g. `FormatUnsuitable`.
    """
    if isinstance(data, xr.DataArray) and data.size == 0:
        raise OpenEOError("DataCubeEmpty", "The cube holds no values: there is nothing to save.")
    if isinstance(data, SavedResult):
        raise invalid("data", "is a STAC resource that was saved already.")
    return SavedResult(tuple(environment.save_result(as_saved(data), format, options or {})))


@implements("export_workspace")
def export_workspace(
    data: Any, workspace: str, merge: str | None = None, *, environment: Environment
) -> SavedResult:
    """What `save_result` wrote, copied to a workspace of the user's as a static STAC collection.

    With a path `merge` it is put into the collection there, or into a new one. Gives the same
    STAC resource, which can be exported elsewhere too. Raises `WorkspaceNotFound`,
    `WorkspaceUnavailable`, `StorageQuotaExceeded`, `ProcessParameterInvalid`.
    """
    if not isinstance(data, SavedResult):
        raise invalid("data", "must be a STAC resource, which `save_result` gives.")
    environment.export(data, workspace, merge)
    return data


def as_saved(data: Any) -> Any:
    """A value in the form in which it is written: cubes as they are, arrays as lists."""
    if isinstance(data, xr.DataArray):
        return data
    if isinstance(data, Array | list | tuple):
        return [as_saved(element) for element in data]
    if is_field(data):
        return plain(data) if data.ndim == 0 else data.tolist()
    return plain(data)


@implements("inspect")
def inspect(
    data: Any,
    message: str = "",
    code: str = "User",
    level: str = "info",
    *,
    environment: Environment,
) -> Any:
    """The data unchanged; what they are goes to the logs. No pixel is computed for it."""
    if level.casefold() not in _LEVELS:
        raise invalid("level", f"must be one of {', '.join(_LEVELS)}.")
    text = f"{code}: {message} {_described(data)}".replace("  ", " ")
    environment.log(level.casefold(), text)
    return data


def _described(data: Any) -> str:
    if isinstance(data, xr.DataArray):
        sizes = ", ".join(f"{name}: {size}" for name, size in data.sizes.items())
        return f"[cube of {data.dtype} ({sizes})]"
    if is_field(data):
        return f"[pixels of {data.dtype}, {data.shape}]"
    if isinstance(data, Array):
        return f"[array of {len(data)} elements, labels {data.labels}]"
    return repr(data)[:1000]
