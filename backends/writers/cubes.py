"""What the writers need to know of a cube: its layers, labels, pixels and place."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyproj
import rioxarray  # noqa: F401 - gives cubes their `rio`
import xarray as xr
from affine import Affine
from pyproj.exceptions import ProjError

from backends.cube_form import TYPE
from backends.errors import OpenEOError, parameter_invalid

Progress = Callable[[float], None]

TIME_NAMES: Final = ("t", "time")
_BAND_NAMES: Final = ("bands", "band")


def unsuitable(format_: str, reason: str) -> OpenEOError:
    """The error for a cube that a format cannot hold."""
    return parameter_invalid("save_result", "data", f"{format_} cannot hold it: {reason}")


def as_cube(value: Any, format_: str) -> xr.DataArray:
    """The value as a DataArray of numbers; `ProcessParameterInvalid` if it is none."""
    if isinstance(value, xr.Dataset):
        value = value.to_array(dim="bands")
    if not isinstance(value, xr.DataArray):
        raise unsuitable(format_, f"it is no data cube but {type(value).__name__}; use JSON.")
    if value.dtype.kind == "f" and value.dtype.itemsize < 4:
        return value.astype("float32")
    if value.dtype.kind not in "iufb":
        raise unsuitable(format_, f"its values are of type {value.dtype}, not numbers; use JSON.")
    return value


def time_dimension(cube: xr.DataArray) -> Hashable | None:
    """The dimension of dates, if there is one."""
    named = next((name for name in TIME_NAMES if name in cube.dims), None)
    return named or next((d for d in cube.dims if _holds_dates(cube, d)), None)


def _holds_dates(cube: xr.DataArray, dimension: Hashable) -> bool:
    return dimension in cube.coords and cube.coords[dimension].dtype.kind == "M"


def band_dimension(cube: xr.DataArray) -> str | None:
    """The dimension of bands, if there is one, whatever its name has become."""
    for name in map(str, cube.dims):
        stated = cube.coords[name].attrs.get(TYPE) if name in cube.coords else None
        if stated == "bands" or (stated is None and name in _BAND_NAMES):
            return name
    return None


def labels_of(cube: xr.DataArray, dimension: Hashable) -> list[Any]:
    """The labels of a dimension, numbers from 0 where it has none."""
    if dimension not in cube.coords:
        return list(range(cube.sizes[dimension]))
    return list(cube.coords[dimension].values)


@dataclass(frozen=True)
class Raster:
    """A cube in the order dates, bands, rows, columns.

    `dates`: labels as text, one None where there is no such dimension; `bands`: names.
    Rows go from north to south, columns from west to east.
    """

    cube: xr.DataArray
    dates: tuple[str | None, ...]
    bands: tuple[str, ...]

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.cube.shape[2])

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.cube.shape[3])

    @property
    def crs(self) -> Any:
        """The rasterio CRS, None where it is not known."""
        return self.cube.rio.crs

    @property
    def affine(self) -> Affine:
        """From columns and rows to coordinates."""
        x, y = self.cube.coords["x"].values, self.cube.coords["y"].values
        across, down = _step(x), _step(y)
        if across is None or down is None:
            across, down = _single(self.cube, across, down)
        return Affine(across, 0, x[0] - across / 2, 0, -down, y[0] + down / 2)

    def metadata(self, date: str | None) -> dict[str, Any]:
        """What STAC should know of the file of a date (of all dates if there is one)."""
        found: dict[str, Any] = {
            "proj:shape": [self.height, self.width],
            "proj:transform": list(self.affine)[:6],
            "bands": [{"name": name} for name in self.bands],
        }
        found |= self._place()
        found |= moments([date] if date is not None else [])
        return found

    def _place(self) -> dict[str, Any]:
        west, north = self.affine @ (0, 0)
        east, south = self.affine @ (self.width, self.height)
        found: dict[str, Any] = {"proj:bbox": [west, south, east, north]}
        if self.crs is None:
            return found
        epsg = self.crs.to_epsg()
        found |= {"proj:epsg": epsg, "proj:code": f"EPSG:{epsg}"} if epsg else {"proj:epsg": None}
        if not epsg:
            found["proj:wkt2"] = self.crs.to_wkt()
        box = _degrees(self.crs.to_wkt(), west, south, east, north)
        return found if box is None else {**found, "bbox": box}


def _degrees(crs: str, west: float, south: float, east: float, north: float) -> list[float] | None:
    transformer = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    try:
        box = transformer.transform_bounds(west, south, east, north)
    except ProjError:
        return None
    return [round(value, 7) for value in box] if all(map(math.isfinite, box)) else None


def _step(values: Any) -> float | None:
    if len(values) < 2:
        return None
    return abs(float(values[-1]) - float(values[0])) / (len(values) - 1)


def _single(cube: xr.DataArray, across: float | None, down: float | None) -> tuple[float, float]:
    """Size of pixels where a side is one pixel long: as stored, or else square."""
    stored = cube.coords["spatial_ref"].attrs.get("GeoTransform") if _located(cube) else None
    if stored:
        numbers = [abs(float(text)) for text in str(stored).split()]
        return across or numbers[1], down or numbers[5]
    side = across or down or 1.0
    return across or side, down or side


def _located(cube: xr.DataArray) -> bool:
    return "spatial_ref" in cube.coords


def as_raster(value: Any, format_: str) -> Raster:
    """The value as a raster; dimensions besides x, y and dates become bands.

    Raises `ProcessParameterInvalid` where x or y is missing or there are no pixels.
    """
    cube = as_cube(value, format_)
    missing = [name for name in ("x", "y") if name not in cube.dims]
    if missing:
        raise unsuitable(format_, f"it has no dimension {' and '.join(missing)}; use JSON.")
    if 0 in cube.shape:
        raise unsuitable(format_, "it is empty.")
    for axis in ("x", "y"):
        if axis not in cube.coords:
            cube = cube.assign_coords({axis: np.arange(cube.sizes[axis], dtype=float)})
    cube, dates = _with_dates(cube)
    cube, bands = _with_bands(cube)
    cube = _flipped(cube.transpose("t", "bands", "y", "x"))
    return Raster(cube, dates, bands)


def _with_dates(cube: xr.DataArray) -> tuple[xr.DataArray, tuple[str | None, ...]]:
    dimension = time_dimension(cube)
    if dimension is None:
        return _dropped(cube, "t").expand_dims("t"), (None,)
    dates = tuple(date_text(label) for label in labels_of(cube, dimension))
    return cube.rename({dimension: "t"}) if dimension != "t" else cube, dates


def _with_bands(cube: xr.DataArray) -> tuple[xr.DataArray, tuple[str, ...]]:
    others = [name for name in cube.dims if name not in {"t", "y", "x"}]
    if not others:
        return _dropped(cube, "bands").expand_dims("bands"), ("data",)
    if len(others) == 1:
        names = tuple(str(label) for label in labels_of(cube, others[0]))
        return cube.rename({others[0]: "bands"}) if others[0] != "bands" else cube, names
    labels = [[str(label) for label in labels_of(cube, name)] for name in others]
    names = ("",)
    for choices in labels:
        names = tuple(f"{name}_{choice}".lstrip("_") for name in names for choice in choices)
    bare = cube.drop_vars([name for name in others if name in cube.coords])
    bare = bare.rename({name: f"{name} of bands" for name in others})
    stacked = bare.stack({"bands": [f"{name} of bands" for name in others]}, create_index=False)
    return stacked, names


def _dropped(cube: xr.DataArray, name: str) -> xr.DataArray:
    """The cube without a coordinate that stands in the way of a dimension."""
    return cube.drop_vars(name) if name in cube.coords else cube


def _flipped(cube: xr.DataArray) -> xr.DataArray:
    y, x = cube.coords["y"].values, cube.coords["x"].values
    if len(y) > 1 and y[0] < y[-1]:
        cube = cube.isel(y=slice(None, None, -1))
    if len(x) > 1 and x[0] > x[-1]:
        cube = cube.isel(x=slice(None, None, -1))
    return cube


def date_text(label: Any) -> str:
    """A date's label as text: RFC 3339 for moments, the day alone at midnight."""
    if not isinstance(label, np.datetime64):
        return str(label)
    text = str(np.datetime_as_string(label.astype("datetime64[s]")))
    return text.removesuffix("T00:00:00") if text.endswith("T00:00:00") else f"{text}Z"


