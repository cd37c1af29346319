"""The section User-Defined Processes of the API."""

from __future__ import annotations

from flask import Blueprint, Response

from aggregator.web.context import access, body, federation, view
from aggregator.web.resources import paged
from aggregator.web.responses import document, empty

blueprint = Blueprint("user_processes", __name__)


@blueprint.get("/process_graphs")
def list_processes() -> Response:
    """The user's processes, each with the backends that can run it."""
    return paged(federation().user_processes.list)


@blueprint.get("/process_graphs/<process_graph_id>")
def read(process_graph_id: str) -> Response:
    """One of the user's processes."""
    return document(federation().user_processes.read(process_graph_id, access(), view()))


@blueprint.put("/process_graphs/<process_graph_id>")
def store(process_graph_id: str) -> Response:
    """Store a process, or replace it."""
    federation().user_processes.store(process_graph_id, body(), access())
    return empty(200)


@blueprint.delete("/process_graphs/<process_graph_id>")
def delete(process_graph_id: str) -> Response:
    """Forget a process."""
    federation().user_processes.delete(process_graph_id, access())
    return empty(204)


@blueprint.get("/federation/processes/<key>")
def shared(key: str) -> Response:
    """A process that its user made public; needs no token."""
    return document(federation().user_processes.shared(key))
