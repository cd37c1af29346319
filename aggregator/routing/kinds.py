"""What processes return: data cubes of pixels or of geometries, or something else."""

from __future__ import annotations

from typing import Literal

from aggregator.documents import JsonObject, is_array, is_object, objects, text

Kind = Literal["raster", "vector", "cube", "other"]
"""A data cube of pixels, one of geometries, one that may be either, or no data cube at all."""

_SUBTYPES: dict[str, Kind] = {
    "raster-cube": "raster",
    "vector-cube": "vector",
    "datacube": "cube",
}


def kind_of(process: JsonObject) -> Kind | None:
    """What a process returns by its document; None if it does not tell, or may be anything.

    Source: openEO processes, `returns.schema`, the subtypes `datacube` (with the dimensions that
    there are at least), `raster-cube` and `vector-cube`.
    """
    returned = process.get("returns")
    schema = returned.get("schema") if is_object(returned) else None
    schemas = [s for s in schema if is_object(s)] if is_array(schema) else [schema]
    kinds = {_kind(s) for s in schemas if is_object(s)}
    if None in kinds or not kinds:
        return None
    if len(kinds) == 1:
        return kinds.pop()
    return None if "other" in kinds else "cube"


def _kind(schema: JsonObject) -> Kind | None:
    kind = _SUBTYPES.get(text(schema, "subtype"))
    if kind is None:
        return "other" if schema.get("type") else None
    types = {text(dimension, "type") for dimension in objects(schema, "dimensions")}
    if kind == "cube" and "geometry" in types:
        return "vector"
    return "raster" if kind == "cube" and "spatial" in types else kind
