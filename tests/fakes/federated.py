"""What federated jobs stand on, in memory: quick enough to try every crash there can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from aggregator.errors import BackendError, OpenEOError
from aggregator.federated.states import JobState, Limits, Line
from aggregator.federated.steps import next_due
from aggregator.storage.federated_jobs import Change, FederatedJob, NotOurs


class Crash(BaseException):
    """The end of the program."""


def at_once(work: Callable[[], None], _name: str) -> Future[None]:
    """Work that is done when it is begun; a crash passes, as the end of all."""
    future: Future[None] = Future()
    try:
        work()
        future.set_result(None)
    except Exception as error:  # noqa: BLE001 - handed on
        future.set_exception(error)
    return future


class Points:
    """Crashes at the so-manieth point of all that are passed; never if there is none such."""

    def __init__(self, *crashes: int) -> None:
        self._crashes, self.passed = set(crashes), 0
        self.where: list[str] = []

    def __call__(self, where: str) -> None:
        self.passed += 1
        if self.passed in self._crashes:
            self.where.append(f"{where} ({self.passed})")
            raise Crash(where)


class Leases:
    """One lease, and who holds it."""

    def __init__(self) -> None:
        self.holder = ""


@dataclass
class HeldLease:
    """The lease as one program sees it."""

    leases: Leases
    holder: str

    def acquire(self) -> bool:
        self.leases.holder = self.leases.holder or self.holder
        return self.leases.holder == self.holder

    def release(self) -> None:
        if self.leases.holder == self.holder:
            self.leases.holder = ""


@dataclass
class MemoryStore:
    """The jobs; a change is made whole or not at all."""

    points: Points
    jobs: dict[str, FederatedJob] = field(default_factory=dict)
    logs: dict[str, list[Line]] = field(default_factory=dict)

    def get(self, identifier: str) -> FederatedJob | None:
        return self.jobs.get(identifier)

    def change(
        self, identifier: str, change: Change, now: int, *, fence: HeldLease | None = None
    ) -> JobState | None:
        self.points("before a record")
        if fence is not None and fence.leases.holder != fence.holder:
            raise NotOurs
        found = self.jobs.get(identifier)
        if found is None:
            return None
        after = change(found.state)
        self.logs.setdefault(identifier, []).extend(after.lines)
        kept = replace(after, lines=())
        self.jobs[identifier] = replace(found, state=kept, updated=now)
        if after.over:
            del self.jobs[identifier]
        self.points("after a record")
        return kept

    def due(self, now: int) -> list[str]:
        return [
            name
            for name, job in self.jobs.items()
            if (due := next_due(job.state, Limits())) is not None and due <= now
        ]

    def last_error(self, identifier: str, part: str, since: int) -> Line | None:
        told = [
            line
            for line in self.logs.get(identifier, [])
            if (line.level, line.part) == ("error", part) and line.at >= since
        ]
        return told[-1] if told else None


@dataclass
class There:
    """A job at a backend."""

    title: str
    status: str = "created"
    starts: int = 0


@dataclass
class MemoryMembers:
    """The backends: a job that was started is finished at the next look."""

    points: Points
    jobs: dict[str, dict[str, There]] = field(default_factory=dict)
    made: list[tuple[str, There]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    refuses: Callable[[str, str], OpenEOError | None] = lambda _kind, _backend: None
    pauses: Callable[[str, str], None] = lambda _kind, _backend: None

    def find(self, backend: str, mark: str, _access: Any) -> list[str]:
        self._asked("find", backend)
        there = self.jobs.get(backend, {})
        return [name for name, job in there.items() if job.title.endswith(mark)]

    def create(self, backend: str, body: dict[str, Any], _access: Any) -> str:
        self._asked("create", backend)
        job = There(body["title"])
        self.made.append((backend, job))
        name = f"j{next(self.numbers)}"
        self.jobs.setdefault(backend, {})[name] = job
        self.points("after create")
        return name

    def start(self, backend: str, job: str, _access: Any) -> None:
        self._asked("start", backend)
        found = self._at(backend, job)
        if found.status != "created":
            raise BackendError(backend, status=400, code="JobLocked", message="It runs.")
        found.starts, found.status = found.starts + 1, "queued"
        self.points("after start")

    def look(self, backend: str, job: str, _access: Any) -> dict[str, Any]:
        self._asked("look", backend)
        found = self._at(backend, job)
        shown = {"id": job, "status": found.status}
        if found.status in ("queued", "running"):
            found.status = "finished" if found.status == "running" else "running"
        return shown

    def entries(self, *_: Any) -> list[dict[str, Any]]:
        return []

    def cancel(self, backend: str, job: str, _access: Any) -> None:
        self._asked("cancel", backend)
        found = self._at(backend, job)
        if found.status in ("queued", "running"):
            found.status = "canceled"
        self.points("after cancel")

    def delete(self, backend: str, job: str, _access: Any) -> None:
        self._asked("delete", backend)
        self._at(backend, job)
        del self.jobs[backend][job]
        self.points("after delete")

    def address(self, backend: str, job: str, _access: Any) -> str:
        self._asked("results", backend)
        return f"https://{backend}.test/jobs/{job}/results?signature=s"

    def _asked(self, kind: str, backend: str) -> None:
        self.points(f"before {kind}")
        self.pauses(kind, backend)
        error = self.refuses(kind, backend)
        if error is not None:
            raise error

    def _at(self, backend: str, job: str) -> There:
        found = self.jobs.get(backend, {}).get(job)
        if found is None:
            raise BackendError(backend, status=404, code="JobNotFound", message="Not here.")
        return found
