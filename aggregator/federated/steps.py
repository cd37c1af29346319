"""What is to be done now, given how things stand.

A step is for one part. Its kind::

    find      look at the backend for the job that was about to be created
    create    create the part's job
    start     start it
    look      see how it is (also whether it was started)
    cancel    stop it
    delete    delete it
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.federated.states import (
    AT_WORK,
    CREATED,
    CREATING,
    ENDED,
    FINISHED,
    GONE,
    REMOVE,
    REST,
    RUN,
    STARTING,
    STOP,
    WAITING,
    JobState,
    Limits,
    PartState,
)

FIND, CREATE, START, LOOK, CANCEL, DELETE = "find", "create", "start", "look", "cancel", "delete"

_RUNNING = {CREATING: FIND, CREATED: START, STARTING: LOOK, AT_WORK: LOOK}
_STOPPING = {CREATING: FIND, STARTING: CANCEL, AT_WORK: CANCEL}


@dataclass(frozen=True)
class Step:
    """One thing to do for the part of that run and id."""

    kind: str
    part: tuple[int, str]


def steps(job: JobState, now: int, limits: Limits) -> list[Step]:
    """All that can be done at once, now."""
    return [step for step, due in _possible(job, limits) if due <= now]


def next_due(job: JobState, limits: Limits) -> int | None:
    """When something is to be done next; None if nothing is, unless the user asks for something."""
    times = [due for _, due in _possible(job, limits)]
    if job.until is not None and job.wish != REMOVE:
        times.append(job.until)
    return min(times, default=None)


def kind_of(job: JobState, part: PartState) -> str:
    """The step that the part is ready for; empty if it is for none."""
    wish = wish_for(job, part)
    if wish == REMOVE:
        return _removing(part)
    if wish == STOP:
        return _STOPPING.get(part.stage, "")
    if wish == RUN and part.stage == WAITING:
        return CREATE if _has_all(job, part) else ""
    return _RUNNING.get(part.stage, "") if wish == RUN else ""


def wish_for(job: JobState, part: PartState) -> str:
    """What is wanted of a part: of one of an earlier run only that nothing is left."""
    return REMOVE if part.run < job.run else job.wish


def _removing(part: PartState) -> str:
    if part.stage == CREATING:
        return FIND
    return DELETE if part.stage != GONE and part.job else ""


def _has_all(job: JobState, part: PartState) -> bool:
    made = {one.id for one in job.current if one.stage == FINISHED}
    return made.issuperset(part.needs)


def _possible(job: JobState, limits: Limits) -> Iterable[tuple[Step, int]]:
    """The steps, each with the time from which it may be done."""
    if job.wish == REST and not job.busy:
        return
    room = _room(job, limits)
    for part in job.parts:
        kind = kind_of(job, part)
        if kind == CREATE:
            if room.get(part.backend, limits.parallel) <= 0:
                continue
            room[part.backend] = room.get(part.backend, limits.parallel) - 1
        if kind:
            yield Step(kind, part.key), part.due


def _room(job: JobState, limits: Limits) -> dict[str, int]:
    """How many more parts may begin at each backend."""
    room: dict[str, int] = {}
    for part in job.current:
        if part.stage != WAITING and part.stage not in ENDED:
            room[part.backend] = room.get(part.backend, limits.parallel) - 1
    return room
