"""Users' workspaces (Workspaces Extension 0.1.0)."""

from typing import Any

from flask import Blueprint, Response

from backends.errors import OpenEOError
from backends.web.authentication import current_user
from backends.web.backend import backend
from backends.web.documents import empty_response, json_object, json_response, without_none
from backends.web.listings import newest_first
from backends.workspaces.providers import offered, texts_of
from backends.workspaces.records import State, Workspace
from backends.workspaces.store import EDITABLE

workspaces = Blueprint("workspaces", __name__)


@workspaces.get("/workspace_providers")
def list_providers() -> Response:
    """The kinds of storage that results can be exported to."""
    return json_response({"providers": offered(backend().profile.workspaces)}, revalidate=True)


@workspaces.get("/workspaces")
def list_workspaces() -> Response:
    """The user's workspaces, the newest first."""
    return newest_first("workspaces", backend().workspaces.store.of_user, brief)


@workspaces.post("/workspaces")
def create_workspace() -> Response:
    """Create a workspace, or register one that is there."""
    here = backend()
    created = here.workspaces.create(json_object(), current_user(), here.clock())
    location = f"{here.profile.api_url}/workspaces/{created}"
    return empty_response(201, {"Location": location, "OpenEO-Identifier": created})


@workspaces.get("/workspaces/<workspace_id>")
def describe_workspace(workspace_id: str) -> Response:
    """All that is known of a workspace, which is asked how it is."""
    here = backend().workspaces
    workspace = here.own(workspace_id, current_user())
    return json_response(full(workspace, here.state(workspace)))


@workspaces.patch("/workspaces/<workspace_id>")
def update_workspace(workspace_id: str) -> Response:
    """Change title and description of a workspace."""
    here, body = backend().workspaces, json_object()
    workspace = here.own(workspace_id, current_user())
    for name in body:
        if name not in EDITABLE:
            shown = name[:50]
            raise OpenEOError("PropertyNotEditable", f"The property '{shown}' cannot be changed.")
    if not body:
        raise OpenEOError("NoDataForUpdate", "Nothing to change was sent.")
    here.store.update(workspace.id, texts_of(body))
    return empty_response(204)


@workspaces.delete("/workspaces/<workspace_id>")
def delete_workspace(workspace_id: str) -> Response:
    """Forget a workspace; a folder goes with all that is in it."""
    here = backend().workspaces
    here.delete(here.own(workspace_id, current_user()))
    return empty_response(204)


def brief(workspace: Workspace) -> dict[str, Any]:
    """A workspace as it stands in a listing, by what was last known of it."""
    document = {
        "id": workspace.id,
        "title": workspace.title,
        "description": workspace.description,
        "type": workspace.provider,
        "status": "unavailable" if workspace.problem else "ready",
        "details": workspace.problem or None,
        "quota": workspace.quota,
    }
    return without_none(document)


def full(workspace: Workspace, state: State) -> dict[str, Any]:
    """All that is known of a workspace; nothing of what opens it."""
    document = {
        **brief(workspace),
        "status": "unavailable" if state.problem else "ready",
        "details": state.problem or None,
    }
    if not state.problem:
        document |= {"url": state.url, "free": state.free, "properties": dict(state.properties)}
    return without_none(document)
