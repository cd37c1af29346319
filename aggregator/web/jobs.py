"""The section Batch Jobs of the API."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request

from aggregator.usecases.federated.listing import PARTS
from aggregator.web.context import access, federation, query, view
from aggregator.web.resources import created, paged, passed, wanted

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/jobs")
def list_jobs() -> Response:
    """The user's jobs at all backends, without those that are parts of others unless asked for."""
    parts = request.args.get(PARTS, "false").casefold() == "true"
    return paged(partial(federation().jobs.list, parts=parts))


@blueprint.post("/jobs")
def create() -> Response:
    """Create a job at the backend that can run it."""
    return created(federation().jobs)


@blueprint.get("/jobs/<job_id>")
def read(job_id: str) -> Response:
    """A job's full metadata."""
    return passed(federation().jobs.read(job_id, access(), view()))


@blueprint.patch("/jobs/<job_id>")
def update(job_id: str) -> Response:
    """Change a job."""
    return passed(federation().jobs.update(job_id, wanted(), access(), view()))


@blueprint.delete("/jobs/<job_id>")
def delete(job_id: str) -> Response:
    """Delete a job."""
    return passed(federation().jobs.delete(job_id, access(), view()))


@blueprint.get("/jobs/<job_id>/estimate")
def estimate(job_id: str) -> Response:
    """What a job may cost."""
    return passed(federation().jobs.estimate(job_id, access(), view()))


@blueprint.post("/jobs/<job_id>/results")
def start(job_id: str) -> Response:
    """Queue a job."""
    return passed(federation().jobs.start(job_id, access(), view()))


@blueprint.delete("/jobs/<job_id>/results")
def cancel(job_id: str) -> Response:
    """Stop a job."""
    return passed(federation().jobs.cancel(job_id, access(), view()))


@blueprint.get("/jobs/<job_id>/results")
def results(job_id: str) -> Response:
    """A job's results as STAC; by a signed link of the federation's own without a login."""
    shared = federation().jobs.shared(job_id, request.args, view())
    if shared is not None:
        return passed(shared)
    accept = request.headers.get("Accept", "application/json")
    return passed(federation().jobs.results(job_id, query(), accept, access(), view()))


@blueprint.get("/jobs/<job_id>/logs")
def logs(job_id: str) -> Response:
    """A job's log entries."""
    return passed(federation().jobs.logs(job_id, query(), access(), view()))
