"""By which properties data of a collection can be selected, as a JSON Schema.

Light: the HTTP side serves what is made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from backends.products import product
from backends.profile import CollectionSpec
from backends.stac_documents import read_source

SCHEMA: Final = "http://json-schema.org/draft-07/schema#"

_TITLES: Final = {
    "eo:cloud_cover": ("Cloud cover", "Share of the scene that clouds hide, in percent."),
    "platform": ("Platform", "The satellite that recorded the scene."),
    "sat:orbit_state": ("Orbit state", "Whether the satellite flew northwards or southwards."),
    "sat:relative_orbit": ("Relative orbit", "Number of the orbit within its cycle."),
    "sar:instrument_mode": ("Instrument mode", "How the radar was operated."),
}
_TYPES: Final = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
_MOMENTS: Final = {"datetime", "start_datetime", "end_datetime", "created", "updated"}


def queryables(spec: CollectionSpec) -> dict[str, Any]:
    """The JSON Schema (draft 7) of the properties that `load_collection` can filter by.

    `$id` is left to whoever serves it. A collection without such properties has an empty
    object of them.
    """
    if spec.kind == "stac":
        properties = _found_properties(spec)
    else:
        offered = product(spec.product, spec.options)
        properties = {name: _schema(name, kind) for name, kind in offered.properties.items()}
    return {
        "$schema": SCHEMA,
        "type": "object",
        "title": spec.id,
        "description": "Properties that the argument `properties` of `load_collection` takes.",
        "properties": properties,
        "additionalProperties": False,
    }


def _schema(name: str, values: tuple[Any, ...]) -> dict[str, Any]:
    title, description = _TITLES.get(name, (name, ""))
    described = {"title": title, "description": description} if description else {"title": title}
    if all(isinstance(value, int | float) for value in values):
        kind = "number" if name == "eo:cloud_cover" else "integer"
        return {**described, "type": kind, "minimum": values[0], "maximum": values[1]}
    return {**described, "type": "string", "enum": list(values)}


def _found_properties(spec: CollectionSpec) -> dict[str, Any]:
    """Those of the items of real data that are plain values."""
    found: dict[str, list[Any]] = {}
    for item in read_source(str(spec.options["href"])).items:
        for name, value in item.properties.items():
            if name not in _MOMENTS and isinstance(value, bool | int | float | str):
                found.setdefault(name, []).append(value)
    return {name: _found_schema(name, values) for name, values in sorted(found.items())}


def _found_schema(name: str, values: Iterable[Any]) -> Mapping[str, Any]:
    kinds = {next(text for kind, text in _TYPES if isinstance(value, kind)) for value in values}
    if kinds == {"integer", "number"}:
        kinds = {"number"}
    title = _TITLES.get(name, (name, ""))[0]
    return {"title": title, "type": kinds.pop() if len(kinds) == 1 else sorted(kinds)}
