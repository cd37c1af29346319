"""Batch jobs with more than a process, and their changes: PATCH /jobs/{job_id}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.self_review.backend import Backend, Entry, usable
from scripts.self_review.checks.jobs import INVALID, PATH, rejected
from scripts.self_review.findings import (
    Cause,
    Evidence,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    given,
    judged,
    not_applicable,
)
from scripts.self_review.graphs import calling
from scripts.self_review.making import Job
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.shared_jobs import ADDS, idle, title

EXTRA: Final[Mapping[str, Any]] = {"self_review_option": "kept"}
CHANGED: Final = calling("add", x=3, y=4)


def plan_of(backend: Backend) -> str | None:
    """A billing plan that costs nothing, else any; None if there are no plans."""
    billing = backend.capabilities.get("billing")
    plans = billing.get("plans") if isinstance(billing, dict) else None
    named = [p for p in plans or [] if isinstance(p, dict) and isinstance(p.get("name"), str)]
    free = [p for p in named if not p.get("paid")]
    return str((free or named)[0]["name"]) if named else None


def billing_fields(backend: Backend) -> dict[str, Any]:
    """A plan and a budget; raises NotJudgedError where the backend bills nothing."""
    billing = backend.capabilities.get("billing")
    if not isinstance(billing, dict) or billing.get("currency") is None:
        raise NotJudgedError(not_applicable("The backend bills nothing."))
    plan = plan_of(backend)
    return {"budget": backend.options.budget} | ({"plan": plan} if plan else {})


def _made(backend: Backend, what: str, **more: Any) -> tuple[Job, Answer]:
    """A job with these fields, and what is answered when it is asked for."""

    def make() -> tuple[Job, Answer]:
        job = backend.making.job(ADDS, title=title(backend, what), **more)
        return job, backend.send("GET", f"{PATH}/{job.id}")

    found: tuple[Job, Answer] = backend.making.once(("job", what), make)
    return found


def _job(backend: Backend, what: str, **more: Any) -> tuple[Job, Entry]:
    """A job with these fields, and what the backend says of it."""
    job, answer = _made(backend, what, **more)
    return job, usable(answer, "api-750")


def _taken(backend: Backend, what: str, fields: Mapping[str, Any]) -> tuple[Job, Entry]:
    """Likewise; raises NotJudgedError, as failed, where a job only without them can be created."""
    try:
        _made(backend, what, **fields)
    except NotJudgedError as stop:
        idle(backend)
        says = f"No job can be created with {' and '.join(fields)}, but without it can."
        raise NotJudgedError(failed(says, *stop.outcome.evidence)) from stop
    return _job(backend, what, **fields)


def _changed(backend: Backend, what: str, **changes: Any) -> tuple[Answer, Entry]:
    """What changing a new job was answered, and what is said of it then."""

    def make() -> tuple[Answer, Answer]:
        job = backend.making.job(ADDS, title=title(backend, what))
        answer = backend.send("PATCH", f"{PATH}/{job.id}", json=changes)
        return answer, backend.send("GET", f"{PATH}/{job.id}")

    answer, after = backend.making.once(("changed job", what), make)
    return answer, usable(after, "api-750")


def compared(found: Entry, wanted: Mapping[str, Any]) -> list[str]:
    """What is not as it was sent."""
    return [
        f"`{key}` is {given(found.get(key))}" for key in wanted if found.get(key) != wanted[key]
    ]


def shown(where: str, found: Entry, *keys: str) -> Evidence:
    """The values that decided."""
    return Evidence(f"GET {where}", ", ".join(f"{key}: {given(found.get(key))}" for key in keys))


@check("api-732")
def creation_takes_billing_fields(backend: Backend) -> Outcome:
    wanted = billing_fields(backend)
    _, found = _taken(backend, "billed", wanted)
    return judged(compared(found, wanted), "It does.", shown("/jobs/…", found, *wanted))


@check("api-733")
def creation_takes_a_log_level(backend: Backend) -> Outcome:
    wanted = {"log_level": "warning"}
    _, found = _taken(backend, "logged", wanted)
    return judged(compared(found, wanted), "It does.", shown("/jobs/…", found, *wanted))


@check("api-735")
def creation_takes_other_properties(backend: Backend) -> Outcome:
    job, _ = _taken(backend, "extra", EXTRA)
    return judged([], "A property of no specification is accepted.", job.created)


@check("api-753")
def billing_is_told(backend: Backend) -> Outcome:
    wanted = billing_fields(backend)
    _, found = _job(backend, "billed", **wanted)
    missing = [f"no {key}" for key in wanted if key not in found]
    return judged(missing, "Plan and budget are told.", shown("/jobs/…", found, *wanted))


@check("api-755")
def other_properties_are_returned(backend: Backend) -> Outcome:
    _, found = _job(backend, "extra", **EXTRA)
    return judged(compared(found, EXTRA), "They are.", shown("/jobs/…", found, *EXTRA))


@check("api-760")
def jobs_can_be_changed(backend: Backend) -> Outcome:
    answer, _ = _changed(backend, "changed", title=f"{title(backend, 'changed')} again")
    problems = [] if answer.ok else [f"PATCH answers {answer.status}"]
    return judged(problems, "They can.", answer)


@check("api-761")
def the_process_can_be_exchanged(backend: Backend) -> Outcome:
    answer, found = _changed(backend, "other process", process=CHANGED)
    if not answer.ok:
        return _unchanged(answer)
    if "'x': 3" not in str(found.get("process")):
        return failed("The process is the old one.", answer)
    refusals = {what: _refused(backend, process) for what, process in INVALID.items()}
    return rejected(refusals, "PATCH /jobs/{job_id}")


def _refused(backend: Backend, process: Mapping[str, Any]) -> Answer:
    job, _ = _job(backend, "to be refused")
    return backend.send("PATCH", f"{PATH}/{job.id}", json={"process": process})


@check("api-762")
def billing_fields_can_be_changed(backend: Backend) -> Outcome:
    wanted = billing_fields(backend) | {"budget": backend.options.budget + 1}
    return _change(backend, "billing", wanted)


@check("api-763")
def the_log_level_can_be_changed(backend: Backend) -> Outcome:
    return _change(backend, "level", {"log_level": "error"})


@check("api-764")
def title_and_description_can_be_changed(backend: Backend) -> Outcome:
    wanted = {"title": title(backend, "renamed"), "description": "Changed by openeo-self-review."}
    return _change(backend, "renaming", wanted)


@check("api-765")
def other_properties_can_be_changed(backend: Backend) -> Outcome:
    answer, _ = _changed(backend, "more", **EXTRA)
    if not answer.ok:
        return judged([f"PATCH answers {answer.status}"], "", answer)
    return judged([], "A property of no specification is accepted.", answer)


def _change(backend: Backend, what: str, wanted: Mapping[str, Any]) -> Outcome:
    answer, found = _changed(backend, what, **wanted)
    if not answer.ok:
        return _unchanged(answer)
    return judged(compared(found, wanted), "They are changed.", shown("/jobs/…", found, *wanted))


def _unchanged(answer: Answer) -> Outcome:
    """That a change is refused; where no job can be changed at all, api-760 says so."""
    if answer.status in (404, 405, 501):
        says = f"PATCH answers {answer.status} (judged by api-760)."
        return could_not_tell(says, Cause.UNUSABLE, answer)
    return failed(f"PATCH answers {answer.status}.", answer)
