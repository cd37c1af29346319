"""Batch jobs: creating, listing, starting, cancelling and deleting them."""

from __future__ import annotations

from itertools import pairwise

from scripts.self_review.backend import Backend, Entry, listing, objects, usable
from scripts.self_review.findings import (
    Cause,
    Evidence,
    NotJudgedError,
    Outcome,
    could_not_tell,
    given,
    judged,
    shown_answer,
)
from scripts.self_review.graphs import calling
from scripts.self_review.lists import full, paged, valid_list
from scripts.self_review.making import ENDED, Job
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.shared_jobs import (
    ADDS,
    DESCRIPTION,
    failed_job,
    idle,
    metadata,
    results_answer,
    run,
    title,
)

PATH = "/jobs"
STATUSES = ("created", "queued", "running", "canceled", "finished", "error")
LATER = {
    "created": {"queued", "running", "finished", "error", "canceled"},
    "queued": {"created", "running", "finished", "error", "canceled"},
    "running": {"created", "finished", "error", "canceled"},
    "finished": {"queued", "running", "created"},
    "error": {"queued", "running", "created"},
    "canceled": {"queued", "running", "created"},
}
"""What a status may become, by steps that were not all seen. Nothing here starts a job again."""
INVALID = {
    "a process that does not exist": calling("self_review_no_such_process", x=1),
    "no process graph": {},
    "a node without process_id": {"process_graph": {"a": {"arguments": {}, "result": True}}},
}


def seen(job: Job) -> Evidence:
    """What was seen of a job, as evidence."""
    return Evidence(f"GET /jobs/{job.id}", " → ".join(job.statuses) or "no status was seen")


@check("api-700")
def statuses_move_as_documented(backend: Backend) -> Outcome:
    jobs = [idle(backend), run(backend), failed_job(backend)]
    problems = [problem for job in jobs for problem in _wrong_moves(job)]
    paths = "; ".join(" → ".join(job.statuses) for job in jobs)
    return judged(problems, f"Seen: {paths}.", *map(seen, jobs), looked_at=f"{len(jobs)} jobs")


def _wrong_moves(job: Job) -> list[str]:
    unknown = [one for one in job.statuses if one not in STATUSES]
    pairs = pairwise(job.statuses)
    odd = [f"{a} became {b}" for a, b in pairs if a in ENDED or b not in LATER.get(a, {b})]
    return [f"there is no status {one!r}" for one in unknown] + [one for one in odd if not unknown]


# The list.


@check("api-710")
def the_list_can_be_read(backend: Backend) -> Outcome:
    return _readable(backend.get_as_user(PATH))


def _readable(answer: Answer) -> Outcome:
    problems = [] if answer.ok else [f"it answers {answer.status} to a user"]
    return judged(problems, "A user can read it.", answer)


@check("api-711")
def the_list_is_valid(backend: Backend) -> Outcome:
    readable(backend.get_as_user(PATH), "api-710")
    return valid_list(backend.get_as_user(PATH), ("jobs", "links"))


def readable(answer: Answer, owner: str) -> None:
    """Raises NotJudgedError if it is no good answer, which the owner judges."""
    if not answer.ok:
        says = f"{answer.request} answers {answer.status} (judged by {owner})."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE, answer))


@check("api-712")
def the_list_is_paged(backend: Backend) -> Outcome:
    idle(backend)
    return paged(backend, PATH, "jobs", "api-711", user=True)


@check("api-713")
def without_limit_the_list_is_whole(backend: Backend) -> Outcome:
    own = [idle(backend), failed_job(backend)]
    found = full(backend, PATH, "jobs", "api-711", user=True)
    listed = [one.get("id") for one in _listed(backend)]
    missing = [
        f"{job.id}, which this review made, is missing" for job in own if job.id not in listed
    ]
    if found.verdict == "pass" and any("id" in one for one in _listed(backend)):
        return judged(missing, found.says, looked_at=found.looked_at)
    return found


