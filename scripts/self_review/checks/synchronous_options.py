"""POST /result with more than a process, and with several results."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import Any, Final

from scripts.self_review.backend import Backend
from scripts.self_review.checks.job_changes import EXTRA, billing_fields
from scripts.self_review.findings import Cause, Outcome, could_not_tell, judged, shown_answer
from scripts.self_review.graphs import Graph, node, of
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.sample import sample
from scripts.self_review.shared_jobs import ADDS, results_answer, title

TWO: Final = ("GTiff", "netCDF")


@check("api-902")
def billing_fields_are_taken(backend: Backend) -> Outcome:
    return _taken(backend, "billing fields", billing_fields(backend))


@check("api-903")
def a_log_level_is_taken(backend: Backend) -> Outcome:
    return _taken(backend, "a log level", {"log_level": "warning"})


@check("api-904")
def other_properties_are_taken(backend: Backend) -> Outcome:
    return _taken(backend, "a property of no specification", dict(EXTRA))


def _taken(backend: Backend, what: str, fields: dict[str, Any]) -> Outcome:
    answer: Answer = backend.making.once(
        ("result with", what), lambda: backend.making.result(ADDS, **fields)
    )
    problems = [] if answer.ok else [f"with {what} 1 + 2 answers {answer.status}"]
    return judged(problems, f"1 + 2 with {what} is computed.", answer)


def two_results(backend: Backend) -> Graph:
    """A process that saves the same piece of data twice, in two formats."""
    data = sample(backend)
    first, second = TWO
    return {
        "process_graph": {
            "load": data.load(),
            "one": node("save_result", data=of("load"), format=first),
            "two": {**node("save_result", data=of("load"), format=second), "result": True},
        }
    }


@check("api-909")
def several_results_come_in_an_archive(backend: Backend) -> Outcome:
    answer = backend.making.result_once("two results", two_results(backend))
    if not answer.ok:
        return judged([f"two results are answered with {answer.status}"], "", answer)
    names = _members(answer)
    if names is None:
        return judged([f"what comes is no archive but {answer.media_type}"], "", answer)
    problems = [] if len(names) > 1 else [f"the archive has {len(names)} file"]
    return judged(
        problems, f"An archive of {len(names)} files.", shown_answer(answer, ", ".join(names))
    )


def _members(answer: Answer) -> list[str] | None:
    """The names in an archive; None if it is none."""
    body = io.BytesIO(answer.body)
    if zipfile.is_zipfile(body):
        return zipfile.ZipFile(body).namelist()
    try:
        with tarfile.open(fileobj=io.BytesIO(answer.body)) as archive:
            return archive.getnames()
    except tarfile.TarError:
        return None


@check("api-10")
def all_result_nodes_are_delivered(backend: Backend) -> Outcome:
    def make() -> Any:
        job = backend.making.job(two_results(backend), title=title(backend, "two results"))
        backend.making.start(job)
        backend.making.wait(job)
        return job

    job = backend.making.once("job of two results", make)
    if job.status != "finished":
        says = f"The job that saves two results ended as {job.status or 'unknown'}."
        return could_not_tell(says, Cause.UNUSABLE)
    answer = results_answer(backend, job)
    assets = answer.json().get("assets", {}) if answer.ok else {}
    kinds = {str(asset.get("type", "")).split(";")[0] for asset in assets.values()}
    problems = [] if len(kinds) > 1 else [f"only {', '.join(kinds) or 'nothing'} is delivered"]
    return judged(problems, "Both formats are among the assets.", shown_answer(answer, str(kinds)))
