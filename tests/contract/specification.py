"""Holds responses against the openEO API specification, version 1.3.0.

The document is not part of this project. It is looked for at
``../shared/openeo/openapi-1.3.0.json`` from the project's root, or where the
environment variable ``OPENEO_SPECIFICATION`` says; without it the tests that
need it are skipped with that reason.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30ReadValidator
from referencing import Registry
from referencing.jsonschema import DRAFT4

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = Path(
    os.environ.get("OPENEO_SPECIFICATION", ROOT.parent / "shared/openeo/openapi-1.3.0.json")
)
BASE = "urn:openeo"


@functools.cache
def document() -> dict[str, Any]:
    """The specification as JSON; skips the calling test where it is absent."""
    if not DOCUMENT.is_file():
        pytest.skip(f"the openEO API specification is not at {DOCUMENT}")
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    readable: dict[str, Any] = any_instead_of_one(loaded)
    return readable


def any_instead_of_one(node: Any) -> Any:
    """The schema with every `oneOf` read as `anyOf`.

    Alternatives of the specification overlap (a data type is `Generic`, which anything
    is, or something else as well), so that taken at its word nothing right would pass.
    """
    if isinstance(node, list):
        return [any_instead_of_one(item) for item in node]
    if not isinstance(node, dict):
        return node
    renamed = {"anyOf" if key == "oneOf" else key: value for key, value in node.items()}
    return {key: any_instead_of_one(value) for key, value in renamed.items()}


def resolve(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that a ``$ref`` within the specification points at, or the node itself."""
    while "$ref" in node:
        target: Any = document()
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def operation(method: str, template: str) -> Mapping[str, Any]:
    """The operation object, for example of ``("get", "/jobs/{job_id}")``."""
    paths = document()["paths"]
    assert template in paths, f"{template} is not a path of the specification"
    found: Mapping[str, Any] = paths[template][method.lower()]
    return found


def response_object(method: str, template: str, status: int) -> Mapping[str, Any]:
    """What the specification says of this status; fails where it says nothing of it."""
    responses = operation(method, template)["responses"]
    for key in (str(status), f"{status // 100}XX"):
        if key in responses:
            return resolve(responses[key])
    raise AssertionError(
        f"{method} {template} answered {status}, which the specification does not "
        f"name; it names {sorted(responses)}"
    )


@functools.cache
def _registry() -> Registry[Any]:
    resource = DRAFT4.create_resource(document())
    registry: Registry[Any] = Registry().with_resource(BASE, resource)
    return registry


def violations(schema: Mapping[str, Any], body: object) -> list[str]:
    """Each way in which the body breaks the schema, with its JSON path."""
    absolute = json.loads(json.dumps(schema).replace('"#/', f'"{BASE}#/'))
    validator = OAS30ReadValidator(absolute, registry=_registry())
    errors = sorted(validator.iter_errors(body), key=lambda error: error.json_path)
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]


def assert_conforms(
    method: str,
    template: str,
    status: int,
    body: object | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """The response is one that the specification allows for this operation.

    ``body`` is the decoded JSON (None for an empty or binary body); ``headers``,
    where given, are checked for those that the specification requires.
    """
    described = response_object(method, template, status)
    content = described.get("content", {})
    for media_type, media in content.items():
        if "json" in media_type and body is not None:
            broken = violations(media.get("schema", {}), body)
            assert not broken, f"{method} {template} -> {status}:\n  " + "\n  ".join(broken)
            break
    if headers is None:
        return
    present = {name.lower() for name in headers}
    for name, header in described.get("headers", {}).items():
        if resolve(header).get("required"):
            assert name.lower() in present, f"{method} {template} -> {status} lacks {name}"