def _listed(backend: Backend) -> list[Entry]:
    """The jobs of the list, read when this review's jobs are in it."""
    idle(backend)
    failed_job(backend)
    answer = backend.once("jobs later", lambda: backend.send("GET", PATH))
    return objects(listing(usable(answer, "api-711"), PATH, "jobs", "api-711"))


@check("api-714")
def every_job_has_id_status_and_created(backend: Backend) -> Outcome:
    listed = _listed(backend)
    problems = [
        f"{one.get('id', 'a job')}: no {key}"
        for one in listed
        for key in ("id", "status", "created")
        if not isinstance(one.get(key), str)
    ]
    return judged(problems, "Each has them.", looked_at=f"{len(listed)} jobs of the list")


@check("api-715")
def titles_are_listed(backend: Backend) -> Outcome:
    wanted = title(backend, "idle")
    titles = [one.get("title") for one in _listed(backend)]
    listed = [one.get("id") for one in _listed(backend)]
    if idle(backend).id not in listed and wanted not in titles and None not in listed:
        return could_not_tell("The job is not in the list (judged by api-713).", Cause.UNUSABLE)
    problems = [] if wanted in titles else [f"no job has the title {wanted!r}"]
    return judged(
        problems, "The title is in the list.", looked_at=f"{len(titles)} jobs of the list"
    )


# Creation.


@check("api-730")
def jobs_can_be_created(backend: Backend) -> Outcome:
    answer = _creation(backend)
    return judged([] if answer.ok else [f"POST /jobs answers {answer.status}"], "It can.", answer)


def _creation(backend: Backend) -> Answer:
    """What the creation of a small job was answered."""
    found: Answer = backend.making.once(
        "creation", lambda: backend.making.create(ADDS, title=title(backend, "created"))
    )
    return found


@check("api-731")
def invalid_processes_are_rejected(backend: Backend) -> Outcome:
    answers = {what: backend.making.create(process) for what, process in INVALID.items()}
    return rejected(answers, "POST /jobs")


def rejected(answers: dict[str, Answer], where: str) -> Outcome:
    """Whether what is invalid was refused as the sender's mistake."""
    problems = [
        f"{what}: {where} answers {answer.status}"
        for what, answer in answers.items()
        if not 400 <= answer.status < 500
    ]
    return judged(problems, "They are rejected.", *answers.values(), looked_at=", ".join(answers))


@check("api-734")
def title_and_description_are_stored(backend: Backend) -> Outcome:
    return _kept(backend)


@check("api-752")
def title_and_description_are_returned(backend: Backend) -> Outcome:
    return _kept(backend)


def _kept(backend: Backend) -> Outcome:
    found = metadata(backend, idle(backend))
    wanted = {"title": title(backend, "idle"), "description": DESCRIPTION}
    problems = [
        f"{key} is {given(found.get(key))}" for key in wanted if found.get(key) != wanted[key]
    ]
    return judged(problems, "They come back as they were sent.", _brief(backend, found, "title"))


def _brief(backend: Backend, found: Entry, *keys: str) -> Evidence:
    said = ", ".join(f"{key}: {given(found.get(key))}" for key in keys)
    return Evidence(f"GET {backend.root}/jobs/{found.get('id', '…')}", said)


@check("api-736")
def creation_is_answered_with_201(backend: Backend) -> Outcome:
    answer = _creation(backend)
    if not answer.ok:
        return could_not_tell(
            "No job could be created (judged by api-730).", Cause.UNUSABLE, answer
        )
    problems = [] if answer.status == 201 else [f"the status is {answer.status}"]
    names = ("OpenEO-Identifier", "Location")
    problems += [f"no header {name}" for name in names if not answer.headers.get(name)]
    said = ", ".join(f"{name}: {answer.headers.get(name)}" for name in names)
    return judged(problems, "Status 201 with both headers.", shown_answer(answer, said))


