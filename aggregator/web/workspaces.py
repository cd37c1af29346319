"""The endpoints of the Workspaces Extension 0.1.0."""

from __future__ import annotations

from flask import Blueprint, Response

from aggregator.web.context import access, federation, view
from aggregator.web.resources import created, listed, passed, wanted
from aggregator.web.responses import send

blueprint = Blueprint("workspaces", __name__)


@blueprint.get("/workspace_providers")
def providers() -> Response:
    """The kinds of storage that backends can export to."""
    return send(federation().workspaces.providers(view()))


@blueprint.get("/workspaces")
def list_workspaces() -> Response:
    """The user's workspaces at all backends."""
    return listed(federation().workspaces)


@blueprint.post("/workspaces")
def create() -> Response:
    """Create or register a workspace at a backend that has its provider."""
    return created(federation().workspaces)


@blueprint.get("/workspaces/<workspace_id>")
def read(workspace_id: str) -> Response:
    """A workspace's full metadata."""
    return passed(federation().workspaces.read(workspace_id, access(), view()))


@blueprint.patch("/workspaces/<workspace_id>")
def update(workspace_id: str) -> Response:
    """Change a workspace's title and description."""
    return passed(federation().workspaces.update(workspace_id, wanted(), access(), view()))


@blueprint.delete("/workspaces/<workspace_id>")
def delete(workspace_id: str) -> Response:
    """Delete a workspace."""
    return passed(federation().workspaces.delete(workspace_id, access(), view()))
