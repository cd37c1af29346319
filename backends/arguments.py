"""Checks single arguments of a node against the definition of its process. Light.

References (`from_node`, `from_parameter`) fit anywhere: their values are not known yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from backends.errors import OpenEOError

JsonObject = Mapping[str, Any]

_TEMPORAL: Final = frozenset(
    {("load_collection", "temporal_extent"), ("filter_temporal", "extent")}
)
_SPATIAL: Final = frozenset({("load_collection", "spatial_extent"), ("filter_bbox", "extent")})
_CUBES: Final = frozenset({"datacube", "raster-cube"})
_WORDS: Final = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def _schemas(schema: Any) -> list[JsonObject]:
    """The alternatives of a parameter's schema."""
    listed = schema if isinstance(schema, list) else [schema]
    flat: list[JsonObject] = []
    for item in listed:
        if isinstance(item, Mapping):
            inner = item.get("anyOf") or item.get("oneOf")
            flat.extend(_schemas(inner) if inner else [item])
    return flat


def _parameters(definition: JsonObject) -> dict[str, JsonObject]:
    return {item["name"]: item for item in definition.get("parameters", [])}


def callback_parameters(definition: JsonObject, name: str) -> frozenset[str] | None:
    """The parameters that a process hands to the process graph in its argument `name`.

    None where the definition does not say.
    """
    parameter = _parameters(definition).get(name, {})
    for schema in _schemas(parameter.get("schema")):
        inner = schema.get("additionalProperties")
        for candidate in (schema, inner):
            if isinstance(candidate, Mapping) and candidate.get("subtype") == "process-graph":
                return frozenset(item["name"] for item in candidate.get("parameters", []))
    return None


def check_arguments(
    definition: JsonObject, arguments: JsonObject, where: str
) -> Iterator[OpenEOError]:
    """What is wrong with the arguments of the node `where`: missing, unknown, of a wrong kind."""
    process, known = definition["id"], _parameters(definition)
    for name, parameter in known.items():
        if not parameter.get("optional", False) and name not in arguments:
            yield OpenEOError(
                "ProcessParameterRequired",
                f"The process '{process}' at node '{where}' needs the parameter '{name}'.",
            )
    for name, value in arguments.items():
        if name not in known:
            names = ", ".join(repr(item) for item in known) or "none"
            yield OpenEOError(
                "ProcessParameterUnsupported",
                f"The process '{process}' at node '{where}' has no parameter '{name}'. "
                f"It has: {names}.",
            )
        else:
            reason = _wrong(process, name, value, known[name].get("schema"))
            if reason:
                yield _reject(process, name, where, reason)


def _reject(process: str, name: str, where: str, reason: tuple[str, str]) -> OpenEOError:
    code, text = reason
    return OpenEOError(
        code,
        f"The value passed for parameter '{name}' in process '{process}' at node '{where}' "
        f"is invalid: {text}",
    )


def _wrong(process: str, name: str, value: Any, schema: Any) -> tuple[str, str] | None:
    """Code and reason why a value cannot be right, or None."""
    text = ""
    if (process, name) in _SPATIAL and _is_box(value):
        text = box_mistake(value)
    elif (process, name) in _TEMPORAL and isinstance(value, list):
        text = interval_mistake(value)
        if text.startswith("the end"):
            return "TemporalExtentEmpty", text
    if text:
        return "ProcessParameterInvalid", text
    alternatives = _schemas(schema)
    if not alternatives or any(_fits(value, item) for item in alternatives):
        return None
    return "ProcessParameterInvalid", f"it must be {_expected(alternatives)}, not {_shown(value)}."


def takes_cubes(schema: Any) -> bool:
    """Whether a data cube may be what a parameter's schema asks for: an object that is no
    process graph, or anything.
    """
    alternatives = _schemas(schema)
    return not alternatives or any(
        "object" in (item.get("type") or "object") and item.get("subtype") != "process-graph"
        for item in alternatives
    )


def _is_box(value: Any) -> bool:
    """Whether a value is meant as a bounding box: an object that is no GeoJSON."""
    return isinstance(value, Mapping) and "type" not in value and not _is_reference(value)


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and ("from_node" in value or "from_parameter" in value)


