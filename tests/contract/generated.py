"""Requests of every form that the openEO API allows, and of many that it does not.

`operations` and `cases` take the specification and the names of what there is (processes, the id of
a job), so that not every generated request ends at "not found". `sent_to` sends such a request to a
WSGI app without a socket and holds the answer against the specification.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

DEADLINE = 10.0
"""Seconds within which each answer must be there, also on a busy machine."""
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
LEGITIMATE = {"FeatureUnsupported", "BackendUnavailable"}
"""Codes of server errors that say the truth: nobody can do this, or whoever can is away."""


@dataclass(frozen=True)
class Target:
    """Whom requests are sent to, and by whom."""

    title: str
    app: WSGIApplication
    root: str
    authorization: str | None = None


def operations(
    specification: Mapping[str, Any],
    graphs: Sequence[Any] = (),
    processes: Sequence[Any] = (),
    arguments: Sequence[Any] = (),
) -> dict[str, Any]:
    """The operations as schemathesis knows them, by their labels, those that delete last.

    `graphs` are whole process graphs, `processes` ids of processes, and `arguments` values of
    theirs. Each of them is one of two choices; the other is whatever the specification allows.
    """
    document = copy.deepcopy(dict(specification))
    document.pop("servers", None)
    schemas = document.get("components", {}).get("schemas", {})
    for name, values in (
        ("process_graph", graphs),
        ("process_id", processes),
        ("process_argument_value", arguments),
    ):
        if name in schemas and values:
            schemas[name] = {"anyOf": [{"enum": values}, schemas[name]]}
    if "service" in schemas:
        # Maps want `{z}/{x}/{y}` in the address of tiles, and no URI holds braces.
        del schemas["service"]["properties"]["url"]["format"]
    if "/files/{path}" in document["paths"]:
        # Of bytes that may be anything a backend can say more.
        content = document["paths"]["/files/{path}"]["get"]["responses"]["200"]["content"]
        content.clear()
    for header in _headers(document):
        if "money" in str(header.get("schema")):
            header["schema"] = {"type": "number", "minimum": 0}  # no header is null
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    results: Iterable[Any] = schema.get_all_operations()
    found = {one.ok().label: one.ok() for one in results}
    return dict(sorted(found.items(), key=lambda item: item[0].startswith("DELETE")))


def _headers(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for path in document["paths"].values():
        for method in path.values():
            for response in method.get("responses", {}).values() if "responses" in method else ():
                yield from response.get("headers", {}).values()


def beyond(
    endpoints: Iterable[Mapping[str, Any]], specification: Mapping[str, Any]
) -> dict[str, Any]:
    """A document of the endpoints that a server lists and the specification does not have.

    Any of the usual query parameters may come with a request to them, and any JSON object.
    """
    query = [
        {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in ("limit", "next", "bbox", "datetime", "month", "backend", "from", "format")
    ]
    answers = {
        "2XX": {"description": "What was asked for."},
        "3XX": {"description": "It is elsewhere."},
        "4XX": {"$ref": "#/components/responses/client_error"},
        "5XX": {"$ref": "#/components/responses/server_error"},
    }
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        path = endpoint["path"]
        named = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", path)
        ]
        for method in endpoint["methods"]:
            if method.lower() in specification["paths"].get(path, ()):
                continue
            operation: dict[str, Any] = {"parameters": named + query, "responses": answers}
            if method in ("POST", "PUT", "PATCH"):
                content = {"application/json": {"schema": {"type": "object"}}}
                operation["requestBody"] = {"content": content}
            paths.setdefault(path, {})[method.lower()] = operation
    head = {name: specification[name] for name in ("openapi", "info", "components")}
    return {**head, "paths": paths}


def cases(operation: Any, mode: GenerationMode, names: Mapping[str, Sequence[str]]) -> Any:
    """A strategy of requests; every other one asks for one of the names of what there is."""
    strategy = operation.as_strategy(generation_mode=mode)
    there = {p.name: names[p.name] for p in operation.path_parameters if p.name in names}
    if not there:
        return strategy
    chosen = st.fixed_dictionaries({name: st.sampled_from(all_) for name, all_ in there.items()})
    return st.builds(_asking_for, strategy, st.none() | chosen)


def _asking_for(case: Any, names: Mapping[str, str] | None) -> Any:
    case.path_parameters.update(names or {})
    return case


def sent_to(target: Target, case: Any) -> int:
    """The status of the answer, which came in time, is as specified, and is no crash."""
    headers = {"Accept-Encoding": "identity"}
    if target.authorization is not None:
        headers["Authorization"] = target.authorization
    response = case.call(base_url=target.root, app=_read(target.app), headers=headers)
    told = f"{target.title}: {case.method} {response.request.url}: {response.content[:500]!r}"
    assert response.elapsed < DEADLINE, f"{told} took {response.elapsed:.1f} s"
    if response.status_code >= 500:
        assert orjson.loads(response.content)["code"] in LEGITIMATE, told
    case.validate_response(response, checks=CHECKS)
    status: int = response.status_code
    return status


def _read(app: WSGIApplication) -> WSGIApplication:
    """The app, each of whose answers is read to its end and closed, as servers do."""

    def answered(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        pieces = app(environ, start)
        try:
            return list(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    return answered
