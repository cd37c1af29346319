"""Stored user-defined processes."""

from typing import Any

from flask import Blueprint, Response, request

from backends.errors import OpenEOError
from backends.stored.processes import brief, not_found, read_process
from backends.web.authentication import current_user
from backends.web.backend import backend
from backends.web.documents import (
    empty_response,
    json_object,
    json_response,
    limit_parameter,
    link,
    next_link,
)
from backends.web.requests import mistakes_in, raise_first

stored_processes = Blueprint("stored_processes", __name__)


@stored_processes.get("/process_graphs")
def list_processes() -> Response:
    """The user's processes, in short."""
    limit, after = limit_parameter(), request.args.get("after", "")
    wanted = None if limit is None else limit + 1
    found = backend().stored_processes.of_user(current_user(), limit=wanted, after=after)
    links = [link("self", "/process_graphs")]
    if limit is not None and len(found) > limit:
        found = found[:limit]
        links.append(next_link("/process_graphs", limit=limit, after=found[-1]["id"]))
    return json_response({"processes": [brief(document) for document in found], "links": links})


@stored_processes.get("/process_graphs/<process_graph_id>")
def describe_process(process_graph_id: str) -> Response:
    """One of the user's processes in full."""
    here, user = backend(), current_user()
    document = here.stored_processes.get(user, process_graph_id)
    if document is None:
        raise not_found(process_graph_id)
    if key := here.stored_processes.key(user, process_graph_id):
        canonical = link("canonical", f"/shared/{key}", "Public address")
        document = {**document, "links": [*_other_links(document), canonical]}
    return json_response(document)


@stored_processes.put("/process_graphs/<process_graph_id>")
def store_process(process_graph_id: str) -> Response:
    """Store a process in the place of the one of its id."""
    here, user = backend(), current_user()
    if process_graph_id in here.processes:
        raise OpenEOError(
            "PredefinedProcessExists",
            f"'{process_graph_id}' is the id of a predefined process; choose another one.",
        )
    document = read_process(json_object(), process_graph_id)
    raise_first(mistakes_in(document, here, user, storing=process_graph_id))
    here.stored_processes.put(
        user, process_graph_id, document, at_most=here.profile.limits.stored_processes
    )
    return empty_response(200)


@stored_processes.delete("/process_graphs/<process_graph_id>")
def delete_process(process_graph_id: str) -> Response:
    """Forget a process."""
    if not backend().stored_processes.delete(current_user(), process_graph_id):
        raise not_found(process_graph_id)
    return empty_response(204)


@stored_processes.get("/shared/<key>")
def shared_process(key: str) -> Response:
    """A process that its user made public, for everybody who has its address."""
    document = backend().stored_processes.shared(key)
    if document is None:
        raise OpenEOError("NotFound", "There is no public process at this address.")
    canonical = link("canonical", f"/shared/{key}")
    return json_response({**document, "links": [*_other_links(document), canonical]})


def _other_links(document: dict[str, Any]) -> list[Any]:
    given = document.get("links") or []
    return [one for one in given if not isinstance(one, dict) or one.get("rel") != "canonical"]
