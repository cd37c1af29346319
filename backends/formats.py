"""File formats as `/file_formats` shows them, and what their options may be.

Light: the HTTP side reads it; `backends.writers` does the writing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from backends.errors import OpenEOError, parameter_invalid


@dataclass(frozen=True)
class SavedAsset:
    """One file of a result.

    `path`: where it lies. `media_type`: as for a STAC asset. `roles`: e.g. ("data",).
    `metadata`: what is known of it for STAC, each key left out where unknown: `title`,
    `bbox` (WGS84: west, south, east, north), `proj:epsg`, `proj:code` or `proj:wkt2`,
    `proj:shape` (rows, columns), `proj:transform`, `proj:bbox`, `bands` (list of
    {"name": ...}), `datetime` or `start_datetime` with `end_datetime`, `file:size`.
    """

    path: Path
    media_type: str
    roles: tuple[str, ...] = ("data",)
    metadata: Mapping[str, Any] = field(default_factory=dict)


COLORMAPS: Final = ("gray", "viridis", "redyellowgreen", "terrain", "bluered")

_PREFIX: Final = {
    "type": "string",
    "description": "Beginning of the names of the files: letters, digits, `_` and `-`.",
    "pattern": "^[A-Za-z0-9_-]{1,64}$",
    "default": "openEO",
}

OUTPUT_FORMATS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "GTiff": {
            "title": "GeoTIFF (cloud-optimised)",
            "description": "One cloud-optimised GeoTIFF per date with all bands in it. "
            "Bands carry their names as descriptions.",
            "gis_data_types": ["raster"],
            "parameters": {
                "compress": {
                    "type": "string",
                    "description": "Compression of the tiles, without loss.",
                    "enum": ["DEFLATE", "ZSTD", "LZW", "NONE"],
                    "default": "DEFLATE",
                },
                "blocksize": {
                    "type": "integer",
                    "description": "Width and height of the tiles in pixels.",
                    "enum": [128, 256, 512, 1024],
                    "default": 512,
                },
                "overviews": {
                    "type": "string",
                    "description": "How overviews are made; `none` writes none.",
                    "enum": ["nearest", "average", "bilinear", "cubic", "mode", "none"],
                    "default": "nearest",
                },
                "dtype": {
                    "type": "string",
                    "description": "Data type of the file. `auto` keeps that of the data "
                    "cube. Values are rounded and cut off where an integer type demands it.",
                    "enum": ["auto", "uint8", "int16", "uint16", "int32", "float32", "float64"],
                    "default": "auto",
                },
                "nodata": {
                    "type": ["number", "null"],
                    "description": "Value that stands for no data. By default NaN in files of "
                    "floating-point numbers; where numbers become integers of `dtype`, 0 if "
                    "it is unsigned and its least value otherwise.",
                    "default": None,
                },
                "filename_prefix": _PREFIX,
            },
            "links": [
                {
                    "href": "https://gdal.org/drivers/raster/cog.html",
                    "rel": "about",
                    "title": "GDAL on cloud-optimised GeoTIFF",
                }
            ],
        },
        "netCDF": {
            "title": "Network Common Data Form (netCDF-4)",
            "description": "The whole data cube in one file that follows the CF conventions; "
            "each band is a variable.",
            "gis_data_types": ["raster"],
            "parameters": {
                "compression_level": {
                    "type": "integer",
                    "description": "Strength of the compression; 0 is none.",
                    "minimum": 0,
                    "maximum": 9,
                    "default": 4,
                },
                "bands_as_variables": {
                    "type": "boolean",
                    "description": "Whether each band is a variable of its own; otherwise all "
                    "stand in one variable `data` with a dimension for the bands.",
                    "default": True,
                },
                "filename_prefix": _PREFIX,
            },
            "links": [
                {
                    "href": "https://cfconventions.org/",
                    "rel": "about",
                    "title": "CF Metadata Conventions",
                }
            ],
        },
        "PNG": {
            "title": "Portable Network Graphics (PNG)",
            "description": "A picture of the first date: the first three bands as red, green "
            "and blue, or the first band in shades of a color map. No data is transparent.",
            "gis_data_types": ["raster"],
            "parameters": {
                "scale_min": {
                    "type": ["number", "null"],
                    "description": "Value shown darkest. By default the 2nd percentile.",
                    "default": None,
                },
                "scale_max": {
                    "type": ["number", "null"],
                    "description": "Value shown brightest. By default the 98th percentile.",
                    "default": None,
                },
                "colormap": {
                    "type": "string",
                    "description": "Colors of a picture of one band.",
                    "enum": list(COLORMAPS),
                    "default": "gray",
                },
                "max_size": {
                    "type": "integer",
                    "description": "Longest side of the picture in pixels; larger data cubes "
                    "are thinned out.",
                    "minimum": 1,
                    "maximum": 8192,
                    "default": 2048,
                },
                "filename_prefix": _PREFIX,
            },
        },
        "JSON": {
            "title": "JavaScript Object Notation (JSON)",
            "description": "Values, dimensions and labels of a data cube, or any other value "
            "as it is. No data is null.",
            "gis_data_types": ["raster", "vector", "table", "other"],
            "parameters": {"filename_prefix": _PREFIX},
        },
    }
)
"""Official format name -> description as in the API's file format objects."""

