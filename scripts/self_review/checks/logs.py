"""The logs of batch jobs."""

from __future__ import annotations

import re
from collections.abc import Callable

from scripts.self_review.backend import Backend, Entry, objects, usable
from scripts.self_review.checks.jobs import readable
from scripts.self_review.findings import (
    Cause,
    Evidence,
    Outcome,
    could_not_tell,
    given,
    judged,
    passed,
    shown_answer,
)
from scripts.self_review.lists import valid_list
from scripts.self_review.making import Job
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.shared_jobs import failed_job, logs_answer, run

LEVELS = ("debug", "info", "warning", "error")
TRACE = re.compile(
    r"Traceback \(most recent call last\)|^\s*at [\w.$<>]+\(.*\)\s*$|^\s+File \".+\", line \d+",
    re.MULTILINE,
)
LONGEST = 2000


def _answers(backend: Backend) -> list[Answer]:
    """The logs of a job that went well and of one that failed."""
    jobs = (run(backend), failed_job(backend))
    return [logs_answer(backend, job) for job in jobs]


def _entries(backend: Backend) -> list[Entry]:
    return [e for a in _answers(backend) for e in objects(usable(a, "api-800").get("logs"))]


@check("api-800")
def logs_can_be_read(backend: Backend) -> Outcome:
    bad = [one for one in _answers(backend) if not one.ok]
    problems = [f"{one.request} answers {one.status}" for one in bad]
    return judged(problems, "A user can read them.", *(bad or _answers(backend))[:2])


@check("api-801")
def offset_leaves_out_what_came_before(backend: Backend) -> Outcome:
    job, entries = _longest(backend)
    known = [str(one["id"]) for one in entries if "id" in one]
    if len(known) < 2:
        says = "No log has two entries with ids, so that an offset changes nothing."
        return could_not_tell(says, Cause.UNUSABLE)
    answer = logs_answer(backend, job, offset=known[0])
    later = [str(one.get("id")) for one in objects(usable(answer, "api-800").get("logs"))]
    problems = [f"{one} comes again" for one in later if one == known[0]]
    problems += [] if later else ["nothing comes"]
    shown = shown_answer(answer, f"{len(later)} of {len(known)} entries")
    return judged(problems, "Only later entries come.", shown)


def _longest(backend: Backend) -> tuple[Job, list[Entry]]:
    jobs = (run(backend), failed_job(backend))
    logs = [objects(usable(logs_answer(backend, job), "api-800").get("logs")) for job in jobs]
    best = max(range(len(jobs)), key=lambda i: len(logs[i]))
    return jobs[best], logs[best]


@check("api-802")
def level_filters_by_severity(backend: Backend) -> Outcome:
    job = failed_job(backend)
    answer = logs_answer(backend, job, level="error")
    entries = objects(usable(answer, "api-800").get("logs"))
    odd = [str(one.get("level")) for one in entries if one.get("level") != "error"]
    problems = [f"an entry of level {one} comes" for one in odd]
    return judged(problems, f"{len(entries)} entries of level error.", answer)


@check("api-803")
def logs_are_paged(backend: Backend) -> Outcome:
    job, entries = _longest(backend)
    if len(entries) < 2:
        return could_not_tell("No log has two entries.", Cause.UNUSABLE)
    answer = logs_answer(backend, job, limit=1)
    document = usable(answer, "api-800")
    came = len(objects(document.get("logs")))
    relations = [str(one.get("rel")) for one in objects(document.get("links"))]
    problems = [f"{came} entries come for limit=1"] if came > 1 else []
    problems += [] if "next" in relations else ["there is no link to the next page"]
    return judged(problems, "limit=1 gives a page that leads on.", answer)


@check("api-804")
def logs_are_valid(backend: Backend) -> Outcome:
    answer = _answers(backend)[0]
    readable(answer, "api-800")
    return valid_list(answer, ("logs", "links"))


@check("api-805")
def the_level_is_told(backend: Backend) -> Outcome:
    answer = logs_answer(backend, run(backend), level="info")
    said = usable(answer, "api-800").get("level")
    problems = [] if said == "info" else [f"asked for level=info, `level` is {given(said)}"]
    return judged(
        problems, "It says the level that was asked for.", shown_answer(answer, str(said))
    )


@check("api-806")
def entries_have_id_level_and_message(backend: Backend) -> Outcome:
    return _each(backend, undefined, "Each has id, level and message.")


@check("api-807")
def entries_have_a_time(backend: Backend) -> Outcome:
    found = _each(backend, timeless, "Each has a time.")
    if found.verdict != "pass":
        return found
    codes = [one for one in _entries(backend) if one.get("code")]
    return passed(f"Each has a time; {len(codes)} have a code.", looked_at=found.looked_at)


@check("api-808")
def messages_are_brief(backend: Backend) -> Outcome:
    return _each(backend, too_long, "None is a stack trace, or longer than a page.")


def _each(backend: Backend, problem: Callable[[Entry], str], good: str) -> Outcome:
    entries = _entries(backend)
    if not entries:
        says = "The logs of a job that went well and of one that failed are empty."
        return could_not_tell(says, Cause.UNUSABLE, *_answers(backend))
    problems = [said for one in entries if (said := problem(one))]
    shown = Evidence("GET /jobs/{job_id}/logs", f"{len(entries)} entries")
    return judged(problems, good, shown, looked_at=f"{len(entries)} entries of two jobs")


def undefined(entry: Entry) -> str:
    missing = [key for key in ("id", "message") if not isinstance(entry.get(key), str)]
    missing += [] if entry.get("level") in LEVELS else ["level that openEO knows"]
    return f"{entry.get('id', 'an entry')}: no {' and no '.join(missing)}" if missing else ""


def timeless(entry: Entry) -> str:
    good = re.match(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", str(entry.get("time", "")))
    return "" if good else f"{entry.get('id', 'an entry')}: time is {given(entry.get('time'))}"


def too_long(entry: Entry) -> str:
    message = str(entry.get("message", ""))
    where = entry.get("id", "an entry")
    if TRACE.search(message):
        return f"{where}: the message is a stack trace"
    return f"{where}: {len(message)} characters" if len(message) > LONGEST else ""
