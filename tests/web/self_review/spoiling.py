"""Mutations of what is computed: a detail of a process refused, or files spoiled."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
from rasterio.io import MemoryFile

from tests.web.self_review.computing import Arguments, Refuses, Spoils


def when(process: str, matches: Callable[[Arguments], bool]) -> Refuses:
    """Refuses calls of that process with such arguments."""
    return lambda called, arguments: called == process and matches(arguments)


def within(argument: str, process: str) -> Callable[[Arguments], bool]:
    """Whether a callback in that argument calls the process."""
    return lambda arguments: f"'process_id': '{process}'" in str(arguments.get(argument))


def equal(argument: str, value: Any) -> Callable[[Arguments], bool]:
    return lambda arguments: arguments.get(argument) == value


def timed(argument: str) -> Callable[[Arguments], bool]:
    """Whether a temporal extent has times of day."""
    return lambda arguments: "T" in str(arguments.get(argument))


def given(argument: str) -> Callable[[Arguments], bool]:
    return lambda arguments: argument in arguments


def along(dimension: str, process: str) -> Callable[[Arguments], bool]:
    """Whether a dimension is reduced, or worked along, by that process."""
    inner = within("reducer", process), within("process", process)
    return lambda arguments: (
        arguments.get("dimension") == dimension and any(one(arguments) for one in inner)
    )


L1, L2, L2A = "processes-L1-", "processes-L2-", "processes-L2A-"
PERIOD, TEMPORAL = "aggregate_temporal_period", "aggregate_temporal"
LABELS = f"{L2}reduce_dimension-reducer-labels {L2}array_element-labeled-arrays"
REFUSED: dict[str, Refuses] = {
    f"{L1}apply_dimension-dimension": when("apply_dimension", along("t", "sort")),
    f"{L1}load_collection-temporal-formats": when("load_collection", timed("temporal_extent")),
    f"{L1}reduce_dimension-reducer-set": when("reduce_dimension", within("reducer", "product")),
    f"{L1}reduce_dimension-dimension": when("reduce_dimension", along("bands", "max")),
    f"{L2}add_dimension-name": when("add_dimension", equal("type", "temporal")),
    f"{L2}{TEMPORAL}-reducer-set": when(TEMPORAL, within("reducer", "median")),
    f"{L2}{TEMPORAL}-reducer-labels": when(TEMPORAL, within("reducer", "array_element")),
    f"{L2}{TEMPORAL}-dimension": when(TEMPORAL, given("dimension")),
    f"{L2}{PERIOD}-reducer-set": when(PERIOD, within("reducer", "median")),
    f"{L2}{PERIOD}-reducer-labels": when(PERIOD, within("reducer", "array_element")),
    f"{L2}{PERIOD}-dimension": when(PERIOD, given("dimension")),
    f"{L2}{PERIOD}-period-enum": when(PERIOD, equal("period", "week")),
    f"{L2}apply_dimension-callback-labels": when(
        "apply_dimension", within("process", "array_element")
    ),
    LABELS: when("reduce_dimension", along("bands", "array_element")),
    f"{L2}dimension_labels-dimension": when("dimension_labels", equal("dimension", "bands")),
    f"{L2}drop_dimension-name": when("drop_dimension", equal("name", "bands")),
    f"{L2}filter_temporal-dimension": when("filter_temporal", given("dimension")),
    f"{L2}filter_temporal-temporal-formats": when("filter_temporal", timed("extent")),
    f"{L2}inspect-level-enum": when("inspect", equal("level", "warning")),
    f"{L2}reduce_dimension-reducer-set": when("reduce_dimension", within("reducer", "count")),
    f"{L2}rename_labels-dimension": when("rename_labels", given("dimension")),
    f"{L2A}aggregate_spatial-reducer-set": when("aggregate_spatial", within("reducer", "median")),
    f"{L2A}apply_kernel-border-enum": when("apply_kernel", equal("border", "wrap")),
    f"{L2A}filter_bands-band-names": when("filter_bands", equal("bands", ["B08"])),
    f"{L2A}load_collection-band-names": when("load_collection", equal("bands", ["red", "nir"])),
    f"{L2A}resample_spatial-method-enum": when("resample_spatial", equal("method", "bilinear")),
}
"""What is refused, by the requirements (parted by blanks) that must catch it."""


def rewritten(
    change: Callable[[Any, dict[str, Any]], tuple[Any, dict[str, Any]]], driver: str = "COG"
) -> Spoils:
    """Writes GeoTIFFs anew, with other values or another profile."""

    def spoil(name: str, content: bytes) -> bytes:
        if not name.endswith(".tif"):
            return content
        with MemoryFile(content) as memory, memory.open() as found:
            values, profile = found.read(), dict(found.profile)
            names = list(found.descriptions)
        values, profile = change(values, profile)
        kept = {key: profile[key] for key in ("crs", "transform", "dtype", "nodata")}
        bands, height, width = values.shape
        with MemoryFile() as memory:
            with memory.open(driver=driver, count=bands, height=height, width=width, **kept) as out:
                out.write(values)
                out.descriptions = [*names, *names][:bands]
            return bytes(memory.read())

    return spoil


def reshaped(change: Callable[[h5py.File], None]) -> Spoils:
    """Changes netCDF files in place."""

    def spoil(name: str, content: bytes) -> bytes:
        if not name.endswith(".nc"):
            return content
        buffer = io.BytesIO(content)
        with h5py.File(buffer, "r+") as found:
            change(found)
        return buffer.getvalue()

    return spoil


def _twice(values: Any, profile: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return np.concatenate([values, values]), profile


def _first_band(values: Any, profile: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return values[:1], profile


def _upper_half(values: Any, profile: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return values[:, : values.shape[1] // 2], profile


def _same(values: Any, profile: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return values, profile


def _data(found: h5py.File) -> list[str]:
    """The variables of a file that are no coordinates."""
    return [
        key
        for key, one in found.items()
        if isinstance(one, h5py.Dataset) and not one.is_scale and one.ndim >= 2
    ]


def _one_variable(found: h5py.File) -> None:
    del found[_data(found)[0]]


def _no_time(found: h5py.File) -> None:
    found.move("t", "moment")


def _no_conventions(found: h5py.File) -> None:
    del found.attrs["Conventions"]


def _contiguous(found: h5py.File) -> None:
    for key in _data(found):
        values = found[key][()]
        del found[key]
        found.create_dataset(key, data=values)


SPOILED: dict[str, Spoils] = {
    "formats-gtiff-1 formats-gtiff-2": rewritten(_twice),
    "formats-gtiff-2": rewritten(_first_band),
    "formats-gtiff-3": rewritten(_upper_half),
    "formats-gtiff-4": rewritten(_same, driver="GTiff"),
    "formats-netcdf-1": reshaped(_one_variable),
    "formats-netcdf-2": reshaped(_no_time),
    "formats-netcdf-3": reshaped(_no_conventions),
    "formats-netcdf-4": reshaped(_contiguous),
}
"""What becomes of files, by the requirements that must catch it."""