_FORMS: Final = (
    (re.compile(r"(\d{4})"), "year"),
    (re.compile(r"(\d{4})-(\d{2})"), "month"),
    (re.compile(r"(\d{4})-(\d{2})-(\d{2})"), "day"),
)


def labels_known(cube: xr.DataArray) -> dict[str, Any]:
    """What STAC should know of the bands and the dates of a cube."""
    time = time_dimension(cube)
    dates = [] if time is None else [date_text(label) for label in labels_of(cube, time)]
    bands = band_dimension(cube)
    names = [] if bands is None else [str(label) for label in labels_of(cube, bands)]
    described = {"bands": [{"name": name} for name in names]} if names else {}
    return {**described, **moments(dates)}


def _period(text: str) -> tuple[dt.datetime, dt.datetime] | None:
    """First and last second of a year, month, day or moment; None for other labels."""
    for form, kind in _FORMS:
        if match := form.fullmatch(text):
            return _calendar_period(kind, [int(number) for number in match.groups()])
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    return moment, moment


def _calendar_period(kind: str, numbers: list[int]) -> tuple[dt.datetime, dt.datetime] | None:
    try:
        year, month, day = (*numbers, 1, 1)[:3]
        start = dt.datetime(year, month, day, tzinfo=dt.UTC)
    except ValueError:
        return None
    if kind == "day":
        return start, start
    last_month = 12 if kind == "year" else start.month
    last_day = calendar.monthrange(start.year, last_month)[1]
    return start, dt.datetime(start.year, last_month, last_day, 23, 59, 59, tzinfo=dt.UTC)


def moments(labels: list[Any]) -> dict[str, Any]:
    """STAC's `datetime`, or `start_datetime` and `end_datetime`, of labels of dates."""
    periods = [period for label in labels if (period := _period(str(label))) is not None]
    if not periods:
        return {}
    start, end = min(first for first, _ in periods), max(last for _, last in periods)
    if start == end:
        return {"datetime": _rfc3339(start)}
    return {"start_datetime": _rfc3339(start), "end_datetime": _rfc3339(end)}


def _rfc3339(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def file_names(prefix: str, labels: tuple[str | None, ...], ending: str) -> list[str]:
    """A file name for each label, all different, of letters, digits, `_`, `-` and `.`."""
    names: list[str] = []
    for label in labels:
        part = "" if label is None else "_" + re.sub(r"[^A-Za-z0-9_-]+", "", str(label))
        name = f"{prefix}{part}{ending}"
        names.append(name if name not in names else f"{prefix}{part}_{len(names)}{ending}")
    return names


def sized(path: Path, metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata with the size of the finished file."""
    return {**metadata, "file:size": path.stat().st_size}
