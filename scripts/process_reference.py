"""Prints the reference of openEO processes that the self-review compares definitions with.

    python -m scripts.process_reference > scripts/self_review/data/processes.json

It is made of the definitions in `openeo_processes_dask.specs`, which are those of the openEO
project (Apache-2.0), and holds what a client relies on: parameters with their types and whether
they may be left out, types of the result, and the values that a parameter may have.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "openeo-processes-dask"
LICENCE = "Apache-2.0"


def reference(folder: Path) -> dict[str, Any]:
    """The reference, with the version and the licence of what it is made of."""
    definitions = [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))]
    return {
        "made_of": f"openEO processes as shipped in {PACKAGE} {version(PACKAGE)}",
        "licence": LICENCE,
        "processes": {one["id"]: _process(one) for one in definitions},
    }


def _process(definition: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "parameters": [_parameter(one) for one in definition.get("parameters", [])],
        "returns": types(definition.get("returns", {}).get("schema", {})),
        "categories": definition.get("categories", []),
    }
    return found | ({"experimental": True} if definition.get("experimental") else {})


def _parameter(definition: Mapping[str, Any]) -> dict[str, Any]:
    schema = definition.get("schema", {})
    found = {"name": definition["name"], "types": types(schema)}
    if definition.get("optional"):
        found["optional"] = True
    if values := list(_values(schema)):
        found["values"] = values
    return found


def types(schema: Any) -> list[str]:
    """The types that a schema allows, sorted; `any` if it does not say."""
    found = {name for one in alternatives(schema) for name in _named(one.get("type"))}
    return sorted(found or {"any"})


def alternatives(schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schemas of which a value must meet one."""
    for one in schema if isinstance(schema, list) else [schema]:
        nested = one.get("anyOf") or one.get("oneOf")
        yield from alternatives(nested) if nested else [one]


def _named(value: Any) -> Sequence[str]:
    if value is None:
        return ["any"]
    return [value] if isinstance(value, str) else value


def _values(schema: Any) -> Iterator[Any]:
    for one in alternatives(schema):
        yield from one.get("enum", [])


def main() -> None:
    found = find_spec("openeo_processes_dask")
    if found is None or not found.submodule_search_locations:
        sys.exit(f"{PACKAGE} is not installed.")
    folder = Path(found.submodule_search_locations[0]) / "specs" / "openeo-processes"
    document = reference(folder)
    rows = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in document["processes"].items())
    head = {key: value for key, value in document.items() if key != "processes"}
    print(json.dumps(head)[:-1] + ', "processes": {\n' + rows + "\n}}")


if __name__ == "__main__":
    main()
