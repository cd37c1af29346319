"""What follows from what was asked of a job, or was seen of one of its parts.

Each function gives the job as it stands then. One that is about a part which has moved on meanwhile
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aggregator.documents import number, text
from aggregator.federated.states import (
    AT_WORK,
    AWAY,
    BATCH,
    CANCELED,
    CREATED,
    CREATING,
    ENDED,
    FAILED,
    FINISHED,
    GONE,
    LOGIN,
    REMOVE,
    REST,
    RUN,
    STARTING,
    STOP,
    WAITING,
    JobState,
    Limits,
    Line,
    PartState,
    Problem,
    new_parts,
)
from aggregator.federated.steps import wish_for
from aggregator.federated.sums import readable_usage

Key = tuple[int, str]
Planned = Iterable[tuple[str, str, Sequence[str]]]

UNSTARTED = 600_000
"""Milliseconds that a backend may say of a job that was started that it was not."""


# What the user asks for


def asked_to_start(job: JobState, now: int) -> JobState:
    """The job is to run; again, if it has run before. One that is at work is left alone."""
    if job.wish in (RUN, REMOVE):
        return job
    fresh = job
    if any(part.stage != WAITING for part in job.current):
        fresh = _anew(job, ((p.id, p.backend, p.needs) for p in job.current))
    started = replace(fresh, wish=RUN, status="queued", problem=None)
    return settled(started.saying(_line(now, "info", "The job was started.")), now)


def asked_to_stop(job: JobState, now: int) -> JobState:
    """The job is to end without a result. One that does not run stays as it is."""
    if job.wish != RUN:
        return job
    stopped = replace(job, wish=STOP, status="canceled", parts=_at_once(job, now))
    return settled(stopped.saying(_line(now, "info", "The job was canceled.")), now)


def asked_to_remove(job: JobState, now: int) -> JobState:
    """Nothing is to be left of the job, at any backend."""
    return settled(replace(job, wish=REMOVE, parts=_at_once(job, now)), now)


def planned_anew(job: JobState, planned: Planned, now: int) -> JobState:
    """The job with the parts of another plan; what was made by the old one is removed."""
    if all(part.stage == WAITING for part in job.current):
        kept = tuple(part for part in job.parts if part.run != job.run)
        changed = replace(job, parts=(*kept, *new_parts(planned, job.run)))
    else:
        changed = _anew(job, planned)
    return settled(changed, now)


def logged_in_again(job: JobState, now: int) -> JobState:
    """There are fresh credentials: whoever waited for them goes on."""
    parts = tuple(replace(part, due=now) if part.trouble == LOGIN else part for part in job.parts)
    return replace(job, parts=parts)


# What is done for a part


def intended(
    job: JobState, key: Key, stage: str, now: int, *, limits: Limits, budget: int | None = None
) -> JobState:
    """A part's job is about to be created (CREATING), or started (STARTING)."""
    before = {CREATING: WAITING, STARTING: CREATED}[stage]
    part = job.part(key)
    if part is None or part.stage != before or wish_for(job, part) != RUN:
        return job
    settling = limits.settling if stage == CREATING else 0
    attempts = part.attempts + 1
    changed = replace(part, stage=stage, since=now, due=now + settling, attempts=attempts)
    return job.having(replace(changed, budget=budget) if stage == CREATING else changed)


def created(job: JobState, key: Key, local_id: str, now: int, *, found: bool = False) -> JobState:
    """The part's job is there."""
    part = job.part(key)
    if part is None or part.stage != CREATING:
        return job
    how = "was found" if found else "was created"
    said = _of(part, now, "info", f"its job {local_id} {how}.")
    return settled(
        _moved(job, part, now, stage=CREATED, job=local_id, attempts=0).saying(said), now
    )


def not_created(job: JobState, key: Key, now: int, limits: Limits) -> JobState:
    """The part's job is not there: it can be created."""
    part = job.part(key)
    if part is None or part.stage != CREATING:
        return job
    if part.attempts >= limits.attempts:
        return failed(job, key, "PartFailed", "no job could be created there.", now)
    return settled(_moved(job, part, now, stage=WAITING), now)


def started(job: JobState, key: Key, now: int, limits: Limits) -> JobState:
    """The part's job has taken up its work, or waits for it there."""
    part = job.part(key)
    if part is None or part.stage != STARTING:
        return job
    changed = _moved(
        job, part, now, stage=AT_WORK, status="queued", attempts=0, due=now + limits.shortest
    )
    return settled(changed.saying(_of(part, now, "info", "was started.")), now)


