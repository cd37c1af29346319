"""The section Secondary Services of the API."""

from __future__ import annotations

from flask import Blueprint, Response

from aggregator.web.context import access, federation, query, view
from aggregator.web.resources import created, listed, passed, wanted

blueprint = Blueprint("services", __name__)


@blueprint.get("/services")
def list_services() -> Response:
    """The user's web services at all backends."""
    return listed(federation().services)


@blueprint.post("/services")
def create() -> Response:
    """Create a web service at the backend that can run it."""
    return created(federation().services)


@blueprint.get("/services/<service_id>")
def read(service_id: str) -> Response:
    """A web service's full metadata."""
    return passed(federation().services.read(service_id, access(), view()))


@blueprint.patch("/services/<service_id>")
def update(service_id: str) -> Response:
    """Change a web service."""
    return passed(federation().services.update(service_id, wanted(), access(), view()))


@blueprint.delete("/services/<service_id>")
def delete(service_id: str) -> Response:
    """Delete a web service."""
    return passed(federation().services.delete(service_id, access(), view()))


@blueprint.get("/services/<service_id>/logs")
def logs(service_id: str) -> Response:
    """A web service's log entries."""
    return passed(federation().services.logs(service_id, query(), access(), view()))
