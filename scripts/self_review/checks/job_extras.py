"""What optional profiles ask of jobs and of synchronous processing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.self_review.backend import ABSENT, Backend, Entry, usable
from scripts.self_review.checks.jobs import INVALID, PATH, readable
from scripts.self_review.findings import (
    Cause,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    judged,
    not_applicable,
    passed,
    shown_answer,
    warned,
)
from scripts.self_review.graphs import graph, node, of
from scripts.self_review.making import Job
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.registry import check
from scripts.self_review.sample import sample
from scripts.self_review.shared_jobs import ADDS, data_graph, finished, metadata, title

EXTRA = {"self_review": "more"}
"""A property that openEO does not know."""


def _with(backend: Backend, key: str, **more: Any) -> tuple[Job, Entry]:
    """A job that was created with more, and what is said of it."""

    def make() -> Job:
        return backend.making.job(ADDS, title=title(backend, f"with {key}"), **more)

    job: Job = backend.making.once(("job with", key), make)
    return job, metadata(backend, job)


def _bills(backend: Backend) -> None:
    """Raises NotJudgedError, as not applicable, where the backend does not bill."""
    billing = backend.capabilities.get("billing")
    if not isinstance(billing, Mapping) or billing.get("currency") is None:
        raise NotJudgedError(not_applicable("The backend does not bill."))


@check("api-732")
def creation_takes_plan_and_budget(backend: Backend) -> Outcome:
    _bills(backend)
    _, found = _with(backend, "a budget", budget=3)
    problems = [] if found.get("budget") == 3 else [f"budget is {found.get('budget')!r}, not 3"]
    return judged(problems, f"Budget 3, plan {found.get('plan')!r}.")


@check("api-733")
def creation_takes_a_log_level(backend: Backend) -> Outcome:
    _, found = _with(backend, "a log level", log_level="warning")
    said = found.get("log_level")
    problems = [] if said in {None, "warning"} else [f"log_level is {said!r}"]
    return judged(problems, "A job with a log level was created.")


@check("api-735", "api-755")
def more_is_kept(backend: Backend) -> Outcome:
    _, found = _with(backend, "more", **EXTRA)
    if found.get("self_review") == "more":
        return passed("A property that openEO does not know comes back.")
    return warned("It is accepted, and does not come back; the provider lists what does.")


@check("api-753")
def costs_are_shown(backend: Backend) -> Outcome:
    found = metadata(backend, finished(backend))
    there = [key for key in ("plan", "costs", "budget", "usage") if found.get(key) is not None]
    return judged([] if there else ["none of plan, costs, budget, usage"], f"{', '.join(there)}.")


# Changing a job.


def _patched(backend: Backend, **changes: Any) -> tuple[Answer, Entry]:
    def make() -> Job:
        return backend.making.job(ADDS, title=title(backend, "to change"))

    job: Job = backend.making.once("job to change", make)
    answer = backend.send("PATCH", f"{PATH}/{job.id}", json=changes)
    if answer.status in ABSENT:
        raise NotJudgedError(failed(f"PATCH answers {answer.status}.", answer))
    return answer, metadata(backend, job)


def _changes(backend: Backend, **changes: Any) -> Outcome:
    answer, after = _patched(backend, **changes)
    problems = [] if answer.ok else [f"PATCH answers {answer.status}"]
    if answer.ok:
        problems += [f"{k} is {after.get(k)!r}" for k, v in changes.items() if after.get(k) != v]
    return judged(problems, f"{', '.join(changes)} changed.", answer)


@check("api-760", "api-764")
def title_and_description_can_be_changed(backend: Backend) -> Outcome:
    return _changes(backend, title=title(backend, "changed"), description="Changed.")


@check("api-761")
def the_process_can_be_changed(backend: Backend) -> Outcome:
    good, _ = _patched(backend, process=ADDS)
    bad, _ = _patched(backend, process=INVALID["a process that does not exist"])
    problems = [] if good.ok else [f"another process answers {good.status}"]
    problems += [] if 400 <= bad.status < 500 else [f"an invalid one answers {bad.status}"]
    return judged(problems, "Valid ones are taken, others rejected.", good, bad)


@check("api-762")
def the_budget_can_be_changed(backend: Backend) -> Outcome:
    _bills(backend)
    return _changes(backend, budget=2)


@check("api-763")
def the_log_level_can_be_changed(backend: Backend) -> Outcome:
    answer, _ = _patched(backend, log_level="error")
    return judged([] if answer.ok else [f"PATCH answers {answer.status}"], "It can.", answer)


@check("api-765")
def more_can_be_changed(backend: Backend) -> Outcome:
    answer, _ = _patched(backend, **EXTRA)
    return judged([] if answer.ok else [f"PATCH answers {answer.status}"], "Accepted.", answer)


# Estimates.


def _estimate(backend: Backend) -> tuple[Answer, Entry]:
    def ask() -> Answer:
        job = backend.making.job(data_graph(backend), title=title(backend, "estimated"))
        return backend.send("GET", f"{PATH}/{job.id}/estimate")

    answer: Answer = backend.making.once("estimate", ask)
    if answer.status in ABSENT:
        raise NotJudgedError(
            failed(f"GET /jobs/{{job_id}}/estimate answers {answer.status}.", answer)
        )
    if not answer.ok:
        return answer, {}
    return answer, usable(answer, "api-820")


@check("api-820")
def estimates_work(backend: Backend) -> Outcome:
    answer, found = _estimate(backend)
    there = [key for key in ("costs", "duration", "size") if key in found]
    problems = [] if there else ["none of costs, duration, size"]
    return judged(problems, f"It has {', '.join(there)}.", answer)


def _estimated(backend: Backend, key: str) -> Outcome:
    answer, found = _estimate(backend)
    readable(answer, "api-820")
    return judged([] if key in found else [f"no {key}"], f"{key}: {found.get(key)!r}.", answer)


@check("api-821")
def estimates_have_costs(backend: Backend) -> Outcome:
    return _estimated(backend, "costs")


@check("api-822")
def estimates_have_a_duration(backend: Backend) -> Outcome:
    return _estimated(backend, "duration")


@check("api-823")
def estimates_have_a_size(backend: Backend) -> Outcome:
    return _estimated(backend, "size")


@check("api-824")
def estimates_tell_of_downloads(backend: Backend) -> Outcome:
    return _estimated(backend, "downloads_included")


@check("api-825")
def estimates_expire(backend: Backend) -> Outcome:
    return _estimated(backend, "expires")


@check("api-826")
def estimates_have_the_right_status(backend: Backend) -> Outcome:
    answer, _ = _estimate(backend)
    if answer.ok:
        problems = [] if answer.status == 200 else [f"the status is {answer.status}"]
        return judged(problems, "200.", answer)
    try:
        code = answer.object().get("code")
    except NotJsonError:
        code = None
    good = answer.status == 500 and code == "EstimateComplexity"
    return judged([] if good else [f"{answer.status} {code}"], "500 EstimateComplexity.", answer)


# Synchronous processing.


@check("api-902")
def results_take_plan_and_budget(backend: Backend) -> Outcome:
    _bills(backend)
    return _taken(backend.making.result(ADDS, budget=backend.options.budget))


@check("api-903")
def results_take_a_log_level(backend: Backend) -> Outcome:
    return _taken(backend.making.result(ADDS, log_level="warning"))


@check("api-904")
def results_take_more(backend: Backend) -> Outcome:
    return _taken(backend.making.result(ADDS, **EXTRA))


def _taken(answer: Answer) -> Outcome:
    return judged([] if answer.ok else [f"it answers {answer.status}"], "It is accepted.", answer)


@check("api-909")
def several_files_are_packed(backend: Backend) -> Outcome:
    data = sample(backend)
    answer = backend.making.result_once("several files", data.saved("GTiff"))
    readable(answer, "api-900")
    shown = shown_answer(answer, answer.media_type)
    if answer.media_type in {"application/x-tar", "application/tar", "application/zip"}:
        return passed(f"They come as {answer.media_type}.", shown)
    says = f"{answer.media_type} came; whether there are several time steps in the sample is open."
    return could_not_tell(says, Cause.LIMIT, shown)


@check("api-10")
def several_results_are_delivered(backend: Backend) -> Outcome:
    data = sample(backend)
    nodes = {
        "load": data.load(),
        "one": node("save_result", data=of("load"), format="GTiff"),
        "two": node("save_result", data=of("load"), format="netCDF"),
    }
    answer = backend.making.result_once("two results", graph(**nodes))
    problems = [] if answer.ok else [f"it answers {answer.status}"]
    packed = answer.media_type in {"application/x-tar", "application/tar", "application/zip"}
    problems += [] if packed or not answer.ok else [f"only {answer.media_type} came"]
    both = packed and b".nc" in answer.body and b".tif" in answer.body
    problems += ["one of the two is missing"] if packed and not both else []
    shown = shown_answer(answer, f"{answer.media_type}, {len(answer.body):,} bytes")
    return judged(problems, "A GeoTIFF and a netCDF came.", shown)
