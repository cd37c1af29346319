"""The section Batch Jobs of the API."""

from __future__ import annotations

from flask import Blueprint, Response, request

from aggregator.ids import CursorError
from aggregator.usecases.jobs import Reply
from aggregator.web.context import access, body, federation, limit, view
from aggregator.web.errors import RequestInvalid
from aggregator.web.responses import document, empty, routed

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/jobs")
def list_jobs() -> Response:
    """The user's jobs at all backends."""
    cursor = request.args.get("next") or None
    try:
        return document(federation().jobs.list(access(), view(), limit(), cursor))
    except CursorError as error:
        raise RequestInvalid(
            "The query parameter 'next' must come from a link of a page before."
        ) from error


@blueprint.post("/jobs")
def create() -> Response:
    """Create a job at the backend that can run it."""
    created = federation().jobs.create(body(), access(), view())
    headers = {
        "Location": view().link("jobs", created.job_id),
        "OpenEO-Identifier": created.job_id,
        **routed(created.backend, created.routing),
    }
    return empty(201, headers)


@blueprint.get("/jobs/<job_id>")
def read(job_id: str) -> Response:
    """A job's full metadata."""
    return _passed(federation().jobs.read(job_id, access(), view()))


@blueprint.patch("/jobs/<job_id>")
def update(job_id: str) -> Response:
    """Change a job."""
    return _passed(federation().jobs.update(job_id, body(), access(), view()))


@blueprint.delete("/jobs/<job_id>")
def delete(job_id: str) -> Response:
    """Delete a job."""
    return _passed(federation().jobs.delete(job_id, access(), view()))


@blueprint.get("/jobs/<job_id>/estimate")
def estimate(job_id: str) -> Response:
    """What a job may cost."""
    return _passed(federation().jobs.estimate(job_id, access(), view()))


@blueprint.post("/jobs/<job_id>/results")
def start(job_id: str) -> Response:
    """Queue a job."""
    return _passed(federation().jobs.start(job_id, access(), view()))


@blueprint.delete("/jobs/<job_id>/results")
def cancel(job_id: str) -> Response:
    """Stop a job."""
    return _passed(federation().jobs.cancel(job_id, access(), view()))


@blueprint.get("/jobs/<job_id>/results")
def results(job_id: str) -> Response:
    """A job's results as STAC."""
    accept = request.headers.get("Accept", "application/json")
    query = request.args.to_dict()
    return _passed(federation().jobs.results(job_id, query, accept, access(), view()))


@blueprint.get("/jobs/<job_id>/logs")
def logs(job_id: str) -> Response:
    """A job's log entries."""
    query = request.args.to_dict()
    return _passed(federation().jobs.logs(job_id, query, access(), view()))


def _passed(reply: Reply) -> Response:
    headers = {} if reply.costs is None else {"OpenEO-Costs": reply.costs}
    if reply.document is None:
        return empty(reply.status, headers)
    return document(reply.document, reply.status, headers)
