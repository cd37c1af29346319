"""Batch jobs: their metadata and their life."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response

from backends.errors import OpenEOError, job_not_found
from backends.jobs.budgets import check_budget, estimate
from backends.jobs.pace import LATEST, pace_of, runs_of
from backends.jobs.records import Job, timestamp
from backends.jobs.store import JobActiveError
from backends.web.authentication import current_user
from backends.web.backend import backend
from backends.web.documents import (
    empty_response,
    json_object,
    json_response,
    link,
    without_none,
)
from backends.web.listings import newest_first
from backends.web.logs import log_page
from backends.web.requests import changes_of, mistakes_in, new_job, raise_first, samples_of

jobs = Blueprint("jobs", __name__)


@jobs.get("/jobs")
def list_jobs() -> Response:
    """The user's jobs, the newest first."""
    return newest_first("jobs", backend().store.of_user, brief)


@jobs.post("/jobs")
def create_job() -> Response:
    """Create a job; nothing runs before it is started."""
    here = backend()
    new = new_job(json_object(), current_user(), "batch", here)
    here.store.add(new, here.clock())
    location = f"{here.profile.api_url}/jobs/{new.id}"
    return empty_response(201, {"Location": location, "OpenEO-Identifier": new.id})


@jobs.get("/jobs/<job_id>")
def describe_job(job_id: str) -> Response:
    """All that is known of a job."""
    return json_response(full(own_job(job_id)))


@jobs.patch("/jobs/<job_id>")
def update_job(job_id: str) -> Response:
    """Change a job that does not run."""
    here = backend()
    job = own_job(job_id)
    changes = changes_of(json_object(), job, here)
    try:
        here.store.update(job.id, changes, here.clock())
    except JobActiveError:
        raise OpenEOError(
            "JobLocked",
            "The job is queued or running and cannot be changed. Cancel it first, or wait.",
        ) from None
    return empty_response(204)


@jobs.delete("/jobs/<job_id>")
def delete_job(job_id: str) -> Response:
    """Delete a job with all that belongs to it."""
    backend().lifecycle.delete(own_job(job_id))
    return empty_response(204)


@jobs.get("/jobs/<job_id>/estimate")
def estimate_job(job_id: str) -> Response:
    """What a job takes at most, and how long it may take."""
    here = backend()
    job = own_job(job_id)
    resolved = here.preparation.resolved
    found = estimate(resolved(job.process, job.user), here.profile, job.plan)
    pace = pace_of(runs_of(here.store.latest_finished(LATEST), here.profile, resolved))
    expires = timestamp(here.clock() + timedelta(hours=1))
    return json_response({**found.as_json(pace.seconds(found.samples)), "expires": expires})


@jobs.get("/jobs/<job_id>/logs")
def job_logs(job_id: str) -> Response:
    """A job's log entries."""
    return log_page(own_job(job_id), f"/jobs/{job_id}/logs")


@jobs.post("/jobs/<job_id>/results")
def start_job(job_id: str) -> Response:
    """Queue a job, if it can be paid for."""
    here = backend()
    job = own_job(job_id)
    if not job.active:
        # What it calls may have been deleted or replaced since it was created.
        allowed = samples_of("batch", here)
        raise_first(mistakes_in(dict(job.process), here, job.user, samples=allowed))
        process = here.preparation.resolved(job.process, job.user)
        check_budget(here.profile, here.store, job.user, job.budget, process, plan=job.plan)
    here.lifecycle.start(job)
    return empty_response(202)


@jobs.delete("/jobs/<job_id>/results")
def cancel_job(job_id: str) -> Response:
    """Stop a job."""
    backend().lifecycle.cancel(own_job(job_id))
    return empty_response(204)


def own_job(job_id: str) -> Job:
    """The current user's batch job; the jobs of others do not exist for them."""
    job = backend().store.find(job_id, current_user(), kind="batch")
    if job is None:
        raise job_not_found(job_id)
    return job


def brief(job: Job) -> dict[str, Any]:
    """A job as it stands in a listing: nothing long."""
    document = {
        **job.extra,
        "id": job.id,
        "title": job.title,
        "description": job.description,
        "status": job.status,
        "progress": job.progress,
        "created": timestamp(job.created),
        "updated": timestamp(job.updated),
        "plan": job.plan,
        "costs": job.costs,
        "budget": job.budget,
        **run_times(job),
    }
    return without_none(document)


def full(job: Job) -> dict[str, Any]:
    """All that is known of a job."""
    links = [link("self", f"/jobs/{job.id}")]
    if job.queued:
        links.append(link("monitor", f"/jobs/{job.id}/logs", "Log"))
    if job.status in ("finished", "canceled", "error"):
        links.append(link("result", f"/jobs/{job.id}/results", "Results"))
    document = {**brief(job), "process": job.process, "links": links}
    if backend().profile.version >= (1, 2, 0):
        document["log_level"] = job.log_level
    if job.usage:
        document["usage"] = job.usage
    return document


def kept_until(job: Job) -> datetime | None:
    """How long the results of an ended job are kept."""
    if job.ended is None or job.status not in ("finished", "canceled", "error"):
        return None
    return job.ended + timedelta(backend().profile.limits.keep_results_days)


def run_times(job: Job) -> dict[str, str]:
    """When the latest run was queued and started, and until when its results are kept
    (since API 1.3.0).
    """
    if backend().profile.version < (1, 3, 0):
        return {}
    times = {"queued": job.queued, "started": job.started, "unpublished": kept_until(job)}
    return {name: timestamp(moment) for name, moment in times.items() if moment}