def _fits(value: Any, schema: JsonObject) -> bool:
    """Whether a literal value has the kind that a schema wants; items of lists included."""
    if _is_reference(value):
        return True
    types = schema.get("type")
    wanted = [types] if isinstance(types, str) else types
    kind_fits = wanted is None or any(_is_a(value, kind) for kind in wanted)
    if not kind_fits or value not in schema.get("enum", (value,)):
        return False
    if isinstance(value, Mapping):
        return _object_fits(value, schema)
    if isinstance(value, list):
        return _list_fits(value, schema)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        return (low is None or value >= low) and (high is None or value <= high)
    return True


def _object_fits(value: JsonObject, schema: JsonObject) -> bool:
    subtype = schema.get("subtype")
    if subtype in _CUBES:
        return False
    if subtype == "process-graph":
        return "process_graph" in value
    return all(key in value for key in schema.get("required", ()))


def _list_fits(value: list[Any], schema: JsonObject) -> bool:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return False
    items = _schemas(schema.get("items"))
    return not items or all(any(_fits(element, item) for item in items) for element in value)


def _is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if value is None:
        return kind == "null"
    if isinstance(value, int | float):
        whole = isinstance(value, int) or value.is_integer()
        return kind == "number" or (kind == "integer" and whole)
    if isinstance(value, str):
        return kind == "string"
    return kind == ("array" if isinstance(value, list) else "object")


def _expected(schemas: list[JsonObject]) -> str:
    """What would be right, in words."""
    words: dict[str, None] = {}
    for schema in schemas:
        types = schema.get("type", [])
        for kind in [types] if isinstance(types, str) else types:
            words[_word(kind, schema)] = None
    return " or ".join(words)


def _word(kind: str, schema: JsonObject) -> str:
    if kind == "object" and schema.get("subtype") in _CUBES:
        return "a data cube (from another node)"
    if kind == "object" and schema.get("subtype") == "process-graph":
        return "a process graph"
    if kind == "string" and "enum" in schema:
        return "one of " + ", ".join(repr(item) for item in schema["enum"])
    limits = [f"at least {schema['minimum']}"] if "minimum" in schema else []
    limits += [f"at most {schema['maximum']}"] if "maximum" in schema else []
    plain = _WORDS.get(kind, kind)
    return f"{plain} of {' and '.join(limits)}" if limits and "number" in plain else plain


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def box_mistake(box: JsonObject) -> str:
    """Why a bounding box is none, or nothing. Degrees where no `crs` is given or it is 4326."""
    sides = ("west", "south", "east", "north")
    if any(_is_reference(box.get(key)) for key in (*sides, "crs")):
        return ""
    for side in sides:
        value = box.get(side)
        if value is None or not _is_a(value, "number") or not abs(value) < float("inf"):
            return f"'{side}' must be a number."
    crs = box.get("crs")
    if crs is not None and not _is_a(crs, "integer") and not isinstance(crs, str):
        return "'crs' must be an EPSG code or a WKT2 text."
    if box["south"] > box["north"]:
        return f"south ({box['south']}) is greater than north ({box['north']})."
    if box["west"] > box["east"]:
        return f"west ({box['west']}) is greater than east ({box['east']})."
    return _degrees_mistake(box) if crs in (None, 4326, "4326", "EPSG:4326") else ""


def _degrees_mistake(box: JsonObject) -> str:
    if box["south"] < -90 or box["north"] > 90:
        return "latitudes must lie between -90 and 90 degrees; for other units give 'crs'."
    if box["west"] < -180 or box["east"] > 180:
        return "longitudes must lie between -180 and 180 degrees; for other units give 'crs'."
    return ""


def interval_mistake(interval: list[Any]) -> str:
    """Why a temporal interval is none, or nothing. References in it are taken as right."""
    if len(interval) != 2:
        return f"a temporal interval has two elements, not {len(interval)}."
    if any(_is_reference(item) for item in interval):
        return ""
    moments: list[datetime | None] = []
    for item in interval:
        moment = parse_moment(item) if isinstance(item, str) else None
        if item is not None and moment is None:
            return f"{_shown(item)} is not a date such as '2020-01-31' or '2020-01-31T12:00:00Z'."
        moments.append(moment)
    start, end = moments
    if start is None and end is None:
        return "start and end must not both be null; leave the parameter null instead."
    if start is not None and end is not None and end <= start:
        return f"the end ({interval[1]}) must be later than the start ({interval[0]})."
    return ""


def parse_moment(text: str) -> datetime | None:
    """The instant that an ISO 8601 text means (UTC where no zone is given), or None.

    Years (`2020`) and months (`2020-02`) mean their first instant.
    """
    padded = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    try:
        moment = datetime.fromisoformat(padded)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
