"""A federated job and its parts as they stand.

The stages of a part, and what is known of its job at the backend in each::

    waiting      there is none
    creating     it was about to be created: whether there is one is not known
    created      its id is known, it was not started
    starting     it was about to be started: whether it was is not known
    at work      queued or running
    finished, failed, canceled
    gone         deleted
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

WAITING, CREATING, CREATED = "waiting", "creating", "created"
STARTING, AT_WORK = "starting", "at work"
FINISHED, FAILED, CANCELED, GONE = "finished", "failed", "canceled", "gone"
ENDED = frozenset({FINISHED, FAILED, CANCELED, GONE})

REST, RUN, STOP, REMOVE = "", "run", "stop", "remove"
"""What is wanted of a job: nothing (any more), its results, its end, that nothing is left of it."""

BATCH, SYNCHRONOUS = "batch", "synchronous"
"""A job of a user, or the parts before the last of a request that waits for its result."""

AWAY, LOGIN = "away", "login"
"""Why a part cannot go on for now: its backend does not answer, or the user's login has expired."""


@dataclass(frozen=True)
class PartState:
    """A part in one run of its job.

    `job` is the id of its job at the backend, `status` what the backend says of that; `budget` the
    millicredits allotted to it. It is in its stage since `since`, nothing is due before `due`.
    While there is a `trouble`, since `troubled`, it is tried again; `tries` counts that,
    `attempts` how often it was about to be created, or started. `log` is the id of the last entry
    that was read of the log there.
    """

    id: str
    backend: str
    needs: tuple[str, ...] = ()
    run: int = 1
    stage: str = WAITING
    job: str = ""
    status: str = ""
    progress: float | None = None
    costs: float | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    budget: int | None = None
    since: int = 0
    due: int = 0
    trouble: str = ""
    troubled: int = 0
    tries: int = 0
    attempts: int = 0
    log: str = ""

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from all other parts of the job."""
        return self.run, self.id

    @property
    def named(self) -> str:
        """The part for people."""
        return f"{self.id} at {self.backend}"


@dataclass(frozen=True)
class Line:
    """An entry of the job's log; `document` has what a backend's own entry says beside it."""

    at: int
    level: str
    message: str
    part: str = ""
    backend: str = ""
    code: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Why the job failed, and which part did, as its user is told."""

    code: str
    message: str
    part: str = ""
    backend: str = ""


@dataclass(frozen=True)
class JobState:
    """A federated job.

    `status` is the one that its user sees. Parts of runs before `run` are to be removed. A
    synchronous one is given up at `until`. `lines` are those that its log does not have yet.
    """

    id: str
    parts: tuple[PartState, ...]
    kind: str = BATCH
    status: str = "created"
    wish: str = REST
    run: int = 1
    until: int | None = None
    problem: Problem | None = None
    lines: tuple[Line, ...] = ()

    @property
    def current(self) -> tuple[PartState, ...]:
        """The parts of this run."""
        return tuple(part for part in self.parts if part.run == self.run)

    @property
    def over(self) -> bool:
        """Whether nothing is left of it anywhere, so that it can be forgotten."""
        return self.wish == REMOVE and all(part.stage == GONE for part in self.parts)

    @property
    def busy(self) -> bool:
        """Whether there is something left to do at backends; nobody keeps a synchronous one."""
        old = any(part.run < self.run for part in self.parts)
        return self.wish != REST or old or self.kind == SYNCHRONOUS

    def part(self, key: tuple[int, str]) -> PartState | None:
        """The part of that run and id."""
        return next((part for part in self.parts if part.key == key), None)

    def having(self, changed: PartState) -> JobState:
        """The job with that part as it is now."""
        parts = tuple(changed if part.key == changed.key else part for part in self.parts)
        return replace(self, parts=parts)

    def saying(self, *lines: Line) -> JobState:
        """The job with these lines in its log."""
        return replace(self, lines=(*self.lines, *lines))


@dataclass(frozen=True)
class Limits:
    """Parts of a job at one backend at once; times in milliseconds.

    A backend or a login that is away is waited for during `patience`. What was about to be created
    when whoever did it vanished is looked for after `settling`, when it must be there. A part is
    looked at again after a tenth of its age, within `shortest` and `longest`. It has failed after
    so many `attempts` to create or start it of which nothing came.
    """

    parallel: int = 4
    patience: int = 86_400_000
    settling: int = 10_000
    shortest: int = 500
    longest: int = 30_000
    attempts: int = 10


def new_parts(planned: Iterable[tuple[str, str, Sequence[str]]], run: int) -> tuple[PartState, ...]:
    """The parts of a plan, of which nothing was done: id, backend and needs of each."""
    return tuple(PartState(name, backend, tuple(needs), run) for name, backend, needs in planned)
