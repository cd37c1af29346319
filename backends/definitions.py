"""The official definitions of the processes that these backends can really run.

Light: reads JSON documents by path and imports nothing that computes. The definitions
are those of openEO processes as shipped in `openeo_processes_dask.specs`.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

JsonObject = Mapping[str, Any]

PROCESSES_VERSION: Final = "2.0.0-rc.1"
"""The version of openEO processes that the definitions are of."""

_CUBES = """
    add_dimension aggregate_spatial aggregate_temporal aggregate_temporal_period apply
    apply_dimension
    apply_kernel dimension_labels drop_dimension filter_bands filter_bbox filter_labels
    filter_spatial filter_temporal flatten_dimensions load_collection mask mask_polygon
    merge_cubes ndvi
    reduce_dimension reduce_spatial rename_dimension rename_labels resample_cube_spatial
    resample_cube_temporal resample_spatial save_result trim_cube
    unflatten_dimension
"""
_CURVES = """
    anomaly climatological_normal fit_curve predict_curve
"""
_WINDOWS = """
    aggregate_spatial_window apply_neighborhood apply_polygon run_udf
"""
_SOURCES = """
    create_data_cube load_stac load_uploaded_files load_url
"""
_VECTORS = """
    filter_vector load_geojson vector_buffer vector_reproject vector_to_random_points
    vector_to_regular_points
"""
_MATH = """
    absolute add arccos arcosh arcsin arctan arctan2 arsinh artanh ceil clip constant cos
    cosh divide e exp floor int linear_scale_range ln log mod multiply nan
    normalized_difference pi power round sgn sin sinh sqrt subtract tan tanh
"""
_LOGIC = """
    all and any between eq gt gte if is_infinite is_nan is_nodata is_valid lt lte neq not
    or xor
"""
_ARRAYS = """
    array_append array_apply array_concat array_contains array_create array_create_labeled
    array_element array_filter array_find array_find_label array_interpolate_linear
    array_labels array_modify count cummax cummin cumproduct cumsum extrema first last max
    mean median min order product quantiles rearrange sd sort sum variance
"""
_OTHERS = """
    date_between date_difference date_shift inspect text_begins text_concat text_contains
    text_ends export_workspace
"""

RUNNABLE: Final[tuple[str, ...]] = tuple(
    sorted(
        " ".join(
            (_CUBES, _SOURCES, _CURVES, _WINDOWS, _VECTORS, _MATH, _LOGIC, _ARRAYS, _OTHERS)
        ).split()
    )
)
"""The ids of all processes with an implementation, in alphabetical order."""


@cache
def _folder() -> Path:
    """Where the documents lie, found without importing the package around them."""
    found = importlib.util.find_spec("openeo_processes_dask")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(
            "The processes need the package openeo-processes-dask: install the extra 'backends'."
        )
    return Path(found.submodule_search_locations[0]) / "specs" / "openeo-processes"


_OWN: Final = Path(__file__).parent / "proposals"
"""Definitions of processes that the package has none of."""

_FOLDERS: Final = (".", "proposals", "missing-processes")
"""Where the package keeps its definitions, the most official ones first."""


def _document(name: str) -> Path:
    """The file of a definition."""
    places = [*(_folder() / folder for folder in _FOLDERS), _OWN]
    return next(path for place in places if (path := place / f"{name}.json").is_file())


_RESTORED: Final[Mapping[str, tuple[JsonObject, ...]]] = MappingProxyType(
    {
        "apply_polygon": (
            {
                "name": "geometries",
                "description": "The polygons, under the name that later versions of this process "
                "give them. Exactly one of `geometries` and `polygons` must be given.",
                "schema": [
                    {
                        "title": "Vector Data Cube",
                        "type": "object",
                        "subtype": "datacube",
                        "dimensions": [{"type": "geometry"}],
                    },
                    {"title": "GeoJSON", "type": "object", "subtype": "geojson"},
                    {"title": "Given as `polygons`", "type": "null"},
                ],
                "optional": True,
                "default": None,
            },
        ),
        "filter_bands": (
            {
                "name": "wavelengths",
                "description": "Wavelengths in micrometres as lists of minimum and maximum; bands "
                "with their centre in one of them are kept.",
                "schema": {
                    "type": "array",
                    "items": {
                        "type": "array",
                        "minItems": 2,
                        "maxItems": 2,
                        "items": {"type": "number"},
                    },
                },
                "optional": True,
                "default": [],
            },
        ),
        "resample_spatial": (
            {
                "name": "align",
                "description": "The corner of the spatial extent that the new pixels start from.",
                "schema": {
                    "type": "string",
                    "enum": ["lower-left", "upper-left", "lower-right", "upper-right"],
                },
                "optional": True,
                "default": "upper-left",
            },
        ),
    }
)
"""Parameters of the specification that the shipped definitions lack, though clients send them."""

_GEOJSON: Final[JsonObject] = {"title": "GeoJSON", "type": "object", "subtype": "geojson"}


def _widened(name: str, parameter: JsonObject) -> JsonObject:
    """A parameter as it is really taken, where the shipped definition is narrower."""
    if (name, parameter["name"]) == ("apply_polygon", "polygons"):
        schema = [parameter["schema"], _GEOJSON, {"title": "Given as `geometries`", "type": "null"}]
        return {**parameter, "schema": schema, "optional": True, "default": None}
    return parameter


def _read(name: str) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(_document(name).read_bytes())
    listed = [_widened(name, parameter) for parameter in definition["parameters"]]
    return {**definition, "parameters": [*listed, *_RESTORED.get(name, ())]}


def packaged() -> frozenset[str]:
    """The names of all definitions in the package, also of processes that cannot be run."""
    folders = (_folder() / folder for folder in _FOLDERS)
    return frozenset(path.stem for folder in folders for path in folder.glob("*.json"))


@cache
def definitions() -> Mapping[str, dict[str, Any]]:
    """Process id -> official definition, for exactly the processes that can be run.

    Ids in alphabetical order. The documents are shared: do not change them.
    Source: openEO processes 2.0.0-rc.1, https://processes.openeo.org.
    """
    return MappingProxyType({name: _read(name) for name in RUNNABLE})
