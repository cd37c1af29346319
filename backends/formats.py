"""Which file formats there are, and what their options may be.

Light: the HTTP side reads it; `backends.writers` does the writing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from backends.errors import OpenEOError, parameter_invalid
from backends.format_table import INPUT_FORMATS, OUTPUT_FORMATS

__all__ = [
    "INPUT_FORMATS",
    "OUTPUT_FORMATS",
    "SavedAsset",
    "SavedResult",
    "file_formats",
    "format_name",
    "format_options",
]


@dataclass(frozen=True)
class SavedAsset:
    """One file of a result.

    `path`: where it lies. `media_type`: as for a STAC asset. `roles`: e.g. ("data",).
    `metadata`: what is known of it for STAC, each key left out where unknown: `title`,
    `bbox` (WGS84: west, south, east, north), `proj:epsg`, `proj:code` or `proj:wkt2`,
    `proj:shape` (rows, columns), `proj:transform`, `proj:bbox`, `bands` (list of
    {"name": ...}, with `data_type`, `nodata` and `statistics` where known), `datetime` or
    `start_datetime` with `end_datetime`, `cube:dimensions` where the file holds a whole cube,
    `file:size`. `warnings`: what its user should know of values that the file cannot hold.
    """

    path: Path
    media_type: str
    roles: tuple[str, ...] = ("data",)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SavedResult:
    """What `save_result` gives: the STAC resource that its files become."""

    assets: tuple[SavedAsset, ...]

    def __repr__(self) -> str:
        # Users see it in logs; where files lie is nothing to them.
        return f"[STAC resource of {len(self.assets)} file(s)]"


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
