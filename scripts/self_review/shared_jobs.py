"""The batch jobs that many checks look at: each is made once in a review."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scripts.self_review.backend import Backend, Entry, usable
from scripts.self_review.findings import Cause, NotJudgedError, could_not_tell
from scripts.self_review.graphs import Graph, calling, graph, node, of
from scripts.self_review.making import ENDED, Job
from scripts.self_review.probe.answer import Answer
from scripts.self_review.sample import sample

DESCRIPTION: Final = "Made by openeo-self-review, which removes it again."
FAILS: Final = calling("array_element", data=[1, 2, 3], index=99)
"""A process that is valid, and fails when it is computed."""
ADDS: Final = calling("add", x=1, y=2)


def title(backend: Backend, what: str) -> str:
    """The title of a job of this review; no two jobs of it have the same."""
    return f"{backend.making.name} {what}"


def idle(backend: Backend) -> Job:
    """A job with title and description that is not started."""

    def make() -> Job:
        said = title(backend, "idle")
        job = backend.making.job(ADDS, title=said, description=DESCRIPTION)
        backend.making.look(job)
        time.sleep(backend.making.patience.quiet)
        backend.making.look(job)
        return job

    found: Job = backend.making.once("idle job", make)
    return found


def data_graph(backend: Backend) -> Graph:
    """Loads a small piece of a collection, averages over time, and saves a GeoTIFF."""
    data = sample(backend)
    mean = graph(mean=node("mean", data={"from_parameter": "data"}))
    reduce = node("reduce_dimension", data=of("load"), dimension=data.time, reducer=mean)
    return data.saved("GTiff", reduce=reduce)


def run(backend: Backend) -> Job:
    """A job that computes a small GeoTIFF, when it has ended or patience with it."""

    def make() -> Job:
        said = title(backend, "data")
        more = {"description": DESCRIPTION, "log_level": "info"}
        job = backend.making.job(data_graph(backend), title=said, **more)
        backend.making.look(job)
        backend.making.start(job)
        backend.making.wait(job)
        return job

    found: Job = backend.making.once("data job", make)
    return found


def failed_job(backend: Backend) -> Job:
    """A job whose process fails, when it has ended."""

    def make() -> Job:
        job = backend.making.job(FAILS, title=title(backend, "failing"))
        backend.making.start(job)
        backend.making.wait(job)
        return job

    found: Job = backend.making.once("failing job", make)
    return found


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A job that was cancelled: what that was answered, and what it was before and after."""

    job: Job
    answer: Answer
    before: str
    at_once: str
    after: str
    partial: Answer
    """What its results are answered with `partial=true`, before it was cancelled."""


def cancelled(backend: Backend) -> Cancelled:
    """A job that was started and cancelled at once."""

    def make() -> Cancelled:
        job = backend.making.job(long_graph(backend), title=title(backend, "cancelled"))
        backend.making.start(job)
        partial = backend.send("GET", f"/jobs/{job.id}/results?partial=true")
        before = backend.making.look(job)
        answer = backend.send("DELETE", f"/jobs/{job.id}/results")
        at_once = backend.making.look(job)
        after = _settled(backend, job) if answer.ok else at_once
        return Cancelled(job, answer, before, at_once, after, partial)

    found: Cancelled = backend.making.once("cancelled job", make)
    return found


def long_graph(backend: Backend) -> Graph:
    """A process that takes some seconds: the same piece over a year."""
    data = sample(backend)
    year = int(data.start[:4])
    whole = data.load(temporal_extent=[f"{year - 1}-06-01", data.end])
    median = graph(median=node("median", data={"from_parameter": "data"}))
    return graph(
        load=whole,
        reduce=node("reduce_dimension", data=of("load"), dimension=data.time, reducer=median),
        save=node("save_result", data=of("reduce"), format="GTiff"),
    )


def _settled(backend: Backend, job: Job) -> str:
    """The status a moment after a cancellation, which may take a while."""
    end = time.monotonic() + max(backend.making.patience.quiet, 1.0) * 2
    while True:
        status = backend.making.look(job)
        if status not in {"queued", "running"} or time.monotonic() > end:
            return status
        time.sleep(backend.making.patience.pause)


def finished(backend: Backend) -> Job:
    """The data job; raises NotJudgedError if it has not ended well."""
    job = run(backend)
    if job.status == "error":
        says = f"The job failed: {why_failed(backend, job)}"
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE))
    if job.status == "created":
        says = "The job was started, but did not begin (judged by api-851)."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE))
    if job.status not in ENDED and not _has_results(backend, job):
        waited = f"{backend.making.patience.job:g} seconds"
        says = f"The job was still {job.status or 'unknown'} after {waited}."
        raise NotJudgedError(could_not_tell(says, Cause.LIMIT))
    return job


def _has_results(backend: Backend, job: Job) -> bool:
    return results_answer(backend, job).ok


def why_failed(backend: Backend, job: Job) -> str:
    """What its logs say of it, in short."""
    answer = backend.send("GET", f"/jobs/{job.id}/logs")
    return answer.beginning


def results_answer(backend: Backend, job: Job) -> Answer:
    """What GET /jobs/{job_id}/results answers for a job; asked once."""
    found: Answer = backend.making.once(
        ("results", job.id), lambda: backend.send("GET", f"/jobs/{job.id}/results")
    )
    return found


def results(backend: Backend) -> Entry:
    """The result document of the finished job; raises NotJudgedError."""
    return usable(results_answer(backend, finished(backend)), "api-860")


def assets(backend: Backend) -> dict[str, Entry]:
    """The assets of the finished job; raises NotJudgedError if there are none."""
    found = results(backend).get("assets")
    good = found if isinstance(found, Mapping) else {}
    named = {str(key): one for key, one in good.items() if isinstance(one, Mapping)}
    if not named:
        says = "The results have no assets (judged by api-869)."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE))
    return named


def metadata(backend: Backend, job: Job) -> Entry:
    """The document of a job; raises NotJudgedError."""
    return usable(backend.send("GET", f"/jobs/{job.id}"), "api-750")


def logs_answer(backend: Backend, job: Job, **query: Any) -> Answer:
    """What GET /jobs/{job_id}/logs answers; asked once."""
    url = backend.url(f"/jobs/{job.id}/logs", **query)
    found: Answer = backend.making.once(("logs", url), lambda: backend.send("GET", url))
    return found
