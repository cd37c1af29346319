"""Batch jobs: starting and cancelling them, and who may."""

from __future__ import annotations

from collections.abc import Callable

from scripts.self_review.backend import Backend, read_object
from scripts.self_review.checks.jobs import PATH, seen
from scripts.self_review.findings import (
    Cause,
    Evidence,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    judged,
    passed,
    warned,
)
from scripts.self_review.making import job_id
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.shared_jobs import (
    ADDS,
    cancelled,
    failed_job,
    long_graph,
    title,
)

# Starting and cancelling.


@check("api-850")
def a_job_can_be_started(backend: Backend) -> Outcome:
    try:
        answer = failed_job(backend).started
    except NotJudgedError as stop:
        if "api-850" not in stop.outcome.says:
            raise
        return failed("POST /jobs/{job_id}/results is refused.", *stop.outcome.evidence)
    return passed("It can.", *([answer] if answer else []))


@check("api-851")
def starting_is_answered_with_202(backend: Backend) -> Outcome:
    job = failed_job(backend)
    answer = job.started
    if answer is None:
        return could_not_tell("The job was not started.", Cause.UNUSABLE)
    problems = [] if answer.status == 202 else [f"the status is {answer.status}"]
    if job.status == "created":
        watched = f"{backend.making.patience.quiet:g} seconds"
        problems.append(f"the job was still `created` after {watched}")
    problems += _started_again(backend)
    return judged(problems, "202, and the status shows it.", answer, seen(job))


def _started_again(backend: Backend) -> list[str]:
    """What is wrong when a job that is queued or runs is started once more."""

    def make() -> list[str]:
        job = backend.making.job(long_graph(backend), title=title(backend, "started twice"))
        backend.making.start(job)
        before = backend.making.look(job)
        again = backend.send("POST", f"{PATH}/{job.id}/results")
        backend.send("DELETE", f"{PATH}/{job.id}/results")
        if before in {"queued", "running"} and again.status >= 500:
            return [f"starting it while it is {before} answers {again.status}"]
        return []

    try:
        found: list[str] = backend.making.once("started twice", make)
    except NotJudgedError:
        return []  # there is nothing that runs long enough; the rest is judged all the same
    return found


@check("api-890")
def a_job_can_be_cancelled(backend: Backend) -> Outcome:
    found = cancelled(backend)
    if found.before not in {"queued", "running", "created"}:
        says = f"The job was {found.before} before it could be cancelled."
        return could_not_tell(says, Cause.LIMIT, seen(found.job))
    problems = [] if found.answer.ok else [f"DELETE answers {found.answer.status}"]
    return judged(problems, "It can.", found.answer, seen(found.job))


@check("api-891")
def cancelling_stops_the_job(backend: Backend) -> Outcome:
    found = cancelled(backend)
    if not found.answer.ok:
        says = "The job could not be cancelled (judged by api-890)."
        return could_not_tell(says, Cause.UNUSABLE, found.answer)
    problems = []
    if found.answer.status not in {202, 204}:
        problems.append(f"the status is {found.answer.status}")
    ran_on = found.after == "finished" and found.at_once in {"queued", "running"}
    if ran_on or found.after in {"queued", "running"}:
        problems.append(f"afterwards the job is {found.after}")
    says = f"Status {found.answer.status} (the profile has 202, the API 204); then {found.after}."
    return judged(problems, says, found.answer, seen(found.job))


# Money and limits.


@check("api-852")
def jobs_are_not_queued_without_money(backend: Backend) -> Outcome:
    return _without_money(backend, _start_without_money)


def _start_without_money(backend: Backend, send: Callable[..., Answer]) -> Answer:
    created = send("POST", PATH, json={"process": ADDS, "title": title(backend, "unpaid")})
    found = job_id(created)
    if found is None:
        return created
    answer = send("POST", f"{PATH}/{found}/results")
    document = read_object(send("GET", f"{PATH}/{found}")) or {}
    send("DELETE", f"{PATH}/{found}", cleaning=True)
    if (
        answer.ok
        and document.get("status") == "created"
        and failed_job(backend).status == "created"
    ):
        says = "Starting is answered, and starts nothing (judged by api-851)."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE, answer))
    return answer


@check("api-910")
def results_are_not_computed_without_money(backend: Backend) -> Outcome:
    return _without_money(backend, lambda _, send: send("POST", "/result", json={"process": ADDS}))


def _without_money(
    backend: Backend, ask: Callable[[Backend, Callable[..., Answer]], Answer]
) -> Outcome:
    account = backend.penniless
    if account is None:
        says = "It needs the login of a user without credits."
        hint = "Give --without-credits USER:PASSWORD."
        return could_not_tell(says, Cause.TIME, hint=hint)
    backend.making  # noqa: B018 - raises where this review may make nothing
    answer = ask(
        backend, lambda method, path, **options: backend.send_as(account, method, path, **options)
    )
    if answer.status >= 500:
        says = f"It answers {answer.status}, which says nothing of money."
        return could_not_tell(says, Cause.UNUSABLE, answer)
    code = answer.code
    if answer.status == 402 and code == "PaymentRequired":
        return passed("402 PaymentRequired.", answer)
    if 400 <= answer.status < 500:
        return warned(f"Refused, but with {answer.status} {code}, not 402 PaymentRequired.", answer)
    return failed(f"It answers {answer.status} to a user without credits.", answer)


@check("auth-backend-2")
def jobs_at_a_time_are_limited(backend: Backend) -> Outcome:
    """Observed by starting several jobs; a backend that is quick may hide its limit."""
    statuses = _several(backend)
    if "queued" in statuses.values() or not all(_is_ok(one) for one in statuses.values()):
        return passed(f"Of {len(statuses)} jobs at a time some had to wait.", _shown(statuses))
    says = f"All of {len(statuses)} jobs ran or ended at once; a limit was not reached."
    return could_not_tell(says, Cause.STATEMENT, _shown(statuses))


def _several(backend: Backend, count: int = 4) -> dict[str, str]:
    def make() -> dict[str, str]:
        jobs = [
            backend.making.job(long_graph(backend), title=title(backend, f"at a time {i}"))
            for i in range(count)
        ]
        found = {}
        for job in jobs:
            answer = backend.making.starting(job)
            found[job.id] = "" if answer.ok else f"refused ({answer.status})"
        for job in jobs:
            found[job.id] = found[job.id] or backend.making.look(job)
        for job in jobs:
            backend.send("DELETE", f"{PATH}/{job.id}/results")
        return found

    found: dict[str, str] = backend.making.once("several jobs", make)
    return found


def _is_ok(status: str) -> bool:
    return not status.startswith("refused")


def _shown(statuses: dict[str, str]) -> Evidence:
    return Evidence("GET /jobs/{job_id} of each", ", ".join(statuses.values()))