@check("api-737")
def a_new_job_waits(backend: Backend) -> Outcome:
    job = idle(backend)
    bad = [one for one in job.statuses if one != "created"]
    if not job.statuses:
        return could_not_tell("Its status could not be read (judged by api-750).", Cause.UNUSABLE)
    problems = [f"it became {' → '.join(bad)}"] if bad else []
    watched = f"{backend.making.patience.quiet:g} seconds"
    return judged(problems, f"It was `created` for {watched}.", seen(job), looked_at=watched)


# One job.


@check("api-750")
def a_job_can_be_fetched(backend: Backend) -> Outcome:
    answer = backend.send("GET", f"{PATH}/{idle(backend).id}")
    return _readable(answer)


@check("api-751")
def a_job_is_described(backend: Backend) -> Outcome:
    found = metadata(backend, idle(backend))
    texts = [key for key in ("id", "status", "created") if not isinstance(found.get(key), str)]
    texts += [] if isinstance(found.get("process"), dict) else ["process"]
    keys = ", ".join(map(str, found))
    shown = Evidence(f"GET {backend.root}/jobs/…", f"has {keys}")
    return judged([f"no {key}" for key in texts], "It has all of them.", shown)


@check("api-754")
def status_and_progress_are_right(backend: Backend) -> Outcome:
    job, bad = run(backend), failed_job(backend)
    problems = _untrue(backend, job) + _wrong_progress(job)
    if bad.status == "finished" and not results_answer(backend, bad).ok:
        problems.append("a job that failed is said to be finished")
    if not problems and job.status not in ENDED:
        says = f"The job was still {job.status or 'unknown'} at the end of patience."
        return could_not_tell(says, Cause.LIMIT, seen(job))
    shown = (seen(job), seen(bad))
    return judged(problems, "Both jobs were told rightly.", *shown, looked_at="two jobs")


def _untrue(backend: Backend, job: Job) -> list[str]:
    unknown = [f"there is no status {one!r}" for one in job.statuses if one not in STATUSES]
    if unknown or job.status in ENDED or job.status == "created":
        return unknown
    done = results_answer(backend, job).ok
    return [f"it is said to be {job.status}, but its results are there"] if done else []


def _wrong_progress(job: Job) -> list[str]:
    numbers = [one for one in job.progress if one is not None]
    odd = [one for one in numbers if not isinstance(one, int | float) or not 0 <= one <= 100]
    return [f"the progress is {odd[0]!r}"] if odd else []


@check("api-780")
def a_job_can_be_deleted(backend: Backend) -> Outcome:
    answer, after, _ = _deleted(backend)
    problems = [] if answer.ok else [f"DELETE answers {answer.status}"]
    problems += [f"afterwards GET still answers {after.status}"] if answer.ok and after.ok else []
    return judged(problems, "It can, and is gone.", answer, after)


@check("api-781")
def deletion_is_answered_with_204(backend: Backend) -> Outcome:
    answer, _, again = _deleted(backend)
    if not answer.ok:
        says = "The job could not be deleted (judged by api-780)."
        return could_not_tell(says, Cause.UNUSABLE, answer)
    problems = [] if answer.status == 204 else [f"the status is {answer.status}"]
    if not 400 <= again.status < 500:
        problems.append(f"deleting it once more answers {again.status}")
    return judged(problems, "204, and then 4xx for what is gone.", answer, again)


def _deleted(backend: Backend) -> tuple[Answer, Answer, Answer]:
    """Deleting a job: the answer, what GET answers then, and deleting it once more."""

    def make() -> tuple[Answer, Answer, Answer]:
        job = backend.making.job(ADDS, title=title(backend, "deleted"))
        path = f"{PATH}/{job.id}"
        answers = tuple(backend.send(method, path) for method in ("DELETE", "GET", "DELETE"))
        return answers[0], answers[1], answers[2]

    found: tuple[Answer, Answer, Answer] = backend.making.once("deleted job", make)
    return found
