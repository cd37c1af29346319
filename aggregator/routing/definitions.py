"""User-defined processes as users store them: what is checked, and how they are listed.

Source: openEO API, `PUT /process_graphs/{process_graph_id}` and `GET /process_graphs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import ProcessInvalid
from aggregator.routing.reading import read_requirements
from aggregator.routing.suggestions import shortened

NAME = re.compile(r"[A-Za-z0-9_]{1,200}")
LISTED = ("id", "summary", "description", "categories", "parameters", "returns")
LISTED_FLAGS = ("deprecated", "experimental")

_NONE = type(None)
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "summary": ((str, _NONE), "a text or null"),
    "description": ((str, _NONE), "a text or null"),
    "parameters": ((list, _NONE), "a list or null"),
    "returns": ((dict, _NONE), "an object or null"),
    "categories": ((list, _NONE), "a list"),
    "deprecated": ((bool, _NONE), "true or false"),
    "experimental": ((bool, _NONE), "true or false"),
    "exceptions": ((dict, _NONE), "an object"),
    "examples": ((list, _NONE), "a list"),
    "links": ((list, _NONE), "a list"),
    "public": ((bool, _NONE), "true or false"),
}


def read_definition(body: JsonObject, identifier: str) -> dict[str, Any]:
    """The process as it is stored, under the id in the path; null and absent mean the same.

    Raises ProcessInvalid for what describes it, and whatever `read_requirements` raises for its
    graph, in which only parameters that it declares may be referred to.
    """
    if not NAME.fullmatch(identifier):
        raise _invalid("its id must be of letters, digits and underscores, at most 200 of them")
    for name, (kinds, words) in _KINDS.items():
        if not isinstance(body.get(name), kinds):
            raise _invalid(f"'{name}' must be {words}")
    _check_parameters(body.get("parameters") or [])
    returns = body.get("returns")
    if returns is not None and not _is_schema(returns.get("schema")):
        raise _invalid("'returns' needs a 'schema'")
    given = {name: value for name, value in body.items() if value is not None}
    read_requirements(given, parameters=())
    return {**given, "id": identifier}


def brief(document: JsonObject) -> dict[str, Any]:
    """A process as it stands in a listing: without its graph and other long values."""
    listed = {name: document[name] for name in LISTED if name in document}
    return listed | {name: True for name in LISTED_FLAGS if document.get(name) is True}


def _check_parameters(parameters: list[Any]) -> None:
    names: set[str] = set()
    for parameter in parameters:
        name = parameter.get("name") if isinstance(parameter, dict) else None
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise _invalid("each of its 'parameters' must be an object with a 'name'")
        if name in names:
            raise _invalid(f"two of its parameters have the name '{shortened(name, 100)}'")
        if not isinstance(parameter.get("description"), str):
            raise _invalid(f"the parameter '{shortened(name, 100)}' needs a 'description'")
        if not _is_schema(parameter.get("schema")):
            raise _invalid(f"the parameter '{shortened(name, 100)}' needs a 'schema'")
        names.add(name)


def _is_schema(value: object) -> bool:
    parts = value if isinstance(value, list) else [value]
    return bool(parts) and all(isinstance(part, dict) for part in parts)


def _invalid(reason: str) -> ProcessInvalid:
    return ProcessInvalid(f"The process cannot be stored: {reason}.")
