"""Stored user-defined processes, and what graphs may hold."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import orjson

from backends.checking import objects_in
from backends.faults.changes import (
    accepted,
    empty,
    halved,
    missing,
    on,
    put,
    refused,
    removed,
    with_status,
)
from backends.faults.exchange import Answered, Ask, Asked, refusal
from backends.faults.rule import Part, Rule, rule

ALL: Final = "/process_graphs"
ONE: Final = "/process_graphs/{id}"
RUN: Final = ("/result", "/jobs")

Node = dict[str, Any]


def _body_id_wins(asked: Asked, _: Ask) -> Asked:
    document = asked.document
    own = document.get("id") if isinstance(document, dict) else None
    return replace(asked, path=f"{ALL}/{own}") if isinstance(own, str) and own else asked


def _merged(asked: Asked, ask: Ask) -> Asked:
    """What is put is laid over what was there."""
    if not _is_process(asked):
        return asked
    before = ask(replace(asked, method="GET", body=b""))
    if before.status != 200:
        return asked
    old = orjson.loads(b"".join(before.body))
    return replace(asked, body=orjson.dumps({**old, **asked.document}))


def _update_refused(asked: Asked, ask: Ask) -> Asked | Answered:
    if not _is_process(asked) or ask(replace(asked, method="GET", body=b"")).status != 200:
        return asked
    return refusal(400, "ProcessGraphInvalid", "There is a process of that name already.")


def _is_process(asked: Asked) -> bool:
    document = asked.document
    return isinstance(document, dict) and "process_graph" in document


def _refused_if(is_in: Callable[[Node], bool], message: str) -> tuple[Part, ...]:
    """Graphs with such a node are refused."""

    def request(asked: Asked, _: Ask) -> Asked | Answered:
        if any(is_in(node) for node in objects_in(asked.document)):
            return refusal(400, "ProcessGraphInvalid", message)
        return asked

    return tuple(Part(("POST",), path, request=request) for path in RUN)


def _stored_refused(asked: Asked, ask: Ask) -> Asked | Answered:
    """Graphs that call a process which the user has stored are refused."""
    listed = ask(replace(asked, method="GET", path=ALL, query="", body=b""))
    if listed.status != 200:
        return asked
    stored = {one["id"] for one in orjson.loads(b"".join(listed.body)).get("processes", [])}
    for node in objects_in(asked.document):
        if node.get("process_id") in stored:
            message = f"The process '{node['process_id']}' is not supported."
            return refusal(400, "ProcessUnsupported", message)
    return asked


def _has_callback(node: Node) -> bool:
    arguments = node.get("arguments")
    inner = arguments.values() if isinstance(arguments, dict) else ()
    return any(isinstance(value, dict) and "process_graph" in value for value in inner)


LISTS: Final[tuple[Rule, ...]] = (
    rule(
        "process_graphs.list-fails",
        "The list of stored processes does not work.",
        "api-400",
        refused(ALL, "GET"),
    ),
    rule(
        "process_graphs.no-list",
        "There is no array `processes` of stored processes.",
        "api-401",
        on(ALL, removed("processes")),
    ),
    rule(
        "process_graphs.no-links",
        "There is no array `links` beside the stored processes.",
        "api-401",
        on(ALL, removed("links")),
    ),
    rule(
        "process_graphs.truncated",
        "Without a `limit` only half of the stored processes are listed.",
        "api-403",
        on(ALL, halved("processes")),
    ),
    rule(
        "process_graphs.no-ids",
        "Stored processes are listed without `id`.",
        "api-404",
        on(ALL, removed("processes/*/id")),
    ),
    rule(
        "process_graphs.nulls",
        "What a stored process does not have is null in place of absent.",
        "api-405 api-422",
        on(ALL, put("processes/*/categories", None)),
        on(ONE, put("categories", None)),
    ),
)

SINGLE: Final[tuple[Rule, ...]] = (
    rule(
        "process_graphs.store-refused",
        "Processes cannot be stored.",
        "api-410",
        refused(ONE, "PUT"),
    ),
    rule(
        "process_graphs.update-refused",
        "A stored process cannot be replaced.",
        "api-411",
        Part(("PUT",), ONE, request=_update_refused),
    ),
    rule(
        "process_graphs.invalid-accepted",
        "Invalid processes seem to be stored.",
        "api-412",
        accepted(ONE, "PUT", lambda _: empty(200), only=(400,)),
    ),
    rule(
        "process_graphs.body-id-wins",
        "A process is stored under the id in the body rather than in the path.",
        "api-413",
        Part(("PUT",), ONE, request=_body_id_wins),
    ),
    rule(
        "process_graphs.update-merges",
        "What a new version of a stored process leaves out remains from the old one.",
        "api-414",
        Part(("PUT",), ONE, request=_merged),
    ),
    rule(
        "process_graphs.not-found-by-id",
        "Stored processes are not found by their id.",
        "api-420",
        missing(ONE, "GET", protected=True),
    ),
    rule(
        "process_graphs.no-graph",
        "A stored process has no `process_graph`.",
        "api-421",
        on(ONE, removed("process_graph")),
    ),
    rule(
        "process_graphs.delete-refused",
        "Stored processes cannot be deleted.",
        "api-430",
        refused(ONE, "DELETE"),
    ),
    rule(
        "process_graphs.delete-status-200",
        "Deleting a stored process is answered with 200.",
        "api-431",
        with_status(ONE, 200, "DELETE"),
    ),
)

GRAPHS: Final[tuple[Rule, ...]] = (
    rule(
        "graphs.namespace-refused",
        "Graphs whose nodes have a `namespace` are refused.",
        "api-9",
        *_refused_if(
            lambda node: "process_id" in node and node.get("namespace") is not None,
            "Nodes must not have a namespace.",
        ),
    ),
    rule(
        "graphs.stored-refused",
        "Graphs that call stored processes are refused.",
        "api-11",
        *(Part(("POST",), path, request=_stored_refused) for path in RUN),
    ),
    rule(
        "graphs.parameters-refused",
        "Graphs that refer to parameters are refused.",
        "api-12",
        *_refused_if(lambda node: "from_parameter" in node, "There are no parameters here."),
    ),
    rule(
        "graphs.callbacks-refused",
        "Graphs with other graphs as arguments are refused.",
        "api-13",
        *_refused_if(_has_callback, "A graph cannot be an argument."),
    ),
)

RULES: Final = (*LISTS, *SINGLE, *GRAPHS)