INPUT_FORMATS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
"""Nothing can be uploaded, so nothing is read."""


def file_formats(
    output: Collection[str] = tuple(OUTPUT_FORMATS), inputs: Collection[str] = ()
) -> dict[str, Any]:
    """The body of `GET /file_formats` for a backend that offers only some formats."""
    return {
        "input": {name: dict(INPUT_FORMATS[name]) for name in inputs},
        "output": {name: dict(OUTPUT_FORMATS[name]) for name in output},
    }


def format_name(name: object, offered: Collection[str] = tuple(OUTPUT_FORMATS)) -> str:
    """The official spelling of a format's name; upper and lower case do not matter.

    Raises `ProcessParameterInvalid` that names the offered formats.
    """
    for official in offered:
        if isinstance(name, str) and name.strip().lower() == official.lower():
            return official
    raise parameter_invalid(
        "save_result", "format", f"{name!r} is not offered; choose one of {', '.join(offered)}."
    )


def format_options(name: str, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """All options of a format, checked, those not given with their default.

    Raises `ProcessParameterInvalid` that names the allowed options or values.
    """
    parameters: Mapping[str, Mapping[str, Any]] = OUTPUT_FORMATS[format_name(name)]["parameters"]
    chosen = {key: schema.get("default") for key, schema in parameters.items()}
    for key, value in (options or {}).items():
        if key not in parameters:
            allowed = ", ".join(parameters)
            raise _invalid(f"{name} has no option {key!r}; it has {allowed}.")
        chosen[key] = _checked(name, key, value, parameters[key])
    low, high = chosen.get("scale_min"), chosen.get("scale_max")
    if low is not None and high is not None and low >= high:
        raise _invalid(f"scale_min ({low}) must be less than scale_max ({high}).")
    return chosen


def _invalid(reason: str) -> OpenEOError:
    return parameter_invalid("save_result", "options", reason)


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _checked(name: str, key: str, value: Any, schema: Mapping[str, Any]) -> Any:
    """The value in the schema's own spelling, or the error that says what is allowed."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    fits = any(
        isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
        for kind in types
    )
    if not fits:
        raise _invalid(f"{key} of {name} must be of type {' or '.join(types)}, not {value!r}.")
    if "enum" in schema:
        return _from_enum(name, key, value, schema["enum"])
    if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        raise _invalid(f"{key} of {name} must match {schema['pattern']}, which {value!r} does not.")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and not low <= value <= high:
        raise _invalid(f"{key} of {name} must be from {low} to {high}, not {value!r}.")
    return value


def _from_enum(name: str, key: str, value: Any, allowed: list[Any]) -> Any:
    for member in allowed:
        if member == value or str(member).lower() == str(value).lower():
            return member
    choices = ", ".join(str(member) for member in allowed)
    raise _invalid(f"{key} of {name} must be one of {choices}, not {value!r}.")
