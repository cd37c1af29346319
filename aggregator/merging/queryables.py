"""Queryables: by which properties a collection's data can be selected, at which backends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aggregator.documents import JsonObject, identity, is_object, mapping, text

SCHEMA = "https://json-schema.org/draft/2019-09/schema"
_DESCRIBING = ("title", "description")


def merge_queryables(by_backend: Mapping[str, JsonObject]) -> dict[str, Any]:
    """The union of the backends' JSON Schemas, each property with the backends that have it.

    Where backends describe a property otherwise, each of the descriptions is allowed. `by_backend`
    is in the order in which backends count. Source: openEO API, `GET .../queryables`.
    """
    found: dict[str, dict[str, JsonObject]] = {}
    for backend, document in by_backend.items():
        for name, schema in mapping(document, "properties").items():
            described = schema if is_object(schema) else {}
            found.setdefault(name, {})[backend] = described
    open_ended = any(one.get("additionalProperties") is not False for one in by_backend.values())
    return {
        "$schema": next(filter(None, (text(d, "$schema") for d in by_backend.values())), SCHEMA),
        "type": "object",
        "properties": {name: _merged(schemas) for name, schemas in found.items()},
        "additionalProperties": open_ended,
    }


def _merged(schemas: Mapping[str, JsonObject]) -> dict[str, Any]:
    different = list({identity(schema): schema for schema in schemas.values()}.values())
    backends = {"federation:backends": list(schemas)}
    if len(different) == 1:
        return {**different[0], **backends}
    described = {key: different[0][key] for key in _DESCRIBING if key in different[0]}
    return {**described, "anyOf": different, **backends}