def not_started(job: JobState, key: Key, now: int, limits: Limits) -> JobState:
    """The part's job was not started: it can be."""
    part = job.part(key)
    if part is None or part.stage != STARTING:
        return job
    if part.attempts >= limits.attempts:
        return failed(job, key, "PartFailed", "its job could not be started.", now)
    return settled(_moved(job, part, now, stage=CREATED), now)


def taken_back(job: JobState, key: Key, now: int) -> JobState:
    """What was about to be created or started was certainly not: that was no attempt."""
    part = job.part(key)
    before = {CREATING: WAITING, STARTING: CREATED}
    if part is None or part.stage not in before:
        return job
    stage, attempts = before[part.stage], part.attempts - 1
    return settled(
        job.having(replace(part, stage=stage, since=now, due=now, attempts=attempts)), now
    )


def seen(
    job: JobState,
    key: Key,
    document: Mapping[str, Any],
    now: int,
    *,
    limits: Limits,
    reason: str = "",
) -> JobState:
    """The part's job is as `document` says; `reason` is why it failed, if it has."""
    part = job.part(key)
    if part is None or part.stage not in (STARTING, AT_WORK):
        return job
    status = text(document, "status")
    if part.stage == STARTING and status == "created":
        return not_started(job, key, now, limits)
    known = replace(
        part,
        status=status,
        progress=number(document, "progress"),
        costs=number(document, "costs"),
        usage=readable_usage(document),
    )
    if status == "finished":
        changed = _moved(job, known, now, stage=FINISHED)
        return settled(changed.saying(_of(part, now, "info", "has finished.")), now)
    why = _failure(known, now, reason)
    if why:
        return failed(job.having(known), key, "PartFailed", why, now)
    return settled(_at_work(job, known, now, limits), now)


def _failure(part: PartState, now: int, reason: str) -> str:
    """Why a part with this status has failed; empty if it has not."""
    if part.status == "created" and now - part.since > UNSTARTED:
        return "its job does not start."
    found = {"error": reason or "its job failed.", "canceled": "its job was canceled there."}
    return found.get(part.status, "")


def _at_work(job: JobState, part: PartState, now: int, limits: Limits) -> JobState:
    begins = part.stage == STARTING
    since = now if begins else part.since
    again = min(max((now - since) // 10, limits.shortest), limits.longest)
    changed = _moved(job, part, now, stage=AT_WORK, since=since, due=now + again, attempts=0)
    return changed.saying(_of(part, now, "info", "was started.")) if begins else changed


def failed(job: JobState, key: Key, code: str, reason: str, now: int) -> JobState:
    """The part cannot give its result: the job fails, and the rest is canceled.

    `reason` continues a sentence that begins with the part.
    """
    part = job.part(key)
    if part is None or part.stage in ENDED:
        return job
    changed = _moved(job, part, now, stage=FAILED).saying(_of(part, now, "error", reason, code))
    if wish_for(job, part) == RUN:
        problem = Problem(code, f"{part.named}: {reason}", part.id, part.backend)
        others = _at_once(changed, now)
        changed = replace(changed, wish=STOP, status="error", problem=problem, parts=others)
    return settled(changed, now)


def canceled(job: JobState, key: Key, now: int) -> JobState:
    """The part's job was stopped."""
    part = job.part(key)
    if part is None or part.stage in ENDED:
        return job
    said = _of(part, now, "info", "was canceled.")
    return settled(_moved(job, part, now, stage=CANCELED, status="canceled").saying(said), now)


def removed(job: JobState, key: Key, now: int) -> JobState:
    """The part's job was deleted, or there never was one."""
    part = job.part(key)
    return job if part is None else settled(_moved(job, part, now, stage=GONE), now)


def troubled(
    job: JobState, key: Key, trouble: str, reason: str, now: int, *, limits: Limits
) -> JobState:
    """The part cannot go on for now (AWAY, LOGIN): it waits, though not for ever."""
    part = job.part(key)
    if part is None or part.stage in (GONE,):
        return job
    since = part.troubled if part.trouble == trouble else now
    if now - since >= limits.patience:
        return _given_up(job, part, trouble, now)
    pause = min(limits.shortest << min(part.tries, 12), limits.longest)
    if part.stage == CREATING:  # it may yet come to be
        pause = max(pause, limits.settling)
    due = since + limits.patience if trouble == LOGIN else min(now + pause, since + limits.patience)
    waiting = replace(part, trouble=trouble, troubled=since, tries=part.tries + 1, due=due)
    changed = job.having(waiting)
    if part.trouble == trouble:
        return changed
    if trouble == LOGIN:
        said = "waits, since your login there has expired; it goes on when you next ask for the job"
        return changed.saying(_of(part, now, "warning", f"{said}.", "LoginExpired"))
    return changed.saying(_of(part, now, "warning", f"waits for its backend: {reason}"))


def went_on(job: JobState, key: Key, now: int) -> JobState:
    """The part's backend has answered."""
    part = job.part(key)
    if part is None or not part.trouble:
        return job
    changed = job.having(replace(part, trouble="", troubled=0, tries=0))
    return changed.saying(_of(part, now, "info", "goes on."))


def set_back(job: JobState, by: int) -> JobState:
    """The job after the clock went back: its times do as well, so that it goes on at once."""
    until = None if job.until is None else job.until - by

    def moved(part: PartState) -> PartState:
        since, due, troubled = (max(at - by, 0) for at in (part.since, part.due, part.troubled))
        return replace(part, since=since, due=due, troubled=troubled)

    return replace(job, until=until, parts=tuple(map(moved, job.parts)))


def settled(job: JobState, now: int) -> JobState:
    """What follows from how the parts stand, without asking anybody."""
    if job.kind != BATCH and job.until is not None and now >= job.until and job.wish != REMOVE:
        job = replace(job, wish=REMOVE, parts=_at_once(job, now))
    job = replace(job, parts=tuple(_resting(job, part, now) for part in job.parts))
    job = replace(job, parts=tuple(p for p in job.parts if p.run == job.run or p.stage != GONE))
    if job.wish == RUN:
        return _running(job, now)
    if job.wish == STOP and all(part.stage in ENDED for part in job.current):
        return replace(job, wish=REST)
    return job


def _running(job: JobState, now: int) -> JobState:
    if all(part.stage == FINISHED for part in job.current):
        done = replace(job, wish=REST, status="finished")
        return done.saying(_line(now, "info", "The job has finished."))
    if any(part.stage == FINISHED or part.status == "running" for part in job.current):
        return replace(job, status="running")
    return job


def _resting(job: JobState, part: PartState, now: int) -> PartState:
    """A part that needs no backend to be what is wanted."""
    wish = wish_for(job, part)
    if wish == STOP and part.stage in (WAITING, CREATED):
        return replace(part, stage=CANCELED, since=now)
    if wish == REMOVE and part.stage not in (GONE, CREATING) and not part.job:
        return replace(part, stage=GONE, since=now)
    return part


def _given_up(job: JobState, part: PartState, trouble: str, now: int) -> JobState:
    why = "its backend was away" if trouble == AWAY else "nobody logged in again"
    wish = wish_for(job, part)
    if wish == REMOVE:
        said = f"its job {part.job} was not deleted: {why} for too long."
        return removed(job.saying(_of(part, now, "warning", said)), part.key, now)
    if wish == STOP:
        said = f"its job {part.job} was not canceled: {why} for too long."
        return canceled(job.saying(_of(part, now, "warning", said)), part.key, now)
    code = "BackendUnavailable" if trouble == AWAY else "LoginExpired"
    return failed(job, part.key, code, f"{why} for too long.", now)


def _anew(job: JobState, planned: Planned) -> JobState:
    run = job.run + 1
    parts = (*job.parts, *new_parts(planned, run))
    return replace(job, run=run, parts=parts, wish=REST, status="created", problem=None)


def _moved(state: JobState, part: PartState, now: int, **changes: Any) -> JobState:
    """The job with that part in another stage, and no trouble any more."""
    fresh: dict[str, Any] = {"since": now, "due": now, "trouble": "", "troubled": 0, "tries": 0}
    return state.having(replace(part, **{**fresh, **changes}))


def _at_once(job: JobState, now: int) -> tuple[PartState, ...]:
    """The parts, none of which waits for its next look."""
    return tuple(replace(part, due=min(part.due, now)) for part in job.parts)


def _line(now: int, level: str, message: str) -> Line:
    return Line(now, level, message)


def _of(part: PartState, now: int, level: str, message: str, code: str = "") -> Line:
    return Line(now, level, f"{part.named}: {message}", part.id, part.backend, code)
